"""Grant what is asked for, or offer a part of it: counter and accept.

What is granted amends the newest draft of the renegotiation of the version that the request is
about, so everything that was agreed on it adds up in one draft. Deciding who carries what holds no
transaction; where somebody else was quicker, it is decided again on what they left. In one process
those who decide about the same plan queue up, because only one of them could store what they found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.infeasible import in_words
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.amending import ChangeNotCarried, Fetched
from service.kit.errors import Conflict, Fault, InvalidInput
from service.kit.money import InvalidMoney, from_minor, to_minor
from service.kit.queues import Queues
from service.negotiations.change_requests.domain.asking import check_version, grant_faults
from service.negotiations.change_requests.domain.effective import (
    effective_faults,
    effective_month,
    not_before,
)
from service.negotiations.change_requests.domain.funding import CARRIED_BY, Funding
from service.negotiations.change_requests.domain.life import Action, Side
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.filing import counting_version
from service.negotiations.change_requests.usecases.funding import (
    Change,
    Signer,
    decided,
    first_possible,
    option,
)
from service.negotiations.change_requests.usecases.turn import RequestStep, Turn
from service.negotiations.repository import Renegotiations
from service.plans.repository import PlanVersions
from service.plans.tables import Plan
from service.roster.usecases import owners_of


class CounterHasChanged(Conflict):
    """The counter is not the one that was to be accepted."""


class CounterCannotBeCarried(Conflict):
    """What was offered cannot be carried any more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller grants or offers, as it came; what is left out has defaults."""

    amount: float | str | None = None
    funding: Funding | None = None
    effective: date | None = None
    resources: Sequence[str] | None = None

    @property
    def says_how(self) -> bool:
        return self.funding is not None or self.effective is not None


@dataclass(frozen=True, slots=True)
class Doors:
    """Sessions to read in, and to write in, and where those stand who want to."""

    reading: sessionmaker[Session]
    writing: sessionmaker[Session]
    queues: Queues


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What is to be granted, on which version, and who says so."""

    turn: Turn
    found: Fetched
    signer: Signer
    change: Change
    funding: Funding | None
    """None: the first that can."""

    def settled(self) -> tuple[Funding, Amendable]:
        """Who funds it, and what stands then.

        Raises InvalidInput, ChangeNotCarried, NotTheFunder and CounterCannotBeCarried. A counter
        was signed when it was made.
        """
        if self.funding is None:
            chosen = first_possible(self.found, self.change, self.signer)
        elif self.turn.side == Side.REQUESTER:
            return self.funding, self._as_offered(self.funding)
        else:
            chosen = option(self.found, self.change, self.funding, self.signer)
        return chosen.funding, chosen.required()

    def _as_offered(self, funding: Funding) -> Amendable:
        """Who asked is not told which limits of other people stop it."""
        try:
            return decided(self.found, self.change, funding)
        except (InvalidInput, ChangeNotCarried):
            raise CounterCannotBeCarried(
                "Others were granted something since; ask whoever made the counter for another."
            ) from None


def counter(doors: Doors, step: RequestStep, grant: Grant) -> ChangeRequest:
    """Offer a part of what is asked for, in a way that is possible and that the caller may sign;
    whoever asked may then accept it.
    """
    with doors.reading.begin() as session:
        terms = terms_of(session, Turn.of(session, step, Action.COUNTER, lock=False), grant)
    funding, _ = terms.settled()
    with doors.writing.begin() as session:
        turn = Turn.of(session, step, Action.COUNTER)
        turn.request.amount = terms.change.amount
        turn.request.funding = funding
        turn.request.effective = terms.change.effective
        return turn.take(session)


def accept(doors: Doors, step: RequestStep, grant: Grant) -> ChangeRequest:
    """Grant it: who carries the difference, and a new draft that says so; or resources instead.

    Who asked accepts the last counter as it stands.
    """
    if grant.resources is not None:
        return _with_resources(doors, step, grant)

    def attempt() -> ChangeRequest | None:
        with doors.reading.begin() as session:
            terms = terms_of(session, Turn.of(session, step, Action.ACCEPT, lock=False), grant)
        return _stored(doors, terms)

    return until_stored(doors, step, attempt)


def until_stored[Stored](
    doors: Doors, step: RequestStep, attempt: Callable[[], Stored | None]
) -> Stored:
    """As `Queues.until_stored`, of one plan."""
    return doors.queues.until_stored(f"{step.caller.workspace_id}/{step.plan_id}", attempt)


def locked_again(session: Session, read: Turn, head: int) -> Turn | None:
    """A turn that was read without the lock; None where somebody else has taken one with the same
    request, or amended `head`, the draft that gathers what is granted.
    """
    turn = Turn.of(session, read.step, read.action)
    request = turn.request
    check_counts(session, turn.plan, request.version)
    now_head = Renegotiations(session, turn.plan.workspace_id, turn.plan.id).head(request.version)
    stands = now_head == head and request.revision == read.request.revision
    return turn if stands else None


