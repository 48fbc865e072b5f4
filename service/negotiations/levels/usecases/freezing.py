"""Freeze a unit's envelope, sign its work off, and take both back.

Locks are taken from the outermost lane inwards, so nobody waits in a circle. Only freezing and
unfreezing hold the frame; whoever works in a lane or signs it waits for nobody else's lane.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from service.allocations.infeasible import in_words
from service.allocations.versions.lanes.domain.lane import LaneStatus
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.repository import Works
from service.allocations.versions.lanes.tables import UnitLane
from service.kit.errors import Fault, InvalidInput
from service.kit.money import InvalidMoney, to_minor
from service.negotiations.levels.domain.life import (
    AGREED,
    LaneAction,
    LaneNotAllowed,
    after,
    may_move_inside,
    may_sign,
    may_unfreeze,
)
from service.negotiations.levels.usecases.frame import Frame, lane_etag, unworked_etag
from service.negotiations.levels.usecases.steps import Stepped, UnitStep, mark_outer, take


def freeze(
    session: Session,
    step: UnitStep,
    *,
    envelope: float | str | None = None,
    deadline: datetime | None = None,
    effective: str | None = None,
) -> Stepped:
    """Agree what a unit carries: what the version says, or the lane around it. `envelope`, as it
    came, is what the caller thinks that is.

    `effective`: the first month that moves, `2027-04`; None: all, or as in the lane around.
    Raises InvalidInput, UnitNotFound, FrameClosed, LaneNotAllowed, LanesInTheWay, NotInsideOwn.
    """
    if deadline is not None and deadline <= step.now:
        raise InvalidInput([Fault("/deadline", "must be later than now", deadline.isoformat())])
    frame = Frame.open(session, step.caller, step.plan_id, step.number)
    frame.see(step.unit)
    frame.months_over(effective)
    below = frame.quotas_below(step.unit)
    if not below:
        raise LaneNotAllowed(f"Unit {step.unit} has no reps: nobody could work in it.")
    frame.lanes.hold()
    frame.must_be_draft()
    tree = frame.tree()
    frame.must_work_inside_own(step.unit, tree)
    may_move_inside(tree, step.unit, frame.sight.sees_unit)
    quotas = below
    if outer := tree.around(step.unit):
        around = frame.lane(outer.unit, lock=True)
        work = frame.work_of(around)
        if effective not in (None, work.effective):
            reason = f"is {work.effective or 'none'} in unit {outer.unit} around it, and so here"
            raise InvalidInput([Fault("/effective", reason, effective)])
        effective = work.effective
        quotas = {rep: work.quotas[rep] for rep in below}
        mark_outer(frame, around, LaneAction.FREEZE, step)
    work = Work.begun(frame.version.hash, step.unit, quotas, effective)
    _agreed(frame, step.unit, envelope, work.envelope)
    row = frame.lanes.get(step.unit, lock=True)
    status = after(row.status if row else None, LaneAction.FREEZE, step.unit)
    if row is None:
        row = _new(frame, step, work)
    row.status, row.envelope, row.deadline = status, work.envelope, deadline
    row.frozen_at, row.frozen_by = step.now, step.caller.name
    row.signed_at = row.signed_by = None
    return take(frame, row, LaneAction.FREEZE, step, work=work)


def _agreed(frame: Frame, unit: str, stated: float | str | None, envelope: int) -> None:
    """Raises InvalidInput where somebody means another amount."""
    if stated is None:
        return
    digits = frame.stored.digits
    try:
        meant = to_minor(stated, digits)
    except InvalidMoney as fault:
        raise InvalidInput([Fault("/envelope", str(fault), stated)]) from None
    if meant != envelope:
        reason = (
            f"is another amount than the {in_words(envelope, digits)} that unit {unit} carries; to "
            "agree on it, set the unit's target in the inputs and solve again"
        )
        raise InvalidInput([Fault("/envelope", reason, stated)])


def _new(frame: Frame, step: UnitStep, work: Work) -> UnitLane:
    row = UnitLane(
        plan_id=step.plan_id,
        version=step.number,
        unit=step.unit,
        workspace_id=frame.caller.workspace_id,
        status=LaneStatus.FROZEN,
        envelope=work.envelope,
        work=Works(frame.session, frame.caller.workspace_id).put(work),
        revision=0,
        frozen_at=step.now,
        frozen_by=frame.caller.name,
    )
    frame.lanes.add(row)
    return row


def unfreeze(session: Session, step: UnitStep) -> Stepped:
    """Give a unit back, with its envelope: nothing that is made of the version keeps it any more.
    What was worked in it is dropped. Whoever did not freeze it says why.

    In a published version nobody works, and a planner gives up what was agreed before.
    Raises PreconditionFailed, and what `freeze` does.
    """
    frame = Frame.open(session, step.caller, step.plan_id, step.number)
    frame.see(step.unit)
    frame.lanes.hold()
    tree, published = frame.tree(), frame.is_published()
    if published:
        frame.must_see_all(step.unit)
    else:
        frame.must_be_draft()
        frame.must_work_inside_own(step.unit, tree)
        if outer := tree.around(step.unit):
            mark_outer(frame, frame.lane(outer.unit, lock=True), LaneAction.UNFREEZE, step)
    row, agreed = frame.lanes.get(step.unit, lock=True), step.unit in frame.agreed()
    step.expected.check(lane_etag(row) if row else unworked_etag(step.number))
    before = None if published or row is None else row.status
    status = after(before, LaneAction.UNFREEZE, step.unit, agreed=agreed)
    if step.note is None and (row is None or row.frozen_by != step.caller.name):
        reason = "is needed: say why you give up what somebody else has agreed on"
        raise InvalidInput([Fault("/note", reason)])
    if row is None:
        below = frame.quotas_below(step.unit)
        row = _new(frame, step, Work.begun(frame.version.hash, step.unit, below))
    if not published:
        stands = frame.carried_without(step.unit, tree)
        may_unfreeze(tree, step.unit, frame.sums_inside(step.unit, tree, stands))
    row.status = status
    return take(frame, row, LaneAction.UNFREEZE, step, before=before or AGREED)


def sign_off(session: Session, step: UnitStep) -> Stepped:
    """The owner has finished; nothing moves in the unit any more.

    Raises PreconditionFailed, LaneNotAllowed, LanesInTheWay and FrameClosed.
    """
    frame = Frame.open(session, step.caller, step.plan_id, step.number)
    frame.see(step.unit)
    row = hold_lane(frame, step)
    before, status = row.status, after(row.status, LaneAction.SIGN_OFF, step.unit)
    for inner in frame.tree().inside(step.unit):
        frame.lanes.get(inner.unit, lock=True)
    may_sign(frame.tree(), step.unit)  # as it stands once nobody can move it
    row.status, row.signed_at, row.signed_by = status, step.now, step.caller.name
    return take(frame, row, LaneAction.SIGN_OFF, step, before=before)


def reopen(session: Session, step: UnitStep) -> Stepped:
    """Have the owner go on working in a unit that was signed."""
    frame = Frame.open(session, step.caller, step.plan_id, step.number)
    frame.see(step.unit)
    tree = frame.tree()
    frame.must_work_inside_own(step.unit, tree)
    frame.lanes.stay()
    for outer in reversed(tree.all_around(step.unit)):
        frame.lanes.get(outer.unit, lock=True)
    may_move_inside(frame.tree(), step.unit, frame.sight.sees_unit)
    row = hold_lane(frame, step)
    before, row.status = row.status, after(row.status, LaneAction.REOPEN, step.unit)
    row.signed_at = row.signed_by = None
    return take(frame, row, LaneAction.REOPEN, step, before=before)


def hold_lane(frame: Frame, step: UnitStep) -> UnitLane:
    """The lane, locked, in the state that was seen; its frame stays a draft."""
    frame.lanes.stay()
    frame.must_be_draft()
    row = frame.lane(step.unit, lock=True)
    step.expected.check(lane_etag(row))
    return row
