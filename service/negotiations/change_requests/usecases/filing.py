"""File a change request."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service.allocations.versions.domain.ledger.named import carried_by_unit
from service.allocations.versions.domain.ledger.workplace import Workplace, workplace
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.visible import sight_of
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.kit.money import InvalidMoney, from_minor, minor_digits, to_minor
from service.kit.outbox import announce
from service.negotiations.change_requests.domain.asking import (
    REQUESTABLE,
    AlreadyRequested,
    amount_faults,
    check_version,
)
from service.negotiations.change_requests.domain.effective import effective_month
from service.negotiations.change_requests.domain.evidence import Evidence, read_evidence
from service.negotiations.change_requests.domain.life import Action, ChangeRequestStatus, Side
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.scope import Scope
from service.negotiations.repository import Renegotiations
from service.plans.domain import VersionNotFound
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan, PlanVersion

MOST_DAYS = 366
"""Until a deadline."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a caller asks for, as it came; a member that had a wrong shape is None."""

    version: int | None
    rep: str | None
    proposed: float | str | None
    evidence: Sequence[Mapping[str, Any]] = ()
    note: str | None = None
    deadline: date | None = None
    faults: Sequence[Fault] = field(default=())
    """What was found wrong with the shape of the body that says this."""


def file_request(
    session: Session, caller: Caller, plan_id: str, ask: Ask, *, now: datetime, days: int
) -> ChangeRequest:
    """Ask for another quota of one rep; `days`: until the deadline where the caller names none.

    Raises PlanNotFound, InvalidInput with every fault at once, VersionDoesNotCount and
    AlreadyRequested.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id, lock=True)
    digits = minor_digits(plan.currency)
    faults = [*ask.faults]
    evidence = read_evidence(ask.evidence, digits, faults)
    faults += _deadline_faults(ask.deadline, now.date())
    version = _version(session, caller, plan, ask.version, faults)
    desk = _Desk(session, caller, plan, now.date())
    row, unit = desk.row_and_unit(version, ask.rep, faults)
    proposed = _proposed(ask, row, evidence, digits, faults)
    if faults or version is None or row is None or proposed is None:
        raise InvalidInput(faults)
    check_version(version.number, version.status, counting_version(session, plan))
    requests = ChangeRequests(session, plan.id)
    _check_only(requests, version.number, row["rep"])
    request = requests.add(
        ChangeRequest(
            id=new_id("chg"),
            workspace_id=caller.workspace_id,
            plan_id=plan.id,
            version=version.number,
            rep=row["rep"],
            unit=unit,
            lies_with=unit,
            status=ChangeRequestStatus.OPEN.value,
            quota=row["quota"],
            proposed=proposed,
            evidence=[piece.stored() for piece in evidence],
            deadline=ask.deadline or now.date() + timedelta(days=days),
            requested_by=caller.id,
            requester=caller.name,
            requester_role=caller.role.value,
            revision=1,
            created_at=now,
            updated_at=now,
        )
    )
    _keep_notes(requests, request, ask)
    requests.take_step(request, caller, Action.FILE, Side.REQUESTER, now=now)
    tell(session, caller, request, Action.FILE, before=None, digits=digits, now=now)
    return request


def counting_version(session: Session, plan: Plan) -> int | None:
    """The newest version that people were shown as theirs, and that nothing has replaced."""
    return PlanVersions(session).newest_number(plan.id, within=REQUESTABLE)


def tell(
    session: Session,
    caller: Caller,
    request: ChangeRequest,
    action: Action,
    *,
    before: str | None,
    digits: int,
    now: datetime,
) -> None:
    """Write what was done into the audit trail, and announce it; free text goes into neither."""
    subject = f"{request.plan_id}/change-requests/{request.id}"
    facts = {
        "version": request.version,
        "rep": request.rep,
        "proposed": from_minor(request.proposed, digits),
        "amount": None if request.amount is None else from_minor(request.amount, digits),
        "funding": request.funding,
        "effective": request.effective,
        "granted_in": request.granted_in,
        "lies_with": request.lies_with,
    }
    record(
        session,
        caller,
        f"change_request.{action}",
        subject,
        now=now,
        before=before,
        after=request.status,
        facts=facts,
    )
    kind = "filed" if action == Action.FILE else request.status
    announce(
        session,
        caller.workspace_id,
        f"change_request.{kind}",
        {"plan": request.plan_id, "change_request": request.id, "status": request.status} | facts,
        now=now,
    )


def _deadline_faults(deadline: date | None, today: date) -> Iterator[Fault]:
    if deadline is None:
        return
    if deadline < today:
        yield Fault("/deadline", "has passed already", deadline.isoformat())
    elif (deadline - today).days > MOST_DAYS:
        yield Fault("/deadline", f"must be within {MOST_DAYS} days", deadline.isoformat())


def _version(
    session: Session, caller: Caller, plan: Plan, number: int | None, faults: list[Fault]
) -> PlanVersion | None:
    """Versions that the caller does not see, such as drafts for a rep, do not exist."""
    if number is None:
        return None
    with suppress(VersionNotFound):
        version = PlanVersions(session).get(plan.id, number)
        if sight_of(session, caller, version) is not None:
            return version
    faults.append(Fault("/version", "names no version of this plan", number))
    return None


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where somebody asks."""

    session: Session
    caller: Caller
    plan: Plan
    today: date

    def row_and_unit(
        self, version: PlanVersion | None, rep: str | None, faults: list[Fault]
    ) -> tuple[dict[str, Any] | None, str | None]:
        """The rep's row of the main measure, and the unit that decides: where the rep works in the
        months to come. Of reps who do not concern the caller there is none.
        """
        if version is None or rep is None:
            return None, None
        stored = self._stored(version)
        row, scope = stored.quota_of(rep), Scope.of(self.caller, stored)
        reason = f"has no quota in version {version.number}"
        if row is not None:
            at = self._workplace(version, row)
            if at is not None and scope.sees(rep, at.unit):
                return row, at.unit
            if scope.sees(rep, row["unit"]):
                reason = _in_no_one_unit(rep) if at is None else _ELSEWHERE
        faults.append(Fault("/rep", reason, rep))
        return None, None

    def _workplace(self, version: PlanVersion, row: Mapping[str, Any]) -> Workplace | None:
        """By what was agreed on the version so far."""
        plan = self.plan
        head = Renegotiations(self.session, plan.workspace_id, plan.id).head(version.number)
        stored = self._stored(PlanVersions(self.session).get(plan.id, head))
        now = stored.quota_of(row["rep"]) or row
        months = now.get("months") or [now["quota"]]
        carried = carried_by_unit(now["unit"], months, now.get("amended", ()))
        since = effective_month(None, (plan.period_start, plan.period_end), self.today)
        return workplace(carried, stored.months.index(since) if since in stored.months else 0)

    def _stored(self, version: PlanVersion) -> StoredVersion:
        return StoredVersion(version, Chunks(self.session, self.caller.workspace_id))


