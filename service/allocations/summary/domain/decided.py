"""What was decided since the solve, by kind, as far as quotas say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.allocations.summary.domain.held import KEPT


@dataclass(slots=True)
class Decided:
    """All decisions of one kind, those who carry the difference included. In minor units."""

    kind: str
    decisions: set[str] = field(default_factory=set)
    """Their references."""
    reps: set[str] = field(default_factory=set)
    """Whose quotas name them."""
    raised: int = 0
    lowered: int = 0
    """At most 0."""

    @property
    def change(self) -> int:
        return self.raised + self.lowered


def decided_by_kind(
    rows: Iterable[Mapping[str, Any]], amendments: Sequence[Mapping[str, Any]]
) -> list[Decided]:
    """By the names of kinds; decisions that none of these stored quotas names are left out.

    Whoever moves between units carries less here and as much more there: that is no change.
    """
    found: dict[str, Decided] = {}
    for row in rows:
        changes: dict[tuple[str, str], int] = {}
        for number, change, *_ in row.get("amended", ()):
            part = amendments[number]
            if part["kind"] != KEPT:
                decision = part["kind"], part["reference"]
                changes[decision] = changes.get(decision, 0) + change
        for (kind, reference), change in changes.items():
            own = found.setdefault(kind, Decided(kind))
            own.decisions.add(reference)
            own.reps.add(row["rep"])
            own.raised += max(change, 0)
            own.lowered += min(change, 0)
    return [found[kind] for kind in sorted(found)]
