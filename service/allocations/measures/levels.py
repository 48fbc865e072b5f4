"""Floors and stretch targets of reps, units and the company, in minor units of the measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from service.kit.money import from_minor
from solver.allocation import Allocation
from solver.hierarchy import exact_sums
from solver.levels import level_of

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of a plan by their names; None where none is stated."""

    company: Row | None = None
    """`factor` and `amount` of each."""
    reps: list[Row] | None = None
    """The amounts, in layout order."""
    units: list[Row] | None = None
    """The same, parents first."""

    @classmethod
    def of(cls, allocation: Allocation, factors: Mapping[str, float]) -> Self:
        """The plan at these levels, by name."""
        if not factors:
            return cls()
        h, increment = allocation.hierarchy, allocation.problem.increment
        of_reps = {
            name: level_of(h, allocation.rounded, increment, factor)
            for name, factor in factors.items()
        }
        sums = {name: exact_sums(own, h.first, h.last).tolist() for name, own in of_reps.items()}
        return cls(
            {name: {"factor": factors[name], "amount": of[0]} for name, of in sums.items()},
            _rows({name: own.tolist() for name, own in of_reps.items()}),
            _rows({name: of[1:] for name, of in sums.items()}),
        )


def _rows(columns: Mapping[str, Sequence[int]]) -> list[Row]:
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def present_levels(amounts: Mapping[str, int] | None, digits: int) -> Row | None:
    """The amounts of a stored row as the API has them."""
    if amounts is None:
        return None
    return {name: from_minor(amount, digits) for name, amount in amounts.items()}


def with_levels(rows: list[Row], amounts: Sequence[Row] | None) -> list[Row]:
    """Rows of reps or units, each with what it has at each level; none where no level is stated."""
    if amounts is not None:
        for row, own in zip(rows, amounts, strict=True):
            row["levels"] = own
    return rows
