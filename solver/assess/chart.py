"""The figures behind the charts: one measure by unit, and against the size before the period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from solver.assess.inequality import Spread
from solver.assess.people import People
from solver.problem import FloatArray

POINTS: Final = 1_500
"""Up to so many reps are points; more are counted in cells."""
_CELLS: Final = 48

type Measure = Literal["effort", "growth"]


@dataclass(frozen=True, slots=True)
class Box:
    """The reps who hang on one unit themselves."""

    unit: int
    spread: Spread


@dataclass(frozen=True, slots=True)
class Cloud:
    """Reps by size and measure: points with `reps` of one each, or cells with as many as there."""

    size: FloatArray
    value: FloatArray
    reps: tuple[int, ...]
    ids: tuple[str, ...] | None
    """Whose points they are; None for cells."""


@dataclass(frozen=True, slots=True)
class Chart:
    measure: Measure
    """The effort index where the plan has one that differs from rep to rep or not at all, else
    growth on expected sales."""
    boxes: tuple[Box, ...]
    """By number of the unit; units whose reps have no such figure are left out."""
    cloud: Cloud


def chart(people: People) -> Chart:
    measured: Measure = "growth" if np.isnan(people.effort).all() else "effort"
    values = people.effort if measured == "effort" else people.over_baseline - 1
    boxes = []
    known = ~np.isnan(values)
    order = np.argsort(people.unit[known], kind="stable")
    units, start = np.unique(people.unit[known][order], return_index=True)
    for unit, own in zip(units.tolist(), np.split(values[known][order], start[1:]), strict=False):
        boxes.append(Box(unit, Spread.of(own)))
    return Chart(measured, tuple(boxes), _cloud(people, values))


def _cloud(people: People, values: FloatArray) -> Cloud:
    known = np.flatnonzero(~np.isnan(values) & (people.size > 0))
    size, value = people.size[known], values[known]
    if len(known) <= POINTS:
        ids = tuple(people.ids[row] for row in known.tolist())
        return Cloud(size, value, (1,) * len(known), ids)
    cell = _cell(np.log(size)) * _CELLS + _cell(value)
    _, place, reps = np.unique(cell, return_inverse=True, return_counts=True)
    middle = np.exp(np.bincount(place, np.log(size)) / reps)
    return Cloud(middle, np.bincount(place, value) / reps, tuple(reps.tolist()), None)


def _cell(values: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Which of the cells from the lowest to the highest value each one lies in."""
    low, wide = values.min(), np.ptp(values) or 1.0
    return np.minimum((values - low) / wide * _CELLS, _CELLS - 1).astype(np.int64)
