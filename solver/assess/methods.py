"""The methods that a backtest compares: one function each, from a window to its quotas.

Every method answers figures (s,) for those who are scored, 0 or more; only their proportions count,
for all are scaled to what the window really brought. nan: nothing is said about this rep, who is
then compared among the others only. Where a method says nothing at all it raises `NotApplicable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

import numpy as np

from solver.assess.origins import Window
from solver.errors import (
    EnginesDisagree,
    InfeasibleProblem,
    InvalidProblem,
    LinearProgramFailed,
    RoundingFailed,
)
from solver.estimate import estimate
from solver.estimate.benchmark import potentials
from solver.policy import Policy
from solver.problem import AMOUNT_LIMIT, FloatArray, IntArray, Problem, Reps, Units, frozen
from solver.solve import solve
from solver.watch import Watch

Method = Literal[
    "equal_split", "potential_share", "flat_growth", "three_period_average", "half_and_half",
    "own_quotas", "fairquota",
]  # fmt: skip
METHODS: Final[tuple[Method, ...]] = get_args(Method)
YARDSTICK: Final[Method] = "flat_growth"
"""The method that the others are compared with: what most companies do."""


class NotApplicable(Exception):
    """The method says nothing about this window; the message tells why."""


@dataclass(frozen=True, slots=True, eq=False)
class PastQuotas:
    """The company's own quotas of the past, one row each, all columns (k,). Rows add up."""

    rep: IntArray
    """Row of the rep in the evidence."""
    month: IntArray
    """The month that the quota is of, or the first one of a longer time it is of."""
    quota: FloatArray
    """Money, 0 or more."""

    def __post_init__(self) -> None:
        for name, kind in (("rep", np.int64), ("month", np.int64), ("quota", np.float64)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """What is the company's own in a backtest: its rules and its past quotas."""

    policy: Policy = field(default_factory=Policy)
    sigma: FloatArray | None = None
    """(n,) given by the caller; nan or None: as the estimate finds it."""
    cohorts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """(n,) peer groups by cohort, for parity."""
    quotas: PastQuotas | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    quota: FloatArray
    """(s,) in proportion."""
    relaxed: bool = False
    """Whether rules of the policy had to give way."""


def past_policy(policy: Policy) -> Policy:
    """What of a policy can be asked of any period: its fairness, limits in per cent, parity.

    Amounts of money were set for one plan. The total of a window is what was sold in it, so there
    is nothing to over-assign; and rules that cannot all hold give way as little as possible.
    """
    return replace(
        policy,
        over_assignment=0.0,
        groups=(),
        margin_floors=(),
        rows=(),
        relax=(),
        on_infeasible="relax",
    )


def planned(method: Method, window: Window, own: Own, watch: Watch) -> Planned:
    """What the method asks of whom. Raises `NotApplicable`, and what `watch` wants."""
    if method == "fairquota":
        return fairquota(window, own, watch)
    if method == "own_quotas":
        return Planned(own_quotas(window, own.quotas))
    return Planned(_SIMPLE[method](window))


def equal_split(window: Window) -> FloatArray:
    """The same for everybody."""
    return np.ones(len(window.ids))


def potential_share(window: Window) -> FloatArray:
    """In proportion to potential, that of today: it bears no date."""
    potential = potentials(window.known)[window.row]
    unknown = int(np.isnan(potential).sum())
    if unknown:
        raise NotApplicable(f"the potential of {unknown} of {len(potential)} reps is not known")
    if not potential.sum() > 0:
        raise NotApplicable("every potential is 0")
    return potential


def flat_growth(window: Window) -> FloatArray:
    """What was sold in the last period, and for everybody the same growth on it."""
    if not window.last.sum() > 0:
        raise NotApplicable("nothing was sold in the period before")
    return window.last


def three_period_average(window: Window) -> FloatArray:
    """The mean of the last three periods, of fewer where the rep has fewer."""
    average = np.maximum(np.nanmean(window.before[:3], axis=0), 0.0)
    if not average.sum() > 0:
        raise NotApplicable("nothing was sold in the three periods before")
    return average


def half_and_half(window: Window) -> FloatArray:
    """Half by the last period, half by potential."""
    potential, last = potential_share(window), flat_growth(window)
    return potential / potential.sum() + last / last.sum()


_SIMPLE: Final[Mapping[Method, Callable[[Window], FloatArray]]] = {
    "equal_split": equal_split,
    "potential_share": potential_share,
    "flat_growth": flat_growth,
    "three_period_average": three_period_average,
    "half_and_half": half_and_half,
}


def own_quotas(window: Window, quotas: PastQuotas | None) -> FloatArray:
    """The company's own quotas of the window; of reps with a quota for all of it.

    The window is told whole where a rep has as many rows in it as whoever has the most.
    """
    if quotas is None or not len(quotas.rep):
        raise NotApplicable("no past quotas were given")
    inside = (window.first <= quotas.month) & (quotas.month < window.end)
    size = max(int(quotas.rep.max()), int(window.rep.max())) + 1
    rows = np.bincount(quotas.rep[inside], minlength=size)[window.rep]
    quota = np.bincount(quotas.rep[inside], quotas.quota[inside], minlength=size)[window.rep]
    if not rows.any():
        raise NotApplicable("no quotas of this window were given")
    return np.where(rows == rows.max(), quota, np.nan)


def fairquota(window: Window, own: Own, watch: Watch) -> Planned:
    """Ours: the estimate from what was known, then the leximin plan under the policy.

    Like every method it is told the total, as if it were the owner's forecast: the expected sales
    of those who are scored add up to it.
    """
    total = round(window.total)
    if not 0 < total <= AMOUNT_LIMIT:
        raise NotApplicable("what was sold is less than a minor unit of the currency")
    found = estimate(replace(window.known, forecast=float(total)))
    expected = float(found.baseline[window.row].sum())
    scale = total / expected if expected > 0 else 1.0
    sigma = found.sigma[window.row]
    if own.sigma is not None:
        given = own.sigma[window.rep]
        sigma = np.where(np.isnan(given), sigma, given)
    reps = Reps.of(
        window.ids,
        baseline=found.baseline[window.row] * scale,
        reach=found.reach[window.row] * scale,
        potential=potentials(window.known)[window.row],
        last_year=window.last_year,
        sigma=sigma,
    )
    cohorts = {
        name: tuple(peers[row] for row in window.rep.tolist())
        for name, peers in own.cohorts.items()
    }
    try:
        problem = Problem(target=total, reps=reps, units=Units.of([]), cohorts=cohorts)
        allocation = solve(problem, past_policy(own.policy), watch)
    except InvalidProblem as error:
        raise NotApplicable(f"the policy does not fit: {error}") from None
    except InfeasibleProblem as error:
        raise NotApplicable(f"the policy cannot hold: {error}") from None
    except (LinearProgramFailed, RoundingFailed, EnginesDisagree):
        raise NotApplicable("no plan was found that passes its own checks") from None
    return Planned(allocation.quota.astype(np.float64), bool(allocation.relaxed))
