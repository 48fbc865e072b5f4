"""From facts to the problem: dates to months, territories to potential, seats to shares."""

from datetime import date
from time import process_time
from typing import Any

import numpy as np
import pytest

import solver.errors
from service.allocations.assemble import Case, Terms, assemble
from service.allocations.patience import Patience
from service.allocations.solving import (
    CallerLeft,
    PlanNotConfirmed,
    RoundingFailed,
    SolveTookTooLong,
    allocate,
    in_the_callers_words,
)
from service.allocations.targets import largest_target, smallest_target
from service.kit.errors import AppError, InvalidInput
from service.roster.domain import read_inputs
from solver.errors import EnginesDisagree, LinearProgramFailed, SolverError, SolveStopped, TimeIsUp
from solver.policy import Policy
from solver.problem import padded

YEAR = (date(2027, 1, 1), date(2027, 12, 31))


def a_case(period: tuple[date, date] | None = YEAR, digits: int = 2, **facts: Any) -> Case:
    """Two reps, whatever else is given; currency with two decimals."""
    body = {"target": 1000, "reps": [{"id": "a"}, {"id": "b"}], **facts}
    terms = Terms("USD", digits, period=period)
    return assemble(read_inputs(body, digits=digits), terms, Policy())


class TestPeriod:
    def test_follows_the_history_for_twelve_months(self) -> None:
        history = [{"rep": "a", "period": period, "actual": 1} for period in ("2026-09", "2025-12")]

        assert a_case(None, history=history).period == (date(2026, 10, 1), date(2027, 9, 30))

    def test_is_not_needed_where_nothing_has_a_date(self) -> None:
        assert a_case(None).period is None

    def test_a_hire_of_the_past_needs_none(self) -> None:
        assert a_case(None, reps=[{"id": "a", "hired": date(2020, 1, 1)}]).period is None

    @pytest.mark.parametrize(
        "facts",
        [
            {"reps": [{"id": "a", "vacant": True, "hired": date(2027, 4, 1)}]},
            {"territories": [{"id": "t", "holders": [{"rep": "a", "to": date(2027, 4, 1)}]}]},
        ],
    )
    def test_is_asked_for_where_something_has_a_date(self, facts: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput) as refused:
            a_case(None, **facts)

        assert [fault.pointer for fault in refused.value.faults] == ["/period"]


class TestSeats:
    @pytest.mark.parametrize(
        ("hired", "share"),
        [
            (None, 1.0),
            (date(2020, 1, 1), 1.0),
            (date(2027, 1, 1), (6 * 1 / 2 + 6) / 12),
            (date(2027, 7, 2), 183 / 365 / 2),
            (date(2027, 12, 31), 1 / 365 / 12),
            (date(2028, 1, 1), 0.0),
        ],
    )
    def test_a_seat_counts_from_the_day_it_is_filled_and_with_the_ramp_of_somebody_new(
        self, hired: date | None, share: float
    ) -> None:
        case = a_case(reps=[{"id": "a", "vacant": True, "hired": hired}, {"id": "b"}])

        baseline = case.problem.reps.baseline
        assert baseline[0] == pytest.approx(baseline[1] * share)

    def test_a_given_baseline_is_taken_as_it_is(self) -> None:
        reps = [{"id": "a", "vacant": True, "hired": date(2027, 7, 1), "baseline": 5}]

        assert a_case(reps=reps).problem.reps.baseline.tolist() == [500]


class TestPotential:
    def test_is_that_of_the_territories_held_when_the_period_starts(self) -> None:
        territories = [
            {"id": "t", "potential": 60, "holders": [{"rep": "a", "share": 0.25},
                                                     {"rep": "b", "share": 0.75}]},
            {"id": "u", "potential": 10, "holders": [
                {"rep": "a", "to": date(2026, 12, 31)},
                {"rep": "b", "from": date(2027, 1, 1)},
            ]},
        ]  # fmt: skip

        assert a_case(territories=territories).problem.reps.potential.tolist() == [1500, 5500]

    def test_of_the_rep_wins(self) -> None:
        territories = [{"id": "t", "potential": 60, "holders": [{"rep": "a"}]}]

        case = a_case(reps=[{"id": "a", "potential": 7}], territories=territories)

        assert case.problem.reps.potential.tolist() == [700]

    @pytest.mark.parametrize(
        ("first", "held"), [(date(2027, 1, 1), True), (date(2027, 1, 2), False)]
    )
    def test_who_comes_a_day_late_does_not_hold_it_yet(self, first: date, *, held: bool) -> None:
        territories = [{"id": "t", "potential": 60, "holders": [{"rep": "a", "from": first}]}]

        potential = a_case(territories=territories).problem.reps.potential

        assert np.isnan(potential[0]) != held


