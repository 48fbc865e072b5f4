"""The working inputs follow an accepted event, so that the next solve begins with what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.kit.errors import InvalidInput
from service.kit.money import from_minor, minor_digits
from service.negotiations.events.domain.kinds import Event, Kind
from service.negotiations.events.tables import PlanEvent
from service.plans.tables import Plan
from service.plans.usecases import touch
from service.roster.domain import read_inputs
from service.roster.present import present
from service.roster.usecases import load_snapshot, store_snapshot

type Row = dict[str, Any]


def follow(
    session: Session, plan: Plan, event: Event, stored: PlanEvent, expected: str, *, now: datetime
) -> Row:
    """Change the working inputs as the event says, if they are still the `expected` ones.

    Answers `followed`, the `hash` of the working inputs, and `why` they did not follow.
    """
    if plan.inputs_hash != expected:
        why = "the working inputs were changed since the version was solved: change them yourself"
        return {"followed": False, "hash": plan.inputs_hash, "why": why}
    inputs = load_snapshot(session, plan.workspace_id, expected, plan_id=plan.id)
    document = changed(present(inputs), event, stored.person, minor_digits(plan.currency))
    try:
        after = read_inputs(
            document,
            digits=minor_digits(plan.currency),
            period=(plan.period_start, plan.period_end),
        )
    except InvalidInput as error:
        return {"followed": False, "hash": expected, "why": error.detail}
    plan.inputs_hash = store_snapshot(session, plan.workspace_id, after, plan_id=plan.id)
    touch(plan, now)
    session.flush()
    return {"followed": True, "hash": plan.inputs_hash, "why": None}


def changed(document: Row, event: Event, person: Mapping[str, Any] | None, digits: int) -> Row:
    """The inputs after the event; rows are changed in place."""
    reps: dict[str, Row] = {row["id"]: row for row in document["reps"]}
    rep = reps.get(event.rep or "")
    match event.kind:
        case Kind.LEAVE if rep is not None:
            last = None if event.last is None else event.last.isoformat()
            away = {"from": event.first.isoformat(), "to": last}
            rep.setdefault("absences", []).append(away)
        case Kind.HIRE if event.takes_over == event.rep and rep is not None:
            rep["absences"] = _until(rep.get("absences", []), event.first)
        case Kind.HIRE:
            row = {"hired": event.first.isoformat(), **(person or {}), "id": event.rep}
            document["reps"].append(row)
            seat = reps.get(event.takes_over or "")
            if seat is not None and seat.get("vacant"):
                seat.setdefault("absences", []).append({"from": event.first.isoformat()})
        case Kind.TRANSFER if rep is not None:
            rep["unit"] = event.to_unit
        case Kind.SWAP if rep is not None:
            other = reps[event.other or ""]
            rep["unit"], other["unit"] = other.get("unit"), rep.get("unit")
        case Kind.FTE if rep is not None:
            rep["fte"] = event.fte
        case Kind.TARGET:
            _set_target(document, from_minor(event.amount or 0, digits))
    _pass_on(document, event)
    return document


def _until(absences: list[Row], back: date) -> list[Row]:
    """The absences of somebody who is back that day."""
    day, before = back.isoformat(), (back - timedelta(days=1)).isoformat()
    kept = []
    for own in absences:
        over = own["from"] <= day <= (own.get("to") or day)
        if over and own["from"] < day:
            kept.append({**own, "to": before})
        elif not over:
            kept.append(own)
    return kept


def _set_target(document: Row, amount: float) -> None:
    if document.get("target") is not None:
        document["target"] = amount
        return
    document["targets"][0]["amount"] = amount  # the company's own stands first


def _pass_on(document: Row, event: Event) -> None:
    """Territories go with the seats that change hands."""
    pairs: dict[str, str] = {}
    rep = event.rep or ""
    if event.kind is Kind.SWAP:
        pairs = {rep: event.other or "", event.other or "": rep}
    if event.hands_to is not None:
        pairs[rep] = event.hands_to
    if event.takes_over is not None and event.takes_over != rep:
        pairs[event.takes_over] = rep
    if not pairs:
        return
    first, before = event.first, (event.first - timedelta(days=1)).isoformat()
    for territory in document["territories"]:
        held = []
        for own in territory.get("holders", []):
            ends = own.get("to")
            if own["rep"] not in pairs or (ends is not None and ends < first.isoformat()):
                held.append(own)
                continue
            begins = own.get("from")
            if begins is None or begins < first.isoformat():
                held.append({**own, "to": before})
                begins = first.isoformat()
            held.append({**own, "rep": pairs[own["rep"]], "from": begins})
        territory["holders"] = held
