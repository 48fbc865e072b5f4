"""Stored plans and versions, as if they were collections in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.forgetting import ERASED, Forgotten, in_bulk
from service.kit.ids import is_id
from service.kit.pages import PageRequest, fetch_page
from service.kit.seals import resealed
from service.plans.domain import (
    EVER_PUBLISHED,
    MOST_VERSIONS,
    UNDER_REVIEW,
    PlanNotFound,
    VersionContent,
    VersionNotFound,
    VersionStatus,
)
from service.plans.tables import Plan, PlanVersion


class Plans:
    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, plan: Plan) -> Plan:
        self.session.add(plan)
        self.session.flush()
        return plan

    def get(self, workspace_id: str, plan_id: str, *, lock: bool = False) -> Plan:
        """Raises PlanNotFound, for another workspace's plan too.

        `lock=True` makes other changes of the plan and its versions wait until this transaction
        ends (on SQLite every writing transaction does).
        """
        query = sa.select(Plan).filter_by(workspace_id=workspace_id, id=plan_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        plan = self.session.scalar(query) if is_id("plan", plan_id) else None
        if plan is None:
            raise PlanNotFound(f"There is no plan {plan_id[:80]}.")
        return plan

    def lock_all(self, workspace_id: str) -> None:
        """Other changes of any plan wait until this transaction ends, or have ended."""
        query = sa.select(Plan.id).filter_by(workspace_id=workspace_id).order_by(Plan.id)
        self.session.scalars(query.with_for_update()).all()

    def page(self, workspace_id: str, page: PageRequest) -> tuple[Sequence[Plan], str | None]:
        """Newest first."""
        query = sa.select(Plan).filter_by(workspace_id=workspace_id)
        listing = f"plans of {workspace_id}"
        return fetch_page(self.session, query, page, Plan.id, listing=listing, newest_first=True)

    def remove(self, plan: Plan) -> None:
        """With its versions, which must all be drafts."""
        self.session.execute(sa.delete(PlanVersion).filter_by(plan_id=plan.id))
        self.session.delete(plan)
        self.session.flush()


def forget(session: Session, person: Forgotten) -> tuple[int, int]:
    """In all versions of the workspace, which go on saying the same; answers how many notes, and
    how many names of actors.
    """
    signed = [sa.and_(PlanVersion.plan_id.in_(person.plans), own.in_(person.signatures))
              for own in _ACTORS]  # fmt: skip
    query = sa.select(PlanVersion).join(Plan, Plan.id == PlanVersion.plan_id)
    query = query.where(
        Plan.workspace_id == person.workspace_id,
        sa.or_(person.may_be_named_in(PlanVersion.note), *signed),
    )
    notes = names = 0
    for version in session.scalars(query):
        actors: dict[str, Any] = dict.fromkeys(_theirs(version, person), ERASED)
        note: dict[str, Any] = {"note": None} if person.is_named_in(version.note) else {}
        notes, names = notes + len(note), names + len(actors)
        if changes := resealed(version, actors | note):
            place = {"plan_id": version.plan_id, "number": version.number}
            in_bulk(session, PlanVersion, [place | changes])
    return notes, names


_ACTORS: Final = (
    PlanVersion.created_by,
    PlanVersion.submitted_by,
    PlanVersion.approved_by,
    PlanVersion.published_by,
)


def _theirs(version: PlanVersion, person: Forgotten) -> list[str]:
    if version.plan_id not in person.plans:
        return []
    return [own.key for own in _ACTORS if getattr(version, own.key) in person.signatures]


class PlanVersions:
    """Callers have found the plan in their workspace before; numbers start at 1."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(
        self, plan_id: str, content: VersionContent, *, now: datetime, created_by: str
    ) -> PlanVersion:
        """A new draft under the next number; safe against others who add at the same time.

        Raises PlanNotFound if the plan was deleted while it was solved.
        """
        locked = sa.select(Plan.id).filter_by(id=plan_id).with_for_update()
        if self.session.scalar(locked) is None:
            raise PlanNotFound(f"There is no plan {plan_id[:80]} any more.")
        version = PlanVersion(
            plan_id=plan_id,
            number=(self.newest_number(plan_id) or 0) + 1,
            status=VersionStatus.DRAFT,
            inputs_hash=content.inputs_hash,
            hash=content.hash,
            parent_hash=content.parent_hash,
            base_version=content.base_version,
            policy=dict(content.policy),
            engine=content.engine,
            assigned=content.assigned,
            fairness=dict(content.fairness),
            manifest=content.manifest,
            note=content.note,
            created_at=now,
            created_by=created_by,
        )
        self.session.add(version)
        self.session.flush()
        return version

    def get(self, plan_id: str, number: int) -> PlanVersion:
        """Raises VersionNotFound. The manifest is loaded when it is first read."""
        kept = number <= MOST_VERSIONS
        version = self.session.get(PlanVersion, (plan_id, number)) if kept else None
        if version is None:
            raise VersionNotFound(f"Plan {plan_id} has no version {number}.")
        return version

    def newest_number(self, plan_id: str, within: Collection[str] | None = None) -> int | None:
        """Of all versions, or of those in these states; None: there is none yet."""
        query = sa.select(sa.func.max(PlanVersion.number)).filter_by(plan_id=plan_id)
        if within is not None:
            query = query.where(PlanVersion.status.in_(within))
        return self.session.scalar(query)

    def published(self, plan_id: str) -> PlanVersion | None:
        return self.session.scalar(
            sa.select(PlanVersion).filter_by(plan_id=plan_id, status=VersionStatus.PUBLISHED)
        )

    def ever_in_force(self, plan_id: str) -> Sequence[PlanVersion]:
        """Those that were, are or are to be in force on some day, in the order of days."""
        begins, ends = PlanVersion.effective_from, PlanVersion.effective_to
        query = sa.select(PlanVersion).where(
            PlanVersion.plan_id == plan_id,
            PlanVersion.status.in_(EVER_PUBLISHED),
            begins.is_not(None),
            ends.is_(None) | (ends >= begins),
        )
        return self.session.scalars(query.order_by(begins, PlanVersion.number)).all()

    def was_published(self, plan_id: str) -> bool:
        """Now or before."""
        return bool(self._numbers(plan_id, EVER_PUBLISHED))

    def under_review(self, plan_id: str) -> Sequence[int]:
        """The numbers of those that somebody has submitted, in order."""
        return self._numbers(plan_id, UNDER_REVIEW)

    def _numbers(self, plan_id: str, states: Collection[VersionStatus]) -> Sequence[int]:
        query = sa.select(PlanVersion.number).where(
            PlanVersion.plan_id == plan_id, PlanVersion.status.in_(states)
        )
        return self.session.scalars(query.order_by(PlanVersion.number)).all()

    def page(
        self,
        plan_id: str,
        page: PageRequest,
        *,
        statuses: Collection[VersionStatus] = frozenset(VersionStatus),
    ) -> tuple[Sequence[PlanVersion], str | None]:
        """Those in one of these states, newest first."""
        query = sa.select(PlanVersion).where(
            PlanVersion.plan_id == plan_id, PlanVersion.status.in_(statuses)
        )
        return fetch_page(
            self.session,
            query,
            page,
            PlanVersion.number,
            listing=f"versions of {plan_id}",
            newest_first=True,
        )
