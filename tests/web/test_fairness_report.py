"""The fairness report in words, and where the marks of its charts lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from service.allocations.fairness_report.present import present_report
from service.allocations.fairness_report.traits import Measured
from service.web.fairness import FairnessWords
from service.web.fairness_charts import BOXES_AT_MOST, FairnessCharts, lay_out
from service.web.figures import Figures
from service.web.i18n import language
from solver.assess import People, assess
from tests.solver.assess.people import a_team, ids, shuffled

EQUAL = (
    "Sales before the period: effort is the same for all 20 reps, so there is nothing to connect."
)


def told(people: People) -> dict[str, Any]:
    """The report of these people, whose units are called a, b, c …"""
    units = (*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ", None)
    return present_report(assess(people), Measured(people, units, "sales"), 2)


def words(people: People, code: str = "en") -> FairnessWords:
    spoken = language(code)
    figures = Figures.of(spoken.locale, "USD", 2, [])
    return FairnessWords(spoken, figures, told(people), str.upper)


def drawn(people: People, common: float | None = 1.0) -> FairnessCharts:
    charts = lay_out(told(people)["charts"], common, str, str)
    assert charts
    return charts


def test_equal_effort_is_said_to_be_equal() -> None:
    said = words(a_team(20, size=np.arange(1.0, 21)))

    assert said.spread()[0] == "The effort index of 20 reps is 1.00 for everybody."
    assert said.connections() == [
        EQUAL,
        "Potential: not known of anybody, so nothing can be said.",
        "Time since hiring: not known of anybody, so nothing can be said.",
    ]


def test_the_same_growth_is_told_once() -> None:
    assert words(a_team(20)).spread()[1] == (
        "Growth on expected sales of 20 reps is +10.0% for everybody."
    )


def test_where_most_are_alike_no_range_is_told_of_them() -> None:
    """Eighteen of twenty grow by a tenth: the middle half of them are all the same."""
    few = np.array([0.5, 1.5])
    said = words(
        a_team(20, quota=np.append(100 + 10 * few, [110.0] * 18), effort=np.append(few, [1.0] * 18))
    ).spread()

    assert said[0] == (
        "The effort index of 20 reps lies between 0.50 and 1.50; of at least half of them it is "
        "1.00 (1.00 = the same as everyone)."
    )
    assert said[1] == (
        "Growth on expected sales of 20 reps lies between +5.0% and +15.0%; of at least half of "
        "them it is +10.0%."
    )


def test_a_connection_is_told_with_size_interval_reps_and_p() -> None:
    climbing = np.arange(20.0)
    said = words(a_team(20, stretch=climbing, size=climbing + 1))

    assert said.connections()[0] == (
        "The more sales before the period, the more effort: rank correlation 1.00 (95% interval "
        "1.00 to 1.00), 20 reps, p < 0.001."
    )


def test_what_is_not_shown_is_told_with_what_so_few_would_miss() -> None:
    sentence = words(shuffled(20, seed=3)).connections()[0]

    assert sentence.startswith("No connection of effort with sales before the period is shown")
    assert sentence.endswith(
        "With 20 reps, a true one below 0.59 is missed in more than one of five cases."
    )


def test_a_small_team_gets_no_verdict() -> None:
    said = words(a_team(4, size=[1.0, 2, 3, 4])).connections()[0]

    assert said == "Sales before the period: known of 4 reps, too few to say anything."


def test_whoever_grows_far_from_the_others_is_a_question() -> None:
    quota = np.where(np.arange(40) == 7, 150.0, 110.0)
    sentence = words(a_team(40, quota=quota)).spread()[-1]

    assert ids(40)[7].upper() in sentence
    assert sentence.endswith("Worth a question, not a verdict.")


def test_without_a_period_behind_it_there_is_no_review() -> None:
    assert words(a_team(3)).review() == []


def test_the_review_tells_shares_with_their_intervals() -> None:
    """Of 110: 110 is all of it, 99 is 90 %, 132 is 120 %, and 55 half."""
    said = words(a_team(4, actual=[110, 99, 132, 55], probability=[0.4, 0.5, 0.6, 0.5])).review()

    assert said[0] == (
        "Of 4 reps whose sales are known, attained the quota: 50.0% (95% interval 15.0% to 85.0%); "
        "came within 10 per cent of it: 50.0% (95% interval 15.0% to 85.0%); within 20: 75.0% (95% "
        "interval 30.1% to 95.4%)."
    )
    assert "50.0% were expected to attain." in said


def test_the_best_fifth_of_before_is_compared_in_words() -> None:
    """Whipping the fast ox: the best five of 25 come out at half of their quotas."""
    standing = np.arange(25.0)
    sold = np.where(standing >= 20, 55.0, 110.0 + standing / 100)
    said = words(a_team(25, standing=standing, actual=sold)).review()

    assert any(
        line.startswith("The best fifth of the period before (5 reps) attained −50.")
        for line in said
    )
    assert any(line.startswith("No difference of the last fifth of the period") for line in said)


@pytest.mark.parametrize(
    "people", [shuffled(30, 1), a_team(1), a_team(4, actual=[1.0, 2, 3, 4]), People.of([])]
)
def test_every_sentence_has_its_chinese(people: People) -> None:
    spoken = words(people, "zh")
    said = [*spoken.spread(), *spoken.connections(), *spoken.review(), spoken.limits()]

    assert all("None" not in line and "nan" not in line for line in said)
    assert all(line.endswith("。") for line in said)


def test_a_unit_that_carries_more_lies_further_right() -> None:
    charts = drawn(a_team(4, unit=[0, 0, 1, 1], effort=[1.0, 1.0, 1.1, 1.2], size=[1, 2, 3, 4]))

    assert [box.unit for box in charts.boxes] == ["b", "a"]
    more, same = charts.boxes
    assert same.low == same.median == same.high == charts.common
    assert charts.common < more.low < more.median < more.high


def test_a_rep_who_carries_more_lies_higher_and_a_larger_one_further_right() -> None:
    small, large = drawn(a_team(2, effort=[1.2, 0.9], size=[10, 1000])).points

    assert small.x < large.x
    assert small.y < 100 - drawn(a_team(2, effort=[1.2, 0.9], size=[10, 1000])).common < large.y


def test_of_many_units_those_are_drawn_that_lie_farthest_off() -> None:
    effort = np.where(np.arange(36) == 30, 1.5, 1.0)
    charts = drawn(a_team(36, unit=np.arange(36), effort=effort))

    assert len(charts.boxes) == BOXES_AT_MOST
    assert charts.boxes[0].unit == "E"
    assert charts.left_out == 36 - BOXES_AT_MOST


def test_reps_whose_size_nobody_knows_are_in_their_units_only() -> None:
    charts = drawn(a_team(3, effort=[0.9, 1.0, 1.1]))

    assert charts.points == []
    assert charts.boxes[0].reps == 3


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    nothing = a_team(2, effort=[np.nan] * 2, baseline=[0.0, 0.0])

    assert lay_out(told(nothing)["charts"], None, str, str) is None


def test_many_reps_share_marks() -> None:
    charts = drawn(replace(shuffled(2_000, seed=1), unit=np.zeros(2_000, np.int64)))

    assert max(point.size for point in charts.points) > 1
    assert len(charts.points) < 2_000


def test_ticks_lie_on_the_axis() -> None:
    charts = drawn(shuffled(40, seed=2))

    assert all(0 <= tick.at <= 100 for tick in (*charts.value_ticks, *charts.size_ticks))
