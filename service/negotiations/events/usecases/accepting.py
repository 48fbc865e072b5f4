"""See what an event comes to with its funding, and accept it: claim, compute, store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.versions.usecases.amending import Written, store, write
from service.kit.errors import PreconditionFailed
from service.negotiations.events.domain.kinds import Event, in_words
from service.negotiations.events.domain.life import Action, EventStatus, after
from service.negotiations.events.domain.seating import kept
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.carrying import Carried, carried
from service.negotiations.events.usecases.following import follow
from service.negotiations.events.usecases.outcome import Outcome, outcome_of, told
from service.negotiations.events.usecases.rows import Rows, all_rows
from service.negotiations.events.usecases.standing import InForce, in_force
from service.negotiations.events.usecases.steps import EventStep, decide, event_etag
from service.negotiations.repository import Renegotiations
from service.plans.tables import Plan
from solver.amend import Funding

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Claimed:
    standing: InForce
    outcome: Outcome
    rows: Rows


def preview(
    session: Session, plan: Plan, event: PlanEvent, funding: Funding, *, now: datetime
) -> Row:
    """What would come of a proposed event with this funding; nothing is stored.

    Raises EventIsDecided, and what `in_force`, `outcome_of` and `carried` raise.
    """
    after(EventStatus(event.status), Action.ACCEPT)
    claimed = _claimed(session, plan, event, now)
    found = carried(claimed.standing, claimed.outcome, claimed.rows, funding, event.id)
    return told(claimed.standing, found.outcome)


def accept(
    sessions: sessionmaker[Session], step: EventStep, funding: Funding | None
) -> tuple[Plan, PlanEvent]:
    """Make a new draft of the version in force, with what comes of the event.

    No transaction is open while it is computed; who stores first comes first, and others are told
    by their ETag. Raises EventIsDecided, PreconditionFailed, and what `preview` raises.
    """
    with sessions.begin() as session:
        plan, event = _checked(session, step, lock=False)
        claimed = _claimed(session, plan, event, step.now)
    found = carried(claimed.standing, claimed.outcome, claimed.rows, funding, step.event_id)
    written = write(found.found, found.after)
    with sessions.begin() as session:
        plan, event = _checked(session, step, lock=True)
        _check_still_stands(session, plan, event, claimed.standing)
        _stored(session, step, plan, event, claimed=claimed, found=found, written=written)
    return plan, event


def _checked(session: Session, step: EventStep, *, lock: bool) -> tuple[Plan, PlanEvent]:
    plan, event = step.find(session, lock=lock)
    after(EventStatus(event.status), Action.ACCEPT)
    step.check_seen(session, plan, event)
    return plan, event


def _check_still_stands(session: Session, plan: Plan, event: PlanEvent, claimed: InForce) -> None:
    """Raises PreconditionFailed where somebody else's agreement was stored meanwhile: on what was
    claimed it would be lost. Only `If-Match: *` comes as far as that.
    """
    if in_force(session, plan).head.number != claimed.head.number:
        raise PreconditionFailed(
            "Something else was agreed on this version meanwhile. Look at the preview again.",
            etag=event_etag(session, plan, event),
        )


def _claimed(session: Session, plan: Plan, event: PlanEvent, now: datetime) -> _Claimed:
    standing = in_force(session, plan)
    said = Event.of_stored(event.facts)
    outcome = outcome_of(standing, said, now.date(), event.closed_through)
    return _Claimed(standing, outcome, all_rows(standing, outcome))


def _stored(
    session: Session,
    step: EventStep,
    plan: Plan,
    event: PlanEvent,
    *,
    claimed: _Claimed,
    found: Carried,
    written: Written,
) -> None:
    standing = in_force(session, plan)  # the same as was claimed
    consequence = told(standing, found.outcome)
    before = _inputs_before(standing)
    note = f"{in_words(found.outcome.event)} ({event.id})"
    version = store(session, step.caller, written, note=note, now=step.now)
    Renegotiations(session, plan.workspace_id, plan.id).advance(
        standing.version.number, version.number
    )
    consequence["inputs"] = follow(standing, event, claimed.outcome.after, before, now=step.now)
    consequence["version"] = version.number
    event.funding, event.accepted_in = found.funding, version.number
    event.seats, event.consequence = kept(found.outcome.after), consequence
    event.closed_through = found.outcome.open.closed_through
    decide(session, step, event, Action.ACCEPT)


def _inputs_before(standing: InForce) -> str:
    """The working inputs as events left them, or as the version was solved from them."""
    followed = [_inputs_of(event.consequence) for event in standing.accepted]
    return next((key for key in reversed(followed) if key), standing.head.inputs_hash)


def _inputs_of(consequence: Mapping[str, Any] | None) -> str | None:
    inputs = (consequence or {}).get("inputs") or {}
    return inputs["hash"] if inputs.get("followed") else None
