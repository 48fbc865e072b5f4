"""Read who made the decisions of a version, when and why, as far as a reader may know.

When and who is in the trail that every amendment leaves. Reasons of adjustments are for those who
may adjust; what was said in a change request for those who may read requests; what an event says
for those who may read the inputs that follow it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.allocations.adjustments.repository import Adjustments
from service.kit.access import Permission, may
from service.kit.audit import AuditEntry
from service.kit.auth import Caller
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.events.repository import Events
from service.plans.domain import version_subject
from service.web.decisions import NOTHING_SAID, Decision, NewTarget, Said
from service.web.domain.version import VersionView

_MAKING: Final = ("version.adjust", "version.amend", "version.assemble", "version.import")


def said_of(
    session: Session,
    caller: Caller,
    place: tuple[str, int],
    seen: VersionView,
    references: Collection[str],
) -> dict[str, Said]:
    """By reference; `place`: plan and version, `seen`: what of it the caller sees."""
    if not references:
        return {}
    plan_id, number = place
    found = dict.fromkeys(references, NOTHING_SAID)
    for entry in _trail(session, caller, plan_id, number):
        for reference in found.keys() & {*_names(entry.facts)}:
            found[reference] = replace(found[reference], at=entry.at, by=entry.actor_name)
    if may(caller, Permission.ADJUST):
        rows = Adjustments(session, plan_id).of_references(references)
        for row in (row for row in rows if row.rep in seen.rep_by_id):
            reasons = {**found[row.reference].reasons, row.rep: row.reason}
            found[row.reference] = replace(found[row.reference], reasons=reasons)
    if may(caller, Permission.READ_CHANGES):
        for reference, said in _asked(ChangeRequests(session, plan_id), seen, references):
            found[reference] = replace(found[reference], **said)
    if may(caller, Permission.READ_INPUTS):
        for reference, event in Events(session, plan_id).among(references).items():
            found[reference] = replace(found[reference], event=event.facts)
    return found


def new_target_of(
    session: Session, caller: Caller, plan_id: str, decisions: Sequence[Decision]
) -> NewTarget | None:
    """The company's target as it stands, where one of these events, oldest first, made it another
    one than the solve had. Whoever sees a version sees its target; the day is the event's.
    """
    references = [own.reference for own in decisions if own.kind == "event"]
    found = Events(session, plan_id).with_new_target(references) if references else None
    if found is None:
        return None
    first = date.fromisoformat(found.facts["first"])
    amount: int = found.facts["amount"]
    return NewTarget(amount, first if may(caller, Permission.READ_INPUTS) else None)


def _asked(
    requests: ChangeRequests, seen: VersionView, references: Collection[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was said in the requests about those who are seen."""
    about = [row for row in requests.among(references) if row.rep in seen.rep_by_id]
    notes = requests.notes(about)
    for request in about:
        written = notes[request.id].get("request")
        evidence = tuple(piece["kind"] for piece in request.evidence)
        reasons = {request.rep: written} if written else {}
        yield request.id, {"evidence": evidence, "reasons": reasons}


def _trail(
    session: Session, caller: Caller, plan_id: str, number: int
) -> sa.ScalarResult[AuditEntry]:
    """What made the versions that this one stands on, newest first: the first to name a decision
    comes last.
    """
    subjects = [
        version_subject(plan_id, own) for own in Adjustments(session, plan_id).chain(number)
    ]
    return session.scalars(
        sa.select(AuditEntry)
        .where(
            AuditEntry.workspace_id == caller.workspace_id,
            AuditEntry.subject.in_(subjects),
            AuditEntry.action.in_(_MAKING),
        )
        .order_by(AuditEntry.sequence.desc())
    )


def _names(facts: dict[str, Any]) -> list[str]:
    """What an entry of the trail says of decisions; the work of units is called by the unit."""
    worked = (f"unit:{unit}" for unit in facts.get("units", ()))
    return [*facts.get("references", ()), *filter(None, [facts.get("reference")]), *worked]
