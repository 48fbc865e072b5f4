"""What holds for the estimate of any company."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.estimate import Absences, Evidence, SalesHistory, estimate
from solver.problem import IntArray
from tests.solver.drawing import one_of
from tests.solver.estimate.company import START, Holding, a_company

amounts = st.one_of(st.just(0.0), st.floats(-1e6, 1e9).map(lambda x: round(x, 2)))
positive = st.one_of(st.just(0.0), st.floats(0.01, 1e9))
PLACES = ("north", "south", "west")


@st.composite
def companies(draw: st.DrawFn) -> Evidence:
    """Any mix of what may be known and unknown about a few reps and territories."""
    reps = [f"r{i}" for i in range(draw(st.integers(1, 5)))]
    parts = _parts(tuple(reps))
    return a_company(
        reps,
        **{name: draw(part) for name, part in parts.items()},
        territories=draw(_potentials),
        length=draw(one_of(1, 3, 12, 18)),
        forecast=draw(_unknown_or_positive),
        target=draw(_unknown_or_positive),
    )


_potentials = st.fixed_dictionaries(dict.fromkeys(PLACES, positive | st.just(np.nan)))
_unknown_or_positive = st.none() | positive


@cache
def _parts(reps: tuple[str, ...]) -> dict[str, st.SearchStrategy[Any]]:
    """What is drawn for these reps, by the name that `a_company` has for it."""
    rep, months = st.sampled_from(reps), st.integers(START - 50, START + 3)
    held = st.builds(
        Holding,
        st.sampled_from(PLACES),
        rep,
        st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        months.filter(lambda m: m < START + 2),
        st.integers(START - 5, START + 20),
    )
    sold = st.tuples(st.sampled_from([*reps, *PLACES]), months, amounts)
    away = st.tuples(rep, months, st.sampled_from([0.25, 0.5, 1.0]))
    of_some: dict[str, st.SearchStrategy[float]] = {
        "baseline": positive,
        "potential": positive,
        "capacity": positive,
        "last_year": amounts,
        "fte": st.sampled_from([0.5, 1.0]),
        "in_seat": st.sampled_from([0.0, 0.5, 1.0]),
        "hired": st.floats(START - 60, START + 12),
    }
    return {
        "history": st.lists(sold, max_size=30),
        "holdings": st.lists(held, max_size=5),
        **{name: st.dictionaries(rep, values) for name, values in of_some.items()},
        "absences": st.lists(away, max_size=6),
    }


def figures(evidence: Evidence) -> dict[str, tuple[object, ...]]:
    """The answer by rep, nan made comparable."""
    a = estimate(evidence)
    columns = (a.baseline, a.reach, np.nan_to_num(a.benchmark, nan=-1), a.basis, a.index.tolist())
    return dict(zip(evidence.rep_ids, zip(*columns, strict=True), strict=True))


@given(companies())
def test_expected_sales_and_reach_are_finite_and_not_negative(company: Evidence) -> None:
    answer = estimate(company)

    for column in (answer.baseline, answer.reach):
        assert np.isfinite(column).all()
        assert (column >= 0).all()


@given(companies(), st.randoms())
def test_the_order_of_rows_never_matters_to_the_last_bit(company: Evidence, random: Random) -> None:
    def shuffled(n: int) -> IntArray:
        return np.array(random.sample(range(n), n), np.int64)

    rows, held = shuffled(len(company.history)), shuffled(len(company.holdings))
    away = shuffled(len(company.absences))
    other = replace(
        company,
        history=_rows(company.history, rows),
        absences=Absences(
            company.absences.rep[away], company.absences.month[away], company.absences.share[away]
        ),
        holdings=type(company.holdings)(
            *(getattr(company.holdings, name)[held] for name in company.holdings.__slots__)
        ),
    ).reordered(shuffled(len(company)))

    assert figures(other) == figures(company)
    assert estimate(other).parameters == estimate(company).parameters


@given(companies())
def test_a_rep_and_a_twin_with_the_same_evidence_get_the_same_figures(company: Evidence) -> None:
    """Every rep is doubled; a twin holds half of each territory."""
    n, history, holdings = len(company), company.history, company.holdings
    own = history.rep >= 0
    twins = Evidence(
        rep_ids=(*company.rep_ids, *(f"{name} twin" for name in company.rep_ids)),
        start=company.start,
        end=company.end,
        **{
            name: np.tile(getattr(company, name), 2)
            for name in (
                "baseline",
                "reach",
                "potential",
                "capacity",
                "last_year",
                "fte",
                "in_seat",
                "hired",
            )
        },
        territory_ids=company.territory_ids,
        territory_potential=company.territory_potential,
        holdings=type(holdings)(
            np.tile(holdings.territory, 2),
            np.concatenate((holdings.rep, holdings.rep + n)),
            np.tile(holdings.share / 2, 2),
            np.tile(holdings.first, 2),
            np.tile(holdings.last, 2),
        ),
        history=SalesHistory(
            np.concatenate((history.rep, history.rep[own] + n)),
            np.concatenate((history.territory, history.territory[own])),
            np.concatenate((history.month, history.month[own])),
            np.concatenate((history.actual, history.actual[own])),
        ),
        absences=Absences(
            np.concatenate((company.absences.rep, company.absences.rep + n)),
            np.tile(company.absences.month, 2),
            np.tile(company.absences.share, 2),
        ),
        forecast=company.forecast,
        target=company.target,
    )
    found = figures(twins)

    for name in company.rep_ids:
        assert found[name] == found[f"{name} twin"]


@given(companies())
def test_nothing_dated_at_or_after_the_start_changes_anything(company: Evidence) -> None:
    history = company.history
    past = _rows(history, np.flatnonzero(history.month < company.start))

    assert figures(replace(company, history=past)) == figures(company)


@given(companies(), st.sampled_from([0.01, 7.0, 1e4]))
def test_another_currency_changes_nothing_but_the_unit(company: Evidence, factor: float) -> None:
    money = ("baseline", "reach", "potential", "capacity", "last_year", "territory_potential")
    other = replace(
        company,
        **{name: getattr(company, name) * factor for name in money},
        history=replace(company.history, actual=company.history.actual * factor),
        forecast=None if company.forecast is None else company.forecast * factor,
        target=None if company.target is None else company.target * factor,
    )
    here, there = estimate(company), estimate(other)

    tolerance = 1e-9 * factor * max(here.parameters.estimated_total, 1e-6)
    np.testing.assert_allclose(there.baseline, here.baseline * factor, rtol=1e-7, atol=tolerance)
    np.testing.assert_allclose(there.reach, here.reach * factor, rtol=1e-6, atol=tolerance)
    assert there.basis == here.basis


@given(companies())
def test_potentials_may_come_in_any_unit_of_measure(company: Evidence) -> None:
    other = replace(
        company,
        potential=company.potential * 3,
        territory_potential=company.territory_potential * 3,
    )
    here = estimate(company)

    tolerance = 1e-9 * max(here.parameters.estimated_total, 1e-6)
    np.testing.assert_allclose(estimate(other).baseline, here.baseline, rtol=1e-7, atol=tolerance)


@given(companies(), st.data())
def test_a_given_baseline_of_a_rep_with_history_changes_nobody_elses(
    company: Evidence, data: st.DataObject
) -> None:
    known = np.flatnonzero(estimate(company).known.any(axis=1))
    if not len(known) or estimate(company).parameters.company_total_source == "given_baselines":
        return
    i = data.draw(st.sampled_from(known.tolist()))
    baseline = company.baseline.copy()
    baseline[i] = data.draw(st.floats(1, 1e9))
    before, after = estimate(company), estimate(replace(company, baseline=baseline))
    if after.parameters.company_total_source == before.parameters.company_total_source:
        assert np.delete(after.baseline, i).tolist() == np.delete(before.baseline, i).tolist()


@pytest.mark.parametrize("twice", [False, True])
@settings(max_examples=30)
@given(sales=st.lists(st.floats(100, 1e6), min_size=2, max_size=5))
def test_selling_more_never_lowers_the_own_expected_sales(
    *, sales: list[float], twice: bool
) -> None:
    reps = [f"r{i}" for i in range(len(sales))]
    years = (START - 1, START - 13) if twice else (START - 1,)

    def expected(first: float) -> float:
        history = [
            (rep, month - k, amount / 12)
            for month in years
            for rep, amount in zip(reps, [first, *sales[1:]], strict=True)
            for k in range(12)
        ]
        return float(estimate(a_company(reps, history=history)).baseline[0])

    assert expected(sales[0] * 1.1) >= expected(sales[0])


def _rows(history: SalesHistory, rows: IntArray) -> SalesHistory:
    return SalesHistory(*(getattr(history, name)[rows] for name in history.__slots__))
