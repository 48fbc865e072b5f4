"""Quotas of months shared by days in the seat: leave, hire, transfer, swap, another working time"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.problem import IntArray
from solver.proration import (
    AWAY,
    NOT_NEW,
    RAMP,
    VACANT,
    Absences,
    Proration,
    Tenures,
    prorate,
)
from solver.spread.calendar import YEAR, Calendar, working_calendar
from tests.solver.drawing import one_of

JANUARY = 2027 * YEAR
ANN, BOB, CYD = range(3)
NEW_YEAR, YEARS_END = date(2027, 1, 1), date(2027, 12, 31)


def months_of_2027(count: int = 12, country: str | None = None) -> Calendar:
    return working_calendar(country, JANUARY, JANUARY + count)


def tenure(
    seat: int,
    holder: int,
    first: date = NEW_YEAR,
    last: date = YEARS_END,
    *,
    share: float = 1.0,
    fte: float = 1.0,
    hired: int = NOT_NEW,
) -> tuple[Any, ...]:
    return seat, holder, first.toordinal(), last.toordinal(), share, fte, hired


def tenures(*rows: tuple[Any, ...]) -> Tenures:
    seat, holder, first, last, share, fte, hired = zip(*rows, strict=True) if rows else [()] * 7
    return Tenures(
        seat=np.array(seat, np.int64),
        holder=np.array(holder, np.int64),
        first=np.array(first, np.int64),
        last=np.array(last, np.int64),
        share=np.array(share, np.float64),
        fte=np.array(fte, np.float64),
        hired=np.array(hired, np.int64),
    )


def absences(*rows: tuple[int, date, date, float]) -> Absences:
    holder, first, last, share = zip(*rows, strict=True)
    return Absences(
        np.array(holder),
        np.array([day.toordinal() for day in first]),
        np.array([day.toordinal() for day in last]),
        np.array(share, np.float64),
    )


def evenly(seats: int, amount: int, count: int = 12) -> IntArray:
    return np.full((seats, count), amount, np.int64)


class TestEvents:
    """Every month of 2027 carries 2,100; its working days are 21, 20, 23, 22, 21, 22 …"""

    def test_who_is_there_all_the_time_carries_all(self) -> None:
        found = prorate(evenly(1, 2_100), months_of_2027(), tenures(tenure(0, ANN)))

        assert found.of_holders(1).tolist() == [[2_100] * 12]
        assert found.holder.tolist() == [ANN]

    def test_who_follows_in_march_carries_the_days_from_then_on(self) -> None:
        """March has 23 working days; 8 lie before Thursday the 11th."""
        found = prorate(
            evenly(1, 2_300, 3),
            months_of_2027(3),
            tenures(
                tenure(0, ANN, last=date(2027, 3, 10)), tenure(0, BOB, first=date(2027, 3, 11))
            ),
        )

        assert found.of_holders(2).tolist() == [[2_300, 2_300, 800], [0, 0, 1_500]]

    def test_a_gap_between_two_holders_is_vacant(self) -> None:
        """A Friday to a Monday: the weekend between is no working day."""
        found = prorate(
            evenly(1, 2_300, 3),
            months_of_2027(3),
            tenures(
                tenure(0, ANN, last=date(2027, 3, 10)), tenure(0, BOB, first=date(2027, 3, 15))
            ),
        )

        assert found.of_holders(2)[:, 2].tolist() == [800, 1_300]
        assert found.uncovered(1, VACANT).tolist() == [[0, 0, 200]]

    def test_leave_is_told_apart_and_overlapping_leave_counts_once(self) -> None:
        """The first half of February 2027, 10 of 20 working days, twice."""
        half = (ANN, date(2027, 2, 1), date(2027, 2, 14), 1.0)
        partly = (ANN, date(2027, 2, 8), date(2027, 2, 28), 0.5)

        once = prorate(
            evenly(1, 2_000, 2), months_of_2027(2), tenures(tenure(0, ANN)), absences(half)
        )
        both = prorate(
            evenly(1, 2_000, 2), months_of_2027(2), tenures(tenure(0, ANN)), absences(half, partly)
        )

        assert once.of_holders(1).tolist() == [[2_000, 1_000]]
        assert both.of_holders(1).tolist() == [[2_000, 500]]
        assert both.uncovered(1, AWAY).tolist() == [[0, 1_500]]
        assert not both.uncovered(1, VACANT).any()

    def test_a_hire_carries_the_ramp_and_what_it_leaves_is_told_apart(self) -> None:
        """A twelfth in the first month, three twelfths in the second, all from the seventh on."""
        found = prorate(evenly(1, 1_200), months_of_2027(), tenures(tenure(0, ANN, hired=JANUARY)))

        carried = [100, 300, 500, 700, 900, 1_100, *[1_200] * 6]
        assert found.of_holders(1).tolist() == [carried]
        assert found.uncovered(1, RAMP).tolist() == [[1_200 - of for of in carried]]

    def test_less_working_time_from_a_day_on_carries_less(self) -> None:
        """April has 22 working days, 11 of them from the 16th on."""
        found = prorate(
            evenly(1, 2_200),
            months_of_2027(),
            tenures(
                tenure(0, ANN, last=date(2027, 4, 15)),
                tenure(0, ANN, first=date(2027, 4, 16), fte=0.6),
            ),
        )

        assert found.of_holders(1)[0, 2:5].tolist() == [2_200, 1_760, 1_320]
        assert found.uncovered(1, AWAY)[0, 2:5].tolist() == [0, 440, 880]

    def test_a_swap_moves_what_the_two_seats_carry_and_nothing_else(self) -> None:
        july = date(2027, 7, 1)
        before = tenures(tenure(0, ANN), tenure(1, BOB), tenure(2, CYD))
        after = tenures(
            tenure(0, ANN, last=july - timedelta(1)), tenure(1, ANN, first=july),
            tenure(1, BOB, last=july - timedelta(1)), tenure(0, BOB, first=july),
            tenure(2, CYD),
        )  # fmt: skip
        months = np.array([[1_000] * 12, [3_000] * 12, [500] * 12])

        was, is_ = (prorate(months, months_of_2027(), of).of_holders(3) for of in (before, after))

        assert was[ANN].tolist() == [1_000] * 12
        assert is_[ANN].tolist() == [1_000] * 6 + [3_000] * 6
        assert is_[BOB].tolist() == [3_000] * 6 + [1_000] * 6
        assert is_[CYD].tolist() == was[CYD].tolist()

    def test_working_days_are_those_of_the_country(self) -> None:
        """China works 16 days in February 2026; nobody works on the nine days of the festival."""
        february = working_calendar("CN", 2026 * YEAR + 1, 2026 * YEAR + 2)
        festival = (ANN, date(2026, 2, 15), date(2026, 2, 23), 1.0)
        always = tenures(tenure(0, ANN, date(2026, 1, 1), date(2026, 12, 31)))

        found = prorate(np.array([[1_600]]), february, always, absences(festival))

        assert found.of_holders(1).tolist() == [[1_600]]

    def test_two_who_share_a_seat_evenly_take_turns_with_what_is_odd(self) -> None:
        """Each month is one increment: by itself it would go to the same person every time."""
        found = prorate(
            evenly(1, 10_000),
            months_of_2027(),
            tenures(tenure(0, ANN, share=0.5), tenure(0, BOB, share=0.5)),
            increment=10_000,
        )

        assert found.of_holders(2).sum(axis=1).tolist() == [60_000, 60_000]
        assert set(found.quota.ravel().tolist()) == {0, 10_000}

    def test_an_odd_amount_is_carried_whole_by_one(self) -> None:
        found = prorate(
            evenly(1, 25, 1),
            months_of_2027(1),
            tenures(tenure(0, ANN, share=0.5), tenure(0, BOB, share=0.5)),
            increment=10,
        )

        assert found.of_holders(2).tolist() == [[15], [10]]

    def test_a_month_without_a_working_day_goes_by_its_days(self) -> None:
        nobody_works = replace(
            months_of_2027(1), days=np.zeros(1, np.int64), worked=np.zeros(31, np.bool_)
        )

        found = prorate(
            evenly(1, 3_100, 1),
            nobody_works,
            tenures(tenure(0, ANN, last=date(2027, 1, 10)), tenure(0, BOB, date(2027, 1, 11))),
        )

        assert found.of_holders(2).tolist() == [[1_000], [2_100]]

    def test_a_seat_that_nobody_ever_holds_is_vacant(self) -> None:
        found = prorate(evenly(2, 100), months_of_2027(), tenures())

        assert found.uncovered(2, VACANT).tolist() == [[100] * 12] * 2


class TestClosedMonths:
    """Ann is in the seat all year. In June it becomes known that Bob took over on 15 April."""

    known_before = tenures(tenure(0, ANN))
    known_now = tenures(
        tenure(0, ANN, last=date(2027, 4, 14)), tenure(0, BOB, first=date(2027, 4, 15))
    )

    def test_they_stay_and_what_is_known_counts_from_the_first_open_month_on(self) -> None:
        settled = prorate(evenly(1, 2_200), months_of_2027(), self.known_before)

        found = prorate(
            evenly(1, 2_200), months_of_2027(), self.known_now, closed=5, settled=settled
        )

        assert found.of_holders(2).tolist() == [
            [2_200] * 5 + [0] * 7,
            [0] * 5 + [2_200] * 7,
        ]

    def test_a_new_target_changes_the_open_months_alone(self) -> None:
        settled = prorate(evenly(1, 2_200), months_of_2027(), self.known_before)
        raised = evenly(1, 2_200)
        raised[:, 5:] = 3_000

        found = prorate(raised, months_of_2027(), self.known_now, closed=5, settled=settled)

        assert found.of_holders(2).sum(axis=0).tolist() == [2_200] * 5 + [3_000] * 7

    def test_a_closed_month_that_was_to_carry_something_else_is_refused(self) -> None:
        settled = prorate(evenly(2, 2_200), months_of_2027(), self.known_before)
        other = evenly(2, 2_200)
        other[1, 3] = 2_300

        assert faults_of(other, self.known_now, closed=4, settled=settled) == [
            "months[1].quota: differs from what was settled in a closed month"
        ]
        prorate(other, months_of_2027(), self.known_now, closed=3, settled=settled)

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"closed": 13}, "closed: is 13; the period has 12 months"),
            ({"closed": -1}, "closed: is -1; the period has 12 months"),
            ({"closed": 2}, "settled: must say who carries the closed months"),
        ],
    )
    def test_closed_months_need_what_they_were_settled_to_be(
        self, more: dict[str, Any], said: str
    ) -> None:
        assert faults_of(evenly(1, 100), self.known_now, **more) == [said]

    def test_what_was_settled_for_other_seats_or_months_is_refused(self) -> None:
        said = ["settled: is of another period, or of seats that are not there"]
        shorter = prorate(evenly(1, 100, 6), months_of_2027(6), self.known_before)
        wider = prorate(evenly(3, 100), months_of_2027(), self.known_before)

        for settled in (shorter, wider):
            assert faults_of(evenly(1, 100), self.known_now, closed=2, settled=settled) == said


def faults_of(months: IntArray, known: Tenures, *more: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidProblem) as refused:
        prorate(months, months_of_2027(), known, *more, **options)
    return list(map(str, refused.value.faults))


def test_every_fault_of_the_rows_is_named() -> None:
    wrong = tenures(
        tenure(5, ANN), tenure(0, -4), tenure(0, ANN, YEARS_END, NEW_YEAR),
        tenure(0, ANN, share=0.0), tenure(0, ANN, fte=1.2),
    )  # fmt: skip
    away = absences((ANN, YEARS_END, NEW_YEAR, 1.0), (ANN, NEW_YEAR, YEARS_END, 1.5))

    assert faults_of(evenly(1, -1), wrong, away, increment=0) == [
        "tenures[0].seat: names no seat",
        "tenures[1].holder: must be 0 or more",
        "tenures[2].last: lies before the first day",
        "tenures[3].share: must be above 0, and 1 at most",
        "tenures[4].fte: must be above 0, and 1 at most",
        "absences[0].last: lies before the first day",
        "absences[1].share: must lie between 0 and 1",
        "months[0].quota: must be 0 or more in every month",
        "increment: is 0; must be 1 minor unit or more",
    ]


def test_a_seat_that_is_held_by_more_than_one_whole_holder_is_named_with_the_day() -> None:
    may = date(2027, 5, 3)
    twice = tenures(tenure(0, ANN), tenure(1, BOB, share=0.6), tenure(1, CYD, may, share=0.5))

    assert faults_of(evenly(2, 100), twice) == [
        "tenures[2].share: brings seat 1 to 1.1 holders on 2027-05-03; 1 is the most"
    ]


def test_months_of_another_period_are_refused() -> None:
    assert faults_of(evenly(1, 100, 6), tenures()) == [
        "months: have shape (1, 6), but the period has 12 months"
    ]


@dataclass(frozen=True)
class Case:
    months: IntArray
    period: Calendar
    tenures: Tenures
    absences: Absences
    increment: int

    def prorated(self, **changes: Any) -> Proration:
        asked = {"increment": self.increment, **changes}
        return prorate(self.months, self.period, self.tenures, self.absences, **asked)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """One to three seats of up to a year, each held in turns by people who come, go and are away"""
    count, seats = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    increment = draw(one_of(1, 1, 100, 10_000))
    size = st.sampled_from([0, 1, 3, 100, 12_345, 2_000_000])
    cell = st.one_of(size, size.map(lambda of: of * increment))
    months = [[draw(cell) for _ in range(count)] for _ in range(seats)]
    rows = [row for seat in range(seats) for row in draw(_held(seat))]
    away = draw(
        st.lists(st.tuples(people, days, days, st.sampled_from([0.3, 0.5, 1.0])), max_size=4)
    )
    return Case(
        np.array(months),
        months_of_2027(count, draw(one_of(None, "CN"))),
        tenures(*rows),
        absences(*((who, min(of), max(of), share) for who, *of, share in away))
        if away
        else Absences.none(),
        increment,
    )


people = st.integers(0, 3)
days = st.integers(-20, 380).map(lambda of: NEW_YEAR + timedelta(of))


@st.composite
def _held(draw: st.DrawFn, seat: int) -> list[tuple[Any, ...]]:
    """Up to three lines of holders whose shares come to 1 at most, each with gaps."""
    shares = draw(st.sampled_from([[1.0], [1.0], [0.5, 0.5], [0.2, 0.3, 0.5], [1 / 3] * 3, [0.6]]))
    rows = []
    for share in shares:
        edges = sorted(draw(st.lists(days, min_size=2, max_size=6, unique=True)))
        for first, after in pairwise(edges):
            hired = draw(one_of(NOT_NEW, NOT_NEW, JANUARY - 2, JANUARY + 3))
            fte = draw(one_of(1.0, 1.0, 0.6))
            if draw(st.integers(0, 3)):
                last = after - timedelta(1)
                who = draw(people)
                rows.append(tenure(seat, who, first, last, share=share, fte=fte, hired=hired))
    return rows


@given(cases())
def test_25_proration_segments_add_up(case: Case) -> None:
    """To the month, to the last minor unit, whoever comes and goes; in whole increments where the
    month is one, and less than one increment from the exact part.
    """
    found = case.prorated()

    carried = np.zeros_like(case.months)
    np.add.at(carried, found.seat, found.quota)
    assert np.array_equal(carried, case.months)
    assert (found.quota >= 0).all()
    assert np.abs(found.quota - found.exact).max(initial=0) < case.increment + 1e-6
    assert not found.quota[found.exact == 0].any()
    whole = case.months % case.increment == 0
    assert not (found.quota % case.increment)[whole[found.seat]].any()


@given(cases())
def test_25_where_somebody_is_there_all_the_time_nothing_is_left_over(case: Case) -> None:
    full = tenures(*(tenure(seat, seat) for seat in range(len(case.months))))

    found = replace(case, tenures=full, absences=Absences.none()).prorated()

    assert (found.holder >= 0).all()
    assert np.array_equal(found.of_holders(len(case.months)), case.months)


@given(cases(), st.integers(0, 12), st.integers(0, 12))
def test_25_closing_months_changes_nothing_by_itself(case: Case, some: int, more: int) -> None:
    count = len(case.period)
    first, then = sorted((min(some, count), min(more, count)))
    before = case.prorated()

    after = case.prorated(closed=first, settled=before)
    later = case.prorated(closed=then, settled=after)

    for found in (after, later):
        assert same(found, before)


@given(cases(), cases(), st.integers(0, 12))
def test_25_closed_months_never_change_whatever_becomes_known(
    case: Case, other: Case, closed: int
) -> None:
    closed = min(closed, len(case.period))
    settled = case.prorated()
    known = other.tenures.seat < len(case.months)
    rows = [of[known] for of in columns_of(other.tenures)]

    changed = replace(case, tenures=Tenures(*rows), absences=other.absences)
    found = changed.prorated(closed=closed, settled=settled, increment=other.increment)

    assert rows_of(found, slice(0, closed)) == rows_of(settled, slice(0, closed))
    carried = np.zeros_like(case.months)
    np.add.at(carried, found.seat, found.quota)
    assert np.array_equal(carried, case.months)


@given(cases(), st.randoms(use_true_random=False))
def test_25_the_order_of_rows_and_where_a_row_is_cut_change_nothing(
    case: Case, random: Any
) -> None:
    rows = list(zip(*(of.tolist() for of in columns_of(case.tenures)), strict=True))
    random.shuffle(rows)
    before = case.prorated()

    assert same(replace(case, tenures=tenures(*rows)).prorated(), before)
    cut = [part for row in rows for part in halves(row)]
    assert np.array_equal(replace(case, tenures=tenures(*cut)).prorated().quota, before.quota)


def halves(row: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    seat, holder, first, last, *rest = row
    middle = (first + last) // 2
    parts = [(first, middle), (middle + 1, last)] if first < last else [(first, last)]
    return [(seat, holder, *ends, *rest) for ends in parts]


def columns_of(of: Tenures) -> list[Any]:
    return [of.seat, of.holder, of.first, of.last, of.share, of.fte, of.hired]


def rows_of(found: Proration, months: slice) -> dict[tuple[int, int], list[int]]:
    """By seat and holder, without those who carry nothing then."""
    keys = zip(found.seat.tolist(), found.holder.tolist(), strict=True)
    amounts = found.quota[:, months]
    return {key: of.tolist() for key, of in zip(keys, amounts, strict=True) if of.any()}


def same(one: Proration, other: Proration) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("seat", "holder", "quota", "exact")
    )


def test_huge_amounts_add_up_to_the_last_unit() -> None:
    """Where floats do not count single units any more."""
    months = np.array([[2**53 - 1, 2**53 - 3]])
    three = tenures(*(tenure(0, who, share=1 / 3) for who in range(3)))

    found = prorate(months, months_of_2027(2), three)

    assert found.quota.sum(axis=0).tolist() == months[0].tolist()
