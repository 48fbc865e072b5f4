"""What the owner of a unit asks for the own reps, and how far a manager may go.

A manager may move a rep by at most a part of the quota that the frame has (5 % unless the setting
says otherwise): of the frame's, so that ten times 4 % is not 40 %. Limits that a manager sets for a
solve may not push anybody further either.
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


def keep_within(asked: Sequence[Asked], members: Mapping[str, Member], limit: float) -> None:
    """Raises BeyondManagersLimit and names everybody whom a manager may not move so far."""
    stands = {row.rep: members[row.rep].quota for row in asked}
    wanted = [(row.rep, amount) for row in asked for amount in _pushes(row, stands[row.rep])]
    beyond = dict.fromkeys(
        rep for own in wanted for rep, _ in moved_too_far(stands, dict([own]), limit)
    )
    if beyond:
        shown = ", ".join([*beyond][:10])
        raise BeyondManagersLimit(
            f"A manager may move a rep by at most {limit:.1%} of the quota in the version that the "
            f"unit was frozen in; beyond that: {shown}. A planner may.",
            reps=[*beyond],
            limit=limit,
        )


def _pushes(row: Asked, quota: int) -> Iterator[int]:
    """Where a wish pushes somebody: a floor below the quota and a cap above it push nobody."""
    least, most = row.ends
    if row.quota is not None:
        yield row.quota
    if least is not None:
        yield max(least, quota)
    if most is not None:
        yield min(most, quota)
