"""An irreducible conflict in which rules across the tree take part.

When rows must open before a plan keeps the limits, the least opening has its prices, and the limits
that are priced contradict each other by themselves. Within a cell every cap takes part; of limits
from below only as many as the contradiction needs, the weightiest first. Then each rule is dropped
in turn: where the others still contradict each other, they are the conflict, and where they can
hold, it is needed. That ends where it takes too long, and is said then. Quotas of at least 0 are no
rule and always hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.conflict.elastic import Contradiction, Elastic
from solver.conflict.equations import Limits
from solver.conflict.names import Names
from solver.coupled.coupling import Coupling
from solver.errors import LinearProgramFailed
from solver.infeasibility import Rule
from solver.problem import NOT_SET, UNLIMITED, BoolArray, FloatArray, IntArray

_STEPS: Final = 10_000
"""Of the simplex method at most, some seconds; rules not dropped by then may not be needed."""
_QUESTION: Final = 10
"""What each question costs beside its steps."""
_NOISE: Final = 1e-9
"""A part of all that prices weigh that counts for nothing."""


@dataclass(frozen=True, eq=False)
class Ends:
    """Every limit by itself: floors and caps of n reps, ranges of m + 1 nodes and of k rows.

    A lock is the floor and the cap of its rep, a target the minimum and maximum of its node, and a
    parity makes all limits of its rows: several ends may be one rule. What is even for a parity
    follows from the target, so a parity never takes part without it.
    """

    names: Names
    elastic: Elastic

    @property
    def bounds(self) -> Bounds:
        return self.names.bounds

    @property
    def coupling(self) -> Coupling:
        return self.elastic.case.coupling

    @cached_property
    def limit(self) -> IntArray:
        b, c = self.bounds, self.coupling
        return np.concatenate((b.lowest, b.highest, b.unit_min, b.unit_max, c.min, c.max))

    @cached_property
    def start(self) -> IntArray:
        """Where each of the six blocks begins, and the end."""
        n, m, k = len(self.bounds.floor), len(self.bounds.unit_min), len(self.coupling)
        return np.cumsum([0, n, n, m, m, k, k])

    @cached_property
    def nothing(self) -> IntArray:
        """What each end is without a rule."""
        defaults = (0, UNLIMITED, 0, UNLIMITED, -UNLIMITED, UNLIMITED)
        return np.repeat(defaults, np.diff(self.start))

    @cached_property
    def rule(self) -> IntArray:
        """The number of the rule of each end, -1 where there is none."""
        number = np.arange(len(self.limit))
        n, m = len(self.bounds.floor), len(self.bounds.unit_min)
        locked = np.flatnonzero(self.bounds.fixed != NOT_SET)
        one_sum = np.flatnonzero(self.bounds.unit_target)
        number[locked + n] = number[locked]
        number[one_sum + 2 * n + m] = number[one_sum + 2 * n]
        first = {name: k for k, name in reversed([*enumerate(self.coupling.name)])}
        for k in self.elastic.case.parity_rows.tolist():
            ends = self.start[4:6] + k
            number[ends] = self.start[4] + first[self.coupling.name[k]]
        number[self.limit == self.nothing] = -1
        return number

    @cached_property
    def from_below(self) -> BoolArray:
        """The ends that fall back to a sum of quotas of at least 0 when they are dropped."""
        cells, k = self.elastic.case.cells, len(self.coupling)
        row = np.repeat(np.arange(k), np.diff(cells.start))
        negative = np.bincount(row, cells.coefficient < 0, k) > 0
        found = self.nothing == 0
        found[self.start[4] : self.start[5]] = ~negative & np.isnan(self.coupling.tolerance)
        return np.asarray(found & (self.limit > 0))

    @cached_property
    def order(self) -> IntArray:
        """The ends in the order in which their rules are dropped: first those from below, which
        others may make up for; reps before units before rows; the lowest first.
        """
        return np.lexsort((self.limit, self.alike, ~self.from_below))

    @cached_property
    def alike(self) -> IntArray:
        """A number that ends share if none of them can be missed where the lowest cannot."""
        number = np.arange(len(self.limit))
        cells, n = self.elastic.case.cells, len(self.bounds.floor)
        locked = self.bounds.fixed != NOT_SET
        for kind, block in enumerate((slice(0, n), slice(n, 2 * n))):
            number[block] = -1 - 3 * cells.of_rep - np.where(locked, 2, kind)
        return number

    @property
    def target(self) -> int:
        """The number of the company's target."""
        return int(self.start[2])

    def with_target(self, kept: BoolArray) -> BoolArray:
        """The same rules, and the target where a parity is among them."""
        parities = self.rule[self.start[4] + self.elastic.case.parity_rows]
        kept[self.target] |= kept[parities[parities >= 0]].any()
        return kept

    @property
    def everything(self) -> BoolArray:
        """All rules, by number."""
        return np.isin(np.arange(len(self.limit)), self.rule)

    def only(self, kept: BoolArray) -> Ends:
        """These rules by themselves, in a programme that is no larger than they need."""
        bounds, coupling = self._rules(kept)
        rows = _limited(coupling)
        names = replace(self.names, bounds=bounds, coupling=rows)
        case = self.elastic.case
        watch = self.elastic.simplex.watch
        elastic = Elastic.of(case.hierarchy, bounds, rows, watch, total=case.total)
        return Ends(names, elastic)

    def limits(self, kept: BoolArray) -> Limits:
        """The bounds of all columns with only these rules, by their numbers."""
        return self.elastic.limits(*self._rules(kept))

    def _rules(self, kept: BoolArray) -> tuple[Bounds, Coupling]:
        limit = np.where((self.rule >= 0) & kept[self.rule], self.limit, self.nothing)
        floor, cap, unit_min, unit_max, row_min, row_max = np.split(limit, self.start[1:-1])
        bounds = replace(
            self.bounds,
            floor=floor,
            cap=cap,
            fixed=np.where(kept[: len(floor)], self.bounds.fixed, NOT_SET),
            unit_min=unit_min,
            unit_max=unit_max,
        )
        return bounds, replace(self.coupling, min=row_min, max=row_max)

    def priced(self, found: Contradiction) -> FloatArray:
        """What each end weighs in a contradiction, per minor unit; 0 where it takes no part."""
        columns, case = self.elastic.columns, self.elastic.case
        node = np.zeros(case.hierarchy.nodes)
        node[case.nodes] = found.price[columns.total]
        blocks = found.price[columns.carried][case.cells.of_rep], node, found.price[columns.sum]
        return np.concatenate([np.maximum(side * of, 0) for of in blocks for side in (-1, 1)])

    def taking_part(self, found: Contradiction, kept: BoolArray, *, thinned: bool) -> BoolArray:
        """Of the kept rules those that a contradiction needs, by number."""
        weight = np.where((self.rule >= 0) & kept[self.rule], self.priced(found), 0.0)
        if thinned:
            amount = weight * self.limit
            upper = np.repeat([False, True] * 3, np.diff(self.start))
            gap = amount[~upper].sum() - amount[upper].sum() - _NOISE * np.abs(amount).sum()
            spare = np.flatnonzero(self.from_below & (weight > 0))
            spare = spare[np.argsort(amount[spare], kind="stable")]
            weight[spare[np.cumsum(amount[spare]) < gap]] = 0.0
        needed = np.zeros(len(self.limit), dtype=bool)
        needed[self.rule[weight > 0]] = True
        return self.with_target(needed)

    def named(self, kept: BoolArray) -> Iterator[Rule]:
        """Rules by name: rows across the tree, the target, units, reps, each in layout order."""
        names = self.names
        for block in (4, 5, 2, 3, 0, 1):
            for place in np.flatnonzero(kept[self.start[block] : self.start[block + 1]]).tolist():
                if block >= 4:
                    yield names.of_row(place, "min" if block == 4 else "max")
                elif block >= 2:
                    yield names.of_node(place, "min" if block == 2 else "max")
                else:
                    yield names.holding_rep(place, "floor" if block == 0 else "cap")