class TestRulesAcrossTheTree:
    def test_peer_groups_stand_by_the_rows_of_the_reps(self) -> None:
        reps = [
            {"id": "b", "cohorts": {"role": "AE", "since": "2024"}},
            {"id": "a", "cohorts": {"role": ""}},
            {"id": "c"},
        ]

        assert a_case(reps=reps).problem.cohorts == {
            "role": (None, "AE", None),
            "since": (None, "2024", None),
        }

    def test_those_of_many_reps_are_read_in_one_pass(self) -> None:
        """A column for each rep and cohort took 10 s for 100,000 reps."""
        cohorts = dict.fromkeys(("role", "grade", "site", "since"), "AE")
        known = {"baseline": 1, "reach": 1, "cohorts": cohorts}
        inputs = read_inputs(
            {"target": 30_000, "reps": [{"id": f"r{k}", **known} for k in range(30_000)]}, digits=2
        )
        begun = process_time()

        assemble(inputs, Terms("USD", 2), Policy())

        assert process_time() - begun < 1.0

    def test_an_unknown_margin_stays_unknown(self) -> None:
        reps = [{"id": "a", "margin": -0.25}, {"id": "b"}]

        margin = a_case(reps=reps).problem.reps.margin

        assert margin.tolist() == pytest.approx([-0.25, np.nan], nan_ok=True)


def test_given_figures_depend_on_nothing_else() -> None:
    reps = [{"id": key, "baseline": 100, "reach": 10} for key in "ab"]
    history = [{"rep": "a", "period": "2026-01", "actual": 1e6}]

    alone = allocate(a_case(reps=reps))
    surrounded = allocate(a_case(reps=reps, history=history, forecast=5))

    assert alone.quota.tolist() == surrounded.quota.tolist() == [50_000, 50_000]


def test_sales_dated_in_the_period_change_nothing() -> None:
    history = [
        {"rep": key, "period": f"2026-{month:02d}", "actual": ord(key) + month}
        for key in "ab"
        for month in range(1, 13)
    ]
    later = [{"rep": "a", "period": "2027-01", "actual": 1e6}]

    one, other = a_case(history=history), a_case(history=history + later)

    assert one.problem.reps.baseline.tolist() == other.problem.reps.baseline.tolist()


class TestSolverErrors:
    """Which of them can happen is the solver's business; here is what a caller hears."""

    @pytest.mark.parametrize(
        ("error", "problem"),
        [
            (LinearProgramFailed("no answer"), PlanNotConfirmed),
            (EnginesDisagree("1 is not 2"), PlanNotConfirmed),
            (solver.errors.RoundingFailed("no whole quotas"), RoundingFailed),
            (TimeIsUp(), SolveTookTooLong),
            (SolveStopped(), CallerLeft),
        ],
    )
    def test_are_problems_in_the_callers_words(
        self, error: SolverError, problem: type[AppError]
    ) -> None:
        with pytest.raises(problem), in_the_callers_words(a_case(), Patience()):
            raise error

    def test_asking_again_soon_would_not_be_quicker(self) -> None:
        assert SolveTookTooLong("late").headers == {}


@pytest.mark.parametrize("over", [-0.9, -0.5, 0.0, 0.05, 1 / 3, 2.0, 10.0])
@pytest.mark.parametrize("amount", [0, 1, 7, 999, 10**12 + 1])
def test_targets_on_either_side_of_an_amount(amount: int, over: float) -> None:
    below, above = largest_target(amount, over), smallest_target(amount, over)

    assert padded(below, over) <= amount < padded(below + 1, over)
    assert padded(above, over) >= amount
    assert above == 0 or padded(above - 1, over) < amount
