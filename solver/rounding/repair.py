"""Whole quotas that keep the rules across the tree too: the tree's rounding, mended by swaps.

The rounding of the tree knows nothing of groups, parities, margins and rows, whose sums may then
miss their limits by a few increments. Amounts are swapped between reps until none does:

    while some row misses a limit:
        find the shortest chain of swaps that lessens what is missed,  of one increment if there is
        one, else of the odd amount that lands a row on its limit,  else of ever smaller ones
        make the cheapest swaps of those kinds

For one group, and for disjoint ones such as the peers of a parity, this ends with all rows kept
whenever any plan in the windows keeps them. One group needs single swaps only: on a tree of ranges
whoever can gain at all can gain from one other rep (exchange property of M-convex sets; Murota,
Discrete Convex Analysis, 2003). Disjoint groups are a second family of nested sets, so a shortest
chain is an augmenting path of a flow. Groups that overlap and rows with coefficients are an integer
programme; the search ends where its effort does, and wider windows are tried. Where many rows meet,
there may be no plan nearby that keeps them all: then it is looked for around quotas further inside
(`inward`), and in the end in windows of a thousand minor units.

Huge amounts leave floats no digits for minor units, so the unrounded quotas themselves may miss a
rule. By how much is measured in whole numbers; windows open by a few times as much, and swaps of
many increments come first.

Nothing here is random, depends on a clock or on the order of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final, NamedTuple

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.errors import RoundingFailed
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.problem import BoolArray, FloatArray, IntArray
from solver.rounding.chains import EPSILON, Effort, Rows, chains
from solver.rounding.inward import Corner
from solver.rounding.swaps import Draft
from solver.watch import Watch

_NOISE: Final = 0.05, 1e-10
"""Noise matters from this part of a minor unit on, and is at most this part of the money that a sum
counts; whatever is missed by more contradicts the limits."""
_ROOMS: Final = 4, 64, 1024
"""By how many times the noise windows open: where rules nearly say the same, a little that one of
them misses moves people a lot."""
_FEW: Final = 8
"""Minor units that a quota may move before more than a few are tried."""
_ROOM_INSIDE: Final = 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0
"""Minor units of room that rows have in plans further inside, as long as nobody moves too far."""
_FARTHEST: Final = 999
"""Minor units that a quota may move outside its increment to keep all rules."""
_WIDE: Final = 64, _FARTHEST
"""The same for searches that begin at the unrounded plan."""
_SEARCHES: Final = ((15, 30_000), (400, 1_000_000))
"""Steps of a search and pairs of reps that it looks at; the second only where the first fails."""
_EFFORT: Final = 1e8, 5_000
"""Of one attempt, in all and for each rep; see `Effort`."""
_HASTE: Final = 0.2
"""The part of it for odd cents nearby: what that does not find is found further inside, or not."""
_LANDINGS: Final = 12
"""How many odd amounts are tried for one row."""
_CHECKS: Final = 4
"""How often the exact sums may find a cent that floats had lost."""


class Rounded(NamedTuple):
    """What the rounding of the tree makes of unrounded quotas."""

    quota: IntArray
    low: IntArray
    high: IntArray
    """(n,) the windows."""


type OnTheTree = Callable[[FloatArray, int], Rounded]
"""Rounds (n,) quotas to an increment."""


def mend(
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling,
    *,
    exact: FloatArray,
    increment: int,
    on_the_tree: OnTheTree,
    watch: Watch,
) -> IntArray:
    """Whole quotas (n,) near `exact` (n,) that keep all rows, units and limits, in layout order.

    They lie in the windows of the tree's rounding; where no plan is found there, up to one
    increment outside, or a few minor units, or `_FARTHEST`; farther only by the noise of `exact`.
    Raises `RoundingFailed`, and `TimeIsUp` and `SolveStopped` as the watch wants it.
    """
    rounded = on_the_tree(exact, increment)
    if not any(coupling.misses(rounded.quota)):
        return rounded.quota
    task = _Task(hierarchy, bounds, coupling, exact, increment, on_the_tree, watch)
    least: tuple[Decimal, ...] = ()
    for number, (draft, effort) in enumerate(task.drafts(rounded)):
        watch.tell("rounding", number)
        misses = _settle(draft, coupling, effort)
        if not any(misses):
            return draft.quota
        least = min(least or misses, misses, key=lambda missed: sum(map(abs, missed)))
    raise RoundingFailed(_sentence(coupling, least, increment))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Unrounded quotas that keep rules across the tree, and whole ones that do not yet."""

    hierarchy: Hierarchy
    bounds: Bounds
    coupling: Coupling
    exact: FloatArray
    increment: int
    on_the_tree: OnTheTree
    watch: Watch

    def drafts(self, rounded: Rounded) -> Iterator[tuple[Draft, Effort]]:
        """Where to search for a plan, and with what effort: the nearest ones first."""
        increment = self.increment
        finest = rounded if increment == 1 else self.on_the_tree(self.exact, 1)
        noise = _noise(self, free=rounded.low < rounded.high)
        for step, wider, room in _attempts(increment, noise):
            whole = rounded.quota if step == increment else finest.quota
            windows = rounded.low - wider - room, rounded.high + wider + room
            hasty = step == 1 and noise == 0
            yield self._draft(whole, windows, step, room), self._effort(_HASTE if hasty else 1.0)
        yield from self._further_inside()
        for wider in _WIDE:
            windows = rounded.low - max(wider, increment), rounded.high + max(wider, increment)
            yield self._draft(finest.quota, windows, 1, wider), self._effort()

    def _further_inside(self) -> Iterator[tuple[Draft, Effort]]:
        """Around plans that leave more and more room in all rows."""
        corner = Corner.of(self.hierarchy, self.bounds, self.coupling, self.exact)
        effort = self._effort()
        way = np.zeros(len(self.exact))
        for room in _ROOM_INSIDE:
            # With twice the room everybody is twice as far away, if no other limit is in the way.
            inside = corner.inside(room, corner.part + 2 * way, effort)
            if inside is None:
                return
            way = inside - corner.part
            if np.abs(way).max() > _FARTHEST:
                return
            near = self.on_the_tree(corner.origin + inside, 1)
            yield self._draft(near.quota, (near.low, near.high), 1, 0), effort

    def _draft(
        self, quota: IntArray, windows: tuple[IntArray, IntArray], step: int, room: int
    ) -> Draft:
        return Draft.of(
            self.hierarchy,
            self.bounds,
            self.coupling,
            quota=quota,
            low=np.minimum(np.maximum(self.bounds.lowest, windows[0]), quota),
            high=np.maximum(np.minimum(self.bounds.highest, windows[1]), quota),
            exact=self.exact,
            increment=step,
            room=room,
        )

    def _effort(self, part: float = 1.0) -> Effort:
        return Effort(part * (_EFFORT[0] + _EFFORT[1] * len(self.exact)), self.watch)


