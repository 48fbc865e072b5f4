"""One table from a seed to whole money: fit it to its margins, within limits, and round it.

A fit that meets its margins proves that they can be met, and is the common case. Only where it does
not, a flow tells whether any table does (`flow`): if none, which rows carry too much;
if some, which cells have no choice. With these fixed, the others lie strictly within their limits,
and the fit meets its margins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import AMOUNT_LIMIT, FloatArray, IntArray
from solver.spread.errors import SpreadFailed
from solver.spread.fit import Fitted, fit
from solver.spread.flow import Margins, feasible
from solver.spread.whole import round_table

_NEAR: Final = 1e-3
"""What sums of a fit may miss, in minor units or 1e-9 of all money: less than rounding can see."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows times columns, all in minor units."""

    exact: FloatArray
    """(n, k) the table nearest to its seed."""
    cells: IntArray
    """(n, k) the same in whole increments; rows and columns add up exactly."""


def spread(
    seed: FloatArray,
    rows: IntArray,
    columns: IntArray,
    *,
    low: IntArray | None = None,
    high: IntArray | None = None,
    increment: int = 1,
) -> Table:
    """The table nearest to `seed` (n, k), >= 0, with sums `rows` (n,) and `columns` (k,).

    `low` and `high` (n, k) limit cells. Cells of a zero seed stay 0; every whole cell lies less
    than one increment from the exact one. Ties go by position, so give rows in the order of ids.

    Raises `InvalidProblem` where the figures contradict themselves, `CannotSpread` with a cut where
    no such table exists, and `SpreadFailed` rather than a table that misses its sums.
    """
    if faults := list(_faults(seed, rows, columns, low, high)):
        raise InvalidProblem(faults)
    least = np.where(seed > 0, 0 if low is None else low, 0)
    most = None if high is None else np.where(seed > 0, high, 0)
    exact = _fitted(seed, rows, columns, least if low is not None else None, most)
    cells = round_table(exact, rows, columns, increment, low=least, high=most)
    return Table(exact, cells)


def _fitted(
    seed: FloatArray,
    rows: IntArray,
    columns: IntArray,
    low: IntArray | None,
    high: IntArray | None,
) -> FloatArray:
    def fitted(seed: FloatArray, low: IntArray | None, high: IntArray | None) -> Fitted:
        ends = (None if end is None else end.astype(float) for end in (low, high))
        return fit(seed, rows.astype(float), columns.astype(float), *ends)

    first = fitted(seed, low, high)
    if first.close:
        return first.cells
    total = int(rows.sum())
    some = seed > 0
    least = np.zeros(seed.shape, dtype=np.int64) if low is None else low
    most = np.where(some, total, 0) if high is None else np.minimum(high, total)
    known = feasible(Margins(rows, columns, least, most))
    least = np.where(known.forced, known.cells, least)
    most = np.where(known.forced, known.cells, most)
    again = fitted(seed, least, most)
    if again.missed > max(_NEAR, 1e-9 * total / max(*seed.shape)):
        raise SpreadFailed(f"the nearest table found misses a sum by {again.missed:,.2f}")
    return again.cells


def _faults(
    seed: FloatArray,
    rows: IntArray,
    columns: IntArray,
    low: IntArray | None,
    high: IntArray | None,
) -> Iterator[Fault]:
    """Everything that makes the question senseless."""
    shape = len(rows), len(columns)
    for name, table in (("seed", seed), ("low", low), ("high", high)):
        if table is not None and table.shape != shape:
            yield Fault("", None, name, f"has shape {table.shape}, not {shape}")
            return
    if not np.all(np.isfinite(seed) & (seed >= 0)):
        yield Fault("", None, "seed", "must be finite and 0 or more in every cell")
    for name, margin in (("rows", rows), ("columns", columns)):
        for place in np.flatnonzero((margin < 0) | (margin > AMOUNT_LIMIT)).tolist():
            yield Fault(name, place, "sum", f"is {margin[place]:,}; must be an amount, 0 or more")
    carried, wanted = int(rows.sum()), int(columns.sum())
    if carried != wanted:
        reason = f"add up to {wanted:,} minor units, but the rows to {carried:,}"
        yield Fault("", None, "columns", reason)
    if low is not None and np.any(low < 0):
        yield Fault("", None, "low", "must be 0 or more in every cell")
    crossed = high is not None and np.any(high < (0 if low is None else low))
    if crossed:
        yield Fault("", None, "high", "is below the low end of some cell")
