"""Which plans no other plan beats.

A plan beats another one if it is at least as good in every measure and better in one. Only plans
that are to assign the same amount are compared, for to assign less is always easier; and a plan for
which rules gave way beats none that keeps them. The plans that nothing beats are the frontier: to
do better in one measure than one of them, one has to give up something in another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from service.allocations.scenarios.domain.figures import Figures

_PLACES: Final = 6
"""Decimals in which ratios are compared: differences in the next ones are those of rounding."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan as it is compared."""

    to_assign: int
    """Target with over-assignment, in minor units."""
    costs: tuple[float | None, ...]
    """Less is better; None: not known, which compares with nothing else."""

    @classmethod
    def of(cls, found: Figures, *, gave_way: bool) -> Standing:
        attaining = found.attaining
        costs = (
            found.largest_pull,
            found.fairness["gini"],
            None if attaining is None else -attaining,
            found.gap,
            gave_way,
        )
        rounded = (None if cost is None else round(float(cost), _PLACES) for cost in costs)
        return cls(found.assigned + found.gap, tuple(rounded))

    def beats(self, other: Standing) -> bool:
        if self.to_assign != other.to_assign or self.costs == other.costs:
            return False
        return all(
            own == its or (own is not None and its is not None and own < its)
            for own, its in zip(self.costs, other.costs, strict=True)
        )


def beaten_by(plans: Mapping[int, Standing]) -> dict[int, Sequence[int]]:
    """By the number of each plan, those of the frontier that beat it; none for the frontier's own.

    What beats a plan off the frontier is itself beaten by one on it, which beats both.
    """
    frontier = [
        number
        for number, own in plans.items()
        if not any(other.beats(own) for other in plans.values())
    ]
    return {
        number: [best for best in frontier if plans[best].beats(own)]
        for number, own in plans.items()
    }
