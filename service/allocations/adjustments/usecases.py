"""Adjust quotas of a version into a new draft, and tell who did it and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.adjustments.domain import (
    ACTION,
    BeyondManagersLimit,
    Wish,
    moved_too_far,
    refuse_own,
    refuse_to_move_own,
    refuse_unless_adjustable,
)
from service.allocations.adjustments.repository import Adjustments
from service.allocations.adjustments.tables import QuotaAdjustment
from service.allocations.adjustments.wishes import read_wish
from service.allocations.assemble import Terms
from service.allocations.patience import Patience
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.ledger.handed import Handed
from service.allocations.versions.domain.written.content import Content
from service.allocations.versions.domain.written.manifest import LockPart
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases import amending
from service.allocations.versions.usecases.amending import Fetched, Written, store, write
from service.allocations.versions.usecases.closing import closing_of
from service.allocations.versions.usecases.solving import solved_content
from service.allocations.versions.usecases.storing import Draft, Made
from service.allocations.versions.usecases.visible import see_version
from service.kit.audit import record
from service.kit.auth import Caller, Role
from service.kit.errors import PreconditionFailed
from service.kit.etags import IfMatch
from service.kit.ids import new_id
from service.kit.patient_body import Sent
from service.plans.domain import version_subject
from service.plans.policy import present_policy
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import Sight
from service.plans.tables import Plan, PlanVersion
from service.plans.usecases import version_etag
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot


@dataclass(frozen=True, slots=True)
class ListedAdjustment:
    row: QuotaAdjustment
    locked: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Claimed:
    """A version that is adjusted, and all that is needed of the database for it."""

    caller: Caller
    found: Fetched
    policy: Mapping[str, Any]
    inputs: Inputs
    terms: Terms
    wish: Wish
    reference: str
    start: Mapping[str, int]
    """Of a manager: the quotas that the work began from, by rep."""
    sight: Sight

    @property
    def locks(self) -> list[LockPart]:
        return [
            {"rep": own.rep, "quota": own.quota, "reference": self.reference}
            for own in self.wish.adjusted
        ]


def adjust(
    sessions: sessionmaker[Session],
    caller: Caller,
    place: tuple[str, int],
    sent: Sent,
    *,
    expected: IfMatch,
    now: datetime,
    limit: float,
    patience: Patience | None = None,
) -> Made:
    """Adjust quotas of a version (`place`: plan, number) into a new draft.

    No transaction is open while it is computed. `limit`: how far a manager may move a rep. Raises
    PlanNotFound, VersionNotFound, PreconditionFailed, NotAdjustable, InvalidInput with every fault,
    OwnQuota, BeyondManagersLimit, ChangeNotCarried, and what solving raises.
    """
    with sessions.begin() as session:
        claimed = _claim(session, caller, place, sent, expected=expected, today=now.date())
    made: Draft | Written
    if _is_solved_again(claimed):
        made = Draft.of(_solved_again(claimed, patience))
    else:
        made = write(claimed.found, _amended(claimed, limit))
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, place[0], lock=True)
        current = PlanVersions(session).get(plan.id, place[1])
        _refuse_lost_race(expected, current)
        version = _stored(session, claimed, made, now)
        current.adjusted_into = version.number
        _note_down(session, claimed, plan, version, now)
        return Made.of(session, plan, version, claimed.sight)


def list_adjustments(
    session: Session, workspace_id: str, plan_id: str, number: int, sight: Sight
) -> tuple[list[ListedAdjustment], int]:
    """Who adjusted what on the way to a version, as far as the caller sees the reps, oldest first;
    and the minor digits of the currency.
    """
    plan = Plans(session).get(workspace_id, plan_id)
    stored = StoredVersion(
        PlanVersions(session).get(plan.id, number), Chunks(session, workspace_id)
    )
    locks = stored.ledger.locks
    found = Adjustments(session, plan.id)
    rows = found.of_chain(found.chain(number))
    return [
        ListedAdjustment(row, locked=locks.get(row.rep) == row.reference)
        for row in rows
        if sight.units is None or _sees(stored, sight, row.rep)
    ], stored.digits


def _sees(stored: StoredVersion, sight: Sight, rep: str) -> bool:
    row = stored.quota_of(rep)
    return row is not None and sight.sees_rep(row)


def _claim(
    session: Session,
    caller: Caller,
    place: tuple[str, int],
    sent: Sent,
    *,
    expected: IfMatch,
    today: date,
) -> _Claimed:
    plan_id, number = place
    version, sight = see_version(session, caller, plan_id, number)
    _refuse_lost_race(expected, version)
    refuse_unless_adjustable(version.status)
    plan = Plans(session).get(caller.workspace_id, plan_id)
    found = amending.fetch(session, caller.workspace_id, plan_id, number)
    closing = closing_of(session, plan, today)
    wish = read_wish(sent.document, sent.faults, found, sight, closing)
    refuse_own(caller.rep, {own.rep for own in wish.adjusted} | {*wish.released})
    start: Mapping[str, int] = {}
    if caller.role is Role.MANAGER:
        first = Adjustments(session, plan.id).start_of(plan.workspace_id, number)
        at_first = amending.fetch(session, caller.workspace_id, plan_id, first)
        reps = at_first.version.everybody.problem.reps.ids
        start = dict(zip(reps, at_first.version.book.quota.tolist(), strict=True))
    return _Claimed(
        caller=caller,
        found=found,
        policy=version.policy,
        inputs=load_snapshot(session, caller.workspace_id, version.inputs_hash),
        terms=terms_of_version(plan, found),
        wish=wish,
        reference=new_id("adj"),
        start=start,
        sight=sight,
    )


def _refuse_lost_race(expected: IfMatch, version: PlanVersion) -> None:
    """Two who adjust the same version would make two drafts, each without what the other did."""
    try:
        expected.check(version_etag(version))
    except PreconditionFailed as lost:
        if version.adjusted_into is None:
            raise
        raise PreconditionFailed(
            f"Version {version.number} was adjusted into version {version.adjusted_into} before. "
            "Adjust that one, so that both hold; or read this one again, for another draft of it.",
            **lost.context,
        ) from None


def terms_of_version(plan: Plan, found: Fetched) -> Terms:
    """In which money and period the version was solved; the plan's may be others by now."""
    manifest: Any = found.version.manifest
    period = plan.period_start, plan.period_end
    if stated := manifest.get("period"):
        period = date.fromisoformat(stated["start"]), date.fromisoformat(stated["end"])
    return Terms(
        currency=manifest["currency"],
        digits=manifest["digits"],
        increment=manifest["increment"],
        period=period,
    )


