"""From the coarse table of part targets to reps and months, in whole money.

Inside a block all reps sell the same lines, so a table of its reps with their quotas for rows and
the block's lines for columns always exists. Then every line by itself: first the spans of months
that targets tell apart, inside the blocks that no target tells apart; then quarters and months, as
`periods` does it for whole quotas. Reps' amounts are exact in every step, and so are
all targets. What rounding leaves over in the months of a rep is handed on from line to line, so
that the rep's months of all lines together stay near to the season's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from solver.problem import FloatArray, IntArray
from solver.spread.cross import spread_cross
from solver.spread.lines import HARDLY
from solver.spread.season import QUARTER
from solver.spread.table import spread
from solver.spread.whole import round_with_free_columns

_NOTHING: Final = 1e-12


def to_lines(
    mix: FloatArray, quota: IntArray, block: IntArray, cells: IntArray, increment: int
) -> IntArray:
    """(n, k) what each rep carries of each line, by the lines `cells` (b, k) of the blocks.

    `block` (n,) is the place of each rep's block, whose reps have the same zeros in `mix` (n, k).
    """
    found = np.zeros(mix.shape, dtype=np.int64)
    seed = np.maximum(quota, HARDLY)[:, None] * mix
    for place, reps in _members(block):
        some = np.flatnonzero(cells[place])
        if len(reps) == 1:
            found[reps] = cells[place]
        elif len(some):
            own = np.ix_(reps, some)
            table = spread(seed[own], quota[reps], cells[place][some], increment=increment)
            found[own] = table.cells
    return found


def to_spans(
    amounts: IntArray, season: FloatArray, group: IntArray, cells: IntArray, increment: int
) -> IntArray:
    """(n, k, s) the spans of `amounts` (n, k), by the sums `cells` (g, k, s) of groups of reps.

    `season` (n, s) > 0 is how a rep's quota falls into spans; `group` (n,) the place of each rep's
    group.
    """
    found = amounts[:, :, None]
    if cells.shape[2] == 1:
        return found
    found = np.zeros((*amounts.shape, cells.shape[2]), dtype=np.int64)
    for place, reps in _members(group):
        seed = np.maximum(amounts[reps], HARDLY)[:, None, :] * season[reps][:, :, None]
        cross = spread_cross(seed, amounts[reps], cells[place].T, increment=increment)
        found[reps] = cross.cells.transpose(0, 2, 1)
    return found


def _members(group: IntArray) -> Iterator[tuple[int, IntArray]]:
    """The places of the reps of each group."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    for reps in np.split(order, starts[1:]):
        yield int(group[reps[0]]), reps


def to_months(
    amounts: IntArray, season: FloatArray, spans: Sequence[IntArray], increment: int
) -> IntArray:
    """(n, k, t) the months of `amounts` (n, k, s), which reps carry of k lines in s spans.

    `season` (n, t) > 0 is how a rep's quota falls into months; `spans` are the places of the months
    of each span.
    """
    reps, lines, _ = amounts.shape
    found = np.zeros((reps, lines, season.shape[1]), dtype=np.int64)
    for place, months in enumerate(spans):
        pieces = [*_pieces(months)]
        of_pieces = np.column_stack([season[:, piece].sum(axis=1) for piece in pieces])
        left = np.zeros_like(of_pieces)
        left_in = [np.zeros((reps, len(piece))) for piece in pieces]
        for line in range(lines):
            amount = amounts[:, line, place]
            if not amount.any():
                continue
            parts = _shared(amount, of_pieces, left, increment)
            for part, piece, over in zip(parts.T, pieces, left_in, strict=True):
                found[:, line, piece] = _shared(part, season[:, piece], over, increment)
    return found


def _pieces(months: IntArray) -> Iterator[IntArray]:
    """The months of a span, quarter by quarter of the period."""
    quarter = months // QUARTER
    for each in np.unique(quarter):
        yield months[quarter == each]


def _shared(amount: IntArray, weights: FloatArray, left: FloatArray, increment: int) -> IntArray:
    """(n, p) `amount` (n,) in proportion to `weights` (n, p), and to what lines before `left`."""
    if weights.shape[1] == 1:
        return amount[:, None].copy()
    exact = amount[:, None] * (weights / weights.sum(axis=1, keepdims=True))
    wanted = np.maximum(exact + left, 0.0)
    total = wanted.sum(axis=1)
    wanted = np.where((total > 0)[:, None], wanted, exact)
    total = np.where(total > 0, total, np.maximum(amount, _NOTHING))
    cells = round_with_free_columns(wanted * (amount / total)[:, None], amount, increment)
    left += exact - cells
    return cells
