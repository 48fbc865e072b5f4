"""What over-assignment does to each target, as answers say it and versions store it."""

from __future__ import annotations

from typing import Any

from service.kit.money import from_minor
from solver.allocation import Allocation
from solver.over_assignment import over_assignment

type Row = dict[str, Any]

_PLACES = 9


def over_assignment_rows(allocation: Allocation, *, compared: bool = True) -> list[Row]:
    """The company's target and those of units, parents first, in minor units.

    `compared`: with a plan without any, which has to be solved for.
    """
    h, ids = allocation.hierarchy, allocation.problem.units.ids

    def unit(node: int) -> str | None:
        return ids[int(h.unit_row[node])] if node else None

    return [
        {
            "unit": unit(entry.node),
            "target": entry.target,
            "assigned": entry.assigned,
            "over_assignment": entry.factor,
            "stated_by": unit(entry.source),
            "reps": entry.reps,
            "reps_with_sigma": entry.known,
            "attaining": _rounded(entry.attaining),
            "attaining_without": _rounded(entry.attaining_without),
        }
        for entry in over_assignment(allocation, compared=compared)
    ]


def present_over_assignment(row: Row, digits: int) -> Row:
    """The API's row of one of them."""
    return row | {name: from_minor(row[name], digits) for name in ("target", "assigned")}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, _PLACES)
