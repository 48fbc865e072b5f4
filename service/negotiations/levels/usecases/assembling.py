"""Put the work of all signed units together in one new draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.versions.lanes.domain.lane import LaneStatus
from service.allocations.versions.lanes.repository import Lanes, Works, lane_of
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.storing import Made
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import InvalidInput
from service.negotiations.levels.domain.life import shown
from service.negotiations.levels.domain.together import (
    UnfinishedUnits,
    UnitWork,
    chosen,
    odd_exceptions,
    together,
)
from service.negotiations.levels.tables import LaneAssembly
from service.negotiations.levels.usecases.frame import Frame
from service.plans.tables import PlanVersion


def assemble(
    sessions: sessionmaker[Session],
    reading: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    number: int,
    *,
    exceptions: Sequence[str] = (),
    note: str | None = None,
    now: datetime,
) -> Made:
    """A new draft on version `number` with the work of its units.

    Units that are not frozen, and those named in `exceptions`, stay as they are in the version. All
    are taken as they stood at one moment, while others go on.
    Raises FrameClosed, InvalidInput, UnfinishedUnits, LanesInTheWay, RulesBrokenTogether.
    """
    with reading.begin() as session:
        frame = Frame.open(session, caller, plan_id, number)
        frame.must_be_draft()
        tree = frame.tree()
        if not tree.lanes:
            raise UnfinishedUnits(f"No unit of version {number} is frozen.", units=[])
        if faults := [*odd_exceptions(tree, exceptions)]:
            raise InvalidInput(faults)
        says = tree.carried_below(frame.stored.quotas())
        used = chosen(tree, exceptions, says)
        works = frame.works()
        units = [UnitWork(works[lane.unit], _own_reps(frame, tree.own(lane.unit))) for lane in used]
        left_out = [lane for lane in map(lane_of, frame.lanes.standing()) if lane not in used]
        kept = [lane for lane in left_out if lane.envelope == says[lane.unit]]
        found = amending.fetch(session, caller.workspace_id, plan_id, number)
    after = together(found.version, units, [*used, *kept])
    written = amending.write(found, after)
    with sessions.begin() as session:
        version = amending.store(session, caller, written, note=note, now=now, with_lanes=False)
        done = LaneAssembly(
            plan_id=plan_id,
            version=version.number,
            workspace_id=caller.workspace_id,
            frame=number,
            units=[lane.unit for lane in used],
            exceptions=[*exceptions],
            at=now,
            by=caller.name,
            note=note,
        )
        session.add(done)
        session.flush()
        record(
            session,
            caller,
            "version.assemble",
            f"{plan_id}/versions/{version.number}",
            now=now,
            before=found.hash,
            after=version.hash,
            reason=note,
            facts={"frame": number, "units": done.units, "exceptions": done.exceptions},
        )
        return Made.of(session, frame.plan, version)


def _own_reps(frame: Frame, units: Sequence[str]) -> frozenset[str]:
    return frozenset(row["rep"] for row in frame.quotas(set(units)))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Frozen units whose work would be left out if the version were handed in or published."""

    unsigned: list[str]
    signed: list[str]
    """With changes, which only `assemble` takes over."""


def unfinished_units(session: Session, version: PlanVersion) -> Unfinished:
    """Until the transaction ends, nobody freezes another one."""
    lanes = Lanes(session, version.plan_id, version.number)
    lanes.hold()
    rows = lanes.standing()
    unsigned = [row.unit for row in rows if row.status is LaneStatus.FROZEN]
    signed = [row for row in rows if row.status is LaneStatus.SIGNED]
    if not signed:
        return Unfinished(unsigned, [])
    works = Works(session, signed[0].workspace_id).get({row.work for row in signed})
    return Unfinished(unsigned, [row.unit for row in signed if works[row.work].changes])


def units_in_the_way(session: Session, version: PlanVersion) -> list[str]:
    """What is said to whoever hands in or publishes a version that leaves frozen units out."""
    found, reasons = unfinished_units(session, version), []
    if found.unsigned:
        reasons.append(
            f"Frozen and not signed: {shown(found.unsigned)}. Have them signed, or name them as "
            "exceptions when you assemble the version, or unfreeze them."
        )
    if found.signed:
        reasons.append(
            f"Signed, and what was worked there is not in this version: {shown(found.signed)}. "
            "Assemble it, and go on with what comes of it."
        )
    return reasons
