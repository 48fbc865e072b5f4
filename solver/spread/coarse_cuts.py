"""Why quotas leave no coarse table for the targets of parts: an inequality about sums of quotas.

For any multipliers m of the targets, and for each block h_b = max over its possible cells of the
sum of m_j over the targets that count the cell,

    sum over j of m_j T_j <= sum over b of h_b Q_b

holds for every table (weak duality). Where no table exists, some m break it: those that the search
for the nearest table runs off to, or the prices of a linear programme that misses as little as it
can. They are made small whole numbers, and as many of them 0 as can be; then the inequality is
checked in whole numbers, whatever made them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from solver.problem import FloatArray, IntArray
from solver.spread.coarse import Coarse, matrix, with_slack
from solver.spread.errors import SpreadFailed

_NOTHING: Final = 1e-9
"""A part of all money that a linear programme cannot tell from nothing."""
_DENOMINATORS: Final = (1, 2, 3, 4, 6, 12, 24, 120)
"""Of the multipliers, the plainest first."""
_TRIED: Final = 100
"""Targets that are tried, whether the rest of them contradict without."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """sum over blocks of weight x what they carry <= most, in every table; here it is more."""

    weight: IntArray
    """(b,)"""
    most: int
    targets: tuple[int, ...]
    """The places of the targets that it follows from."""


def cut_of(coarse: Coarse, multipliers: FloatArray) -> Cut | None:
    """The inequality of these multipliers (m,), with few and plain ones; None where none of them is
    broken.
    """
    found = next((m for m in _plain(multipliers) if _Inequality(coarse, m).broken), None)
    if found is None:
        return None
    for place in np.flatnonzero(found)[:_TRIED].tolist():
        without = found.copy()
        without[place] = 0
        if _Inequality(coarse, without).broken:
            found = without
    found //= np.gcd.reduce(found)
    return _Inequality(coarse, found).cut


def _plain(multipliers: FloatArray) -> Iterator[IntArray]:
    """The same in proportion, as whole numbers, ever nearer."""
    largest = float(np.abs(multipliers).max(initial=0.0))
    for denominator in _DENOMINATORS:
        if largest > 0:
            yield np.rint(multipliers / largest * denominator).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Inequality:
    coarse: Coarse
    multipliers: IntArray

    @cached_property
    def highest(self) -> IntArray:
        """(b,) h; 0 of blocks that carry nothing."""
        coarse = self.coarse
        gain = (coarse.of_blocks.T * self.multipliers) @ coarse.of_columns.astype(np.int64)
        some = coarse.possible.any(axis=1)
        highest = np.where(coarse.possible, gain, np.iinfo(np.int64).min).max(axis=1)
        return np.where(some, highest, 0)

    @cached_property
    def wanted(self) -> int:
        """At the least that meets the targets in whole money."""
        pairs = zip(self.multipliers.tolist(), self.coarse.ends, strict=True)
        return sum(each * (low if each > 0 else high) for each, (low, high) in pairs)

    @property
    def broken(self) -> bool:
        pairs = zip(self.highest.tolist(), self.coarse.sums.tolist(), strict=True)
        return bool(self.wanted > sum(each * carried for each, carried in pairs))

    @property
    def cut(self) -> Cut:
        return Cut(-self.highest, -self.wanted, tuple(np.flatnonzero(self.multipliers).tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class Shortfall:
    """The least by which targets are missed together."""

    cells: FloatArray
    """(b, c) a table that does so."""
    cut: Cut | None
    """Why it is not nothing; None where it is."""


def shortfall(coarse: Coarse, seconds: float = float("inf")) -> Shortfall:
    """What is missed at the least, by a linear programme; blocks' sums are kept.

    Raises `SpreadFailed` where HiGHS does not answer in these seconds.
    """
    from scipy.optimize import linprog

    rows, block, column = matrix(coarse)
    total = max(coarse.total, 1)
    count, size = len(block), len(coarse.targets)
    found: Any = linprog(
        np.append(np.zeros(count), np.ones(2 * size)),
        A_eq=with_slack(rows, len(coarse.sums), size),
        b_eq=np.append(coarse.sums / total, coarse.wanted / total),
        options={"time_limit": seconds},
    )
    if found.status != 0:
        raise SpreadFailed(f"HiGHS does not say what targets miss: {found.message}")
    cells = np.zeros(coarse.seed.shape)
    cells[block, column] = np.maximum(found.x[:count], 0.0) * total
    missed = found.fun > _NOTHING
    return Shortfall(
        cells, cut_of(coarse, found.eqlin.marginals[len(coarse.sums) :]) if missed else None
    )
