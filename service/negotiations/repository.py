"""Stored renegotiations: in which draft is gathered what was agreed on a version?"""

from collections.abc import Iterator

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session, undefer

from service.allocations.versions.domain.ledger.replay import goes_on
from service.negotiations.tables import Renegotiation
from service.plans.domain import VersionStatus
from service.plans.repository import PlanVersions
from service.plans.tables import PlanVersion


class Renegotiations:
    """Of one plan. Callers hold its lock (`Plans.get(…, lock=True)`) while they move a head.

    Everything that is agreed on a version, be it a change request or an event, amends the head, so
    that ten agreements add up in one draft instead of making ten that each know one.
    """

    def __init__(self, session: Session, workspace_id: str, plan_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id
        self.plan_id = plan_id

    def head(self, version: int) -> int:
        """The version that the next agreement on `version` amends.

        It is the newest draft that only amends what was agreed last, so what was adjusted by hand
        in between is kept; without any agreement, the newest draft that only amends `version`; and
        where there is no such draft either, `version` itself.
        """
        stored = self.session.get(Renegotiation, (self.plan_id, version), populate_existing=True)
        start = stored.head if stored else version
        newest = start
        standing = {start}
        for draft in self._drafts_after(start):
            if draft.base_version in standing and _only_amends(draft, self._of(draft.base_version)):
                standing.add(draft.number)
                newest = draft.number
        return newest

    def advance(self, version: int, head: int) -> None:
        """From now on this draft holds what was agreed on `version`."""
        stored = self.session.get(Renegotiation, (self.plan_id, version))
        if stored is None:
            stored = Renegotiation(
                plan_id=self.plan_id, version=version, workspace_id=self.workspace_id, head=head
            )
            self.session.add(stored)
        stored.head = head
        self.session.flush()

    def _of(self, number: int) -> PlanVersion:
        return PlanVersions(self.session).get(self.plan_id, number)

    def _drafts_after(self, number: int) -> Iterator[PlanVersion]:
        query = (
            sa.select(PlanVersion)
            .where(PlanVersion.number > number, PlanVersion.base_version >= number)
            .filter_by(plan_id=self.plan_id, status=VersionStatus.DRAFT)
            .options(undefer(PlanVersion.manifest))
            .order_by(PlanVersion.number)
        )
        return iter(self.session.scalars(query))


def _only_amends(draft: PlanVersion, parent: PlanVersion) -> bool:
    """Whether it is the solve of its parent with amendments, not a solve of its own."""
    try:
        own, before = (
            orjson.loads(each.manifest).get("amendments", []) for each in (draft, parent)
        )
    except orjson.JSONDecodeError:
        return False  # `…/verify` tells of the damage
    return bool(own) and goes_on(before, own)
