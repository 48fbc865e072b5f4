"""What a stored version hands down: its locks, and the envelopes that its units agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.allocations.versions.domain.ledger.handed import Handed
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.domain.written.manifest import FrozenPart
from service.allocations.versions.lanes.domain.agreed import agreed
from service.allocations.versions.lanes.repository import Lanes
from service.allocations.versions.repository import Chunks, StoredVersion
from service.kit.auth import Caller, Role
from service.plans.tables import PlanVersion


def envelopes_of(session: Session, workspace_id: str, version: PlanVersion) -> list[FrozenPart]:
    """Every envelope that whatever is made of the version has to keep."""
    stored = StoredVersion(version, Chunks(session, workspace_id))
    stated = stored.manifest.get("frozen", [])
    lanes = Lanes(session, version.plan_id, version.number).brief()
    return agreed(stated, stored.units(), lanes) if lanes else stated


def handed_down(
    session: Session, workspace_id: str, version: PlanVersion, *, locks: bool = True
) -> Handed:
    """`locks`: or only the envelopes."""
    stored = StoredVersion(version, Chunks(session, workspace_id))
    envelopes = envelopes_of(session, workspace_id, version)
    return Handed.of({**stored.manifest, "frozen": envelopes}, locks=locks)


def check_kept(
    session: Session, caller: Caller, base: PlanVersion, facts: Mapping[str, Any]
) -> None:
    """`facts`: what a version says that is made of `base`.

    Raises EnvelopeNotKept where something was agreed while it was computed; a manager is not told
    of which unit.
    """
    kept = facts.get("frozen", [])
    agreed_on = envelopes_of(session, caller.workspace_id, base)
    amounts = {own["unit"]: own["amount"] for own in kept}
    if lost := [own["unit"] for own in agreed_on if amounts.get(own["unit"]) != own["amount"]]:
        names = [] if caller.role is Role.MANAGER else lost
        which = f": {', '.join(names[:20])}" if names else " were units"
        raise EnvelopeNotKept(
            f"Frozen in version {base.number} in the meantime{which}. Send it once more.",
            units=names,
        )
