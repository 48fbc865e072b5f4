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
    """Whose quotas they changed."""
    raised: int = 0
    lowered: int = 0
    """At most 0."""

    @property
    def change(self) -> int:
        return self.raised + self.lowered


def decided_by_kind(
    rows: Iterable[Mapping[str, Any]], amendments: Sequence[Mapping[str, Any]]
) -> list[Decided]:
    """By the names of kinds; decisions that changed none of these stored quotas are left out."""
    found: dict[str, Decided] = {}
    for row in rows:
        for number, change, *_ in row.get("amended", ()):
            part = amendments[number]
            if part["kind"] == KEPT or not change:
                continue
            own = found.setdefault(part["kind"], Decided(part["kind"]))
            own.decisions.add(part["reference"])
            own.reps.add(row["rep"])
            own.raised += max(change, 0)
            own.lowered += min(change, 0)
    return [found[kind] for kind in sorted(found)]
