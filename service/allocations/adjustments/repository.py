"""Stored adjustments, found along the chain of versions that a version stands on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.allocations.adjustments.domain import ACTION
from service.allocations.adjustments.tables import GapSignature, QuotaAdjustment
from service.kit.audit import AuditEntry
from service.kit.forgetting import Forgotten, in_bulk
from service.plans.domain import version_subject
from service.plans.tables import PlanVersion


def forget(session: Session, person: Forgotten) -> tuple[int, int]:
    """In all plans of the workspace; answers how many reasons, and how many names of actors."""
    about = sa.select(QuotaAdjustment).where(
        QuotaAdjustment.workspace_id == person.workspace_id,
        QuotaAdjustment.reason != "",
        sa.or_(QuotaAdjustment.rep == person.rep, person.may_be_named_in(QuotaAdjustment.reason)),
    )
    found = [
        {"reference": row.reference, "rep": row.rep, "reason": ""}
        for row in session.scalars(about)
        if row.rep == person.rep or person.is_named_in(row.reason)
    ]
    signed = QuotaAdjustment.created_by, QuotaAdjustment.released_by, GapSignature.signed_by
    return in_bulk(session, QuotaAdjustment, found), person.unsign(session, *signed)


class Adjustments:
    """Those of one plan."""

    def __init__(self, session: Session, plan_id: str) -> None:
        self.session = session
        self.plan_id = plan_id

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """By one statement: as many as ten thousand come in one request."""
        if found := [*rows]:
            self.session.execute(sa.insert(QuotaAdjustment), found)

    def chain(self, number: int) -> list[int]:
        """A version and all that it builds on, the newest first."""
        query = sa.select(PlanVersion.number, PlanVersion.base_version).where(
            PlanVersion.plan_id == self.plan_id, PlanVersion.number <= number
        )
        base = {row.number: row.base_version for row in self.session.execute(query)}
        found: list[int] = []
        here: int | None = number
        while here is not None and here in base:
            found.append(here)
            here = base.pop(here)
        return found

    def of_chain(self, chain: Collection[int]) -> Sequence[QuotaAdjustment]:
        """Every adjustment that made one of these versions, oldest first."""
        query = (
            sa.select(QuotaAdjustment)
            .where(QuotaAdjustment.plan_id == self.plan_id, QuotaAdjustment.version.in_(chain))
            .order_by(QuotaAdjustment.version, QuotaAdjustment.rep)
        )
        return self.session.scalars(query).all()

    def of_references(self, references: Collection[str]) -> Sequence[QuotaAdjustment]:
        query = sa.select(QuotaAdjustment).where(
            QuotaAdjustment.plan_id == self.plan_id, QuotaAdjustment.reference.in_(references)
        )
        return self.session.scalars(query).all()

    def start_of(self, workspace_id: str, number: int) -> int:
        """The version that a line of adjustments began from: however often a quota is moved, it is
        compared with what it was there.

        The trail says which versions are of that line. Rows of adjustments do not: a draft that
        only releases a lock has none, and began the line anew.
        """
        chain = self.chain(number)
        subjects = {version_subject(self.plan_id, version): version for version in chain}
        query = sa.select(AuditEntry.subject).where(
            AuditEntry.workspace_id == workspace_id,
            AuditEntry.subject.in_(subjects),
            AuditEntry.action == ACTION,
        )
        made = {subjects[subject] for subject in self.session.scalars(query)}
        return next((version for version in chain if version not in made), number)
