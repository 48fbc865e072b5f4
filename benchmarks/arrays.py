"""What a contestant is given: a company as plain arrays, in layout order, and rows across it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from benchmarks.instances import Instance
from solver.bounds import Bounds
from solver.fairness import Scale
from solver.hierarchy import Hierarchy
from solver.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """k rules that cut across the organisation: min <= sum of coefficient x quota <= max."""

    start: IntArray = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    """(k + 1,) the entries of row k are start[k] <= e < start[k + 1]."""
    rep: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    coefficient: FloatArray = field(default_factory=lambda: np.empty(0))
    """(e,)"""
    min: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    max: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """(k,) money; +-`UNLIMITED` where there is none."""

    def __len__(self) -> int:
        return len(self.min)


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """One company and the rows across it, if any."""

    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale
    rows: Rows = field(default_factory=Rows)
    largest: float = np.nan
    """The least possible largest stretch, for a contestant that begins with the second stage."""

    @property
    def even_level(self) -> float:
        """The stretch of everybody if nothing limited anybody."""
        gap = self.bounds.total - self.scale.anchor.sum()
        return float(gap / self.scale.yardstick.sum())

    @property
    def limited(self) -> IntArray:
        """The nodes whose sum is limited: the company and the units with a range."""
        b = self.bounds
        limited: BoolArray = (b.unit_min > 0) | (b.unit_max < b.total)
        return np.flatnonzero(limited)

    @classmethod
    def of(cls, instance: Instance) -> Self:
        return cls(instance.hierarchy, instance.bounds, instance.scale)

    def save(self, file: Path) -> None:
        columns = {
            f"{part}.{column.name}": getattr(getattr(self, part), column.name)
            for part, kind in _PARTS.items()
            for column in fields(kind)
        }
        np.savez(file, allow_pickle=False, largest=self.largest, **columns)

    @classmethod
    def load(cls, file: Path) -> Self:
        with np.load(file) as columns:
            parts = {
                part: kind(**{f.name: _plain(columns[f"{part}.{f.name}"]) for f in fields(kind)})
                for part, kind in _PARTS.items()
            }
            return cls(**parts, largest=float(columns["largest"]))


_PARTS: Final[Mapping[str, type[Any]]] = {
    "hierarchy": Hierarchy,
    "bounds": Bounds,
    "scale": Scale,
    "rows": Rows,
}


def _plain(column: Any) -> Any:
    """A column as it was; what was no array but a word comes back as one."""
    return column if column.ndim else column.item()
