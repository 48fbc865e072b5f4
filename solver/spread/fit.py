"""The table nearest to a seed that has given row and column sums: iterative proportional fitting.

    x_ij = clip(s_ij e^(a_i + b_j), low_ij, high_ij)       sum_j x_ij = r_i,  sum_i x_ij = c_j

which is the table within the limits that is least far from the seed s in the sense of
sum x ln(x / s) - x: products of cells keep their odds, and a cell that is zero stays zero. Plain
fitting (Deming & Stephan 1940) corrects rows and columns in turn; here Newton's method on the dual
corrects both at once. Row multipliers are eliminated, so a step solves one k x k system. With D =
cells strictly between their limits and the sums that are still missing r', c':

    (diag(D' 1) - D' diag(1 / D 1) D) db = c' - D' (r' / D 1)        da = (r' - D db) / D 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.problem import FloatArray

_CLOSE: Final = 1e-12
"""Sums that miss their margins by this part of all money may be as near as floats can tell."""
_FINEST: Final = 1e-6
"""Of a minor unit: nearer than anybody needs."""
_STEPS: Final = 60
_HALVINGS: Final = 30
"""Of a step, to find where the dual is highest along it."""
_MOST: Final = 300.0
"""A multiplier of more than e to this counts as that; floats end at twice as much."""
_SMALL: Final = 2**17
"""Products of numbers in one call of a library that would not share it out."""
_RIDGE: Final = 1e-13
"""Keeps the system regular where parts of the table hang together by no cell."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A table and how far it is from its margins."""

    cells: FloatArray
    """(n, k)"""
    missed: float
    """The largest distance of a row's or column's sum from its margin."""
    close: bool
    """Whether the margins are met as well as floats can."""


def fit(
    seed: FloatArray,
    rows: FloatArray,
    columns: FloatArray,
    low: FloatArray | None = None,
    high: FloatArray | None = None,
) -> Fitted:
    """Fit `seed` (n, k), >= 0, to the sums `rows` (n,) and `columns` (k,).

    `low` and `high` (n, k) limit single cells; cells of a zero seed are 0 whatever the limits.
    Where no such table exists, the answer is not `close`; `flow` says why.
    """
    table = _Table.of(seed, rows, columns, low, high)
    point = table.at(np.zeros(len(rows)), np.zeros(len(columns)))
    least = point.missed
    for _ in range(_STEPS):
        if point.missed <= _FINEST:
            break
        before = point.missed
        point = table.forward(point, *table.newton(point), least)
        if before <= table.close and point.missed > before / 2:
            break  # what is left is noise
        least = min(least, point.missed)
    return Fitted(point.cells, point.missed, point.missed <= table.close)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """What two vectors of multipliers make of a table."""

    a: FloatArray
    b: FloatArray
    cells: FloatArray
    free: FloatArray
    """The cells strictly between their limits; the others 0."""
    row_left: FloatArray
    column_left: FloatArray

    @property
    def missed(self) -> float:
        return float(max(np.abs(self.row_left).max(), np.abs(self.column_left).max()))


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    seed: FloatArray
    rows: FloatArray
    columns: FloatArray
    low: FloatArray | None
    high: FloatArray | None

    @classmethod
    def of(
        cls,
        seed: FloatArray,
        rows: FloatArray,
        columns: FloatArray,
        low: FloatArray | None,
        high: FloatArray | None,
    ) -> _Table:
        """The same table with the seed scaled to its rows, which is where rows start.

        A column of nothing has no finite multiplier, nor has a cell that may carry nothing.
        """
        possible = (columns > 0) & (seed > 0)
        if high is not None:
            possible &= high > 0
        sums = np.where(possible, seed, 0.0).sum(axis=1)
        scale = np.divide(rows, sums, out=np.zeros_like(sums), where=sums > 0)
        low, high = (None if end is None else np.where(possible, end, 0.0) for end in (low, high))
        return cls(np.where(possible, seed * scale[:, None], 0.0), rows, columns, low, high)

    @property
    def close(self) -> float:
        return max(_CLOSE * float(self.rows.sum()), _FINEST)

    def at(self, a: FloatArray, b: FloatArray) -> _Point:
        cells = self.seed * np.exp(a.clip(-_MOST, _MOST))[:, None]
        cells *= np.exp(b.clip(-_MOST, _MOST))
        free = cells
        if self.low is not None or self.high is not None:
            wanted, cells = cells, np.clip(cells, self.low, self.high)
            free = np.where(cells == wanted, cells, 0.0)
        return _Point(
            a, b, cells, free, self.rows - cells.sum(axis=1), self.columns - cells.sum(axis=0)
        )

    def newton(self, point: _Point) -> tuple[FloatArray, FloatArray]:
        """The step that would meet all margins if the same cells stayed free.

        What a sum still misses counts as free, too, so that no multiplier leaps where few cells
        are; nothing of it is left when the margins are met.
        """
        d = point.free
        row = d.sum(axis=1) + np.abs(point.row_left)
        column = d.sum(axis=0) + np.abs(point.column_left)
        inverse = np.divide(1.0, row, out=np.zeros_like(row), where=row > 0)
        system = np.diag(column) - _product(d, d * inverse[:, None])
        system[np.diag_indices_from(system)] += _RIDGE * column.max() + np.finfo(float).tiny
        wanted = point.column_left - np.einsum("ij,i->j", d, point.row_left * inverse)
        db = np.linalg.solve(system, wanted)
        da = (point.row_left - np.einsum("ij,j->i", d, db)) * inverse
        return da, db

    def forward(self, point: _Point, da: FloatArray, db: FloatArray, least: float) -> _Point:
        """The step, if it halves the least that was ever missed; else as much of it as brings the
        dual to its highest. So nothing goes round in circles.

        The dual is concave: sum r a + sum c b - sum over cells of the integral of the cell by its
        multiplier. What rows and columns still miss is how it rises.
        """
        tried = self.at(point.a + da, point.b + db)
        if tried.missed <= least / 2 or self.slope(tried, da, db) >= 0:
            return tried
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            size = (low + high) / 2
            tried = self.at(point.a + size * da, point.b + size * db)
            low, high = (size, high) if self.slope(tried, da, db) > 0 else (low, size)
        return tried

    @staticmethod
    def slope(point: _Point, da: FloatArray, db: FloatArray) -> float:
        """How fast the dual rises along a step."""
        return float(point.row_left @ da + point.column_left @ db)


def _product(one: FloatArray, other: FloatArray) -> FloatArray:
    """The transpose of `one` (n, k) times `other` (n, k), a few rows at a time.

    A library that hands so small a product to several threads waits for them longer than it saves.
    """
    n, k = one.shape
    rows = max(_SMALL // max(k * k, 1), 1)
    whole = n // rows * rows
    parts = (each[:whole].reshape(-1, rows, k) for each in (one, other))
    first, second = parts
    total: FloatArray = (first.transpose(0, 2, 1) @ second).sum(axis=0)
    return total + one[whole:].T @ other[whole:]
