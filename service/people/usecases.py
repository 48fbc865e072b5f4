"""Erase a person. Every feature that may name people forgets them in its own tables."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.allocations.adjustments import repository as adjustments
from service.allocations.versions.lanes import repository as lanes
from service.kit import audit, idempotency
from service.kit.auth import Caller
from service.kit.forgetting import SUBJECT, Forgotten
from service.kit.keys import ApiKey, forget_whose, keys_of_rep
from service.negotiations.change_requests import repository as change_requests
from service.negotiations.events import repository as events
from service.negotiations.levels import repository as levels
from service.operations.forgetting import forget as forget_operations
from service.people.domain import Erased
from service.plans import repository as plans
from service.roster.usecases import forget_person, names_of_rep
from service.webhooks import repository as webhooks

ACTION = "person.erase"


def erase_person(session: Session, caller: Caller, rep: str, *, now: datetime) -> Erased:
    """Forget all that is known of a rep in the caller's workspace but the key. Once more changes
    nothing, and somebody who was never there is no error: nothing tells them from somebody erased.

    Whoever changes a plan at the same time comes before, and is forgotten as well, or after.
    """
    plans.Plans(session).lock_all(caller.workspace_id)
    keys = keys_of_rep(session, caller.workspace_id, rep)
    person = _who_is(session, caller.workspace_id, rep, keys)
    hired, proposers = events.forget(session, person)
    notes, references, askers = change_requests.forget(session, person)
    written, authors = plans.forget(session, person)
    noted, assemblers = levels.forget(session, person)
    reasons, adjusters = adjustments.forget(session, person)
    inside, workers = lanes.forget(session, person)
    signed = proposers, askers, authors, assemblers, adjusters, workers
    entries = audit.naming(session, person, events.subjects_about(session, *_place(person)))
    erased = Erased(
        people=forget_person(session, *_place(person), person.names) + hired,
        notes=notes + written + noted,
        references=references,
        reasons=reasons + inside,
        signatures=sum(signed) + webhooks.forget(session, person),
        keys=forget_whose(keys),
        answers=idempotency.forget_answers(session, caller.workspace_id)
        + forget_operations(session, caller.workspace_id, now),
        trail=len(entries),
    )
    own = replace(caller, name=caller.id) if caller.id in person.actors else caller
    facts = {"rep": rep, "erased": asdict(erased)}
    audit.record(session, own, ACTION, SUBJECT, now=now, facts=facts)
    session.flush()  # the trail gives up names only after an entry that says so
    audit.forget(session, entries)
    return erased


def _place(person: Forgotten) -> tuple[str, str]:
    return person.workspace_id, person.rep


def _who_is(session: Session, workspace_id: str, rep: str, keys: Sequence[ApiKey]) -> Forgotten:
    """By plans, keys, and what somebody asked for as this rep."""
    persons = {key.person for key in keys if key.person is not None}
    asked = change_requests.askers(session, workspace_id, rep)
    actors = frozenset({key.id for key in keys} | persons | asked)
    deeds = [*audit.deeds(session, workspace_id, actors)]
    called = {key.name for key in keys} | {name for name, _ in deeds}
    return Forgotten(
        workspace_id,
        rep,
        names=names_of_rep(session, workspace_id, rep),
        actors=actors,
        signatures=frozenset(called) - actors,
        plans=frozenset(subject.partition("/")[0] for _, subject in deeds),
    )
