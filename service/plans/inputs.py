"""The working inputs of a plan: one snapshot, replaced as a whole."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Conflict
from service.kit.etags import IfMatch, etag_of
from service.kit.money import minor_digits
from service.plans.repository import Plans
from service.plans.tables import Plan
from service.plans.usecases import touch
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot, store_snapshot


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
    record(session, caller, "inputs.put", plan.id, now=now, before=plan.inputs_hash, after=key)
    if plan.inputs_hash != key:
        plan.inputs_hash = key
        touch(plan, now)
        session.flush()
    return plan


def get_inputs(session: Session, workspace_id: str, plan_id: str, key: str | None = None) -> Inputs:
    """The working inputs, or those with the hash `key`, with the people as known today.

    Raises PlanNotFound, InputsMissing and SnapshotNotFound.
    """
    plan = Plans(session).get(workspace_id, plan_id)
    wanted = key or plan.inputs_hash
    if wanted is None:
        raise InputsMissing(f"Send them first: PUT /v1/plans/{plan.id}/inputs.")
    return load_snapshot(session, workspace_id, wanted, plan_id=plan.id)
