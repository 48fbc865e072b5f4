"""From days to months: who is there for which part of a month, and of the period."""

from datetime import date

import numpy as np
import pytest

from service.allocations.assemble import Terms, assemble
from service.allocations.presence import hired_in_months, in_seat, in_seat_by_month, months_away
from service.roster.domain import NONE, Absences, read_inputs
from solver.policy import Policy

YEAR = (date(2027, 1, 1), date(2027, 12, 31))
JANUARY_2027 = 2027 * 12


def away(*rows: tuple[int, str, str | None, float]) -> Absences:
    """Rep, first and last day, share."""
    days = [
        [date.fromisoformat(day).toordinal() if day else NONE for day in (first, last)]
        for _, first, last, _ in rows
    ]
    return Absences(
        rep=np.array([rep for rep, *_ in rows], np.int64),
        first=np.array([first for first, _ in days], np.int64),
        last=np.array([last for _, last in days], np.int64),
        share=np.array([share for *_, share in rows], np.float64),
    )


def day(text: str) -> np.ndarray:
    return np.array([date.fromisoformat(text).toordinal()])


def test_a_day_of_hiring_is_a_month_and_the_part_of_it_that_has_passed() -> None:
    assert hired_in_months(day("2027-01-01")).tolist() == [JANUARY_2027]
    assert hired_in_months(day("2026-06-16")).tolist() == [JANUARY_2027 - 7 + 0.5]
    assert hired_in_months(day("0001-01-01")).tolist() == [12]
    assert np.isnan(hired_in_months(np.array([NONE]))).all()


def test_an_absence_is_spread_over_its_months_by_days() -> None:
    found = months_away(away((0, "2026-11-16", "2027-01-31", 0.5)), JANUARY_2027 - 36, JANUARY_2027)

    assert found.month.tolist() == [JANUARY_2027 - 2, JANUARY_2027 - 1]
    assert found.share.tolist() == [0.25, 0.5]


def test_one_that_began_before_the_history_and_ends_nobody_knows_when() -> None:
    found = months_away(away((3, "1999-01-01", None, 1.0)), JANUARY_2027 - 2, JANUARY_2027)

    assert found.rep.tolist() == [3, 3]
    assert found.share.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("hired", "absences", "part"),
    [
        (None, [], 1.0),
        ("2027-07-02", [], 183 / 365),
        (None, [(0, "2027-01-01", "2027-03-14", 1.0)], 292 / 365),
        (None, [(0, "2026-07-01", "2027-03-14", 0.5)], (292 + 73 / 2) / 365),
        ("2027-07-02", [(0, "2027-01-01", "2027-07-31", 1.0)], 153 / 365),
        (None, [(0, "2027-07-02", None, 1.0)], 182 / 365),
        (None, [(0, "2026-01-01", "2026-12-31", 1.0)], 1.0),
        (None, [(0, "2027-01-01", None, 1.0), (0, "2027-01-01", None, 1.0)], 0.0),
    ],
)
def test_planned_absences_lower_the_part_of_the_period_in_the_seat(
    hired: str | None, absences: list[tuple[int, str, str | None, float]], part: float
) -> None:
    since = day(hired) if hired else np.array([NONE])

    assert in_seat(since, away(*absences), YEAR) == pytest.approx(part)


DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@pytest.mark.parametrize(
    ("hired", "absences", "first", "sixth"),
    [
        (None, [], 1.0, 1.0),
        ("2027-06-16", [], 0.0, 0.5),
        ("2029-01-01", [], 0.0, 0.0),
        (None, [(0, "2027-06-01", "2027-06-30", 1.0)], 1.0, 0.0),
        (None, [(0, "2026-07-01", "2027-01-31", 0.5)], 0.5, 1.0),
        ("2027-06-16", [(0, "2027-01-01", "2027-06-20", 1.0)], 0.0, 10 / 30),
        (None, [(0, "2027-06-01", None, 1.0)], 1.0, 0.0),
    ],
)
def test_the_part_of_each_month_adds_up_to_that_of_the_period(
    hired: str | None,
    absences: list[tuple[int, str, str | None, float]],
    first: float,
    sixth: float,
) -> None:
    since = day(hired) if hired else np.array([NONE])

    found = in_seat_by_month(since, away(*absences), YEAR)[0]

    assert found[[0, 5]] == pytest.approx([first, sixth])
    assert found @ DAYS / 365 == pytest.approx(in_seat(since, away(*absences), YEAR)[0])


class TestPlan:
    def history(self, bobs: float) -> list[dict[str, object]]:
        return [
            {"rep": rep, "period": f"2026-{month:02d}",
             "actual": 0 if rep == "bob" and month > 6 else bobs if rep == "bob" else 100}
            for rep in ("ada", "bob") for month in range(1, 13)
        ]  # fmt: skip

    def test_who_was_on_leave_for_half_a_year_is_expected_to_sell_like_before(self) -> None:
        leave = [{"from": "2026-07-01", "to": "2026-12-31"}]
        body = {
            "target": 2400,
            "reps": [{"id": "ada"}, {"id": "bob", "absences": leave}],
            "history": self.history(100),
        }

        case = assemble(read_inputs(body, digits=0), Terms("JPY", 0), Policy())

        assert case.problem.reps.baseline == pytest.approx([1200, 1200])

    def test_absences_without_a_period_or_history_ask_for_the_period(self) -> None:
        body = {
            "target": 100,
            "reps": [{"id": "ada", "absences": [{"from": "2027-01-01", "to": "2027-01-31"}]}],
        }

        with pytest.raises(Exception, match="somebody is away"):
            assemble(read_inputs(body, digits=0), Terms("JPY", 0), Policy())

    def test_the_sigma_that_is_given_wins_and_the_history_tells_the_others(self) -> None:
        reps = [{"id": f"r{k:02d}"} for k in range(12)]
        reps[0]["sigma"] = 0.123  # type: ignore[assignment]
        reps[1]["baseline"] = 1200  # type: ignore[assignment]
        generator = np.random.default_rng(1)
        history = [
            {"rep": rep["id"], "period": f"{2024 + m // 12}-{m % 12 + 1:02d}",
             "actual": float(100 * np.exp(generator.normal(0, 0.3)))}
            for rep in reps for m in range(36)
        ]  # fmt: skip
        body = {"target": 20000, "reps": reps, "history": history}

        case = assemble(read_inputs(body, digits=0), Terms("JPY", 0), Policy())

        sigma = case.problem.reps.sigma
        assert sigma[0] == 0.123
        assert np.isnan(sigma[1])
        assert np.all((sigma[2:] > 0.05) & (sigma[2:] < 0.3))
