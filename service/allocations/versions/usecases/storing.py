"""Store a plan as a new version, a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy.orm import Session

from service.allocations.versions.domain.written.canonical import digest
from service.allocations.versions.domain.written.content import Content, Parent
from service.allocations.versions.lanes.usecases.going_along import take_lanes_along
from service.allocations.versions.lanes.usecases.keeping import check_kept
from service.allocations.versions.repository import Chunks, pack
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.phases import phase
from service.plans.domain import VersionContent, version_subject
from service.plans.outcome import Outcome
from service.plans.repository import PlanVersions
from service.plans.sight import EVERYTHING, Sight
from service.plans.tables import Plan, PlanVersion
from service.roster.domain import LeftBehind


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """What will be stored; made before a transaction begins, for compressing takes its time."""

    content: Content
    packed: Mapping[str, bytes]

    @classmethod
    def of(cls, content: Content) -> Self:
        with phase("packing"):
            return cls(content, pack(content.chunks))

    def store(
        self,
        session: Session,
        caller: Caller,
        plan_id: str,
        parent: Parent | None,
        *,
        note: str | None,
        now: datetime,
        with_lanes: bool = True,
    ) -> PlanVersion:
        """The next version of a plan that is locked; what was done is for the caller to record.
        Units that are frozen in its base go along, unless it is what their work comes to.

        Raises EnvelopeNotKept.
        """
        Chunks(session, caller.workspace_id).put(self.packed)
        row, versions = _row(self.content, parent, note), PlanVersions(session)
        made = versions.add(plan_id, row, now=now, created_by=caller.name)
        if parent is not None:
            base = versions.get(plan_id, parent.number)
            check_kept(session, caller, base, self.content.facts)
            if with_lanes:
                take_lanes_along(session, caller, base, made, now=now)
        return made


@dataclass(frozen=True, slots=True)
class Made:
    """A new version and what is told with it."""

    version: PlanVersion
    outcome: Outcome
    currency: str
    sight: Sight
    """How much of it the caller sees."""
    left_behind: Sequence[LeftBehind] = ()
    """Of inputs that were rolled forward for it."""

    @classmethod
    def of(
        cls, session: Session, plan: Plan, version: PlanVersion, sight: Sight = EVERYTHING
    ) -> Self:
        outcome = Outcome.of(session, plan.workspace_id, version)
        return cls(version, outcome, plan.currency, sight)


def record_version(
    session: Session,
    caller: Caller,
    action: str,
    version: PlanVersion,
    *,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Write into the audit trail how a new version came about; its note is the reason."""
    record(
        session,
        caller,
        action,
        version_subject(version.plan_id, version.number),
        now=now,
        after=version.status,
        reason=version.note,
        facts={"hash": version.hash, "inputs": version.inputs_hash, **(facts or {})},
    )


def _row(content: Content, parent: Parent | None, note: str | None) -> VersionContent:
    """A row of versions: the manifest with its parent, and what readers ask a row for."""
    manifest = content.manifest(parent)
    facts = content.facts
    return VersionContent(
        inputs_hash=facts["inputs"],
        hash=digest(manifest),
        parent_hash=parent.hash if parent else None,
        base_version=parent.number if parent else None,
        policy=facts["policy"],
        engine=facts["engine"],
        assigned=facts["assigned"],
        fairness=facts["fairness"],
        manifest=manifest,
        note=note,
    )
