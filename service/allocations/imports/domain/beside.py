"""A plan made by hand beside the even one, and the limits that it breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.allocations.versions.domain.deciding.amendable import Amendable

type Row = dict[str, Any]

SHOWN: Final = 20
"""Of reps whose quotas differ most."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Reps on one side of the even plan: how many, and by how much together, in minor units."""

    reps: int
    amount: int


@dataclass(frozen=True, slots=True)
class Beside:
    """Money is in minor units."""

    above: Apart
    below: Apart
    same: int
    solved: int
    """What the even plan assigns."""
    imported: int
    units: Sequence[Row]
    """`id`, `solved`, `imported` of units with another sum, parents first."""
    largest: Sequence[Row]
    """`rep`, `unit`, `solved`, `imported` of those who are farthest from the even plan."""


def beside(before: Amendable, after: Amendable) -> Beside:
    """`before`: the even plan; `after`: the same with the plan by hand in its ledger."""
    solved, imported = before.book.quota, after.book.quota
    moves = imported - solved
    ids, rows = before.everybody.problem.reps.ids, before.quotas
    order = sorted(range(len(ids)), key=lambda place: (-abs(int(moves[place])), ids[place]))
    units = before.everybody.problem.units.ids
    sums = zip(before.book.sums.tolist()[1:], after.book.sums.tolist()[1:], strict=True)
    return Beside(
        above=Apart(int((moves > 0).sum()), int(moves[moves > 0].sum())),
        below=Apart(int((moves < 0).sum()), int(moves[moves < 0].sum())),
        same=int((moves == 0).sum()),
        solved=int(before.book.sums[0]),
        imported=int(after.book.sums[0]),
        units=[
            {"id": unit, "solved": old, "imported": new}
            for unit, (old, new) in zip(units, sums, strict=True)
            if old != new
        ],
        largest=[
            {
                "rep": ids[place],
                "unit": rows[place]["unit"],
                "solved": int(solved[place]),
                "imported": int(imported[place]),
            }
            for place in order[:SHOWN]
            if moves[place]
        ],
    )


def finding(row: Mapping[str, Any], told: str, limit: str) -> str:
    """A limit that is not kept, as a sentence; `told` and `limit` are its amounts."""
    side = "more" if row["carried"] > row["limit"] else "less"
    return f"{row['rule']} is {limit}, and the plan has {told}: {side} than it may."
