"""Where the marks of the chart lie."""

from service.web.chart import MARKS_AT_MOST, Chart, draw
from tests.web.builders import a_rep, a_version


def drawn(*reps: object, **facts: object) -> Chart:
    return draw(a_version(list(reps), **facts), str, str)  # type: ignore[arg-type]


def test_who_grows_faster_lies_higher_in_both_panels() -> None:
    slow, fast = a_rep("slow", quota=105_00, growth=0.05), a_rep("fast", quota=120_00, growth=0.2)

    chart = drawn(slow, fast)
    place = {mark.reps[0].id: mark for mark in chart.marks}

    assert place["slow"].x == place["fast"].x
    assert place["slow"].y > place["fast"].y
    low, high = place["slow"].growth_y, place["fast"].growth_y
    assert low is not None
    assert high is not None
    assert low > high


def test_the_line_of_the_company_runs_through_who_grows_like_it() -> None:
    ada, bob = a_rep("ada"), a_rep("bob", baseline=200_00.0, quota=220_00)

    chart = drawn(ada, bob)
    line = chart.common

    assert line
    slope = (line.y2 - line.y1) / (line.x2 - line.x1)
    for mark in chart.marks:
        assert abs(line.y1 + slope * (mark.x - line.x1) - mark.y) < 0.1
        assert mark.growth_y == chart.growth_at


def test_equal_amounts_do_not_fill_the_axis_with_noise() -> None:
    chart = drawn(*(a_rep(f"r{number}", quota=110_00 + number % 2) for number in range(4)))

    heights = [mark.y for mark in chart.marks]
    assert max(heights) - min(heights) < 1


def test_nothing_expected_and_no_quota_have_a_place_of_their_own() -> None:
    nobody = a_rep("new", baseline=0.0, quota=0, growth=None)

    chart = drawn(nobody, a_rep("ada"), a_rep("bob", baseline=900_00.0, quota=990_00))
    mark = next(mark for mark in chart.marks if mark.reps[0] is nobody)

    assert (mark.x, mark.y, mark.growth_y) == (2.0, 98.0, None)
    assert chart.money_ticks[0].label == "0.0"


def test_a_company_of_nothing_can_be_drawn() -> None:
    chart = drawn(a_rep("ada", baseline=0.0, quota=0, growth=None))

    assert len(chart.marks) == 1
    assert chart.common is None


def test_growth_far_out_is_drawn_at_the_edge_and_said() -> None:
    usual = [a_rep(f"r{number}") for number in range(20)]
    far = a_rep("far", quota=1_000_00, growth=9.0)

    chart = drawn(*usual, far)
    mark = next(mark for mark in chart.marks if mark.reps[0] is far)

    assert chart.cut
    assert mark.growth_y == 3.0


def test_rare_kinds_are_drawn_last_so_that_they_stay_in_sight() -> None:
    many = [a_rep(f"r{number}") for number in range(5)]

    chart = drawn(a_rep("held", binding=("cap",)), *many)

    assert chart.marks[-1].hold == "cap"


def test_thousands_share_marks_and_nobody_is_left_out() -> None:
    reps = [
        a_rep(f"r{number}", baseline=100_00.0 + number, quota=110_00 + number)
        for number in range(MARKS_AT_MOST + 1)
    ]

    chart = drawn(*reps)

    assert chart.grouped
    assert len(chart.marks) < 200
    assert sorted(rep.id for mark in chart.marks for rep in mark.reps) == sorted(
        rep.id for rep in reps
    )