@dataclass(frozen=True, slots=True, eq=False)
class Irreducible:
    """Rules that contradict each other, by their numbers among `ends`."""

    ends: Ends
    kept: BoolArray
    tried: bool
    """Whether they can hold without any one of them; else some may not be needed."""


def irreducible(ends: Ends, found: Contradiction) -> Irreducible:
    """The rules of an irreducible conflict; `found` contradicts all rules together."""
    for thinned in (True, False):
        few = ends.only(ends.taking_part(found, ends.everything, thinned=thinned))
        if _contradiction(few, few.everything):
            break
    else:
        few = ends  # the last digits of a price were noise
    needed = _each_needed(few, thinned=True)
    return needed if _contradiction(few, needed.kept) else _each_needed(few, thinned=False)


def _each_needed(ends: Ends, *, thinned: bool) -> Irreducible:
    """The rules without those that can be dropped one by one."""
    kept = ends.everything
    needed: set[int] = set()
    simplex = ends.elastic.simplex
    last, tried = simplex.steps + _STEPS, True
    for end in ends.order.tolist():
        if not kept[end] or int(ends.alike[end]) in needed:
            continue
        others = kept.copy()
        others[end] = False
        if ends.with_target(others)[end]:
            continue
        if simplex.steps > last:
            return Irreducible(ends, kept, tried=False)
        last -= _QUESTION
        try:
            answer = ends.elastic.contradiction(ends.limits(others))
        except LinearProgramFailed:
            answer, tried = None, False
        if answer:
            kept = ends.taking_part(answer, others, thinned=thinned)
        else:
            needed.add(int(ends.alike[end]))
    return Irreducible(ends, kept, tried)


def _contradiction(ends: Ends, kept: BoolArray) -> Contradiction | None:
    """Why these rules cannot hold together; None where they can, or where nobody can tell."""
    try:
        return ends.elastic.contradiction(ends.limits(kept))
    except LinearProgramFailed:
        return None


def _limited(coupling: Coupling) -> Coupling:
    """The rows that have a limit."""
    kept = (coupling.min > -UNLIMITED) | (coupling.max < UNLIMITED)
    entry = kept[coupling.row]
    size = np.diff(coupling.start)[kept]
    return replace(
        coupling,
        name=tuple(compress(coupling.name, kept)),
        peers=tuple(compress(coupling.peers, kept)),
        start=np.append(0, np.cumsum(size)),
        rep=coupling.rep[entry],
        coefficient=coupling.coefficient[entry],
        min=coupling.min[kept],
        max=coupling.max[kept],
        tolerance=coupling.tolerance[kept],
        even=coupling.even[kept],
    )
