"""Work inside a frozen unit: solve its reps again, adjust some of them. Claim, solve, store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from service.allocations.adjustments.domain import refuse_own, refuse_to_move_own
from service.allocations.infeasible import in_words
from service.allocations.patience import Patience
from service.allocations.versions.lanes.domain.work import Work
from service.kit.auth import Role
from service.kit.errors import Fault, InvalidInput, PreconditionFailed
from service.negotiations.levels.domain.life import LaneAction, after
from service.negotiations.levels.domain.limits import (
    Asked,
    faults_of,
    keep_within,
)
from service.negotiations.levels.domain.solving import adjusted, solved
from service.negotiations.levels.domain.team import Team
from service.negotiations.levels.usecases.frame import Frame, lane_etag
from service.negotiations.levels.usecases.freezing import hold_lane
from service.negotiations.levels.usecases.steps import Stepped, UnitStep, take
from service.negotiations.levels.usecases.words import in_the_owners_words
from solver.policy import Fairness
from solver.problem import FloatArray

type Asks = Callable[[int], list[Asked]]
"""What is asked, for so many minor digits of money; raises InvalidInput."""


def nothing(_digits: int) -> list[Asked]:
    return []


@dataclass(frozen=True, slots=True)
class Claimed:
    """A lane as it was read, and its unit cut out of the frame."""

    frame: Frame
    team: Team
    work: Work
    revision: int
    potential: FloatArray | None = None

    @property
    def digits(self) -> int:
        return self.frame.stored.digits


def solve(
    sessions: sessionmaker[Session],
    step: UnitStep,
    *,
    asks: Asks = nothing,
    fairness: Fairness | None = None,
    limit: float,
    patience: Patience | None = None,
) -> Stepped:
    """Solve a unit's reps again with its envelope as exact sum, and every lock.

    `asks`: floors and caps that the owner sets for the own reps; `limit`: how far a manager may go.
    Raises InvalidInput, OwnQuota, BeyondManagersLimit, Infeasible, PreconditionFailed and what
    `Frame` does.
    """
    claimed = _claim(
        sessions, step, LaneAction.SOLVE, by_potential=fairness == "equal_potential_share"
    )
    asked = asks(claimed.digits)
    _check(claimed, asked)
    refuse_own(step.caller.rep, {row.rep for row in asked})
    ends = {row.rep: row.ends for row in asked}
    with in_the_owners_words(claimed.team, claimed.digits, patience) as watch:
        work = solved(
            claimed.team, claimed.work, fairness, ends, potential=claimed.potential, watch=watch
        )
    _check_reach(claimed, work, limit, wished=bool(asked))
    return _store(sessions, step, action=LaneAction.SOLVE, claimed=claimed, work=work)


def adjust(
    sessions: sessionmaker[Session],
    step: UnitStep,
    *,
    asks: Asks = nothing,
    released: Sequence[str] = (),
    limit: float,
) -> Stepped:
    """Move some reps of the unit; the others carry what these do not balance among themselves.

    Raises InvalidInput, OwnQuota, BeyondManagersLimit, Infeasible, PreconditionFailed and what
    `Frame` does.
    """
    claimed = _claim(sessions, step, LaneAction.ADJUST)
    asked, locks = asks(claimed.digits), claimed.work.locks
    strangers = [
        Fault(f"/release/{number}", "is not locked in this unit", rep)
        for number, rep in enumerate(released)
        if rep not in locks
    ]
    _check(claimed, asked, strangers)
    refuse_own(step.caller.rep, {row.rep for row in asked} | {*released})
    wanted = {row.rep: row.quota for row in asked if row.quota is not None}
    with in_the_owners_words(claimed.team, claimed.digits, wanted=wanted):
        work = adjusted(claimed.team, claimed.work, wanted, released)
    _check_reach(claimed, work, limit)
    told = [{"rep": row.rep, "quota": row.quota, "reason": row.reason} for row in asked]
    return _store(
        sessions,
        step,
        action=LaneAction.ADJUST,
        claimed=claimed,
        work=work,
        adjustments=told,
    )


def _claim(
    sessions: sessionmaker[Session],
    step: UnitStep,
    action: LaneAction,
    *,
    by_potential: bool = False,
) -> Claimed:
    with sessions.begin() as session:
        frame = Frame.open(session, step.caller, step.plan_id, step.number)
        frame.see(step.unit)
        frame.must_be_draft()
        row = frame.lane(step.unit)
        step.expected.check(lane_etag(row))
        after(row.status, action, step.unit)
        work = frame.work_of(row)
        team = frame.team(step.unit, frame.tree(), work.effective)
        return Claimed(
            frame,
            team,
            work,
            row.revision,
            frame.potentials(team.reps) if by_potential else None,
        )


def _store(
    sessions: sessionmaker[Session],
    step: UnitStep,
    *,
    action: LaneAction,
    claimed: Claimed,
    work: Work,
    adjustments: Sequence[dict[str, Any]] = (),
) -> Stepped:
    """Whoever stores first was right; nobody else's work is lost."""
    with sessions.begin() as session:
        frame = claimed.frame.again(session)
        row = hold_lane(frame, step)
        if row.revision != claimed.revision:
            raise PreconditionFailed(
                f"Somebody else worked in unit {step.unit} meanwhile. Read it again.",
                etag=lane_etag(row),
            )
        row.status, before = after(row.status, action, step.unit), row.work
        return take(frame, row, action, step, work=work, before=before, adjustments=adjustments)


def _check(claimed: Claimed, asked: Sequence[Asked], known: Sequence[Fault] = ()) -> None:
    """What is wrong whoever asks."""
    members = claimed.team.members
    told = {
        f"{end}:{rep}": in_words(amount, claimed.digits)
        for rep, member in members.items()
        for end, amount in (
            ("floor", member.floor),
            ("cap", member.cap),
            ("closed", member.closed),
        )
        if amount is not None
    }
    if faults := [*faults_of(asked, members, claimed.team.unit, told), *known]:
        raise InvalidInput(faults)


def _check_reach(claimed: Claimed, work: Work, limit: float, *, wished: bool = True) -> None:
    """What a manager may not. `wished`: whether anything was asked of single reps, so that the own
    quota stays; what the policy alone gives, it may. Raises BeyondManagersLimit, OwnQuota.
    """
    caller, before = claimed.frame.caller, claimed.work.quotas
    if caller.role is Role.MANAGER:
        if wished:
            moved = {rep for rep, quota in work.quotas.items() if quota != before[rep]}
            refuse_to_move_own(caller.rep, moved)
        keep_within(before, work.quotas, claimed.team.members, limit)
