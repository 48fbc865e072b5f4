"""What the owner of a unit asks for the own reps, and how far a manager may go.

A manager may move a rep by at most a part of the quota that the frame has (5 % unless the setting
says otherwise): of the frame's, so that ten times 4 % is not 40 %. It holds for what comes of a
step: who has to carry what limits and adjustments of all the others leave is not moved further
either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.allocations.adjustments.domain import BeyondManagersLimit, moved_too_far
from service.kit.errors import Fault

type Ends = tuple[int | None, int | None]
"""Floor and cap in minor units, None where none is asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a caller wants at which quota, or within which limits, with its place in the body."""

    rep: str
    pointer: str
    quota: int | None = None
    ends: Ends = (None, None)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """What limits a rep of the unit, in minor units."""

    quota: int
    """In the frame."""
    floor: int
    cap: int | None
    lock: str | None = None
    """The reference of the frame's own lock."""
    closed: int = 0
    """What months that are over carry."""
    lane: str | None = None
    """The unit of the lane inside this one that the rep is in the hands of."""


def faults_of(
    asked: Sequence[Asked], members: Mapping[str, Member], unit: str, told: Mapping[str, str]
) -> Iterator[Fault]:
    """Everything that is wrong with what is asked, whoever asks. `told`: how a rep's floor, cap and
    what is over are told in money, by `floor:REP`, `cap:REP` and `closed:REP`.
    """
    seen: set[str] = set()
    for row in asked:
        where = f"{row.pointer}/rep"
        member = members.get(row.rep)
        if row.rep in seen:
            yield Fault(where, "stands twice", row.rep)
        seen.add(row.rep)
        if member is None:
            yield Fault(where, f"is no rep of unit {unit}", row.rep)
        elif member.lane is not None:
            reason = f"is in the hands of unit {member.lane}, which is frozen inside"
            yield Fault(where, reason, row.rep)
        elif member.lock is not None:
            reason = f"is locked by {member.lock} in the version itself; release that first"
            yield Fault(where, reason, row.rep)
        else:
            yield from _beyond(row, member, told)


def _beyond(row: Asked, member: Member, told: Mapping[str, str]) -> Iterator[Fault]:
    least, most = row.ends
    if least is not None and most is not None and least > most:
        yield Fault(f"{row.pointer}/min", "is more than max")
    for name, amount in (("quota", row.quota), ("min", least), ("max", most)):
        if amount is None:
            continue
        if amount < member.closed:
            closed = told[f"closed:{row.rep}"]
            yield Fault(f"{row.pointer}/{name}", f"is less than {closed}, of months that are over")
            continue
        if amount < member.floor:
            floor = told[f"floor:{row.rep}"]
            yield Fault(f"{row.pointer}/{name}", f"is less than rep:{row.rep}:floor, {floor}")
        if member.cap is not None and amount > member.cap:
            cap = told[f"cap:{row.rep}"]
            yield Fault(f"{row.pointer}/{name}", f"is more than rep:{row.rep}:cap, {cap}")


def keep_within(
    before: Mapping[str, int],
    after: Mapping[str, int],
    members: Mapping[str, Member],
    limit: float,
) -> None:
    """Nobody whom a step moves from `before` to `after` ends beyond the limit, unless nearer to the
    frame than they were.

    Raises BeyondManagersLimit and names all of them: those who are asked for, and those who would
    have to carry what that leaves.
    """
    frame = {rep: member.quota for rep, member in members.items()}
    moved = {
        rep: quota
        for rep, quota in after.items()
        if abs(quota - frame[rep]) > abs(before[rep] - frame[rep])
    }
    beyond = [rep for rep, _ in moved_too_far(frame, moved, limit)]
    if beyond:
        raise BeyondManagersLimit(
            f"A manager may move a rep by at most {limit:.1%} of the quota in the version that the "
            f"unit was frozen in; beyond that: {', '.join(beyond[:10])}. A planner may.",
            reps=beyond,
            limit=limit,
        )
