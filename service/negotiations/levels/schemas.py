"""What the API says about the units of a draft and the work inside them; bodies are in `bodies`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.tables import LaneStep, UnitLane
from service.kit.money import MoneyOut, from_minor
from service.kit.pages import Page
from service.negotiations.levels.tables import LaneAssembly
from service.negotiations.levels.usecases.frame import lane_etag
from service.negotiations.levels.usecases.reading import (
    UnitsPage,
    UnitStatus,
    UnitWork,
    state_of,
)
from service.plans.sight import Sight

type UnitState = Literal["open", "agreed", "frozen", "signed"]


class UnitStatusOut(BaseModel):
    """How a unit of a version stands; what is null has not happened."""

    unit: str = Field(examples=["west"])
    parent: str | None = Field(description="null: it has none, or you do not see it")
    status: UnitState = Field(
        description="agreed: its envelope was frozen before, and is kept; nobody works here"
    )
    owner: str | None = Field(description="Who answers for the unit, where that is known")
    quota: MoneyOut = Field(description="What the version says that it carries")
    envelope: MoneyOut | None = Field(description="What was agreed; null while it is open")
    etag: str | None = Field(description="Of a step in it; null while it is open")
    inside: str | None = Field(description="The next frozen unit around it, if you see it")
    deadline: datetime | None
    overdue: bool = Field(description="The deadline is over, and nobody has signed")
    frozen_at: datetime | None
    frozen_by: str | None
    signed_at: datetime | None
    signed_by: str | None

    @classmethod
    def of(cls, unit: UnitStatus, digits: int) -> Self:
        lane = unit.lane
        envelope = unit.agreed if lane is None else lane.envelope
        return cls(
            unit=unit.row["id"],
            parent=unit.row["parent"],
            status=state_of(unit),
            owner=unit.owner,
            quota=from_minor(unit.row["quota"], digits),
            envelope=None if envelope is None else from_minor(envelope, digits),
            inside=unit.inside,
            etag=unit.etag,
            deadline=lane and lane.deadline,
            overdue=unit.overdue,
            frozen_at=lane and lane.frozen_at,
            frozen_by=lane and lane.frozen_by,
            signed_at=lane and lane.signed_at,
            signed_by=lane and lane.signed_by,
        )


class AssemblyOut(BaseModel):
    """Of which frame a version was put together, and whom it did not wait for.

    Managers and reps are told of the units that they see.
    """

    frame: int
    units: list[str]
    exceptions: list[str]
    at: datetime
    by: str
    note: str | None

    @classmethod
    def of(cls, assembly: LaneAssembly, sight: Sight) -> Self:
        return cls(
            frame=assembly.frame,
            units=[*filter(sight.sees_unit, assembly.units)],
            exceptions=[*filter(sight.sees_unit, assembly.exceptions)],
            at=assembly.at,
            by=assembly.by,
            note=assembly.note if sight.is_whole else None,
        )


class UnitsOut(Page[UnitStatusOut]):
    """Units of a version, parents first."""

    assembled: AssemblyOut | None = Field(
        description="Where this version put the frozen units of another together"
    )

    @classmethod
    def of(cls, page: UnitsPage) -> Self:
        return cls(
            items=[UnitStatusOut.of(unit, page.digits) for unit in page.units],
            next_cursor=page.next_cursor,
            assembled=page.assembly and AssemblyOut.of(page.assembly, page.sight),
        )


class UnitRepOut(BaseModel):
    """A rep's row as it stands in the unit's own work."""

    rep: str
    unit: str
    quota: MoneyOut
    frozen: MoneyOut = Field(description="What it was when the unit was frozen")
    change: MoneyOut
    growth: float | None = Field(description="Over the baseline")
    floor: MoneyOut
    cap: MoneyOut | None
    locked: str | None = Field(
        description="By whom: an adjustment of the version, or of this unit", examples=["unit:west"]
    )
    in_hands_of: str | None = Field(
        description="The frozen unit inside this one whose owner decides about the rep"
    )


class StepAdjustmentOut(BaseModel):
    rep: str
    quota: MoneyOut
    reason: str | None


class UnitStepOut(BaseModel):
    """What somebody did in the unit."""

    revision: int
    action: str = Field(examples=["solve"])
    at: datetime
    by: str
    note: str | None
    adjustments: list[StepAdjustmentOut]

    @classmethod
    def of(cls, step: LaneStep, digits: int) -> Self:
        adjustments = [
            StepAdjustmentOut(
                rep=own["rep"], quota=from_minor(own["quota"], digits), reason=own["reason"]
            )
            for own in step.adjustments
        ]
        return cls(
            revision=step.revision,
            action=step.action,
            at=step.at,
            by=step.by,
            note=step.note,
            adjustments=adjustments,
        )


class UnitWorkOut(UnitStatusOut):
    """One frozen unit, its reps page by page, and what was done in it."""

    effective: str | None = Field(description="The first month that moves; null: all of them")
    carried: MoneyOut = Field(description="What the reps in the unit's own hands carry together")
    left: MoneyOut = Field(
        description="Envelope less what they and the frozen units inside carry: always 0"
    )
    inside_it: list[UnitStatusOut] = Field(description="The frozen units inside it")
    steps: list[UnitStepOut] = Field(description="The oldest first")
    items: list[UnitRepOut]
    next_cursor: str | None

    @classmethod
    def of_work(cls, found: UnitWork) -> Self:
        digits, work = found.digits, found.work
        own = sum(quota for rep, quota in work.quotas.items() if rep not in found.hands)
        inner = sum(unit.lane.envelope for unit in found.inside if unit.lane)
        return cls(
            **UnitStatusOut.of(found.status, digits).model_dump(),
            effective=work.effective,
            carried=from_minor(own, digits),
            left=from_minor(work.envelope - own - inner, digits),
            inside_it=[UnitStatusOut.of(unit, digits) for unit in found.inside],
            steps=[UnitStepOut.of(step, digits) for step in found.steps],
            items=[_rep(row, work, found) for row in found.rows],
            next_cursor=found.next_cursor,
        )


def _rep(row: Row, work: Work, found: UnitWork) -> UnitRepOut:
    rep, digits = row["rep"], found.digits
    quota, frozen = work.quotas[rep], work.start[rep]
    baseline: Any = row["baseline"]
    return UnitRepOut(
        rep=rep,
        unit=row["unit"],
        quota=from_minor(quota, digits),
        frozen=from_minor(frozen, digits),
        change=from_minor(quota - frozen, digits),
        growth=round(quota / baseline - 1, 9) if baseline else None,
        floor=from_minor(row["floor"], digits),
        cap=None if row["cap"] is None else from_minor(row["cap"], digits),
        locked=found.locks.get(rep),
        in_hands_of=found.hands.get(rep),
    )


class LaneOut(BaseModel):
    """Where a unit stands after a step; its rows have their own address."""

    unit: str
    status: Literal["frozen", "signed", "unfrozen"]
    envelope: MoneyOut
    etag: str = Field(description="The same as in the header", examples=['"3-2"'])
    deadline: datetime | None

    @classmethod
    def of(cls, lane: UnitLane, digits: int) -> Self:
        return cls(
            unit=lane.unit,
            status=lane.status.value,
            envelope=from_minor(lane.envelope, digits),
            etag=lane_etag(lane),
            deadline=lane.deadline,
        )
