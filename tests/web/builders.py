"""Small versions for tests of what is shown; what a test is not about gets a harmless default."""

from collections.abc import Sequence
from typing import Any

from service.web.domain.quotas import Rep, Unit
from service.web.domain.version import Evenness, VersionView

NOTHING = Evenness(None, None, None, None, 0)


def a_rep(key: str, **facts: Any) -> Rep:
    """Expects 100.00, carries 110.00 by the common effort, unless told."""
    defaults: dict[str, Any] = {
        "unit": None, "baseline": 100_00.0, "reach": 100_00.0, "quota": 110_00, "growth": 0.1,
        "over_last_year": None, "effort": 1.0, "floor": 0, "cap": None, "binding": (),
        "anchor": 100_00, "effort_amount": 10_00, "rounding": 0, "yardstick": 100_00.0,
    }  # fmt: skip
    return Rep(id=key, **{**defaults, **facts})


def a_version(reps: Sequence[Rep], units: Sequence[Unit] = (), **facts: Any) -> VersionView:
    """The common effort is a tenth of everybody's yardstick, unless told."""
    assigned = sum(rep.quota for rep in reps)
    free = sum(not rep.binding for rep in reps)
    defaults: dict[str, Any] = {
        "hash": "sha256:0", "target": assigned, "assigned": assigned, "fairness": "equal_stretch",
        "over_assignment": 0.0, "level": 0.1, "increment": 1, "engine": "tree",
        "evenness": Evenness(1.0, 1.0, 0.0, 0.0, free), "checks": {"sums": True},
    }  # fmt: skip
    return VersionView(units=units, reps=reps, **{**defaults, **facts})