def _with_resources(doors: Doors, step: RequestStep, grant: Grant) -> ChangeRequest:
    """Instead of money: nobody's quota changes."""
    if grant.amount is not None or grant.says_how:
        raise InvalidInput([Fault("/resources", "are granted instead of money, not beside it")])
    with doors.writing.begin() as session:
        turn = Turn.of(session, step, Action.ACCEPT)
        if turn.side == Side.REQUESTER:
            raise InvalidInput([Fault("/resources", "are granted by whoever decides")])
        turn.request.resources = list(grant.resources or ())
        turn.request.amount = turn.request.funding = turn.request.effective = None
        return turn.take(session)


def _stored(doors: Doors, terms: Terms) -> ChangeRequest | None:
    """None where somebody else has amended the same draft meanwhile."""
    funding, after = terms.settled()
    written = amending.write(terms.found, after)
    with doors.writing.begin() as session:
        turn = locked_again(session, terms.turn, terms.found.number)
        if turn is None:
            return None
        step, plan, request = turn.step, turn.plan, turn.request
        note = _note(terms, funding)
        version = amending.store(session, step.caller, written, note=note, now=step.now)
        Renegotiations(session, plan.workspace_id, plan.id).advance(request.version, version.number)
        request.amount, request.funding = terms.change.amount, funding
        request.effective, request.granted_in = terms.change.effective, version.number
        return turn.take(session)


def _note(terms: Terms, funding: Funding) -> str:
    """What the draft is about, for those who look through versions."""
    change, digits, request = terms.change, terms.turn.digits, terms.turn.request
    before = in_words(terms.found.quota(request.rep) or 0, digits)
    granted = in_words(change.amount, digits)
    since = f" from {change.effective} on" if change.effective else ""
    how = CARRIED_BY[funding]
    return f"Granted to {request.rep}: {granted} instead of {before}{since}; {how} ({request.id})"


def terms_of(session: Session, turn: Turn, grant: Grant) -> Terms:
    """Raises InvalidInput with every fault, VersionDoesNotCount and CounterHasChanged."""
    plan, request = turn.plan, turn.request
    check_counts(session, plan, request.version)
    funding: Funding | None
    if turn.side == Side.REQUESTER:
        amount, effective, funding = _as_countered(turn, grant)
    else:
        amount, effective = _as_granted(turn, grant)
        funding = grant.funding
    head = Renegotiations(session, plan.workspace_id, plan.id).head(request.version)
    found = amending.fetch(session, plan.workspace_id, plan.id, head)
    owners = owners_of(session, plan.workspace_id, plan.id)
    is_left_open = turn.side == Side.DECIDER and grant.effective is None
    wanted = Change(request, amount, effective, request.unit)
    change = _where_the_rep_works(found, wanted, is_left_open=is_left_open)
    return Terms(turn, found, Signer(turn.scope, owners), change, funding)


def _where_the_rep_works(found: Fetched, change: Change, *, is_left_open: bool) -> Change:
    """With the unit that decides about the rep and carries; `is_left_open`: nobody has said from
    which month on, so it is the first one of that unit.
    """
    names = found.version.names
    if change.effective is not None and change.effective not in names.months:
        return change  # deciding refuses it, in words
    place, first = names.rep[change.request.rep], names.first_open(change.effective)
    at = found.version.works_in(place, first)
    if at is None:  # so here
        return change
    later = is_left_open and at.since > first
    effective = names.months[at.since] if later else change.effective
    return replace(change, unit=at.unit, effective=effective)


def _as_granted(turn: Turn, grant: Grant) -> tuple[int, str | None]:
    """How much is granted or offered, and from which month on."""
    request, digits, faults = turn.request, turn.digits, list[Fault]()
    amount = request.proposed
    if turn.action == Action.COUNTER and grant.amount is None:
        faults.append(Fault("/amount", "is needed: the quota that is offered"))
    if grant.amount is not None:
        try:
            amount = to_minor(grant.amount, digits)
            faults += grant_faults(amount, request.quota, request.proposed, digits)
        except InvalidMoney as fault:
            faults.append(Fault("/amount", str(fault), grant.amount))
    period, today = _period(turn.plan), turn.step.now.date()
    faults += effective_faults(grant.effective, period, today)
    if faults:
        raise InvalidInput(faults)
    return amount, effective_month(grant.effective, period, today)


def _as_countered(turn: Turn, grant: Grant) -> tuple[int, str | None, Funding]:
    """The counter as it stands."""
    request, named = turn.request, turn.step.expected.header is not None
    assert request.amount is not None  # noqa: S101 -- every counter has one
    if grant.says_how:
        raise InvalidInput([Fault("", "how a counter is granted is said by whoever made it")])
    if grant.amount is None and not named:
        raise InvalidInput(
            [Fault("/amount", "is needed: say which counter you accept, or send If-Match")]
        )
    if grant.amount is not None and grant.amount != from_minor(request.amount, turn.digits):
        raise CounterHasChanged(
            "It is another one by now. Read it again.",
            amount=from_minor(request.amount, turn.digits),
        )
    effective = not_before(request.effective, _period(turn.plan), turn.step.now.date())
    funding: Funding = request.funding  # type: ignore[assignment] # as it was countered
    return request.amount, effective, funding


def check_counts(session: Session, plan: Plan, number: int) -> None:
    """Raises VersionDoesNotCount."""
    version = PlanVersions(session).get(plan.id, number)
    check_version(number, version.status, counting_version(session, plan))


def _period(plan: Plan) -> tuple[date, date]:
    return plan.period_start, plan.period_end