def _attempts(increment: int, noise: int) -> Iterator[tuple[int, int, int]]:
    """Increments, by how much windows are wider, and the room for noise, one after the other.

    Where narrow rows leave hardly any room, a plan is closest to quotas rounded to the minor unit.
    """
    yield increment, 0, _ROOMS[0] * noise
    if increment > 1:
        yield 1, 0, _ROOMS[0] * noise
    for times in _ROOMS if noise else (0,):
        yield increment, increment, times * noise
    yield 1, max(increment, _FEW), _ROOMS[-1] * noise


def _noise(task: _Task, free: BoolArray) -> int:
    """By how many minor units noise lets the unrounded quotas (n,) miss rows and ranges of units.

    Of a row as many as those who are `free` (n,) need to make up for it. Whole parts are summed as
    whole numbers, so that floats count only the rest, which is small.
    """
    hierarchy, bounds, coupling, exact = task.hierarchy, task.bounds, task.coupling, task.exact
    whole = np.floor(exact).astype(np.int64)
    first, last = hierarchy.first, hierarchy.last
    done, rest = exact_sums(whole, first, last), slice_sums(exact - whole, first, last)
    of_units = np.maximum(bounds.unit_min - done - rest, rest - (bounds.unit_max - done))
    rows = Rows.of(coupling, whole)
    size, push = np.abs(rows.coefficient), np.zeros(len(rows))
    np.maximum.at(push, rows.row, size * free[rows.rep])
    push[push == 0] = 1.0
    of_rows = rows.misses(rows.sums(exact)) / push
    money = np.bincount(rows.row, size * exact[rows.rep], len(rows)) / push
    missed = np.append(of_units, of_rows)
    money = np.maximum(np.append(np.zeros(len(done)), money), bounds.total)
    least, most = _NOISE
    return ceil(float(np.max(missed, where=missed <= most * money, initial=0.0)) - least)


