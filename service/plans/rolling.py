"""The inputs of a plan, rolled forward from those of an earlier plan.

What goes along and what stays behind is decided in `roster.domain.rolled`. Both plans are read
without a lock, and what is made of them is stored only where neither has changed in a way that
matters: the facts and people of the plan itself, and the people of the earlier one, for somebody
may have been erased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.etags import IfMatch
from service.plans.domain import PlanNotFound
from service.plans.inputs import Doors, inputs_etag, period_of, point_at
from service.plans.repository import Plans
from service.plans.tables import Plan
from service.roster.domain import Inputs, People, Rolled, Shown, rolled_inputs
from service.roster.present import present
from service.roster.usecases import load_snapshot, people_of, replace_snapshot

ACTION: Final = "inputs.roll_forward"
_TOLD: Final = 3


@dataclass(frozen=True, slots=True)
class RollForward:
    """What a caller wants rolled forward."""

    source: str | None = None
    """The earlier plan; None: that of the same name whose period ends on the day before."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """`target` or `targets` of the new period."""

    @property
    def at(self) -> str:
        """Where faults of the earlier plan are: `from`, unless it was not sent."""
        return "" if self.source is None else "/from"

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """What a `RollForwardIn` says."""
        stated = {name: body[name] for name in ("target", "targets") if body.get(name) is not None}
        return cls(body.get("from"), stated)


@dataclass(frozen=True, slots=True)
class Rolling:
    """A plan and the earlier one, as both were read."""

    source_id: str
    source: Shown
    own: Shown | None
    plan: Plan
    """As it was read; belongs to no session any more."""
    asked: RollForward

    @classmethod
    def of(cls, session: Session, plan: Plan, asked: RollForward) -> Self:
        """Raises InvalidInput."""
        source = _source(session, plan, asked)
        own = None if plan.inputs_hash is None else _shown(session, plan)
        read = Plan(
            id=plan.id,
            workspace_id=plan.workspace_id,
            currency=plan.currency,
            inputs_hash=plan.inputs_hash,
            period_start=plan.period_start,
            period_end=plan.period_end,
        )
        return cls(source.id, _shown(session, source), own, read, asked)

    def rolled(self) -> Rolled:
        """Needs no database. Raises InvalidInput."""
        period = period_of(self.plan)
        stated, at = self.asked.stated, self.asked.at
        return rolled_inputs(self.source, self.own, stated, period=period, at=at)

    def store(
        self, session: Session, caller: Caller, plan: Plan, rolled: Rolled, *, now: datetime
    ) -> bool:
        """Make them the working inputs of the plan, which is locked; whether nobody was quicker."""
        if _state(plan) != _state(self.plan):
            return False
        if people_of(session, plan.workspace_id, self.source_id) != self.source.inputs.people:
            return False
        before, after = self._before, rolled.inputs
        key = replace_snapshot(session, plan.workspace_id, before, after, plan_id=plan.id)
        if key is None:
            return False
        left = {
            own.table if own.field is None else f"{own.table}.{own.field}": len(own.ids)
            for own in rolled.left_behind
        }
        facts = {
            "from": self.source_id,
            "from_inputs": self.source.inputs.hash,
            "left_behind": left,
        }
        point_at(session, caller, plan, key, action=ACTION, now=now, facts=facts)
        return True

    @property
    def _before(self) -> Inputs:
        """What the plan itself knew of people."""
        if self.own is not None:
            return self.own.inputs
        return replace(self.source.inputs, people=People())


def roll_forward(
    doors: Doors,
    caller: Caller,
    plan_id: str,
    asked: RollForward,
    faults: Sequence[Fault],
    *,
    now: datetime,
    expected: IfMatch,
) -> tuple[Rolling, Rolled]:
    """Make the inputs of an earlier plan those of this one, as far as they hold for its period.

    Raises PlanNotFound, PreconditionFailed, InvalidInput, TooBusy and QueueTooLong.
    """

    def attempt() -> tuple[Rolling, Rolled] | None:
        with doors.reading.begin() as session:
            plan = Plans(session).get(caller.workspace_id, plan_id)
            expected.check(inputs_etag(plan))
            if faults:
                raise InvalidInput(faults)
            rolling = Rolling.of(session, plan, asked)
        rolled = rolling.rolled()
        with doors.writing.begin() as session:
            plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
            stored = rolling.store(session, caller, plan, rolled, now=now)
        return (rolling, rolled) if stored else None

    return doors.queues.until_stored(f"{caller.workspace_id}/{plan_id}/inputs", attempt)


def _state(plan: Plan) -> tuple[Any, ...]:
    return plan.inputs_hash, period_of(plan), plan.currency


def _shown(session: Session, plan: Plan) -> Shown:
    key = plan.inputs_hash or ""
    inputs = load_snapshot(session, plan.workspace_id, key, plan_id=plan.id)
    return Shown(inputs, present(inputs), period_of(plan))


def _source(session: Session, plan: Plan, asked: RollForward) -> Plan:
    source = _named(session, plan, asked.source) if asked.source else _of_the_name(session, plan)
    why = None
    if source.id == plan.id:
        why = "is the plan itself"
    elif source.period_end >= plan.period_start:
        why = f"ends on {source.period_end}, and this plan begins on {plan.period_start}"
    elif source.currency != plan.currency:
        why = f"is in {source.currency}, and this plan in {plan.currency}"
    elif source.inputs_hash is None:
        why = "has no inputs"
    if why is not None:
        raise InvalidInput([Fault(asked.at, f"{source.id}: {why}", asked.source)])
    return source


def _named(session: Session, plan: Plan, source_id: str) -> Plan:
    try:
        return Plans(session).get(plan.workspace_id, source_id)
    except PlanNotFound:
        raise InvalidInput([Fault("/from", "names no plan", source_id)]) from None


def _of_the_name(session: Session, plan: Plan) -> Plan:
    """The one plan of the same name that ends on the day before this one begins."""
    eve = plan.period_start.fromordinal(plan.period_start.toordinal() - 1)
    query = sa.select(Plan).filter_by(workspace_id=plan.workspace_id, name=plan.name)
    found = session.scalars(query.filter_by(period_end=eve).order_by(Plan.id)).all()
    if len(found) == 1:
        return found[0]
    ids = ", ".join(own.id for own in found[:_TOLD]) + (", …" if len(found) > _TOLD else "")
    there = f"{len(found)} plans ({ids}) are" if found else "no plan is"
    reason = f"say which plan: {there} called {plan.name} and end{'' if found else 's'} on {eve}"
    raise InvalidInput([Fault("/from", reason)])
