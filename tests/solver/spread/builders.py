"""Tables and histories for tests: every table is drawn around one that keeps its margins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.problem import FloatArray, IntArray
from solver.spread.calendar import YEAR, Calendar, working_calendar
from solver.spread.season import MonthlySales
from tests.solver.drawing import one_of

JANUARY_2027 = 2027 * YEAR


@dataclass(frozen=True)
class Question:
    """What `spread` is asked; `witness` is one table that keeps everything."""

    seed: FloatArray
    witness: IntArray
    low: IntArray | None
    high: IntArray | None
    increment: int

    @property
    def total(self) -> int:
        return int(self.witness.sum())

    @property
    def rows(self) -> IntArray:
        return self.witness.sum(axis=1)

    @property
    def columns(self) -> IntArray:
        return self.witness.sum(axis=0)

    def shuffled(self, order: IntArray) -> Question:
        """The same with the rows in another order."""
        low, high = (None if end is None else end[order] for end in (self.low, self.high))
        return Question(self.seed[order], self.witness[order], low, high, self.increment)

    @property
    def asked(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high, "increment": self.increment}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Any table that can be spread: sparse, limited to nothing, narrowly or not at all, odd."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    increment = draw(one_of(1, 1, 10, 1_000))
    scale = draw(one_of(3, 100, 10**6, 10**10))
    seed = random.lognormal(0, 1, shape) * (random.random(shape) < draw(one_of(1, 0.5)))
    witness = np.rint(seed * random.lognormal(0, 0.5, shape) * scale).astype(np.int64)
    if draw(st.booleans()):
        witness = witness // increment * increment
    width = draw(one_of(None, 0.0, 0.02, 0.1, 1.0))
    if width is None:
        return Question(seed, witness, None, None, increment)
    low = np.floor(witness * (1 - width * random.random(shape))).astype(np.int64)
    high = np.ceil(witness * (1 + width * random.random(shape))).astype(np.int64)
    return Question(seed, witness, low, high, increment)


def year_2027(country: str | None = None) -> Calendar:
    return working_calendar(country, JANUARY_2027, JANUARY_2027 + YEAR)


def daily_sales(
    profiles: Any, years: int, noise: float = 0.0, seed: int = 0, country: str | None = None
) -> tuple[MonthlySales, Calendar]:
    """Histories up to the end of 2026 of reps who sell `profiles` (n, 12) a working day."""
    past = working_calendar(country, JANUARY_2027 - years * YEAR, JANUARY_2027)
    rates = np.tile(np.array(profiles, dtype=float), years)
    random = np.random.default_rng(seed)
    jitter = np.exp(noise * random.standard_normal(rates.shape))
    return MonthlySales(past.start, rates * jitter * past.days), past
