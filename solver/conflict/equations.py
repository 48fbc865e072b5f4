"""What each sum of a linear programme is made of, and what prices of such sums prove.

An equation tells one column by others: told = sum of coefficient x column. It comes after those
that tell what it is made of, and no column is told twice. Coefficients are what their shortest
decimals say (0.1 is a tenth), so proofs are counted in whole numbers, whatever found the prices.

A proof is weak duality. Let y be any price of each equation, d_j = cost_j + y of the equation that
tells j - sum over others of y x coefficient. Whatever keeps the equations has cost x = d x, and
within limits d x is at least the sum of d_j x (low_j where d_j > 0, high_j where d_j < 0). Where
that is above 0 although nothing has a cost, the limits cannot all hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import frexp, lcm
from typing import Final

import numpy as np
from scipy import sparse

from solver.problem import UNLIMITED, FloatArray, IntArray

_BITS: Final = 128
"""Of a price that count."""
_NOISE: Final = 10**9
"""One over the part of what cancels in d_j that may be left of it where nothing limits column j."""
_FAR: Final = 1_000
"""Times all money: more than any column is where nothing limits it."""

type Row = tuple[int, IntArray, FloatArray]
"""The column that is told, those it is made of, and their coefficients."""
type Prices = Sequence[float] | Sequence[Fraction]
"""(columns,) what one more minor unit of the limit that a column stands at would cost."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What each column lies between, in minor units; +-`UNLIMITED` where nothing holds it."""

    low: IntArray
    high: IntArray

    def copy(self) -> Limits:
        return Limits(self.low.copy(), self.high.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What a cost is at least within limits."""

    least: Fraction
    reduced: FloatArray
    """(columns,) d: what each column adds to the bound for each unit of the limit it is held at."""


@dataclass(frozen=True, eq=False)
class Equations:
    """r equations over some columns; those that none tells are free."""

    size: FloatArray
    """(columns,) what a column counts a unit of money by; powers of two."""
    told: IntArray
    """(r,)"""
    start: IntArray
    """(r + 1,) the entries of equation k are start[k] <= e < start[k + 1]."""
    column: IntArray
    coefficient: FloatArray
    """(e,) of all but the told column, whose own is -1."""

    @classmethod
    def of(cls, size: FloatArray, rows: Sequence[Row]) -> Equations:
        return cls(
            size=size,
            told=np.array([told for told, _, _ in rows], dtype=np.int64),
            start=np.cumsum([0, *(len(columns) for _, columns, _ in rows)]),
            column=np.concatenate([columns for _, columns, _ in rows]),
            coefficient=np.concatenate([coefficients for _, _, coefficients in rows]),
        )

    def __len__(self) -> int:
        return len(self.told)

    @property
    def columns(self) -> int:
        return len(self.size)

    @cached_property
    def exact(self) -> list[Fraction]:
        """(e,) the coefficients."""
        value, place = self._different
        return [value[k] for k in place]

    @cached_property
    def _different(self) -> tuple[list[Fraction], list[int]]:
        """The coefficients that differ, and which of them each entry has."""
        value, place = np.unique(self.coefficient, return_inverse=True)
        return [Fraction(repr(each)) for each in value.tolist()], place.tolist()

    def rows(self) -> Iterator[tuple[int, list[tuple[int, Fraction]]]]:
        """Each told column, and the others with their exact coefficients."""
        ends, column = self.start.tolist(), self.column.tolist()
        for k, told in enumerate(self.told.tolist()):
            first, last = ends[k], ends[k + 1]
            yield told, [*zip(column[first:last], self.exact[first:last], strict=True)]

    def completed(self, value: FloatArray) -> FloatArray:
        """The same values, but every told column is what its equation says."""
        complete = value.copy()
        complete[self.told[self._plain]] = (self._matrix @ complete)[self._plain]
        for k in np.flatnonzero(~self._plain).tolist():
            entries = slice(self.start[k], self.start[k + 1])
            complete[self.told[k]] = self.coefficient[entries] @ complete[self.column[entries]]
        return complete

    @cached_property
    def _plain(self) -> np.ndarray:
        """(r,) the equations that are made of free columns alone."""
        is_told = np.zeros(self.columns, dtype=bool)
        is_told[self.told] = True
        row = np.repeat(np.arange(len(self)), np.diff(self.start))
        return np.asarray(np.bincount(row, is_told[self.column], len(self)) == 0)

    @cached_property
    def _matrix(self) -> sparse.csr_array:
        shape = len(self), self.columns
        return sparse.csr_array((self.coefficient, self.column, self.start), shape=shape)

    @cached_property
    def _whole(self) -> tuple[int, list[list[tuple[int, int]]]]:
        """A common denominator, and the numerators of each equation with their columns."""
        value, place = self._different
        common = lcm(*(each.denominator for each in value))
        whole = [int(each * common) for each in value]
        entries = [*zip(self.column.tolist(), (whole[k] for k in place), strict=True)]
        ends = self.start.tolist()
        return common, [entries[a:b] for a, b in pairwise(ends)]

    def sums(self, told: IntArray, columns: IntArray, value: IntArray) -> list[tuple[int, int]]:
        """What these told columns come to, down and up to whole numbers, when some free columns
        have these values and all others are 0. Beyond `UNLIMITED` it is that.
        """
        common, rows = self._whole
        place = {column: k for k, column in enumerate(self.told.tolist())}
        amounts = [0] * self.columns
        for column, amount in zip(columns.tolist(), value.tolist(), strict=True):
            amounts[column] = amount
        found = []
        for column in told.tolist():
            total = sum(amounts[j] * a for j, a in rows[place[column]])
            down, up = total // common, -(-total // common)
            found.append((_at_most(down), _at_most(up)))
        return found

    def bound(self, limits: Limits, cost: FloatArray, reduced: Prices, money: int) -> Bound | None:
        """What (columns,) whole costs are at least, by the prices that make d (columns,) of told
        columns about `reduced`; None where these prices need a limit that is not there.

        `money`: all that there is, to tell noise from prices where nothing limits a column.
        """
        common, rows = self._whole
        wanted = [Fraction(reduced[told]) for told in self.told.tolist()]
        largest = frexp(float(max(map(abs, wanted), default=0)))[1]
        one = 2 ** max(_BITS - largest, 0)
        unit = one * common**2  # everything below is counted in 1 / unit
        price = [int(each) * unit for each in cost.tolist()]
        summed = [0] * self.columns
        low, high = limits.low.tolist(), limits.high.tolist()
        told = self.told.tolist()
        for k in range(len(told) - 1, -1, -1):
            t, d = told[k], wanted[k]
            is_limited = abs(low[t] if d > 0 else high[t]) < UNLIMITED
            y = int(d * one) * common - price[t] // common if is_limited else -price[t] // common
            if is_limited:
                y -= y % common  # so that no product with a coefficient has a remainder
            if y:
                summed[t] += abs(price[t])
                price[t] += y * common
                for column, coefficient in rows[k]:
                    price[column] -= y * coefficient
                    summed[column] += abs(y * coefficient)
        least = 0
        for j, d in enumerate(price):
            limit = low[j] if d > 0 else high[j]
            if d and abs(limit) >= UNLIMITED:
                if abs(d) * _NOISE > summed[j]:
                    return None
                far = int(_FAR * money * self.size[j]) + 1
                limit, price[j] = (-far if d > 0 else far), 0
            least += d * limit
        return Bound(Fraction(least, unit), np.array([d / unit for d in price]))


def _at_most(total: int) -> int:
    """A number that an array can hold."""
    return max(min(total, UNLIMITED), -UNLIMITED)
