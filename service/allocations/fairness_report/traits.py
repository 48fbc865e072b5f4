"""What was so of the reps before the plan's period: size, potential, tenure, standing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import numpy as np

from service.allocations.assemble import evidence_of, last_year_of
from service.roster.domain import NONE, Inputs
from solver.assess import People
from solver.estimate.benchmark import potentials
from solver.problem import COMPANY, FloatArray

DAYS_A_YEAR: Final = 365.25

type Row = Mapping[str, Any]
type SizeSource = Literal["sales", "last_year", "expected_sales"]


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """Columns (n,) in the order of `ids`, money in minor units; nan is not known."""

    ids: Sequence[str]
    size: FloatArray
    """Sales of the twelve months before the period, those of territories with who holds them now"""
    potential: FloatArray
    tenure: FloatArray
    """Years since the rep was hired, on the first day of the period."""


def traits_of(inputs: Inputs, period: tuple[date, date] | None) -> Traits:
    """Without a period nothing is dated: size is last year's sales, and tenure is not known."""
    evidence = evidence_of(inputs, period)
    size = evidence.last_year if period is None else last_year_of(evidence)
    hired = inputs.reps.hired
    tenure = np.full(len(hired), np.nan)
    if period is not None:
        years = (period[0].toordinal() - hired) / DAYS_A_YEAR
        tenure = np.where((hired != NONE) & (years >= 0), years, np.nan)
    return Traits(evidence.rep_ids, size, potentials(evidence), tenure)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The people of a plan and what stands behind their figures."""

    people: People
    units: tuple[str | None, ...]
    """The unit of each number in `people.unit`, by place; the last is the company."""
    size: SizeSource | None
    """What size is: the first of the sources of which anything is known."""


def measured(
    rows: Sequence[Row], traits: Traits | None, actuals: Mapping[str, float] | None = None
) -> Measured:
    """The reps of a version. `rows` are those that it stores; `actuals`: sales of the period, in
    minor units.
    """
    names = sorted({row["unit"] for row in rows if row["unit"] is not None})
    place: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    place[None] = COMPANY
    size, source = _size(rows, traits)
    sold = actuals or {}
    people = People.of(
        [row["rep"] for row in rows],
        unit=[place[row["unit"]] for row in rows],
        quota=_column(rows, "quota"),
        baseline=_column(rows, "baseline"),
        stretch=_column(rows, "stretch"),
        effort=_effort(rows),
        probability=_column(rows, "attainment_probability"),
        potential=_column(rows, "potential") if traits is None else _of(rows, traits, "potential"),
        size=size,
        tenure=np.full(len(rows), np.nan) if traits is None else _of(rows, traits, "tenure"),
        standing=_standing(rows),
        actual=[sold.get(row["rep"], np.nan) for row in rows],
    )
    return Measured(people, (*names, None), source)


def _size(rows: Sequence[Row], traits: Traits | None) -> tuple[FloatArray, SizeSource | None]:
    """Expected sales are the last resort: they were known before the period as well."""
    sources: dict[SizeSource, FloatArray] = {
        "sales": np.array([np.nan]) if traits is None else _of(rows, traits, "size"),
        "last_year": _column(rows, "last_year"),
        "expected_sales": _column(rows, "baseline"),
    }
    for source, column in sources.items():
        if not np.isnan(column).all():
            return column, source
    return np.full(len(rows), np.nan), None


def _effort(rows: Sequence[Row]) -> FloatArray:
    """Not known where the common stretch lies below the baselines: there the larger index is the
    larger relief, and whoever reads 1.15 as more effort is wrong.
    """
    effort, stretch = _column(rows, "effort"), _column(rows, "stretch")
    return np.full(len(rows), np.nan) if np.any(effort * stretch < 0) else effort


def _standing(rows: Sequence[Row]) -> FloatArray:
    """Sales of the last period over those of a typical rep with the same potential; nan where the
    estimate does not know them, and where it was not asked.
    """
    found = [row.get("estimate") or {} for row in rows]
    return np.array(
        [
            own["index"][0] if own.get("index") and (own.get("sold") or [None])[0] else np.nan
            for own in found
        ],
        dtype=np.float64,
    )


def _column(rows: Sequence[Row], name: str) -> FloatArray:
    return np.array([row.get(name) for row in rows], dtype=np.float64)


def _of(rows: Sequence[Row], traits: Traits, name: str) -> FloatArray:
    known = dict(zip(traits.ids, getattr(traits, name).tolist(), strict=True))
    return np.array([known.get(row["rep"], np.nan) for row in rows], dtype=np.float64)
