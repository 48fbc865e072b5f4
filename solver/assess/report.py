"""The fairness report of a plan: before its period, and after it where the sales are known.

Stretch is correlated with size, potential and tenure as they were before the period. Sales of the
period itself are never used for that: luck raises them together with attainment, so that the two
go together even under perfectly even quotas (by +.35 in the seeded company of the tests).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.assess.association import ALPHA, Comparison, correlation, judged
from solver.assess.inequality import Inequality, Spread, inequality
from solver.assess.people import People
from solver.assess.review import Review, review
from solver.problem import FloatArray

TRAITS: Final = ("size", "potential", "tenure")
SEED: Final = 1
"""Of the deals that p values are counted from; any other would do."""
_FAR: Final = 3.5
_MATERIAL: Final = 0.01
"""A growth less than one percentage point from the usual is not far, however alike the others."""


@dataclass(frozen=True, slots=True)
class Far:
    """Whose growth lies far from everybody else's: a question to ask, not a verdict."""

    n: int
    """Reps who have a growth."""
    usual: float | None
    """The median growth."""
    beyond: tuple[float, float] | None
    """Growth below the first or above the second counts as far."""
    reps: tuple[str, ...]
    """The furthest first."""


@dataclass(frozen=True, slots=True)
class Report:
    """What can be said of a plan, and of how many reps. Comparisons are one family (Holm)."""

    reps: int
    alpha: float
    effort: Spread
    is_index: bool
    """Whether effort is the index (1.00 = the same as everyone), or the stretch itself."""
    growth: Spread
    """Quota over baseline, less one."""
    probability: Spread
    effort_index: Inequality
    over_potential: Inequality
    over_baseline: Inequality
    far: Far
    comparisons: tuple[Comparison, ...]
    """Of the stretch with what was so before the period."""
    review: Review | None
    """None where no sales of the period are known."""


def assess(people: People, *, seed: int = SEED) -> Report:
    """Measure a plan. The answer depends on nothing but the people and the seed."""
    effort = people.effort_or_stretch
    growth = people.over_baseline - 1
    before = [
        correlation("stretch", people.stretch, trait, getattr(people, trait), seed=seed)
        for trait in TRAITS
    ]
    after = review(people, TRAITS, seed=seed)
    family = judged([*before, *(after.comparisons if after else ())])
    return Report(
        reps=len(people),
        alpha=ALPHA,
        effort=Spread.of(effort),
        is_index=not np.isnan(people.effort).all(),
        growth=Spread.of(growth),
        probability=Spread.of(people.probability),
        effort_index=inequality(effort, people.unit),
        over_potential=inequality(people.over_potential, people.unit),
        over_baseline=inequality(people.over_baseline, people.unit),
        far=_far(people.ids, growth),
        comparisons=family[: len(before)],
        review=after.judged(family[len(before) :]) if after else None,
    )


def _far(ids: tuple[str, ...], growth: FloatArray) -> Far:
    """By the modified z of Iglewicz & Hoaglin 1993: |growth - median| / (1.4826 MAD) > 3.5; where
    more than half are equal the mean distance times 1.2533 stands for the scale, as they advise.
    """
    known = np.flatnonzero(~np.isnan(growth))
    if not len(known):
        return Far(0, None, None, ())
    values = growth[known]
    usual = float(np.median(values))
    away = np.abs(values - usual)
    scale = 1.4826 * float(np.median(away)) or 1.2533 * float(np.sort(away).mean())
    limit = max(_FAR * scale, _MATERIAL)
    order = np.lexsort((known, -away))
    far = tuple(ids[known[place]] for place in order.tolist() if away[place] > limit)
    return Far(len(known), usual, (usual - limit, usual + limit), far)
