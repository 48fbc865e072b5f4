"""The sums that limits are about, as columns of the linear programme of `elastic`.

The limits of a rule are the bounds of its column:

    carried_c          what the reps of cell c carry               between their floors and caps
    total_v            what node v carries, with the gaps below    the range of a unit, the target
    sum_k              row k, less what it is let off              the limits of the row
    under_k, over_k    what row k is let off                       0 unless the row may give way
    spread_p, room_k   how far parity p opens                      0 unless the parity may
    open, shut_k       how far all rows open alike; what is left   0 but to see if they can hold
                       of it for row k that has two limits
    gap_v              what nobody below node v carries            0 unless gaps are booked
    assigned           all quotas: the target less the gaps
    least_k, most_k    row k of a parity, less what is even of     none unless the parity is to
                       all that is assigned                        follow what is assigned
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np

from solver.coupled.cells import Cells, nearest_limited
from solver.coupled.coupling import Coupling, even_share
from solver.hierarchy import Hierarchy
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray

_SMALLEST_SHARE: Final = 1e-6
"""An even share below this part of all money opens as if it were as large."""
_WIDE: Final = 1e4
"""Coefficients of one row may differ by this much before floats lose digits that count."""


@dataclass(frozen=True, eq=False)
class Columns:
    """Which columns stand for what: places in every (columns,) array."""

    carried: IntArray
    """(c,) by cell."""
    total: IntArray
    gap: IntArray
    """(l,) by limited node, `Case.nodes`."""
    sum: IntArray
    under: IntArray
    over: IntArray
    """(k,) by row."""
    shut: IntArray
    """(b,) by row that has two limits, `Case.two_sided`."""
    open: IntArray
    """(1,)"""
    spread: IntArray
    """(p,) by parity, `Case.parities`."""
    assigned: IntArray
    """(1,)"""
    room: IntArray
    least: IntArray
    most: IntArray
    """(r,) by row of a parity, `Case.parity_rows`."""

    @property
    def count(self) -> int:
        return sum(map(len, (getattr(self, block.name) for block in fields(self))))

    @classmethod
    def of(cls, case: Case) -> Columns:
        nodes, rows = len(case.nodes), len(case.coupling)
        parities, peers, both = len(case.parities), len(case.parity_rows), len(case.two_sided)
        ends = np.cumsum(
            [len(case.cells), nodes, nodes, *[rows] * 3, both, 1, parities, 1, *[peers] * 3]
        )
        return cls(*np.split(np.arange(ends[-1]), ends[:-1]))


@dataclass(frozen=True, eq=False)
class Case:
    """What the columns and equations are made from; limits may be others later."""

    hierarchy: Hierarchy
    cells: Cells
    coupling: Coupling
    total: int
    """The amount to assign, by which the even shares of parities are measured."""

    @cached_property
    def nodes(self) -> IntArray:
        """(l,) the limited nodes in layout order, the company first."""
        return np.flatnonzero(self.cells.limited)

    @cached_property
    def parities(self) -> tuple[str, ...]:
        names = {name for name in self.coupling.name if name.startswith("parity:")}
        return tuple(sorted(names))

    @cached_property
    def parity_rows(self) -> IntArray:
        return np.flatnonzero(~np.isnan(self.coupling.tolerance))

    @cached_property
    def tolerance(self) -> FloatArray:
        """(r,) of each row of a parity; 0 where it is lifted."""
        tolerance = self.coupling.tolerance[self.parity_rows]
        return np.where(np.isfinite(tolerance), tolerance, 0.0)

    @cached_property
    def above(self) -> IntArray:
        """(l,) the place among `nodes` of the next limited node above; -1 for the company."""
        place = np.cumsum(self.cells.limited) - 1
        nearest = nearest_limited(self.hierarchy, self.cells.limited)
        parent = self.hierarchy.parent[self.nodes[1:]]
        return np.append(-1, place[nearest[parent]])

    @cached_property
    def way_out(self) -> IntArray:
        """(k,) where a row with one limit must be let off: 1 up to its minimum, -1 down to its
        maximum; 0 where it has both or none.
        """
        least, most = self.coupling.min > -UNLIMITED, self.coupling.max < UNLIMITED
        return np.where(np.isnan(self.coupling.tolerance), least.astype(np.int64) - most, 0)

    @cached_property
    def two_sided(self) -> IntArray:
        """(b,) the rows that have two limits, those of parities with them."""
        least, most = self.coupling.min > -UNLIMITED, self.coupling.max < UNLIMITED
        return np.flatnonzero((least & most) | ~np.isnan(self.coupling.tolerance))

    @cached_property
    def row_size(self) -> FloatArray:
        """(k,) about the largest coefficient of each row; powers of two."""
        return np.exp2(np.floor(np.log2(self._ends_of_sizes[1])))

    @cached_property
    def wide(self) -> BoolArray:
        """(k,) whether the row counts one rep's money by very much more than another's."""
        smallest, largest = self._ends_of_sizes
        return np.asarray(largest > _WIDE * smallest)

    @cached_property
    def _ends_of_sizes(self) -> tuple[FloatArray, FloatArray]:
        """(k,) the smallest and the largest coefficient of each row in size; 1 of nobody's."""
        cells, row = self.cells, np.repeat(np.arange(len(self.coupling)), np.diff(self.cells.start))
        smallest, largest = np.full((2, len(self.coupling)), ((np.inf,), (0.0,)))
        np.minimum.at(smallest, row, np.abs(cells.coefficient))
        np.maximum.at(largest, row, np.abs(cells.coefficient))
        nobody = largest == 0
        return np.where(nobody, 1.0, smallest), np.where(nobody, 1.0, largest)

    def opening(self, k: int) -> float:
        """How far row k of a parity opens for each unit of money that its parity opens."""
        share = even_share(self.coupling.even[k], self.total)
        return max(share / max(self.total, 1), _SMALLEST_SHARE)
