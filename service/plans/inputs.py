"""The working inputs of a plan: one snapshot, replaced as a whole or patched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session, sessionmaker

from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Conflict
from service.kit.etags import IfMatch, etag_of
from service.kit.money import minor_digits
from service.kit.patient_body import Sent
from service.kit.queues import Queues
from service.plans.repository import Plans
from service.plans.tables import Plan
from service.plans.usecases import touch
from service.roster.domain import Inputs, patched_inputs
from service.roster.present import present
from service.roster.usecases import load_snapshot, replace_snapshot, store_snapshot


class InputsMissing(Conflict):
    """The plan has no inputs yet."""


class CurrencyChanged(Conflict):
    """The currency of the plan changed while the inputs were read."""


def inputs_etag(plan: Plan) -> str:
    return etag_of(plan.inputs_hash)


def put_inputs(
    session: Session,
    caller: Caller,
    plan_id: str,
    inputs: Inputs,
    *,
    now: datetime,
    expected: IfMatch | None = None,
) -> Plan:
    """Make these the plan's working inputs; versions keep those that they were made with.

    Raises PlanNotFound, PreconditionFailed and CurrencyChanged.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
    (expected or IfMatch()).check(inputs_etag(plan))
    if minor_digits(plan.currency) != inputs.digits:
        raise CurrencyChanged(f"The plan is in {plan.currency} now; send the inputs again.")
    key = store_snapshot(session, caller.workspace_id, inputs, plan_id=plan.id)
    point_at(session, caller, plan, key, action="inputs.put", now=now)
    return plan


def point_at(
    session: Session,
    caller: Caller,
    plan: Plan,
    key: str,
    *,
    action: str,
    now: datetime,
    facts: Mapping[str, object] | None = None,
) -> None:
    """Make a snapshot that is stored, by its hash, the working inputs of a plan that is locked. Who
    its people are stays as it is known.
    """
    before = plan.inputs_hash
    record(session, caller, action, plan.id, now=now, before=before, after=key, facts=facts)
    if plan.inputs_hash != key:
        plan.inputs_hash = key
        touch(plan, now)
        session.flush()


@dataclass(frozen=True, slots=True)
class Doors:
    """Sessions to read in, and to write in, and where those stand who want to."""

    reading: sessionmaker[Session]
    writing: sessionmaker[Session]
    queues: Queues


def patch_inputs(
    doors: Doors, caller: Caller, plan_id: str, sent: Sent, *, now: datetime, expected: IfMatch
) -> Inputs:
    """Upsert some rows into the working inputs. What others patch at the same time stays as well:
    the whole is read without a transaction, and anew where somebody else was quicker.

    Raises PlanNotFound, InputsMissing, PreconditionFailed, InvalidInputs, TooBusy and
    QueueTooLong.
    """

    def attempt() -> Inputs | None:
        with doors.reading.begin() as session:
            plan = Plans(session).get(caller.workspace_id, plan_id)
            expected.check(inputs_etag(plan))
            before = get_inputs(session, caller.workspace_id, plan_id)
            period, key = period_of(plan), plan.inputs_hash
        after = patched_inputs(
            before, present(before), sent.document, period=period, faults=sent.faults
        )
        with doors.writing.begin() as session:
            plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
            if (plan.inputs_hash, period_of(plan)) != (key, period):
                return None
            stored = replace_snapshot(session, caller.workspace_id, before, after, plan_id=plan.id)
            if stored is None:
                return None
            point_at(session, caller, plan, stored, action="inputs.patch", now=now)
        return after

    return doors.queues.until_stored(f"{caller.workspace_id}/{plan_id}/inputs", attempt)


def period_of(plan: Plan) -> tuple[date, date]:
    return plan.period_start, plan.period_end


def get_inputs(session: Session, workspace_id: str, plan_id: str, key: str | None = None) -> Inputs:
    """The working inputs, or those with the hash `key`, with the people as known today.

    Raises PlanNotFound, InputsMissing and SnapshotNotFound.
    """
    plan = Plans(session).get(workspace_id, plan_id)
    wanted = key or plan.inputs_hash
    if wanted is None:
        raise InputsMissing(f"Send them first: PUT /v1/plans/{plan.id}/inputs.")
    return load_snapshot(session, workspace_id, wanted, plan_id=plan.id)
