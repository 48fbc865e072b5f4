"""What a learned season is worth on the bundled companies: the table of docs/guide/spread.md.

The last twelve months are held back; seasons are learned from what was before, and compared by the
part of a year's sales that they put into a wrong month, weighted by what reps sold.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from solver.problem import FloatArray
from solver.spread.calendar import YEAR, working_calendar
from solver.spread.season import MonthlySales, by_working_days, even, learned

EXAMPLES = Path(__file__).parents[3] / "examples"
GUIDE = EXAMPLES.parent / "docs" / "guide" / "spread.md"


@dataclass(frozen=True)
class Company:
    """Sales by rep or territory and month; nothing before the first row, 0 in months without."""

    start: int
    amounts: FloatArray

    @classmethod
    def read(cls, name: str) -> Company:
        with (EXAMPLES / name / "history.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        key = "rep_id" if "rep_id" in rows[0] else "territory_id"
        place = {of: k for k, of in enumerate(sorted({row[key] for row in rows}))}
        months = [int(row["period"][:4]) * YEAR + int(row["period"][5:7]) - 1 for row in rows]
        start = min(months)
        amounts = np.full((len(place), max(months) - start + 1), np.nan)
        for row, month in zip(rows, months, strict=True):
            before = np.nan_to_num(amounts[place[row[key]], month - start])
            amounts[place[row[key]], month - start] = before + float(row["actual"])
        for own in amounts:
            first = int(np.flatnonzero(~np.isnan(own))[0])
            own[first:] = np.nan_to_num(own[first:])
        return cls(start, amounts)


def misplaced(name: str, country: str) -> dict[str, float]:
    """The part of a year's sales that each way puts into a wrong month."""
    company = Company.read(name)
    end = company.start + company.amounts.shape[1]
    known = MonthlySales(company.start, company.amounts[:, :-YEAR])
    past = working_calendar(country, company.start, end - YEAR)
    period = working_calendar(country, end - YEAR, end)
    sold = np.maximum(company.amounts[:, -YEAR:], 0.0)
    there = ~np.isnan(company.amounts[:, -YEAR:]).any(axis=1) & (np.nansum(sold, axis=1) > 0)
    reps = len(sold)
    ways = {
        "learned": learned(known, past, period).shares,
        "working days": by_working_days(reps, period).shares,
        "even": even(reps, YEAR).shares,
        "own months": own_months(known.amounts),
    }
    year = sold[there].sum(axis=1, keepdims=True)
    return {
        way: float(np.abs(shares[there] * year - sold[there]).sum() / 2 / year.sum())
        for way, shares in ways.items()
    }


def own_months(amounts: FloatArray) -> FloatArray:
    """Everybody's own past months in proportion, without shrinking and without working days."""
    years = amounts.shape[1] // YEAR
    sums = np.nan_to_num(amounts[:, -years * YEAR :]).reshape(-1, years, YEAR).sum(axis=1)
    total = sums.sum(axis=1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), 1 / YEAR)


COMPANIES = {
    "iowa_counties": "US",
    "adventureworks": "US",
    "huadong_manufacturer": "CN",
}


@pytest.mark.parametrize(("name", "country"), COMPANIES.items())
def test_a_learned_season_misplaces_least(name: str, country: str) -> None:
    found = misplaced(name, country)

    assert min(found, key=found.__getitem__) == "learned"


def test_the_guide_shows_what_was_measured() -> None:
    rows = [
        [f"{misplaced(name, country)[way]:.1%}" for way in WAYS]
        for name, country in COMPANIES.items()
    ]

    text = GUIDE.read_text(encoding="utf-8")

    for row in rows:
        assert f"| {' | '.join(row)} |" in text


WAYS = ("learned", "own months", "working days", "even")
