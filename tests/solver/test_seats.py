"""Seats when people leave, come, move, swap and work another time: amounts stay, holders change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.proration import NOT_NEW, Absences, Tenures, prorate
from solver.seats import (
    Seats,
    Why,
    carried_by,
    come_back,
    hand_over,
    leave,
    move,
    moved,
    segment_days,
    swap,
    take_over,
    with_amounts,
    work_part_of_the_time,
)
from solver.spread.calendar import YEAR, working_calendar
from tests.solver.drawing import one_of

JANUARY = 2027 * YEAR


def day(month: int, of_month: int = 1) -> int:
    return date(2027, month, of_month).toordinal()


def a_team(increment: int = 1, **months: int) -> Seats:
    """Each of these reps carries the same in every month of 2027, in unit `west`."""
    seats = Seats(working_calendar(None, JANUARY, JANUARY + YEAR), increment, ())
    for rep, amount in months.items():
        seats = seats.with_row(rep, "west", [amount] * YEAR)
    return seats


def new_in(seats: Seats, rep: str, month: int) -> Seats:
    return replace(seats, people=replace(seats.people, hired={rep: month}))


def quota(seats: Seats, rep: str) -> int:
    return sum(sum(months) for (who, _), months in carried_by(seats).items() if who == rep)


def in_month(seats: Seats, rep: str, month: int) -> int:
    return sum(own[month - 1] for (who, _), own in carried_by(seats).items() if who == rep)


def nobody(seats: Seats, why: Why) -> int:
    return sum(each.amount for each in seats.segments if each.why is why)


class TestLeave:
    def test_takes_the_months_that_remain(self) -> None:
        after = leave(a_team(ann=100), "ann", day(5))

        assert quota(after, "ann") == 400
        assert nobody(after, Why.VACANT) == 800

    def test_of_the_month_in_which_it_falls_the_working_days_count(self) -> None:
        # February 2027 has 20 working days, 10 of them before the 15th.
        after = leave(a_team(ann=100), "ann", day(2, 15))

        assert in_month(after, "ann", 2) == 50

    def test_for_a_while_leaves_what_comes_after_it(self) -> None:
        after = leave(a_team(ann=100), "ann", day(5), day(7, 31))

        assert quota(after, "ann") == 900
        assert nobody(after, Why.AWAY) == 300
        assert [own.why for own in after.segments if own.why is None] == [None, None]

    def test_whoever_comes_back_the_same_day_carries_all_again(self) -> None:
        before = leave(a_team(ann=100), "ann", day(8), day(8, 31))

        assert come_back(leave(before, "ann", day(5, 12)), "ann", day(5, 12)) == before

    def test_whoever_comes_back_earlier_carries_the_rest_again(self) -> None:
        after = come_back(leave(a_team(ann=100), "ann", day(5), day(7, 31)), "ann", day(6))

        assert nobody(after, Why.AWAY) == 100


class TestTakingOver:
    def test_a_successor_carries_what_was_left(self) -> None:
        left = leave(a_team(ann=100), "ann", day(5))

        after = take_over(left, "ann", "new", day(7))

        assert quota(after, "new") == 600
        assert nobody(after, Why.VACANT) == 200

    def test_somebody_new_begins_with_a_ramp(self) -> None:
        left = leave(a_team(ann=120), "ann", day(7))

        after = take_over(new_in(left, "new", JANUARY + 6), "ann", "new", day(7))

        # 1/12, 3/12, 5/12, 7/12, 9/12 and 11/12 of 120
        assert [in_month(after, "new", month) for month in range(7, 13)] == [
            10,
            30,
            50,
            70,
            90,
            110,
        ]
        assert nobody(after, Why.RAMP) == 360

    def test_who_replaces_somebody_for_a_while_gives_the_seat_back(self) -> None:
        left = leave(a_team(ann=100), "ann", day(5), day(7, 31))

        after = take_over(left, "ann", "new", day(5))

        assert quota(after, "new") == 300
        assert quota(after, "ann") == 900

    def test_nobody_takes_what_is_held(self) -> None:
        seats = a_team(ann=100)

        assert take_over(seats, "ann", "new", day(5)) == seats


class TestMoving:
    def test_takes_the_seat_along(self) -> None:
        after = move(a_team(ann=100), "ann", "east", day(5))

        assert carried_by(after) == {
            ("ann", "west"): (100,) * 4 + (0,) * 8,
            ("ann", "east"): (0,) * 4 + (100,) * 8,
        }

    def test_there_and_back_on_one_day_changes_nothing(self) -> None:
        seats = a_team(ann=101)

        assert move(move(seats, "ann", "east", day(5, 12)), "ann", "west", day(5, 12)) == seats

    def test_a_seat_can_be_handed_over(self) -> None:
        after = hand_over(a_team(ann=100, bob=10), "ann", "bob", day(5))

        assert quota(after, "ann") == 400
        assert quota(after, "bob") == 120 + 800


class TestSwap:
    def test_two_people_carry_what_remains_of_each_other(self) -> None:
        after = swap(a_team(ann=100, bob=30), "ann", "bob", day(9))

        assert quota(after, "ann") == 800 + 120
        assert quota(after, "bob") == 240 + 400

    def test_twice_on_one_day_changes_nothing(self) -> None:
        seats = a_team(ann=100, bob=31)

        assert swap(swap(seats, "ann", "bob", day(9, 9)), "ann", "bob", day(9, 9)) == seats

    def test_absences_go_with_people(self) -> None:
        seats = leave(a_team(ann=100, bob=30), "ann", day(8), day(8, 31))

        after = swap(seats, "ann", "bob", day(5))

        assert in_month(after, "ann", 8) == 0
        assert in_month(after, "bob", 8) == 100
        assert nobody(after, Why.AWAY) == 30


class TestWorkingTime:
    def test_half_the_time_is_half_the_months(self) -> None:
        after = work_part_of_the_time(a_team(ann=100), "ann", 0.5, day(7))

        assert quota(after, "ann") == 900
        assert nobody(after, Why.PART_TIME) == 300

    def test_back_to_the_whole_on_the_same_day_changes_nothing_that_is_carried(self) -> None:
        seats = a_team(ann=101)
        half = work_part_of_the_time(seats, "ann", 0.5, day(7, 14))

        assert work_part_of_the_time(half, "ann", 1.0, day(7, 14)).segments == seats.segments

    def test_a_seat_of_half_the_time_is_carried_twice_by_somebody_who_works_all_of_it(self) -> None:
        seats = replace(a_team(ann=50), working_time={"ann": 0.5})

        after = work_part_of_the_time(seats, "ann", 1.0, day(7))

        assert quota(after, "ann") == 300 + 600
        assert nobody(after, Why.PART_TIME) == -300

    def test_more_than_the_seat_asks_for_comes_in_whole_increments_too(self) -> None:
        after = work_part_of_the_time(a_team(100, ann=300), "ann", 1.2, day(1))

        assert quota(after, "ann") == 4300  # 4,320 to the increment
        assert {own % 100 for own in carried_by(after)["ann", "west"]} == {0}

    def test_months_together_are_the_share_even_in_large_increments(self) -> None:
        after = work_part_of_the_time(a_team(100, ann=300), "ann", 0.5, day(1))

        assert quota(after, "ann") == 1800
        assert {own % 100 for own in carried_by(after)["ann", "west"]} == {0}

    def test_half_the_time_while_away_counts_when_back(self) -> None:
        away = leave(a_team(ann=100), "ann", day(5), day(6, 30))

        after = work_part_of_the_time(away, "ann", 0.5, day(6))

        assert [in_month(after, "ann", month) for month in (4, 5, 6, 7)] == [100, 0, 0, 50]
        assert nobody(after, Why.AWAY) == 200


class TestOutcome:
    def test_tells_who_carries_less_and_what_is_left_open(self) -> None:
        before = a_team(ann=100, bob=30)

        found = moved(before, leave(before, "ann", day(12)))

        assert found.people == {("ann", "west"): (0,) * 11 + (-100,)}
        assert found.open == {"west": (0,) * 11 + (100,)}

    def test_what_people_carried_beside_goes_to_what_they_held_last(self) -> None:
        seats = move(a_team(ann=100), "ann", "east", day(5))

        after = with_amounts(
            seats, {("ann", "west"): (100,) * 4 + (0,) * 8, ("ann", "east"): (0,) * 4 + (110,) * 8}
        )

        assert carried_by(after)["ann", "east"] == (0,) * 4 + (110,) * 8

    def test_what_they_carry_less_is_taken_from_what_has_room(self) -> None:
        seats = move(a_team(ann=100), "ann", "east", day(6, 29))  # June has 22 days, two are left

        west, east = (carried_by(seats)["ann", unit] for unit in ("west", "east"))
        less = (*west[:5], 80, *west[6:])
        after = with_amounts(seats, {("ann", "west"): less, ("ann", "east"): east})

        assert carried_by(after) == {("ann", "west"): less, ("ann", "east"): east}

    def test_what_they_carry_for_a_unit_that_they_left_is_told_as_that(self) -> None:
        seats = move(a_team(ann=100), "ann", "east", day(7))
        east = carried_by(seats)["ann", "east"]
        west = (100,) * 6 + (0,) * 5 + (12,)

        after = with_amounts(seats, {("ann", "west"): west, ("ann", "east"): east})

        assert carried_by(after) == {("ann", "west"): west, ("ann", "east"): east}
        assert carried_by(move(after, "ann", "north", day(12)))["ann", "north"][11] == 112


REPS = ("ann", "bob", "cyd", "new")
UNITS = ("west", "east")

amounts = st.lists(st.integers(0, 5_000), min_size=YEAR, max_size=YEAR)
days = st.integers(day(1), day(12, 31))
reps = st.sampled_from(REPS)
type Change = Callable[[Seats], Seats]
type OfRep = Callable[[Seats, str, int], Seats]


@st.composite
def teams(draw: st.DrawFn) -> Seats:
    country = draw(one_of(None, "CN"))
    calendar = working_calendar(country, JANUARY, JANUARY + YEAR)
    seats = Seats(calendar, draw(one_of(1, 100)), ())
    for rep in REPS[:3]:
        seats = seats.with_row(rep, draw(st.sampled_from(UNITS)), draw(amounts))
    return seats


@st.composite
def changes(draw: st.DrawFn, since: int = day(1)) -> Change:
    rep, other = draw(st.permutations(REPS))[:2]
    first = draw(st.integers(since, day(12, 31)))
    last = draw(st.integers(first, day(12, 31)))
    fte = draw(one_of(0.2, 0.5, 0.8, 1.0))
    chosen: Change = draw(
        st.sampled_from(
            [
                lambda seats: leave(seats, rep, first),
                lambda seats: leave(seats, rep, first, last),
                lambda seats: come_back(seats, rep, first),
                lambda seats: take_over(seats, rep, other, first),
                lambda seats: take_over(new_in(seats, "new", JANUARY + 3), rep, "new", first),
                lambda seats: move(seats, rep, draw(st.sampled_from(UNITS)), first),
                lambda seats: hand_over(seats, rep, other, first),
                lambda seats: swap(seats, rep, other, first),
                lambda seats: work_part_of_the_time(seats, rep, fte, first),
            ]
        )
    )
    return chosen


def by_seat(seats: Seats) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for own in seats.segments:
        so_far = found.setdefault(own.seat, [0] * YEAR)
        found[own.seat] = [a + b for a, b in zip(so_far, own.months, strict=True)]
    return {seat: months for seat, months in found.items() if any(months)}


@given(teams(), st.lists(changes(), max_size=6))
def test_segments_add_up_to_seats_whatever_happens(seats: Seats, events: list[Change]) -> None:
    after = seats
    for event in events:
        after = event(after)

    assert by_seat(after) == by_seat(seats)
    assert all(amount >= 0 for own in after.segments for amount in own.months)


@given(teams(), st.lists(changes(), max_size=3), st.data())
def test_days_before_a_change_stay_as_they_are(
    seats: Seats, earlier: list[Change], data: st.DataObject
) -> None:
    for event in earlier:
        seats = event(seats)
    closed = data.draw(st.integers(1, 11))

    after = data.draw(changes(since=day(closed + 1)))(seats)

    def before_it(of: Seats) -> dict[tuple[str, str | None], tuple[int, ...]]:
        cells = {key: months[:closed] for key, months in carried_by(of).items()}
        return {key: months for key, months in cells.items() if any(months)}

    assert before_it(after) == before_it(seats)


@given(teams(), st.lists(changes(), max_size=5))
def test_what_people_carry_less_is_what_is_left_open(seats: Seats, events: list[Change]) -> None:
    for event in events:
        after = event(seats)
        found = moved(seats, after)
        assert not np.sum([*found.people.values(), *found.open.values()], axis=0).any()
        seats = after


@given(teams(), st.lists(changes(), max_size=4), reps, days)
def test_an_event_and_its_opposite_on_the_same_day_change_nothing(
    seats: Seats, earlier: list[Change], rep: str, first: int
) -> None:
    for event in earlier:
        seats = event(seats)
    other = next(each for each in REPS if each != rep)

    def swapped(of: Seats) -> Seats:
        return swap(swap(of, rep, other, first), other, rep, first)

    # Whoever was seated more than once shares odd increments anew, so begin from what a swap makes.
    settled = swapped(seats)
    assert swapped(settled).segments == settled.segments


@given(teams(), reps, days)
def test_leaving_and_coming_back_on_the_same_day_changes_nothing(
    seats: Seats, rep: str, first: int
) -> None:
    assert come_back(leave(seats, rep, first), rep, first) == seats


ALONE: tuple[Callable[[Seats, str, int], Seats], ...] = (
    leave,
    lambda seats, rep, first: leave(seats, rep, first, first + 30),
    lambda seats, rep, first: work_part_of_the_time(seats, rep, 0.7, first),
    lambda seats, rep, first: move(seats, rep, "east", first),
)


@given(teams(), st.sampled_from(ALONE), st.sampled_from(ALONE), days, days)
def test_events_about_different_people_come_to_the_same_in_either_order(
    seats: Seats, one: OfRep, other: OfRep, first: int, second: int
) -> None:
    assert one(other(seats, "bob", second), "ann", first) == other(
        one(seats, "ann", first), "bob", second
    )


@given(amounts, days, days, st.sampled_from([1.0, 0.5, 0.3]), st.sampled_from([1, 10]))
def test_segments_are_what_proration_makes_of_the_same_tenures(
    months: list[int], left: int, came: int, fte: float, increment: int
) -> None:
    """ann leaves, after a day bob comes and works a part of the time: two ways to the same."""
    left, came = sorted((left, came))
    calendar = working_calendar(None, JANUARY, JANUARY + YEAR)
    months = [amount * increment for amount in months]
    seats = Seats(calendar, increment, ()).with_row("ann", None, months)
    seats = work_part_of_the_time(seats, "bob", fte, came)
    seats = take_over(leave(seats, "ann", left), "ann", "bob", came)
    rows = [(0, day(1), left - 1, 1.0), (1, came, day(12, 31), fte)]
    rows = [row for row in rows if row[1] <= row[2]]
    holders, first, last, working = (np.array(column) for column in zip(*rows, strict=True))
    tenures = Tenures(
        seat=np.zeros(len(rows), np.int64),
        holder=holders,
        first=first,
        last=last,
        share=np.ones(len(rows)),
        fte=working,
        hired=np.full(len(rows), NOT_NEW),
    )

    found = prorate(
        np.array([months]), calendar, tenures, Absences.none(), increment=increment
    ).of_holders(2)

    for holder, rep in enumerate(("ann", "bob")):
        own = carried_by(seats).get((rep, None), (0,) * YEAR)
        assert np.abs(np.array(own) - found[holder]).max() <= 2 * increment
        assert abs(sum(own) - found[holder].sum()) <= 3 * increment


def test_working_days_of_a_segment_are_told_by_month() -> None:
    calendar = working_calendar(None, JANUARY, JANUARY + YEAR)

    assert segment_days(calendar, day(2, 15), day(3, 1))[:4] == [0, 10, 1, 0]
    assert list(accumulate(segment_days(calendar, day(1), day(12, 31))))[-1] == 261
