"""Reps x products (and customers) x months: cross tables whose printed digits add up.

Margins come as two nested families, which can always be met at once: rep x month, with all its
sums, and product x month of the company, with all its sums. So every month is a table of its own,
reps times products. What a rep carries of a product over all months is nobody's margin then; it is
kept within about an increment of its unrounded value by handing what rounding left over in one
month on to the next.

Where it is a margin as well, the three families may contradict each other, and whole numbers may
not exist even where fractions do (Causey, Cox & Ernst 1985). The first two are kept, the third as
nearly as that allows, and what it misses is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.spread.errors import CannotSpread
from solver.spread.table import spread

_ROUNDS: Final = 50
"""Of fitting to the third family of margins."""


@dataclass(frozen=True, slots=True, eq=False)
class Cross:
    """A table of n reps, k products and t months, in minor units."""

    exact: FloatArray
    """(n, k, t)"""
    cells: IntArray
    """(n, k, t)"""
    missed: IntArray
    """(n, k) what cells add up to over the months, less the margin asked for; 0 unless asked for.
    """


def spread_cross(
    seed: FloatArray,
    rep_months: IntArray,
    company: IntArray,
    *,
    rep_products: IntArray | None = None,
    increment: int = 1,
) -> Cross:
    """The cross table nearest to `seed` (n, k, t), >= 0, with the sums `rep_months` (n, t) over
    products and `company` (k, t) over reps, both exactly; cells of a zero seed stay 0.

    `rep_products` (n, k) are sums over months, kept as nearly as the others allow. Give reps in the
    order of ids. Raises `InvalidProblem`, `CannotSpread` where a month has no table at all.
    """
    _check(seed, rep_months, company, rep_products)
    exact = _fitted(seed, rep_months, company, rep_products, increment)
    cells = np.zeros(seed.shape, dtype=np.int64)
    carried = np.zeros(seed.shape[:2])
    for month in range(seed.shape[2]):
        rows, columns = rep_months[:, month], company[:, month]
        own = exact[:, :, month]
        wanted = np.maximum(own + carried, 0.0)
        try:
            table = spread(wanted, rows, columns, increment=increment)
        except CannotSpread:
            table = spread(own, rows, columns, increment=increment)
        cells[:, :, month] = table.cells
        carried += own - table.cells
    of_rep = cells.sum(axis=2)
    missed = of_rep - (of_rep if rep_products is None else rep_products)
    return Cross(exact, cells, missed)


def _fitted(
    seed: FloatArray,
    rep_months: IntArray,
    company: IntArray,
    rep_products: IntArray | None,
    increment: int,
) -> FloatArray:
    """The unrounded table: every month by itself, in turn with the third family if there is one."""
    exact = seed
    for _ in range(1 if rep_products is None else _ROUNDS):
        if rep_products is not None:
            sums = exact.sum(axis=2)
            scale = np.divide(rep_products, sums, out=np.zeros_like(sums), where=sums > 0)
            if np.abs(rep_products - sums).max(initial=0) < increment / 100:
                break
            scaled = exact * scale[:, :, None]
        else:
            scaled = exact
        exact = np.stack(
            [
                _month(scaled[:, :, m], exact[:, :, m], rep_months[:, m], company[:, m])
                for m in range(seed.shape[2])
            ],
            axis=2,
        )
    return exact


def _month(
    seed: FloatArray, otherwise: FloatArray, rows: IntArray, columns: IntArray
) -> FloatArray:
    """One month's table; from the other seed where zeros of the third family leave none."""
    try:
        return spread(seed, rows, columns).exact
    except CannotSpread:
        return spread(otherwise, rows, columns).exact


def _check(
    seed: FloatArray, rep_months: IntArray, company: IntArray, rep_products: IntArray | None
) -> None:
    n, k, t = seed.shape
    shapes = {"rep_months": (rep_months, (n, t)), "company": (company, (k, t))}
    if rep_products is not None:
        shapes["rep_products"] = (rep_products, (n, k))
    faults = [
        Fault("", None, name, f"has shape {table.shape}, not {shape}")
        for name, (table, shape) in shapes.items()
        if table.shape != shape
    ]
    if not faults and rep_products is not None:
        for rep in np.flatnonzero(rep_products.sum(axis=1) != rep_months.sum(axis=1)).tolist():
            reason = "add up to another amount than the rep's months"
            faults.append(Fault("rep_products", rep, "sum", reason))
    if faults:
        raise InvalidProblem(faults)
