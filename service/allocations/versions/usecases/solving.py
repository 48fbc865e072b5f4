"""Solve the working inputs of a plan into a new version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.assemble import Case, Terms, assemble
from service.allocations.infeasible import Infeasible, in_words
from service.allocations.measures.solving import SolvedMeasure, solve_measures
from service.allocations.patience import Patience
from service.allocations.places import Places
from service.allocations.versions.describe import describe
from service.allocations.versions.domain.deciding.closed import ClosedMonths
from service.allocations.versions.domain.ledger.handed import Handed, handing
from service.allocations.versions.domain.written.content import Content, Parent
from service.allocations.versions.lanes.usecases.keeping import handed_down
from service.allocations.versions.usecases.closing import closed_months
from service.allocations.versions.usecases.solved_inputs import inputs_to_solve
from service.allocations.versions.usecases.storing import Draft, Made, record_version
from service.kit.access import Permission, require
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput, PreconditionFailed
from service.kit.money import minor_digits
from service.kit.phases import phase
from service.plans import life_cycle
from service.plans.hindrances import Hindrance
from service.plans.policy import Named, read_reserves, read_spreading, to_policy
from service.plans.repository import Plans, PlanVersions
from service.plans.rolling import RollForward
from service.plans.steps import VersionStep
from service.plans.tables import Plan
from service.roster.domain import Inputs

type Then = Literal["draft", "submit"]
"""What becomes of a new version in the transaction that stores it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants solved; without `base_version` the newest version is the parent."""

    policy: Mapping[str, Any] = field(default_factory=dict)
    """A `PolicyBody`."""
    base_version: int | None = None
    note: str | None = None
    keeps_locks: bool = True
    """Whether the locks of the version that it builds on hold."""
    published: int | None = None
    """The version that is known to be published, 0: none; None: whichever it is."""
    then: Then = "draft"
    deadline: datetime | None = None
    """When a decision on what is submitted is due."""
    roll_forward: RollForward | None = None
    """Which inputs become the working ones, and are solved."""
    faults: Sequence[Fault] = ()
    """What was found wrong with the shape of the body that says this."""


def solve_version(
    sessions: sessionmaker[Session],
    reading: sessionmaker[Session],
    caller: Caller,
    plan_id: str,
    order: Order,
    *,
    now: datetime,
    patience: Patience | None = None,
    hindrances: Sequence[Hindrance] = (),
) -> Made:
    """Solve the plan's working inputs into a new draft, and do with both what the order says.

    No transaction is open while the solver works, and no writer waits while inputs are read. The
    number and, where the order names no base, the parent are decided when the version is stored:
    whoever stores first comes first.

    Raises NotPermitted where the caller may not do all of it, PreconditionFailed where another
    version is published than the order knows of, TooBusy where inputs that are rolled forward have
    changed, and what `submit` does; then nothing is stored.
    """
    check_permitted(caller, order)
    with phase("reading"), reading.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        _check_published(session, plan, order)
        faults = [
            *order.faults,
            *_of_submitting(order, now),
            *unknown_base(session, plan, order.base_version),
        ]
        if faults and order.roll_forward is not None:
            raise InvalidInput(faults)
        solved = inputs_to_solve(session, plan, order.roll_forward)
        terms = terms_of(plan)
        base, handed = _base(session, plan, order) if not faults else (None, Handed())
        closed = closed_months(session, plan, now.date()) if not faults else None
    inputs = solved.inputs
    content = solved_content(
        inputs,
        terms,
        order.policy,
        handed.among(inputs),
        closed,
        known=faults,
        patience=patience,
    )
    draft = Draft.of(content)
    with phase("storing"), sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
        _check_published(session, plan, order)
        solved.store(session, caller, plan, now)
        parent = parent_of(session, plan, base)
        version = draft.store(session, caller, plan.id, parent, note=order.note, now=now)
        record_version(session, caller, "version.solve", version, now=now)
        if order.then == "submit":
            step = VersionStep(caller=caller, plan_id=plan.id, number=version.number, now=now)
            life_cycle.submit(
                session, step.saying(order.note), deadline=order.deadline, hindrances=hindrances
            )
        return replace(Made.of(session, plan, version), left_behind=solved.left_behind)


def check_permitted(caller: Caller, order: Order) -> None:
    """What an order asks for besides a draft. Raises NotPermitted."""
    if order.then == "submit":
        require(caller, Permission.SUBMIT)
    if order.roll_forward is not None:
        require(caller, Permission.WRITE_INPUTS)


def _check_published(session: Session, plan: Plan, order: Order) -> None:
    """Raises PreconditionFailed."""
    if order.published is None:
        return
    published = PlanVersions(session).published(plan.id)
    number = published.number if published else 0
    if number != order.published:
        now, known = (
            f"version {own}" if own else "no version" for own in (number, order.published)
        )
        raise PreconditionFailed(
            f"Now {now} is published; when this was asked for it was {known}. Nothing was stored: "
            "look at what holds now, then ask again, or retry the batch.",
            published=number,
        )


def _of_submitting(order: Order, now: datetime) -> Iterator[Fault]:
    """What is wrong with the deadline, told before anything is solved."""
    if order.deadline is None:
        return
    if order.then != "submit":
        yield Fault("/deadline", 'is of what is submitted: send `"then": "submit"` with it')
    elif order.deadline <= now:
        yield Fault("/deadline", "must be later than now", order.deadline.isoformat())


def solved_content(
    inputs: Inputs,
    terms: Terms,
    body: Mapping[str, Any],
    handed: Handed,
    closed: ClosedMonths | None = None,
    *,
    known: Sequence[Fault] = (),
    patience: Patience | None = None,
) -> Content:
    """Inputs solved under a policy, a `PolicyBody`, with what is handed down to them, and what
    the months carry that are `closed`.

    Raises InvalidInput with the faults that are `known` and all others, EnvelopeNotKept,
    ClosedMonthsNotKept, and what `allocate` does.
    """
    named = Named(frozenset(inputs.reps.id), frozenset(inputs.units.id))
    policy = to_policy(body, digits=terms.digits, named=named, known=known)
    case = assemble(inputs, terms, policy, Places(policy=body), read_spreading(body))
    if closed is not None:
        closed.check(inputs)
    solved = solve_handed(case, handed, patience, closed)
    with phase("describing"):
        content = describe(solved.case, solved.allocation, solved.further, locked=handed.locked)
        content = handing(content, handed, read_reserves(body, terms.digits))
        return content if closed is None else closed.kept_in(content)


def solve_handed(
    case: Case, handed: Handed, patience: Patience | None, closed: ClosedMonths | None = None
) -> SolvedMeasure:
    """Solved with what is handed down, and at least what the months carry that are `closed`.

    Raises EnvelopeNotKept, and what `solve_measures` does: where an envelope is in the way of other
    rules, Infeasible says that it is one.
    """
    digits = case.terms.digits
    try:
        if closed is None:
            solved = solve_measures(handed.held_in(case), patience)
        else:
            held = handed.held_in(closed.held_in(case))
            solved = solve_measures(held, patience, closed.held_in)
    except Infeasible as refused:
        rules = [rule["rule"].rpartition(":")[0] for rule in _conflict(refused)]
        frozen = [own for own in handed.frozen if f"unit:{own['unit']}" in rules]
        if not frozen:
            raise
        told = ", ".join(f"{own['unit']} at {in_words(own['amount'], digits)}" for own in frozen)
        raise Infeasible(
            f"{refused.detail} Frozen in the version that this is made of: {told}; unfreeze what "
            "is to carry another amount.",
            **refused.context,
            frozen=[own["unit"] for own in frozen],
        ) from None
    handed.check_kept_by(solved.allocation, digits)
    return solved


def _conflict(refused: Infeasible) -> Sequence[Mapping[str, str]]:
    return cast("Sequence[Mapping[str, str]]", refused.context["conflict"])


def terms_of(plan: Plan) -> Terms:
    return Terms(
        currency=plan.currency,
        digits=minor_digits(plan.currency),
        increment=plan.increment,
        period=(plan.period_start, plan.period_end),
    )


def unknown_base(session: Session, plan: Plan, base_version: int | None) -> Iterator[Fault]:
    """What is wrong with the version that a caller names as the one to build on."""
    newest = PlanVersions(session).newest_number(plan.id)
    if base_version is not None and not 1 <= base_version <= (newest or 0):
        known = f"there are 1 to {newest}" if newest else "there is none yet"
        reason = f"names no version of this plan; {known}"
        yield Fault("/base_version", reason, base_version)


def _base(session: Session, plan: Plan, order: Order) -> tuple[int | None, Handed]:
    """The version that is built on, and what it hands down.

    Where the order names none and nothing is handed down, whoever stores first comes first.
    """
    number = order.base_version or PlanVersions(session).newest_number(plan.id)
    if number is None:
        return None, Handed()
    version = PlanVersions(session).get(plan.id, number)
    handed = handed_down(session, plan.workspace_id, version, locks=order.keeps_locks)
    return (number if handed else order.base_version), handed


def parent_of(session: Session, plan: Plan, base_version: int | None) -> Parent | None:
    """The version that a new one builds on: where none is named, the newest."""
    versions = PlanVersions(session)
    number = base_version or versions.newest_number(plan.id)
    return Parent(number, versions.get(plan.id, number).hash) if number else None
