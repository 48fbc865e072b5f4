"""What one can do with plans: fetch, decide, store. The caller commits."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.etags import IfMatch, etag_of
from service.kit.ids import new_id
from service.kit.money import InvalidMoney, minor_digits, to_minor
from service.plans.domain import (
    CurrencyIsFixed,
    PlanIsPublished,
    PlanIsUnderReview,
    period_fault,
)
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan, PlanVersion


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """What a caller wants changed; None leaves it as it is. `increment` as it came."""

    name: str | None = None
    currency: str | None = None
    increment: float | str | None = None
    period_start: date | None = None
    period_end: date | None = None


def plan_etag(plan: Plan) -> str:
    return etag_of(plan.revision)


def version_etag(version: PlanVersion) -> str:
    """Of a state in a round: what was decided before it came back is no licence afterwards.

    And of what became of it: who adjusts it has seen the draft that somebody else made of it.
    """
    again = f"-{version.round}" if version.round > 1 else ""
    onwards = f".{version.adjusted_into}" if version.adjusted_into else ""
    return etag_of(f"{version.number}-{version.status}{again}{onwards}")


def create_plan(
    session: Session,
    caller: Caller,
    *,
    name: str,
    currency: str,
    increment: int,
    period: tuple[date, date],
    now: datetime,
) -> Plan:
    """`increment` in minor units; the facts have been checked by the caller's schema."""
    plan = Plan(
        id=new_id("plan"),
        workspace_id=caller.workspace_id,
        name=name,
        currency=currency,
        increment=increment,
        period_start=period[0],
        period_end=period[1],
        revision=1,
        created_at=now,
        updated_at=now,
    )
    record(session, caller, "plan.create", plan.id, now=now, facts=_told(plan))
    return Plans(session).add(plan)


def change_plan(
    session: Session,
    caller: Caller,
    plan_id: str,
    changes: PlanChanges,
    *,
    expected: IfMatch,
    now: datetime,
) -> Plan:
    """Versions keep what they were made with; the next one is made with the new facts."""
    plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
    expected.check(plan_etag(plan))
    before = _told(plan)
    currency = changes.currency or plan.currency
    if currency != plan.currency:
        _currency_may_change(session, plan)
    start = changes.period_start or plan.period_start
    end = changes.period_end or plan.period_end
    increment, faults = _increment(plan, changes, currency)
    if fault := period_fault(start, end):
        faults.append(Fault("/period/end", fault, end.isoformat()))
    if faults:
        raise InvalidInput(faults)
    plan.name = changes.name or plan.name
    plan.currency, plan.increment = currency, increment
    plan.period_start, plan.period_end = start, end
    touch(plan, now)
    session.flush()
    facts = {"before": before, "after": _told(plan)}
    record(session, caller, "plan.change", plan.id, now=now, facts=facts)
    return plan


def _told(plan: Plan) -> dict[str, Any]:
    """A plan's own facts, as the audit trail keeps them; `increment` in minor units."""
    return {
        "name": plan.name,
        "currency": plan.currency,
        "increment": plan.increment,
        "period": [plan.period_start.isoformat(), plan.period_end.isoformat()],
    }


def touch(plan: Plan, now: datetime) -> None:
    """Every change of a plan, its inputs pointer too, makes a new ETag."""
    plan.revision += 1
    plan.updated_at = now


def _increment(plan: Plan, changes: PlanChanges, currency: str) -> tuple[int, list[Fault]]:
    """In minor units of the (new) currency; a new currency without an increment gets one unit."""
    if changes.increment is None:
        return (plan.increment if currency == plan.currency else 1), []
    try:
        increment = to_minor(changes.increment, minor_digits(currency))
    except InvalidMoney as fault:
        return plan.increment, [Fault("/increment", str(fault), changes.increment)]
    if increment <= 0:
        return plan.increment, [Fault("/increment", "must be positive", changes.increment)]
    return increment, []


def _currency_may_change(session: Session, plan: Plan) -> None:
    if plan.inputs_hash is not None or PlanVersions(session).newest_number(plan.id) is not None:
        raise CurrencyIsFixed(
            f"The amounts of this plan are in {plan.currency}; make a new plan instead."
        )


def delete_plan(
    session: Session, caller: Caller, plan_id: str, *, expected: IfMatch, now: datetime
) -> None:
    """With its drafts. The trail keeps what was done to it.

    Raises PlanIsPublished and PlanIsUnderReview: nobody loses by accident what others work by or
    are deciding about.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
    expected.check(plan_etag(plan))
    versions = PlanVersions(session)
    if versions.was_published(plan.id):
        raise PlanIsPublished("People work by its quotas; a published version stays for ever.")
    if numbers := versions.under_review(plan.id):
        named = ", ".join(map(str, numbers))
        raise PlanIsUnderReview(f"Withdraw or reject first: version {named}.", versions=numbers)
    record(
        session,
        caller,
        "plan.delete",
        plan_id,
        now=now,
        before=plan.inputs_hash,
        facts=_told(plan),
    )
    Plans(session).remove(plan)
