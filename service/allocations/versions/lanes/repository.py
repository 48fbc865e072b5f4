"""Stored lanes and their work, as if they were collections in memory."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.tables import LaneStep, UnitLane
from service.allocations.versions.repository import Chunks, VersionDamaged, pack
from service.kit.forgetting import ERASED, Forgotten
from service.plans.domain import PlanNotFound, VersionStatus
from service.plans.tables import Plan, PlanVersion


def forget(session: Session, person: Forgotten) -> tuple[int, int]:
    """In all plans of the workspace; answers how many reasons and notes, and how many names of
    actors.
    """
    query = sa.select(LaneStep).join(Plan, Plan.id == LaneStep.plan_id)
    rows = session.scalars(query.where(Plan.workspace_id == person.workspace_id)).all()
    texts = signed = 0
    for row in rows:
        cleared = [_without_reason(own, person) for own in row.adjustments]
        texts += sum(old != new for old, new in zip(row.adjustments, cleared, strict=True))
        row.adjustments = cleared
        if person.is_named_in(row.note):
            row.note, texts = None, texts + 1
        if row.plan_id in person.plans and row.by in person.signatures:
            row.by, signed = ERASED, signed + 1
    return texts, signed + person.unsign(session, UnitLane.frozen_by, UnitLane.signed_by)


def _without_reason(adjustment: dict[str, Any], person: Forgotten) -> dict[str, Any]:
    reason = adjustment.get("reason")
    if reason and (adjustment["rep"] == person.rep or person.is_named_in(reason)):
        return {**adjustment, "reason": ""}
    return adjustment


class Lanes:
    """The lanes of one version; callers have found it in their workspace before."""

    def __init__(self, session: Session, plan_id: str, version: int) -> None:
        self.session = session
        self.plan_id = plan_id
        self.version = version

    def get(self, unit: str, *, lock: bool = False) -> UnitLane | None:
        """Also one that was unfrozen. `lock=True` makes other changes of this lane wait."""
        query = sa.select(UnitLane).filter_by(plan_id=self.plan_id, version=self.version, unit=unit)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return self.session.scalar(query)

    def all(self, units: Iterable[str] | None = None) -> Sequence[UnitLane]:
        """By unit; `units` keeps these."""
        query = sa.select(UnitLane).filter_by(plan_id=self.plan_id, version=self.version)
        if units is not None:
            query = query.where(UnitLane.unit.in_([*units]))
        return self.session.scalars(query.order_by(UnitLane.unit)).all()

    def standing(self) -> list[UnitLane]:
        """Those that were not unfrozen, by unit."""
        return [row for row in self.all() if row.status is not LaneStatus.UNFROZEN]

    def brief(self) -> list[Lane]:
        """All lanes, those that were unfrozen too, as others have to know them: of hundreds, a
        fifth of the time that whole rows take.
        """
        columns = (
            UnitLane.unit,
            UnitLane.status,
            UnitLane.envelope,
            UnitLane.revision,
            UnitLane.deadline,
        )
        query = sa.select(*columns).filter_by(plan_id=self.plan_id, version=self.version)
        return [Lane(*row) for row in self.session.execute(query)]

    def add(self, lane: UnitLane) -> None:
        self.session.add(lane)
        self.session.flush()

    def note(self, step: LaneStep) -> None:
        self.session.add(step)
        self.session.flush()

    def steps(self, unit: str) -> Sequence[LaneStep]:
        """What was done in a lane, the oldest first."""
        query = sa.select(LaneStep).filter_by(plan_id=self.plan_id, version=self.version, unit=unit)
        return self.session.scalars(query.order_by(LaneStep.revision)).all()

    def hold(self) -> None:
        """Let nobody else freeze or unfreeze a unit of this version, or take it out of its drafts,
        until this transaction ends. Work inside lanes does not wait for it.
        """
        self.session.execute(self._frame().with_for_update(key_share=True))

    def stay(self) -> None:
        """Let nobody take this version out of its drafts until this transaction ends; others who
        only ask the same do not wait.
        """
        self.session.execute(self._frame().with_for_update(read=True))

    def _frame(self) -> sa.Select[int]:
        return sa.select(PlanVersion.number).filter_by(plan_id=self.plan_id, number=self.version)

    def status_of_frame(self) -> VersionStatus:
        """As it is now. Raises PlanNotFound where the plan was deleted meanwhile."""
        query = sa.select(PlanVersion.status).filter_by(plan_id=self.plan_id, number=self.version)
        status = self.session.scalar(query)
        if status is None:
            raise PlanNotFound(f"There is no plan {self.plan_id[:80]} any more.")
        return status


def lane_of(row: UnitLane) -> Lane:
    return Lane(row.unit, row.status, row.envelope, row.revision, row.deadline)


class Works:
    """What stands in lanes, by its hash; `Chunks` keeps the bytes."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._chunks = Chunks(session, workspace_id)

    def put(self, work: Work) -> str:
        data = work.as_bytes()
        key = work.hash
        self._chunks.put(pack({key: data}))
        return key

    def get(self, keys: Iterable[str]) -> dict[str, Work]:
        """Raises VersionDamaged where one does not have its hash any more."""
        wanted = [*keys]
        found = self._chunks.get(wanted)
        lost = [key for key in wanted if key not in found]
        if lost:
            raise VersionDamaged(f"What stands in a frozen unit was changed: {lost[0]}.")
        return {key: Work.of_bytes(data) for key, data in found.items()}
