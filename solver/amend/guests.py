"""A change of somebody who works for a unit and hangs on another one: a guest.

What the unit carries is what its people carry and what guests carry for it. So where a guest
carries more, its people carry that less: a change that comes to them from outside (`shared.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from solver.amend.carriers import CannotCarry, Stop, carried
from solver.amend.shared import shared_inside
from solver.amend.standing import Standing
from solver.problem import IntArray


def carried_with_guests(
    plan: Standing,
    node: int,
    wanted: Mapping[int, int],
    *,
    alone: bool = False,
    held: Collection[int] = (),
    frozen: Collection[int] = (),
) -> IntArray:
    """(n,) as `carried`, where some of the `wanted` quotas are of guests.

    Raises `CannotCarry`.
    """
    reps = plan.own(node) if alone else plan.below(node)
    guests = {
        place: quota for place, quota in wanted.items() if not reps.start <= place < reps.stop
    }
    if not guests:
        return carried(plan, node, wanted, alone=alone, held=held, frozen=frozen)
    own = {place - reps.start: q for place, q in wanted.items() if place not in guests}
    less = sum(int(plan.quota[place]) - quota for place, quota in guests.items())
    quota = plan.quota.copy()
    quota[[*guests]] = [*guests.values()]
    try:
        quota[reps] = shared_inside(
            less,
            plan.cut_out(node, alone=alone, frozen=frozen),
            [place - reps.start for place in held],
            own,
        )
    except CannotCarry as error:
        could = _could(plan, guests, less, error.could, reps.start)
        raise CannotCarry(could, tuple(_stops(error.stops, reps.start, node))) from None
    return quota


def _could(
    plan: Standing, guests: Mapping[int, int], less: int, could: Mapping[int, int], first: int
) -> dict[int, int]:
    """By the places of the whole plan; place 0 of `could` is what is left of the guests' change."""
    fits = abs(less) - could[0] if less > 0 else could[0]
    found = {place + first - 1: quota for place, quota in could.items() if place}
    for place, quota in guests.items():
        before = int(plan.quota[place])
        change = quota - before
        part = abs(change) * fits // abs(less) if less else 0
        found[place] = before + (part if change > 0 else -part)
    return found


def _stops(stops: Sequence[Stop], first: int, node: int) -> Iterator[Stop]:
    """By the places of the whole plan, without the guests, who stop nothing."""
    for stop in stops:
        if stop.kind in ("min", "max"):
            yield replace(stop, place=stop.place + node)
        elif stop.place:
            yield replace(stop, place=stop.place + first - 1)
