"""How far a rep's own sales count: one index per block, shrunk to one index per rep.

    r_i,b = ln(max(sold, 2 % of typical) / typical) - its mean in the block, weighted by typical
    r_i   = w1 r_1 + w2 mean(r_2, r_3) + w3 mean(r_4, …)         block 1 is the newest

The rest of the weight, 1 - w1 - w2 - w3, is on the benchmark, whose r is 0: a tenth where it rests
on the rep's own potential, and only a fiftieth where it is a mere average per full-time equivalent.
(Iowa's 99 counties, three years predicted from the years before: a tenth on the potential leaves an
error of 5 % of sales, a tenth on the average one of 15 %, a fiftieth on the average one of 5 %; the
last year alone would have left 3 %, for counties are places and hardly change.)
These are the weights of a company about which nothing else is known; `learning` has its own.
An age of which nothing is known takes rho x the newest known r; a rep without any known block has
r = 0. e^r is the index people see: 1.2 is 20 % more than a typical rep with the same potential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.estimate.availability import Presence
from solver.estimate.benchmark import CLIP, Typical
from solver.estimate.history import Sales
from solver.problem import BoolArray, FloatArray

type Weights = tuple[float, float, float]
"""Of the last period, the two before and the older ones."""

WEIGHTS: Final[Weights] = (0.45, 0.30, 0.15)
"""Prior weights of the last period, the two before and the older ones, until they are learned."""
WEIGHTS_WITHOUT_POTENTIAL: Final[Weights] = (0.49, 0.49 * 2 / 3, 0.49 / 3)
"""The same proportions, summing to .98."""
RHO: Final = 0.95
"""Measured from one year to the one before: 1.00 in Iowa's counties, .98 in AdventureWorks."""
AGES: Final = (slice(0, 1), slice(1, 3), slice(3, None))


@dataclass(frozen=True, slots=True, eq=False)
class OwnHistory:
    """Log indices of the reps, per block (newest first) and per age of history."""

    blocks: FloatArray
    """Shape (blocks, n); nan where unknown."""
    ages: FloatArray
    """Shape (n, 3): r of the last period, the two before, the older ones."""
    known: BoolArray
    """Shape (n, 3): False where r follows from another age, or nothing is known at all."""
    sold: FloatArray
    """Shape (n, 3): actual sales per known block of that age; nan where unknown."""


def block_indices(
    sales: Sales, there: Presence, weights: FloatArray, length: int
) -> tuple[FloatArray, FloatArray]:
    """Every rep's sales against the benchmark, block by block: log indices, nan where unknown,
    and sales. Shapes (blocks, n), newest first.
    """
    typical = Typical.of(sales, there, weights)
    count = -(-(sales.start - sales.origin) // length)
    blocks, sold = np.empty((count, sales.reps)), np.empty((count, sales.reps))
    for b in range(count):
        end = sales.start - b * length
        sold[b], blocks[b] = _block(sales, typical, weights, end - length, end)
    return blocks, sold


def own_history(blocks: FloatArray, sold: FloatArray, rho: float) -> OwnHistory:
    """The blocks by age: the last period, the two before, the older ones."""
    known = ~np.isnan(blocks)
    money = np.column_stack([_mean(sold[age], known[age], np.nan) for age in AGES])
    seen = np.column_stack([known[age].any(axis=0) for age in AGES])
    return OwnHistory(blocks, by_age(blocks, rho), seen, money)


def by_age(blocks: FloatArray, rho: float) -> FloatArray:
    """r of each age, (n, 3), from blocks of shape (blocks, n), newest first.

    Where nothing is known of an age, rho x the newest known r; 0 where none is.
    """
    known = ~np.isnan(blocks)
    newest = np.zeros(blocks.shape[1])
    for row, there in zip(blocks[::-1], known[::-1], strict=True):
        newest = np.where(there, row, newest)
    return np.column_stack([_mean(blocks[age], known[age], rho * newest) for age in AGES])


def shrunk(
    ages: FloatArray, has_potential: BoolArray, weights: Weights, without_potential: Weights
) -> FloatArray:
    """The one log index per rep that the expected sales rest on. Shape (n,)."""
    total = np.zeros(len(has_potential))
    for age, (with_potential, without) in enumerate(zip(weights, without_potential, strict=True)):
        total += np.where(has_potential, with_potential, without) * ages[:, age]
    return total


def _block(
    sales: Sales, typical: Typical, weights: FloatArray, first: int, end: int
) -> tuple[FloatArray, FloatArray]:
    """Sales and centred log index of every rep in one block; the index nan where unknown."""
    rep, amount = sales.between(first, end)
    sold = np.bincount(rep, amount, minlength=sales.reps)
    per_weight, enough = typical.between(first, end)
    expected = weights * per_weight
    known = (np.bincount(rep, minlength=sales.reps) > 0) & enough & (expected > 0)
    expected = np.where(known, expected, 1.0)
    index = np.log(np.maximum(sold, CLIP * expected) / expected)
    if known.any():
        index -= np.average(index[known], weights=expected[known])
    return sold, np.where(known, index, np.nan)


def _mean(rows: FloatArray, known: BoolArray, otherwise: FloatArray | float) -> FloatArray:
    """Mean of the known entries of each column; `otherwise` where there is none."""
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), otherwise)