def _solved_again(claimed: _Claimed, patience: Patience | None) -> Content:
    """The inputs and policy of the version once more, around all locks."""
    handed = Handed.of(claimed.found.version.manifest).without(claimed.wish.released)
    return solved_content(
        claimed.inputs,
        claimed.terms,
        present_policy(claimed.policy, claimed.terms.digits),
        handed.with_locks(claimed.locks).among(claimed.inputs),
        patience=patience,
    )


def _stored(
    session: Session, claimed: _Claimed, made: Draft | Written, now: datetime
) -> PlanVersion:
    caller, found, note = claimed.caller, claimed.found, claimed.wish.note
    if isinstance(made, Written):
        return store(session, caller, made, note=note, now=now)
    return made.store(session, caller, found.plan_id, found.as_parent, note=note, now=now)


def _is_solved_again(claimed: _Claimed) -> bool:
    """Whether everybody else is solved again, around the locks.

    Not where months that are over have to stay, nor where a solve would undo what was amended
    since: then everybody else carries an equal part. A manager moves nobody outside the own unit.
    """
    wish, manifest = claimed.wish, claimed.found.version.manifest
    return (
        wish.funding in (None, "everyone")
        and wish.effective is None
        and not manifest.get("amendments")
        and claimed.caller.role is not Role.MANAGER
    )


def _amended(claimed: _Claimed, limit: float) -> Amendable:
    """The version with one more amendment, or only with fewer locks."""
    wish, found = claimed.wish, claimed.found
    before = found.version
    manifest: Any = before.manifest
    kept = [own for own in manifest.get("locks", []) if own["rep"] not in wish.released]
    if wish.released:
        before = before.with_ledger(before.book, before.entries, locks=kept)
    if not wish.adjusted:
        return before
    funding = wish.funding or "everyone"
    wanted = [Wanted(own.rep, own.quota) for own in wish.adjusted]
    decision = Decision(
        "adjustment", claimed.reference, wanted, funding, wish.effective, locks=True
    )
    if claimed.caller.role is Role.MANAGER:
        return _within_limits(claimed, before, decision, limit)
    return found.decide(decision, before, pointer="/adjustments")


