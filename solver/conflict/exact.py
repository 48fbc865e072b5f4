"""The same linear programme in whole numbers, for limits that floats cannot tell apart.

A row with coefficients over twelve orders of magnitude leaves a float no digit to spare. Such
programmes are mostly small, a few rows over some reps, and there a simplex method that never
rounds is quick enough: the dual one, on a tableau of whole numbers with one common denominator D.

    minimise d x   subject to   D basic = tableau x standing,   low <= all <= high

Every column starts at the limit where it costs least, so nothing gets cheaper; one sum after the
other is moved into its limits. A pivot keeps everything whole: it becomes the next D, and divides
what it has multiplied by the last one without a remainder.

Source: integer pivoting (Edmonds 1967; Azulay and Pique 1998), the dual simplex method with bounds
(Koberstein 2005), and the rule of Bland (1977) against running in circles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any, Final, Self

import numpy as np

from solver.conflict.equations import Equations, Limits, Prices
from solver.errors import LinearProgramFailed
from solver.problem import UNLIMITED, FloatArray
from solver.watch import Watch

type WholeArray = np.ndarray[Any, np.dtype[np.object_]]
"""Integers of any length."""

_FAR: Final = 10**40
"""Where a column stands that would pay for leaving every number behind."""
_LARGEST: Final = 100_000
"""Entries of a tableau that is tried at all."""
_EFFORT: Final = 2e7
"""Entries that are computed for one answer, times the 64 bits in each: some ten seconds."""
_LITTLE: Final = 2e6
"""Of the same: some tenths of a second."""
_STEP: Final = 1e3
"""Of the same: about a step of HiGHS."""
_PATIENCE: Final = 50
"""Steps without a gain; then Bland's rule holds until there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Vertex:
    """The cheapest point, and what one more unit of each limit that holds it costs."""

    value: tuple[Fraction, ...]
    """(columns,)"""
    reduced: Prices
    """(columns,)"""
    steps: int
    """About how many steps of HiGHS it took as long as."""


def cheapest(equations: Equations, limits: Limits, cost: FloatArray, watch: Watch) -> Vertex:
    """The point within limits that costs least. Costs are whole.

    Raises `LinearProgramFailed` where there is none, where costs fall without an end, and where
    the programme is too large; `TimeIsUp` and `SolveStopped` as the watch says.
    """
    tableau = _Tableau.of(equations, limits, cost)
    effort = 0.0
    while tableau.step():
        watch.look()
        effort += tableau.entry.size * (1 + tableau.common.bit_length() / 64)
        if effort > _EFFORT:
            raise LinearProgramFailed("amounts and coefficients differ too much for so many rules")
    return tableau.vertex(equations, limits, int(effort / _STEP))


def is_small(equations: Equations, limits: Limits) -> bool:
    """Whether an answer takes next to no time: as many steps as rows, each with longer numbers."""
    free, held = _columns(equations, limits)
    return len(free) * (len(held) + 1) ** 3 <= _LITTLE


def _columns(equations: Equations, limits: Limits) -> tuple[list[int], list[int]]:
    """The free columns that can move, and the told ones that have a limit."""
    low, high, told = limits.low, limits.high, equations.told
    moves = low != high
    moves[told] = False
    held = told[(low[told] > -UNLIMITED) | (high[told] < UNLIMITED)]
    return np.flatnonzero(moves).tolist(), held.tolist()