_ELSEWHERE = "works for another unit in the months to come: whoever answers for that one asks"


def _in_no_one_unit(rep: str) -> str:
    return (
        "works for several units in the months to come, and no one of them could carry what is "
        f"decided: a planner solves the plan again with {rep} in one unit, and then it is asked for"
    )


def _proposed(
    ask: Ask,
    row: Mapping[str, Any] | None,
    evidence: Sequence[Evidence],
    digits: int,
    faults: list[Fault],
) -> int | None:
    if ask.proposed is None:
        return None
    try:
        proposed = to_minor(ask.proposed, digits)
    except InvalidMoney as fault:
        faults.append(Fault("/proposed", str(fault), ask.proposed))
        return None
    if row is not None:
        faults += amount_faults(proposed, row, evidence, digits)
    elif proposed < 0:
        faults.append(Fault("/proposed", "must not be negative", ask.proposed))
    return proposed


def _check_only(requests: ChangeRequests, version: int, rep: str) -> None:
    """Raises AlreadyRequested, which names the request."""
    if other := requests.undecided(version, rep):
        raise AlreadyRequested(
            f"{other.id} asks for another quota of {rep} in version {version} and is not decided "
            "yet; withdraw it first, or wait for the decision.",
            change_request=other.id,
        )


def _keep_notes(requests: ChangeRequests, request: ChangeRequest, ask: Ask) -> None:
    requests.write(request, "request", ask.note)
    for number, row in enumerate(ask.evidence):
        requests.write(request, f"evidence/{number}", row.get("note"))
