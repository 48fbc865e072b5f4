"""What a version could not keep: rules that gave way, what nobody can carry, parts that missed.

It stands in the version's manifest; who has to sign a gap is personal, and stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import orjson
from sqlalchemy.orm import Session

from service.plans.sight import Sight
from service.plans.tables import PlanVersion
from service.roster.usecases import owners_of

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """In minor units; versions of the first release have nothing of it to tell."""

    gaps: tuple[Row, ...] = ()
    """`unit` (None: the company), `amount`; see `gaps_of`."""
    relaxed: tuple[Row, ...] = ()
    """`rule`, `from`, `to`."""
    owners: Mapping[str, str] | None = None
    """By the ids of units."""
    part_targets: tuple[Row, ...] = ()
    """What is wanted of products, kinds of customers and periods, and what quotas carry of it."""
    further: tuple[Row, ...] = ()
    """What the manifest says of each further measure."""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """The whole of it, for what was amended since (`versions/domain/proof/amended.py`)."""

    @classmethod
    def of(cls, session: Session, workspace_id: str, version: PlanVersion) -> Self:
        """What a damaged manifest says is not known; `…/verify` tells of the damage."""
        try:
            manifest = orjson.loads(version.manifest)
        except orjson.JSONDecodeError:
            return cls()
        relaxed, parts, further = (
            tuple(manifest.get(name, ())) for name in ("relaxed", "part_targets", "measures")
        )
        gaps = gaps_of(manifest)
        owned = gaps or any(measure["gaps"] for measure in further)
        owners = owners_of(session, workspace_id, version.plan_id) if owned else {}
        return cls(gaps, relaxed, owners, parts, further, manifest)

    def within(self, sight: Sight) -> Self:
        """What of it concerns whom has this sight: the company, and what they see."""
        if sight.is_whole:
            return self

        def seen(gaps: Iterable[Row], relaxed: Iterable[Row]) -> tuple[tuple[Row, ...], ...]:
            return (
                tuple(_of_all(row) for row in gaps if sight.sees_place(row)),
                tuple(row for row in relaxed if sight.sees_rule(row["rule"])),
            )

        gaps, relaxed = seen(self.gaps, self.relaxed)
        further = []
        for measure in self.further:
            own_gaps, own_relaxed = seen(measure["gaps"], measure["relaxed"])
            further.append({**measure, "gaps": own_gaps, "relaxed": own_relaxed})
        return replace(
            self,
            gaps=gaps,
            relaxed=relaxed,
            part_targets=tuple(row for row in self.part_targets if sight.sees_place(row)),
            further=tuple(further),
        )

    @property
    def gap(self) -> int:
        return sum(gap["amount"] for gap in self.gaps)

    def owner_of(self, unit: str | None) -> str | None:
        return None if unit is None or self.owners is None else self.owners.get(unit)


def gaps_of(manifest: Mapping[str, Any]) -> tuple[Row, ...]:
    """What nobody carries, by unit: what the solve left open, and what amendments changed that
    nobody funds. Below 0 is what is carried beyond what was solved for; where both come to
    nothing, there is no gap.
    """
    found = {gap["unit"]: dict(gap) for gap in manifest.get("gaps", ())}
    for part in manifest.get("amendments", ()):
        if part["funding"] == "unfunded":
            gap = found.setdefault(part["unit"], {"unit": part["unit"], "amount": 0})
            gap["amount"] -= part["change"]
    return tuple(gap for gap in found.values() if gap["amount"])


def _of_all(gap: Row) -> Row:
    """A gap of the company without the limits of all the others that it is told by."""
    return gap if gap["unit"] is not None else gap | {"held_by": None}
