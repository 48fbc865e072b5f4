"""Why one rep's quota is what it is: terms that add up to it, exactly.

    expected sales                          what the rep sells at normal effort
    + common effort                         what the policy asks of everybody alike; where rules
                                            hold everybody, what they and the policy ask of the rep
    + limiting rule                         what a limit takes off or puts on top, if one holds
    + rounding                              to the rounding unit
    + amendments                            what was decided since, for the rep or for others
    = quota

The version's own terms are anchor + stretch + rounding; under policies whose anchor is not the
expected sales they are told from the expected sales on, so that one picture explains them all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from service.web.domain.quotas import Rep
from service.web.domain.version import VersionView

type TermName = Literal[
    "baseline", "effort", "asked", "rule", "rounding",
    "adjustment", "change_request", "event", "import", "repair", "unit_solve", "funding",
    "quota",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """One step of the waterfall: an amount, and where its bar begins and ends in per cent."""

    name: TermName
    amount: int
    start: float
    end: float


def terms(version: VersionView, rep: Rep) -> list[Term]:
    """The steps in order, the quota last; steps of nothing are left out, but for the effort."""
    baseline = round(rep.baseline)
    name: TermName = "effort"
    asked = rep.effort_amount
    if rep.binding:
        # where no rep at all follows the common level, there is nothing to tell the rule apart from
        if version.evenness.reps_at_common_stretch:
            asked = version.common_effort(rep)
        else:
            name = "asked"
    steps: list[tuple[TermName, int]] = [
        ("baseline", baseline),
        (name, rep.anchor + asked - baseline),
        ("rule", rep.effort_amount - asked),
        ("rounding", rep.rounding),
        *((cast("TermName", own.term), own.amount) for own in rep.amended),
    ]
    kept = ("baseline", name)
    shown = [(term, amount) for term, amount in steps if amount or term in kept]
    return _placed(shown, rep.quota)


def _placed(steps: Sequence[tuple[TermName, int]], quota: int) -> list[Term]:
    ends = [0]
    for _, amount in steps:
        ends.append(ends[-1] + amount)
    low, high = min(ends), max(*ends, 1)

    def at(amount: int) -> float:
        return round(100 * (amount - low) / (high - low), 2)

    bars = [
        Term(name, amount, *sorted((at(before), at(after))))
        for (name, amount), before, after in zip(steps, ends, ends[1:], strict=False)
    ]
    return [*bars, Term("quota", quota, *sorted((at(0), at(quota))))]
