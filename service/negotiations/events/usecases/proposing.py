"""Propose an event."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.versions.usecases.visible import see_version
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.kit.patient_body import Sent
from service.negotiations.events.domain.kinds import Event, Known, named_in, read_event
from service.negotiations.events.domain.life import Action, EventStatus
from service.negotiations.events.repository import Events
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.carrying import seen_at_once
from service.negotiations.events.usecases.outcome import outcome_of, told
from service.negotiations.events.usecases.rows import rows_to_see
from service.negotiations.events.usecases.standing import InForce, in_force
from service.negotiations.events.usecases.steps import EventStep, proposed_etag, tell
from service.plans.domain import VersionNotFound
from service.plans.repository import Plans
from service.plans.tables import Plan


@dataclass(frozen=True, slots=True)
class Proposed:
    """An event, its ETag and, as the API tells it, what it comes to on the version in force."""

    plan: Plan
    event: PlanEvent
    etag: str
    consequence: dict[str, Any]


def propose(
    sessions: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    sent: Sent,
    *,
    now: datetime,
    store: bool,
) -> Proposed:
    """Say what happens, from which day on; `store` False: only see what would come of it.

    No transaction is open while it is computed who carries a new target. Raises PlanNotFound,
    InvalidInput with every fault at once, ChangeNotCarried, and what `in_force` and `outcome_of`
    raise.
    """
    body = sent.document
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        standing = in_force(session, plan, _wanted(session, caller, plan, sent))
        event = read_event(body, _known(standing, body), sent.faults)
        outcome = outcome_of(standing, event, now.date(), body.get("closed_through"))
        rows = rows_to_see(standing, outcome)
    outcome = seen_at_once(standing, outcome, rows)
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id, lock=store)
        stored = _row(caller, plan, standing, event, body, now=now)
        consequence = told(standing.in_session(session), outcome)
        if store:
            Events(session, plan.id).add(stored)
            step = EventStep(caller=caller, plan_id=plan.id, event_id=stored.id, now=now)
            tell(session, step, stored, Action.PROPOSE, before=None)
        seen = proposed_etag(stored, standing.head.number)  # not what is in force by now
        return Proposed(plan, stored, seen, consequence)


def _wanted(session: Session, caller: Caller, plan: Plan, sent: Sent) -> int | None:
    """Versions that the caller does not see, such as drafts for an integration, do not exist."""
    number = sent.document.get("version")
    if number is None:
        return None
    with suppress(VersionNotFound):
        see_version(session, caller, plan.id, number)
        return int(number)
    raise InvalidInput([*sent.faults, Fault("/version", "names no version of this plan", number)])


def _known(standing: InForce, body: Mapping[str, Any]) -> Known:
    named = named_in(body)
    reps = standing.known(named)
    return Known(
        units=frozenset(row["id"] for row in standing.units),
        reps=reps,
        period=(standing.plan.period_start, standing.plan.period_end),
        digits=standing.digits,
        territories=standing.territories(named - reps),
    )


def _row(
    caller: Caller,
    plan: Plan,
    standing: InForce,
    event: Event,
    body: Mapping[str, Any],
    *,
    now: datetime,
) -> PlanEvent:
    rep = body.get("rep")
    return PlanEvent(
        id=new_id("evt"),
        workspace_id=plan.workspace_id,
        plan_id=plan.id,
        version=standing.version.number,
        kind=event.kind.value,
        facts=event.stored(),
        effective=event.first,
        closed_through=body.get("closed_through"),
        person=_as_json(rep) if isinstance(rep, Mapping) else None,
        status=EventStatus.PROPOSED.value,
        revision=1,
        created_at=now,
        created_by=caller.id,
        proposer=caller.name,
    )


def _as_json(row: Any) -> Any:
    """The row as it was sent, days as texts again."""
    if isinstance(row, Mapping):
        return {name: _as_json(value) for name, value in row.items()}
    if isinstance(row, list):
        return [_as_json(value) for value in row]
    return row.isoformat() if isinstance(row, date) else row
