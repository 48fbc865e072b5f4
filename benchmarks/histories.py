"""Three years of sales by month, for what estimates expected sales from them.

Sales are log-normal around what the company's organisation expects of a rep, with a season, a
steady growth, swings of a fifth from month to month and the rep's own lasting difference from the
potential. One rep in six was hired within the three years, and has a ramp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np

from solver.estimate import NOBODY, Evidence, Holdings, Parameters, SalesHistory, estimate
from solver.problem import FloatArray, IntArray

MONTHS: Final = 36
PERIOD: Final = 12
START: Final = 2027 * 12
"""The plan's first month, January 2027."""
BETA: Final = 0.9
RHO: Final = 0.9
WEIGHTS: Final = (0.5, 0.25, 0.1)
RAMP: Final = 4.0
"""Given, where contestants are not to learn them."""


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """n reps; money in minor units."""

    rep: IntArray
    month: IntArray
    actual: FloatArray
    """(k,) one row for each rep and month since the rep is there."""
    potential: FloatArray
    """(n,)"""
    hired: IntArray
    """(n,) the month of hiring."""

    @classmethod
    def of(cls, expected: FloatArray, seed: int) -> Self:
        """Of reps who sell about this much in a year; the same ones every time."""
        random = np.random.default_rng([len(expected), seed, MONTHS])
        n, months = len(expected), np.arange(START - MONTHS, START)
        new = random.random(n) < 1 / 6
        hired = np.where(new, random.integers(START - MONTHS, START, n), START - 10 * MONTHS)
        season = 1 + 0.3 * np.sin(months / 12 * 2 * np.pi)
        grown = 1.004 ** (months - START)
        swings = random.lognormal(-0.02, 0.2, (n, MONTHS))
        ramp = np.clip((months - hired[:, None] + 0.5) / RAMP, 0, 1)
        sold = expected[:, None] / 12 * season * grown * swings * ramp
        rep, at = np.nonzero(months >= hired[:, None])
        potential = expected / 25 * random.lognormal(0, 0.3, n)
        return cls(rep, months[at], np.rint(sold[rep, at]), potential, hired)

    @property
    def forecast(self) -> float:
        """The owner's number: the last twelve months once more."""
        return float(self.actual[self.month >= START - PERIOD].sum())

    def evidence(self, *, forecast: float | None) -> Evidence:
        n = len(self.potential)
        unknown, none = np.full(n, np.nan), np.zeros(0, np.int64)
        return Evidence(
            rep_ids=tuple([f"r{row:07}" for row in range(n)]),
            start=START,
            end=START + PERIOD,
            baseline=unknown,
            reach=unknown,
            potential=self.potential,
            capacity=unknown,
            last_year=unknown,
            fte=np.ones(n),
            in_seat=np.ones(n),
            territory_ids=(),
            territory_potential=np.zeros(0),
            holdings=Holdings(none, none, np.zeros(0), none, none),
            history=SalesHistory(self.rep, np.full(len(self.rep), NOBODY), self.month, self.actual),
            forecast=forecast,
            hired=self.hired.astype(np.float64),
        )

    def save(self, file: Path) -> None:
        np.savez(file, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, file: Path) -> Self:
        with np.load(file) as columns:
            return cls(**{name: columns[name] for name in columns.files})


@cache
def parameters() -> Parameters:
    """What is given to contestants who do not learn: those above, and else the usual ones."""
    usual = estimate(Histories.of(np.full(3, 1e7), 0).evidence(forecast=1e7)).parameters
    return replace(usual, beta=BETA, rho=RHO, weights=WEIGHTS, ramp_months=RAMP)
