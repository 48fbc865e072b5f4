"""The cascade that the README of b2b-revenue-forecasting shows, with as many people as one likes.

Its columns Global, Region, RVP, Director, Manager and IC, four quarters of attainment, a target
that is spread in proportion to their sum; then with 5 % more at each of the five levels; then with
quotas that are set beforehand. Here one IC in fifty has one, within 20 % of an even quota, and
about one in ten is one of two identical twins in the same team.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from solver.problem import FloatArray, IntArray

Task = Literal["plain", "hedged", "pinned"]
TASKS: Final[tuple[Task, ...]] = get_args(Task)
LEVELS: Final = ("Global", "Region", "RVP", "Director", "Manager", "IC")
QUARTERS: Final = tuple(f"Q{quarter}_Attainment" for quarter in range(1, 5))
HEDGE: Final = 1.05

type Words = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """n people; money in minor units."""

    path: Words
    """(n, 6) the names from the company down to the IC."""
    sold: IntArray
    """(n, 4) attainment."""
    target: int
    hedge: float
    """By how much each level tops up what it hands down; 1 for not at all."""
    pinned: IntArray
    """(p,) rows of people whose quotas are set beforehand."""
    pin: IntArray
    """(p,) and these quotas."""
    twins: IntArray
    """(t, 2) rows of people whom nothing tells apart."""

    @property
    def total(self) -> float:
        """What the quotas of all people add up to."""
        return float(self.target * self.hedge ** (len(LEVELS) - 1))

    @property
    def units(self) -> Words:
        """The names of all regions, RVPs, directors and managers."""
        return np.unique(self.path[:, 1:-1])

    def save(self, file: Path) -> None:
        columns = {name: getattr(self, name) for name in self.__slots__}
        np.savez(file, allow_pickle=False, **columns)

    @classmethod
    def load(cls, file: Path) -> Self:
        with np.load(file) as columns:
            column = {name: columns[name] for name in columns.files}
        target, hedge = int(column.pop("target")), float(column.pop("hedge"))
        return cls(target=target, hedge=hedge, **column)


def table(reps: int, task: Task, seed: int) -> Table:
    """The same table every time for the same arguments."""
    random = np.random.default_rng([reps, seed])
    team = np.sort(random.integers(0, max(1, reps // 10), reps))
    director, rvp, region = team // 8, team // 48, team // 240
    places = np.column_stack((region, rvp, director, team, np.arange(reps)))
    names = [
        np.char.add(level, column.astype(str))
        for level, column in zip(LEVELS[1:], places.T, strict=True)
    ]
    sold = np.rint(random.lognormal(14.5, 0.7, (reps, 4))).astype(np.int64)
    twin = np.flatnonzero((random.random(reps - 1) < 0.05) & (team[1:] == team[:-1]))
    twin = twin[np.diff(twin, prepend=-2) > 1]  # pairs, no chains
    sold[twin + 1] = sold[twin]
    target = reps * 10_000_000
    even: FloatArray = sold.sum(axis=1) * (target / sold.sum())
    alone = np.setdiff1d(np.arange(reps), np.concatenate((twin, twin + 1)))
    pinned = alone[random.random(len(alone)) < 0.02] if task == "pinned" else alone[:0]
    pin = np.rint(even[pinned] * random.uniform(0.8, 1.2, len(pinned))).astype(np.int64)
    return Table(
        path=np.column_stack((np.full(reps, "Global_Corp"), *names)),
        sold=sold,
        target=target,
        hedge=HEDGE if task == "hedged" else 1.0,
        pinned=pinned,
        pin=pin,
        twins=np.column_stack((twin, twin + 1)),
    )