@dataclass(slots=True, eq=False)
class _Tableau:
    """Variables are numbered: free columns that can move, then told ones that have a limit."""

    place: list[int]
    """The column of the programme that each variable is."""
    scale: list[int]
    """Which multiple of that column it is, so that all its coefficients are whole."""
    low: list[int]
    high: list[int]
    """By variable."""
    size: list[float]
    """What each variable counts a unit of money by."""
    entry: WholeArray
    """A row for each basic variable, the cost last; a column for each that stands at a limit."""
    basic: list[int]
    standing: list[int]
    """The variable of each row, and of each column."""
    stand: WholeArray
    """What the variable of each column is."""
    cost_scale: int
    common: int = 1
    """D"""
    still: int = 0
    """How many steps in a row gained nothing."""

    @classmethod
    def of(cls, equations: Equations, limits: Limits, cost: FloatArray) -> Self:
        low, high = limits.low.tolist(), limits.high.tolist()
        free, held = _columns(equations, limits)
        if len(free) * (len(held) + 1) > _LARGEST:
            raise LinearProgramFailed("amounts and coefficients differ too much for so many rules")
        made_of = _made_of_free_columns(equations)
        paid = [*zip(np.flatnonzero(cost).tolist(), cost[cost != 0].tolist(), strict=True)]
        rows = [made_of[t] for t in held]
        rows.append(_summed((made_of.get(j, {j: Fraction(1)}), Fraction(size)) for j, size in paid))
        column = {j: k for k, j in enumerate(free)}
        entry = np.zeros((len(rows), len(free)), dtype=object)
        scale, constant = [], []
        for row, terms in enumerate(rows):
            scale.append(lcm(*(a.denominator for a in terms.values())))
            whole = {j: int(a * scale[row]) for j, a in terms.items()}
            constant.append(sum(a * low[j] for j, a in whole.items() if j not in column))
            for j in whole.keys() & column.keys():
                entry[row, column[j]] = whole[j]
        ends = [
            [*(_amount(limit[j]) for j in free)]
            + [_amount(limit[t]) * scale[k] - constant[k] for k, t in enumerate(held)]
            for limit in (low, high)
        ]
        tableau = cls(
            place=[*free, *held],
            scale=[1] * len(free) + scale[:-1],
            low=ends[0],
            high=ends[1],
            size=[*equations.size[free].tolist()]
            + [float(equations.size[t]) * scale[k] for k, t in enumerate(held)],
            entry=entry,
            basic=[*range(len(free), len(free) + len(held))],
            standing=[*range(len(free))],
            stand=np.zeros(len(free), dtype=object),
            cost_scale=scale[-1],
        )
        for k, price in enumerate(entry[-1].tolist()):
            nearest = min(ends[0][k], ends[1][k], key=abs)
            tableau.stand[k] = ends[0][k] if price > 0 else ends[1][k] if price < 0 else nearest
        return tableau

    @property
    def sums(self) -> list[int]:
        """D times what each basic variable is."""
        return (self.entry[:-1] @ self.stand).tolist() if self.standing else [0] * len(self.basic)

    def step(self) -> bool:
        """Move one basic variable into its limits; whether there was any to move."""
        found = self._leaving()
        if found is None:
            return False
        row, limit, way = found
        column = self._entering(row, way)
        self.still = 0 if self.entry[-1, column] else self.still + 1
        self._pivot(row, column)
        self.stand[column] = limit
        return True

    def _leaving(self) -> tuple[int, int, int] | None:
        """The row of a variable outside its limits, the limit, and the way to it, 1 or -1.

        The one that is furthest outside, or the first one where nothing was gained for long.
        """
        worst, found = (0.0, 0), None
        for row, (variable, total) in enumerate(zip(self.basic, self.sums, strict=True)):
            low, high = self.low[variable] * self.common, self.high[variable] * self.common
            if low <= total <= high:
                continue
            limit, way = (low, 1) if total < low else (high, -1)
            outside = abs(total - limit) / self.common / self.size[variable]
            rank = (1.0, -variable) if self.still > _PATIENCE else (outside, -variable)
            if found is None or rank > worst:
                worst, found = rank, (row, limit // self.common, way)
        return found

    def _entering(self, row: int, way: int) -> int:
        """The column that can move a row's variable this way at the least cost."""
        found, least = None, (Fraction(), 0)
        entries = zip(self.entry[row].tolist(), self.entry[-1].tolist(), strict=True)
        for column, (entry, price) in enumerate(entries):
            variable, stand = self.standing[column], self.stand[column]
            end = self.high[variable] if entry * way > 0 else self.low[variable]
            if entry == 0 or stand == end:
                continue
            rank = Fraction(abs(price), abs(entry)), variable
            if found is None or rank < least:
                found, least = column, rank
        if found is None:
            raise LinearProgramFailed("no point keeps all limits")
        return found

    def _pivot(self, row: int, column: int) -> None:
        """Exchange the variables of a row and a column."""
        entry = self.entry
        pivot, across, down = entry[row, column], entry[row].copy(), entry[:, column].copy()
        entry = (entry * pivot - down[:, None] * across) // self.common
        entry[row], entry[:, column] = -across, down
        entry[row, column] = self.common
        self.entry, self.common = (entry, pivot) if pivot > 0 else (-entry, -pivot)
        self.basic[row], self.standing[column] = self.standing[column], self.basic[row]

    def vertex(self, equations: Equations, limits: Limits, steps: int) -> Vertex:
        value = [Fraction(low) for low in limits.low.tolist()]
        basic = zip(self.basic, (Fraction(each, self.common) for each in self.sums), strict=True)
        standing = zip(self.standing, self.stand.tolist(), strict=True)
        reduced = [Fraction()] * equations.columns
        for variable, amount in (*basic, *standing):
            value[self.place[variable]] = Fraction(amount) / self.scale[variable]
        for told, terms in equations.rows():
            value[told] = sum((a * value[j] for j, a in terms), Fraction())
        if any(abs(value[j]) >= _FAR // 2 for j in self.place):
            raise LinearProgramFailed("limits may move for ever")
        for variable, price in zip(self.standing, self.entry[-1].tolist(), strict=True):
            cost = Fraction(price * self.scale[variable], self.common * self.cost_scale)
            reduced[self.place[variable]] = cost
        return Vertex(tuple(value), reduced, steps)


def _amount(limit: int) -> int:
    """A limit, or one that stands for none."""
    return limit if abs(limit) < UNLIMITED else _FAR if limit > 0 else -_FAR


def _made_of_free_columns(equations: Equations) -> dict[int, dict[int, Fraction]]:
    """What each told column is, in the end."""
    made_of: dict[int, dict[int, Fraction]] = {}
    for told, terms in equations.rows():
        made_of[told] = _summed((made_of.get(j, {j: Fraction(1)}), a) for j, a in terms)
    return made_of


def _summed(parts: Iterable[tuple[dict[int, Fraction], Fraction]]) -> dict[int, Fraction]:
    """The sum of coefficients, each part as many times."""
    total: dict[int, Fraction] = {}
    for terms, times in parts:
        for column, coefficient in terms.items():
            total[column] = total.get(column, Fraction()) + times * coefficient
    return total