def _settle(draft: Draft, coupling: Coupling, effort: Effort) -> tuple[Decimal, ...]:
    """Swap until no row misses a limit or no chain of swaps helps; what rows miss in the end."""
    misses: tuple[Decimal, ...] = ()
    for _ in range(_CHECKS):
        for lessen in (_by_increments, _by_odd_amounts):
            while draft.rows.missed(draft.row_sum) and lessen(draft, effort):
                pass
        misses = coupling.misses(draft.quota)
        if not any(misses) or draft.rows.missed(draft.row_sum):
            break
        draft.rows.tighten(misses)
    return misses


def _by_increments(draft: Draft, effort: Effort) -> bool:
    """Make some swaps of increments that lessen what rows miss; whether there were any.

    Of one increment; but of many at once first where there is room for noise.
    """
    step = draft.increment
    strides = [*_amounts(draft, step, draft.room // step, effort), step]
    return any(
        _swap(draft, (amount,), search, effort) for search in _SEARCHES for amount in strides
    )


def _by_odd_amounts(draft: Draft, effort: Effort) -> bool:
    """The same of less than one increment; in the end with chains of different amounts."""
    widest = int((draft.high - draft.low).max())
    amounts = _amounts(draft, 1, min(draft.increment - 1, widest), effort)
    return any(
        _swap(draft, (amount,), search, effort) for search in _SEARCHES for amount in amounts
    ) or (len(amounts) > 0 and _swap(draft, (draft.increment, *amounts), _SEARCHES[-1], effort))


def _swap(draft: Draft, amounts: Sequence[int], search: tuple[int, int], effort: Effort) -> bool:
    """Make the first swaps that are found among chains of these amounts."""
    if effort.left < 0:
        return False
    steps, pairs = search
    kinds = draft.kinds(amounts, _wanted(draft), pairs)
    effort.spend(20_000 + 20 * len(draft.quota) * len(amounts) + 30 * len(kinds))
    for offer in chains(kinds, draft.rows, draft.row_sum, steps, effort):
        made = [draft.make(kinds, chain, offer.good, effort) for chain in offer.chains]
        if any(made):
            return True
    return False


def _wanted(draft: Draft) -> FloatArray:
    """(k,) 1 for rows that must rise, -1 for rows that must fall, else 0."""
    rows, sums = draft.rows, draft.row_sum
    return (sums < rows.low - EPSILON).astype(float) - (sums > rows.high + EPSILON)


def _amounts(draft: Draft, step: int, most: int, effort: Effort) -> list[int]:
    """Up to so many steps: those by which one swap lands a row on its limit, and halves.

    The largest first, but none that is larger than every landing before these.
    """
    if most < 1:
        return []
    wanted, misses = _wanted(draft), draft.rows.misses(draft.row_sum)
    kinds = draft.kinds((step,), wanted, _SEARCHES[0][1])
    landing: set[int] = set()
    for k in np.flatnonzero(wanted).tolist():
        effort.spend(10 * len(kinds))
        effect = np.unique(np.round(wanted[k] * kinds.effect_on(k), 12))
        effect = effect[effect > 0]
        some = np.linspace(0, len(effect) - 1, min(len(effect), _LANDINGS)).astype(np.int64)
        steps = np.ceil(misses[k] / effect[some] - EPSILON)
        landing.update(steps[(steps >= 1) & (steps <= most)].astype(np.int64).tolist())
    halves = {1 << power for power in range(most.bit_length())}
    farthest = max(landing, default=0)
    steps = sorted(landing | halves, key=lambda amount: (amount > farthest, -amount))
    return [step * amount for amount in steps]


def _sentence(coupling: Coupling, misses: tuple[Decimal, ...], increment: int) -> str:
    told = [
        f"{coupling.name[k]}{f' of {coupling.peers[k]!r}' if coupling.peers[k] else ''} "
        f"{'exceeds its maximum' if miss > 0 else 'misses its minimum'} by {abs(miss)} minor units"
        for k, miss in enumerate(misses)
        if miss
    ]
    more = f", and {len(told) - 3} more rules miss theirs" if len(told) > 3 else ""
    smaller = f"choose an increment below {increment} minor units, or " if increment > 1 else ""
    return (
        "no whole quotas near the unrounded ones were found that keep every rule: in the nearest, "
        f"{', '.join(told[:3])}{more}; {smaller}give one of the rules more room"
    )
