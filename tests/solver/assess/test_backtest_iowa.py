"""Real sales of 99 counties, 2017-01 … 2020-10: what docs/guide/backtest.md claims of them."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from solver.assess.backtest import Backtest, Score, backtest
from solver.assess.methods import Method
from tests.solver.estimate.company import Actual, a_company

IOWA = Path(__file__).parents[3] / "examples" / "iowa_counties"
NOVEMBER_2020 = 2020 * 12 + 10


@cache
def the_counties(months: int) -> Backtest:
    """Windows of so many months, counted back from the end of the data."""
    with (IOWA / "territories.csv").open(encoding="utf-8") as stream:
        potential = {row["rep_id"]: float(row["potential"]) for row in csv.DictReader(stream)}
    with (IOWA / "history.csv").open(encoding="utf-8") as stream:
        history: list[Actual] = [
            (row["rep_id"], _month(row["period"]), 100 * float(row["actual"]))
            for row in csv.DictReader(stream)
        ]
    return backtest(
        a_company(
            sorted(potential),
            history=history,
            potential=potential,
            start=NOVEMBER_2020,
            length=months,
        )
    )


def _month(period: str) -> int:
    return int(period[:4]) * 12 + int(period[5:]) - 1


def of(answer: Backtest, method: Method) -> Score:
    return next(score for score in answer.scores if score.method == method)


def test_quarter_by_quarter_ours_is_nearer_than_flat_growth() -> None:
    """On 70 months: .096 against .109; half by potential, half by history .37."""
    answer = the_counties(3)
    ours, flat = of(answer, "fairquota"), of(answer, "flat_growth")

    assert ours.windows == 14
    assert flat.error == pytest.approx(0.109, abs=0.01)
    assert ours.error == pytest.approx(0.096, abs=0.01)
    assert of(answer, "half_and_half").error == pytest.approx(0.377, abs=0.03)
    assert ours.against
    assert ours.against.high is not None
    assert ours.against.high < 0


def test_year_by_year_it_is_a_tie() -> None:
    """Two windows of 99 counties: no more than a hundredth between them."""
    answer = the_counties(12)
    ours = of(answer, "fairquota")

    assert ours.windows == 2
    assert ours.against
    assert abs(ours.against.mean) < 0.01


def test_the_end_of_the_penalty_on_the_best_shows_by_quarters() -> None:
    """Flat growth asks the best for what they had, and few of them attain it."""
    answer = the_counties(3)
    ours, flat = of(answer, "fairquota"), of(answer, "flat_growth")

    assert ours.penalty
    assert flat.penalty
    assert ours.penalty < 0.7 * flat.penalty
    assert ours.best
    assert flat.best
    assert ours.best.attaining
    assert flat.best.attaining
    assert ours.best.attaining > flat.best.attaining + 0.1
