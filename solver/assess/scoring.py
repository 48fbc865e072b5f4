"""Quotas of a window held against what was sold in it, and against flat growth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from solver.assess.methods import NotApplicable
from solver.assess.origins import Window
from solver.assess.review import FLOOR
from solver.problem import BoolArray, FloatArray, IntArray

OVERLOADED: Final = 0.8
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one method asked for, one row a rep and window. All columns have the same length."""

    rep: IntArray
    ratio: FloatArray
    """Sold over quota, between 1/50 and 50."""
    flat: FloatArray
    """The same of flat growth, given the same total; nan where that is not applicable."""
    asked: FloatArray
    """ln(quota / own mean before the last period); nan where nothing is known of it."""
    best: BoolArray
    last: BoolArray
    ranked: BoolArray
    """Who did best and worst in the last period, and of whom it is known."""

    @property
    def error(self) -> FloatArray:
        return np.abs(np.log(self.ratio))

    @property
    def difference(self) -> FloatArray:
        """The error less that of flat growth."""
        return self.error - np.abs(np.log(self.flat))

    @property
    def attained(self) -> BoolArray:
        return self.ratio >= 1 - _ROUNDING

    @property
    def overloaded(self) -> BoolArray:
        return self.ratio < OVERLOADED - _ROUNDING

    def within(self, share: float) -> BoolArray:
        """Whose quota and sales differ by this share of the quota at most."""
        return np.abs(self.ratio - 1) <= share + _ROUNDING

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        names = [column.name for column in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How the reps of a window did in the period before it. Columns (s,)."""

    usual: FloatArray
    """The own mean of the up to three periods before the last one; nan where none is known."""
    best: BoolArray
    last: BoolArray
    ranked: BoolArray

    @classmethod
    def of(cls, window: Window) -> Standing:
        older = window.before[1:]
        known = ~np.isnan(older)
        count = known.sum(axis=0)
        total = np.where(known, older, 0.0).sum(axis=0)
        usual = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        usual = np.where(usual > 0, usual, np.nan)
        ranked = ~np.isnan(usual)
        change = window.last / np.where(ranked, usual, 1.0)
        order = np.sort(change[ranked])
        fifth = len(order) // 5
        if not fifth or order[0] == order[-1]:
            nobody = np.zeros_like(ranked)
            return cls(usual, nobody, nobody, nobody)
        best, last = change >= order[-fifth], change <= order[fifth - 1]
        return cls(usual, ranked & best, ranked & last, ranked)


def rows_of(window: Window, standing: Standing, quota: FloatArray, flat: FloatArray) -> Rows:
    """The rows of one method. Where it says nothing of some reps, it and flat growth split what the
    others sold. Raises `NotApplicable` where nothing is asked of anybody.
    """
    told = ~np.isnan(quota)
    sold, usual = window.sold[told], standing.usual[told]
    quota = _scaled(quota[told], sold)
    flat = flat[told]
    ratio_of_flat = np.full(len(sold), np.nan)
    if np.isfinite(flat).all() and flat.sum() > 0:
        ratio_of_flat = _ratio(sold, _scaled(flat, sold))
    return Rows(
        rep=window.rep[told],
        ratio=_ratio(sold, quota),
        flat=ratio_of_flat,
        asked=np.log(_ratio(quota, usual)),
        best=standing.best[told],
        last=standing.last[told],
        ranked=standing.ranked[told],
    )


def _scaled(quota: FloatArray, sold: FloatArray) -> FloatArray:
    total = float(sold.sum())
    if not (quota.sum() > 0 and total > 0):
        raise NotApplicable("nothing is asked of anybody, or nothing was sold")
    return quota * (total / float(quota.sum()))


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Between 1/50 and 50; 1 where both are 0, nan where `below` is."""
    below = np.where(below > 0, below, np.where(np.isnan(below), np.nan, 0.0))
    both = (above == 0) & (below == 0)
    high = np.where(above > 0, 1 / FLOOR, FLOOR)
    found = np.divide(above, below, out=high, where=below != 0)
    return np.where(both, 1.0, np.clip(found, FLOOR, 1 / FLOOR))
