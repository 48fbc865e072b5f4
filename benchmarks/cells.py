"""Companies whose quotas are spread over 60 columns, five products times twelve months.

A rep sells three to five of the products, with an own mix and season. The company wants up to 15 %
more or less of each product and month than these come to. Every cell keeps within 30 % of what the
mix says, and the columns' totals are those of a witness, so a plan with a table exists.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np

from benchmarks.arrays import Arrays
from benchmarks.instances import Instance
from solver.problem import BoolArray, FloatArray, IntArray

PRODUCTS: Final = 5
MONTHS: Final = 12
_WIDTH: Final = 0.3


@dataclass(frozen=True, eq=False)
class Cells:
    """What a contestant is given: a company, and the table of its reps in layout order."""

    company: Arrays
    seed: FloatArray
    """(n, 60) what each rep would carry of each product and month; 0: does not sell it."""
    low: IntArray
    high: IntArray
    """(n, 60) limits of the cells."""
    columns: IntArray
    """(60,) what the company carries of each."""

    @cached_property
    def some(self) -> BoolArray:
        return self.seed > 0

    @classmethod
    def of(cls, instance: Instance, seed: int) -> Self:
        """The table of a company; the same ones every time for the same seed."""
        random = np.random.default_rng([len(instance.witness), seed, PRODUCTS])
        n = len(instance.witness)
        mix = random.dirichlet(np.full(PRODUCTS, 4.0), n)
        mix *= random.permuted(np.arange(PRODUCTS) < random.integers(3, 6, (n, 1)), axis=1)
        season = random.dirichlet(np.full(MONTHS, 30.0), n)
        shape = (mix[:, :, None] * season[:, None, :]).reshape(n, -1)
        shape /= shape.sum(axis=1, keepdims=True)
        cells = instance.witness[:, None] * shape
        wanted = random.uniform(0.85, 1.15, cells.shape[1])
        moved = cells * wanted * random.uniform(0.9, 1.1, cells.shape)
        witness = np.rint(moved * (instance.witness / moved.sum(axis=1))[:, None]).astype(np.int64)
        columns = witness.sum(axis=0)
        columns[0] += instance.bounds.total - columns.sum()  # cents that rounding left over
        return cls(
            company=Arrays.of(instance),
            seed=cells,
            low=np.floor(cells * (1 - _WIDTH)).astype(np.int64),
            high=np.ceil(cells * (1 + _WIDTH)).astype(np.int64),
            columns=columns,
        )

    def save(self, file: Path) -> None:
        self.company.save(file)
        np.savez(_beside(file), seed=self.seed, low=self.low, high=self.high, columns=self.columns)

    @classmethod
    def load(cls, file: Path) -> Self:
        with np.load(_beside(file)) as parts:
            return cls(Arrays.load(file), **parts)


def _beside(file: Path) -> Path:
    return file.with_name(f"cells-{file.name}")
