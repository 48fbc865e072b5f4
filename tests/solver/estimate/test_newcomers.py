"""How long a ramp is: learned from people who were new once, against their colleagues."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solver.estimate import Evidence, estimate
from solver.estimate.history import sales_of_reps
from solver.estimate.learning import Learned
from solver.estimate.newcomers import learn_ramp
from tests.solver.estimate.company import START, Actual, Holding, a_company, baselines

MONTHS = 48
USUAL = Learned(6.0)
LONG_AGO = START - 200.0


def sold_by(
    who: str, hired: float, ramp: float, *, luck: float = 0.0, seed: int = 0
) -> list[Actual]:
    """Sales of 100 a month with a season and growth, after a ramp; `luck` swings single months."""
    generator = np.random.default_rng(seed)
    rows: list[Actual] = []
    for when in range(max(START - MONTHS, int(hired)), START):
        part = min(1.0, (when - int(hired) + 0.5) / ramp) if ramp else 1.0
        season = 1 + 0.5 * np.sin(when / 12 * 2 * np.pi)
        grown = 1.01 ** (when - START)
        lucky = float(np.exp(generator.normal(-(luck**2) / 2, luck)))
        rows.append((who, when, 100 * season * grown * part * lucky))
    return rows


def a_team(ramp: float, *, new: int = 12, luck: float = 0.0, months_ago: int = 36) -> Evidence:
    """Five who have always been there, and as many as asked for who came since, a month apart."""
    hired = {f"old{k}": LONG_AGO for k in range(5)}
    hired |= {f"new{k:02d}": float(START - months_ago + k) for k in range(new)}
    history = [
        row
        for seed, (who, when) in enumerate(hired.items())
        for row in sold_by(who, when, ramp, luck=luck, seed=seed)
    ]
    return a_company(sorted(hired), history=history, hired=hired, length=12)


def learned(evidence: Evidence) -> Learned[float]:
    return learn_ramp(evidence, sales_of_reps(evidence))


@pytest.mark.parametrize("months", [0.0, 3.0, 6.0, 9.0, 12.0])
def test_the_ramp_of_a_company_is_found_whatever_its_season_and_growth(months: float) -> None:
    """Twelve people draw it almost wholly from the usual six months."""
    found = learned(a_team(months))

    assert found.observations == 12
    assert found.value == pytest.approx(months, abs=0.8)


@pytest.mark.parametrize("months", [0.0, 9.0])
def test_swings_of_single_months_leave_it_between_the_usual_one_and_the_truth(
    months: float,
) -> None:
    found = learned(a_team(months, luck=0.4)).value

    assert abs(found - months) < 2
    assert min(months, 6.0) <= found <= max(months, 6.0) + 1


def test_three_people_tell_and_two_do_not() -> None:
    assert learned(a_team(0.0, new=2)) == USUAL
    told = learned(a_team(0.0, new=3))

    assert told.observations == 3
    assert 0 < told.value < 5


def test_who_came_within_eighteen_months_does_not_tell_yet() -> None:
    assert learned(a_team(0.0, months_ago=18)).observations == 0
    assert learned(a_team(0.0, months_ago=18 + 3)).observations == 4


def test_a_team_of_beginners_has_nobody_to_be_measured_against() -> None:
    hired = {f"new{k}": START - 40.0 for k in range(8)}
    history = [row for who, when in hired.items() for row in sold_by(who, when, 0.0)]

    assert learned(a_company(sorted(hired), history=history, hired=hired)) == USUAL


def test_who_takes_over_a_territory_or_sold_before_is_no_beginner() -> None:
    team = a_team(0.0)
    before = [(f"new{k:02d}", START - 40, 50.0) for k in range(12)]
    rows = [(team.rep_ids[r], int(m), float(a)) for r, m, a in _rows(team)]
    hired = dict(zip(team.rep_ids, team.hired.tolist(), strict=True))
    heirs = [Holding(f"t{k:02d}", f"new{k:02d}") for k in range(12)]
    places = {f"t{k:02d}": 1.0 for k in range(12)}
    inherited = [("t" + who[3:] if who.startswith("new") else who, m, a) for who, m, a in rows]

    sold_before = a_company(team.rep_ids, history=rows + before, hired=hired)
    took_over = a_company(
        team.rep_ids, history=inherited, hired=hired, territories=places, holdings=heirs
    )

    assert learned(sold_before) == USUAL
    assert learned(took_over) == USUAL


def test_leave_in_the_first_months_is_no_ramp() -> None:
    """All who are new are away for their third and fourth month."""
    team = a_team(3.0)
    hired = dict(zip(team.rep_ids, team.hired.tolist(), strict=True))
    away = {(who, int(when) + k) for who, when in hired.items() if when > LONG_AGO for k in (2, 3)}
    rows = [(team.rep_ids[r], int(m), float(a)) for r, m, a in _rows(team)]
    there = [(who, m, 0.0 if (who, m) in away else a) for who, m, a in rows]
    company = a_company(
        team.rep_ids, history=there, hired=hired, absences=[(who, m, 1.0) for who, m in away]
    )

    assert learned(company).value == pytest.approx(3.0, abs=1.1)
    assert learned(a_company(team.rep_ids, history=there, hired=hired)).value > 6


def test_a_month_in_which_colleagues_took_more_back_than_they_sold_tells_nothing() -> None:
    team = a_team(3.0)
    hired = dict(zip(team.rep_ids, team.hired.tolist(), strict=True))
    rows = [(team.rep_ids[r], int(m), float(a)) for r, m, a in _rows(team)]
    back = [("old0", START - 27, -100_000.0), ("old0", START - 18, -100_000.0)]

    found = learned(a_company(team.rep_ids, history=rows + back, hired=hired))

    assert found.observations == 12
    assert found.value == pytest.approx(learned(team).value, abs=0.5)


def test_months_made_up_from_last_year_teach_nothing() -> None:
    hired = {f"r{k}": START - 30.0 for k in range(12)}
    told = dict.fromkeys(hired, 1200.0)

    found = estimate(a_company(sorted(hired), hired=hired, last_year=told)).parameters

    assert (found.ramp_months, found.ramp_reps) == (6.0, 0)


def test_the_length_is_told_used_and_frozen() -> None:
    """Somebody new at the start of the year, where nobody needs time to get going."""
    team = a_team(0.0)
    hired = dict(zip(team.rep_ids, team.hired.tolist(), strict=True)) | {"zoe": float(START)}
    rows = [(team.rep_ids[r], int(m), float(a)) for r, m, a in _rows(team)]
    company = a_company(sorted(hired), history=rows, hired=hired)
    slow = estimate(a_team(12.0)).parameters

    found = estimate(company)
    again = estimate(company, slow)

    assert found.parameters.ramp_months < 0.8
    assert found.parameters.ramp_reps == 12
    assert found.ramp[company.rep_ids.index("zoe")] == pytest.approx(1.0, abs=0.02)
    assert again.parameters.ramp_months == slow.ramp_months
    assert again.ramp[company.rep_ids.index("zoe")] == pytest.approx(0.5, abs=0.05)


def test_nobody_who_was_new_is_overrated_where_there_is_no_ramp() -> None:
    """All sell the same; the usual ramp would expect more of the youngest than of the others."""
    team = a_team(0.0, new=20)

    expected = baselines(replace(team, forecast=2_500_000.0))

    assert expected["new19"] == pytest.approx(expected["old0"], rel=0.02)


def test_neither_currency_nor_order_changes_it() -> None:
    team = a_team(4.0, luck=0.4)
    order = np.random.default_rng(1).permutation(len(team))
    dearer = replace(team, history=replace(team.history, actual=team.history.actual * 1e4))

    assert estimate(team.reordered(order)).parameters == estimate(team).parameters
    assert learned(dearer).value == pytest.approx(learned(team).value)


def _rows(evidence: Evidence) -> list[tuple[int, int, float]]:
    history = evidence.history
    return list(
        zip(history.rep.tolist(), history.month.tolist(), history.actual.tolist(), strict=True)
    )
