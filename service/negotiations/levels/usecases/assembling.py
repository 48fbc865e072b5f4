"""Put the work of all signed units together in one new draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus
from service.allocations.versions.lanes.repository import Lanes, Works, lane_of
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.storing import Made
from service.kit.audit import record
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
from service.plans.steps import VersionStep
from service.plans.tables import Plan, PlanVersion


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What goes into the new draft, as it stood at one moment."""

    plan: Plan
    found: amending.Fetched
    units: list[UnitWork]
    used: list[Lane]
    kept: list[Lane]
    """Frozen, left out, and what the version says of them is what was agreed."""


def assemble(
    sessions: sessionmaker[Session],
    reading: sessionmaker[Session],
    step: VersionStep,
    exceptions: Sequence[str] = (),
) -> Made:
    """A new draft on the version of the step with the work of its units.

    Units that are not frozen, and those named in `exceptions`, stay as they are in the version. All
    are taken as they stood at one moment, while others go on.
    Raises FrameClosed, InvalidInput, UnfinishedUnits, LanesInTheWay, RulesBrokenTogether.
    """
    with reading.begin() as session:
        own = _choose(session, step, exceptions)
    after = together(own.found.version, own.units, [*own.used, *own.kept])
    written = amending.write(own.found, after)
    with sessions.begin() as session:
        version = amending.store(
            session, step.caller, written, note=step.note, now=step.now, with_lanes=False
        )
        _note(session, step, own, version, exceptions)
        return Made.of(session, own.plan, version)


def _choose(session: Session, step: VersionStep, exceptions: Sequence[str]) -> _Chosen:
    frame = Frame.open(session, step.caller, step.plan_id, step.number)
    frame.must_be_draft()
    tree = frame.tree()
    if not tree.lanes:
        raise UnfinishedUnits(f"No unit of version {step.number} is frozen.", units=[])
    if faults := [*odd_exceptions(tree, exceptions)]:
        raise InvalidInput(faults)
    says = tree.carried_below(frame.stored.quotas())
    used = chosen(tree, exceptions, says)
    works = frame.works()
    units = [UnitWork(works[lane.unit], _own_reps(frame, tree.own(lane.unit))) for lane in used]
    left_out = [lane for lane in map(lane_of, frame.lanes.standing()) if lane not in used]
    kept = [lane for lane in left_out if lane.envelope == says[lane.unit]]
    found = amending.fetch(session, step.caller.workspace_id, step.plan_id, step.number)
    return _Chosen(frame.plan, found, units, used, kept)


def _note(
    session: Session,
    step: VersionStep,
    own: _Chosen,
    version: PlanVersion,
    exceptions: Sequence[str],
) -> None:
    """Write down of which units the draft is made, and who made it."""
    done = LaneAssembly(
        plan_id=step.plan_id,
        version=version.number,
        workspace_id=step.caller.workspace_id,
        frame=step.number,
        units=[lane.unit for lane in own.used],
        exceptions=[*exceptions],
        at=step.now,
        by=step.caller.name,
        note=step.note,
    )
    session.add(done)
    session.flush()
    record(
        session,
        step.caller,
        "version.assemble",
        f"{step.plan_id}/versions/{version.number}",
        now=step.now,
        before=own.found.hash,
        after=version.hash,
        reason=step.note,
        facts={"frame": step.number, "units": done.units, "exceptions": done.exceptions},
    )


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