def _within_limits(
    claimed: _Claimed, before: Amendable, decision: Decision, limit: float
) -> Amendable:
    """A manager's adjustments: nobody beyond the limit, and net zero inside the own unit.

    Raises BeyondManagersLimit, which says who may go further, and OwnQuota.
    """
    found, wish = claimed.found, claimed.wish
    change = sum(own.quota - (found.quota(own.rep) or 0) for own in wish.adjusted)
    if wish.funding is None and change == 0:
        decision = replace(decision, funding=None)
    elif wish.funding != "siblings":
        raise BeyondManagersLimit(
            "A manager's adjustments add up to nothing, or the others of the unit carry the "
            "difference (funding: siblings). Who may do more: admin, planner."
        )
    after = found.decide(decision, before, pointer="/adjustments")
    if others := [*_of_other_units(claimed, after)]:
        raise BeyondManagersLimit(
            f"{', '.join(others[:5])} works for another unit in the months that would change: "
            "whoever answers for that one asks for a change, or a planner adjusts.",
            reps=others[:100],
        )
    reps = after.everybody.problem.reps.ids
    pairs = zip(reps, before.book.quota.tolist(), after.book.quota.tolist(), strict=True)
    moved = {rep: new for rep, old, new in pairs if old != new}
    refuse_to_move_own(claimed.caller.rep, moved)
    names = after.names.rep
    if not all(claimed.sight.sees_rep(after.quotas[names[rep]]) for rep in moved):
        raise BeyondManagersLimit(
            "Somebody outside your unit would have to carry a part. Who may do that: admin, "
            "planner."
        )
    if far := [*moved_too_far(claimed.start, moved, limit)]:
        told = ", ".join(f"{rep} by {part:+.1%}" for rep, part in far[:5])
        raise BeyondManagersLimit(
            f"A manager may move a quota by at most {limit:.1%} of what it was when the "
            f"adjustments began; this moves {told}. Who may do more: admin, planner.",
            reps=[rep for rep, _ in far[:100]],
        )
    return after


def _of_other_units(claimed: _Claimed, after: Amendable) -> Iterator[str]:
    """Who is adjusted and works where the manager does not answer for what is carried."""
    names, seen = after.names, claimed.sight.units
    for own in claimed.wish.adjusted:
        at = after.works_in(names.rep[own.rep], names.first_open(claimed.wish.effective))
        if at is None or (seen is not None and at.unit not in seen):
            yield own.rep


def _note_down(
    session: Session, claimed: _Claimed, plan: Plan, version: PlanVersion, now: datetime
) -> None:
    caller, wish, found = claimed.caller, claimed.wish, claimed.found
    funding = wish.funding or (None if caller.role is Role.MANAGER else "everyone")
    adjustments = Adjustments(session, plan.id)
    adjustments.add(
        {
            "reference": claimed.reference,
            "rep": own.rep,
            "workspace_id": caller.workspace_id,
            "plan_id": plan.id,
            "version": version.number,
            "quota_before": found.quota(own.rep) or 0,
            "quota": own.quota,
            "funding": funding,
            "reason": own.reason,
            "created_at": now,
            "created_by": caller.name,
        }
        for own in wish.adjusted
    )
    locks = {own["rep"]: own["reference"] for own in found.version.manifest.get("locks", [])}
    let_go = {rep: locks[rep] for rep in wish.released}
    for row in adjustments.of_references([*let_go.values()]):
        if let_go.get(row.rep) == row.reference and row.released_at is None:
            row.released_in, row.released_at, row.released_by = version.number, now, caller.name
    record(
        session,
        caller,
        ACTION,
        version_subject(plan.id, version.number),
        now=now,
        before=found.hash,
        after=version.hash,
        facts={
            "base_version": found.number,
            "reference": claimed.reference,
            "funding": funding,
            "reps": [own.rep for own in wish.adjusted],
            "released": [*wish.released],
        },
    )
