"""What every step in a lane writes: its row, who did it and why, the trail, and the news of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.repository import Works
from service.allocations.versions.lanes.tables import LaneStep, UnitLane
from service.kit.audit import record
from service.kit.money import from_minor
from service.kit.outbox import announce
from service.negotiations.levels.domain.life import LaneAction
from service.negotiations.levels.usecases.frame import Frame
from service.plans.steps import VersionStep

_NEWS = {
    LaneAction.FREEZE: "unit.frozen",
    LaneAction.SIGN_OFF: "unit.signed",
    LaneAction.REOPEN: "unit.reopened",
    LaneAction.UNFREEZE: "unit.unfrozen",
}
"""What others are told of; what happens inside a lane is its own business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStep(VersionStep):
    """What somebody does to a unit of a version."""

    unit: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A lane after a step, and the minor digits of its money."""

    lane: UnitLane
    digits: int


def take(
    frame: Frame,
    row: UnitLane,
    action: LaneAction,
    step: UnitStep,
    *,
    work: Work | None = None,
    before: str | None = None,
    adjustments: Sequence[Mapping[str, Any]] = (),
) -> Stepped:
    """Write the step that led to the row as it is now; its revision goes up by one.

    `before`: the state or work it had, where that changed.
    """
    session = frame.session
    if work is not None:
        row.work = Works(session, frame.caller.workspace_id).put(work)
    row.revision += 1
    session.flush()
    _note(frame, row, action.name.lower(), step, adjustments)
    subject = f"{row.plan_id}/versions/{row.version}/units/{row.unit}"
    record(
        session,
        frame.caller,
        f"unit.{action.name.lower()}",
        subject,
        now=step.now,
        before=before,
        after=row.work if work is not None else row.status,
        reason=step.note,
        facts={"revision": row.revision, "envelope": row.envelope, "work": row.work},
    )
    if action in _NEWS:
        told = {
            "plan": row.plan_id,
            "version": row.version,
            "unit": row.unit,
            "envelope": from_minor(row.envelope, frame.stored.digits),
        }
        announce(session, frame.caller.workspace_id, _NEWS[action], told, now=step.now)
    return Stepped(row, frame.stored.digits)


def mark_outer(frame: Frame, outer: UnitLane, action: LaneAction, step: UnitStep) -> None:
    """A lane that another one was frozen or unfrozen in is not the one that was read before."""
    outer.revision += 1
    frame.session.flush()
    _note(frame, outer, f"{action.name.lower()}_inside", step, [])


def _note(
    frame: Frame,
    row: UnitLane,
    action: str,
    step: UnitStep,
    adjustments: Sequence[Mapping[str, Any]],
) -> None:
    frame.lanes.note(
        LaneStep(
            plan_id=row.plan_id,
            version=row.version,
            unit=row.unit,
            revision=row.revision,
            action=action,
            work=row.work,
            at=step.now,
            by=frame.caller.name,
            note=step.note,
            adjustments=[dict(own) for own in adjustments],
        )
    )
