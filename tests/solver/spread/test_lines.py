"""Lines of business: which there are, and what each rep would sell of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.spread.lines import Line, Sellers, counted, line_of, lines_of, mix
from solver.targets import Target


def sellers(sold: Any, **told: Any) -> Sellers:
    """Reps with the same potential, of whom the new line (any unsold one) is asked."""
    table = np.array(sold, dtype=float)
    n, k = table.shape
    columns = {
        "potential": np.full(n, 1_000.0),
        "fte": np.ones(n),
        "asked": np.ones((n, k), np.bool_),
        "wanted": np.full(k, 100.0),
        "total": 1_000.0,
    }
    return Sellers(sold=table, **{**columns, **told})


def test_a_product_and_everything_else_are_two_lines() -> None:
    assert lines_of([Target(1, product="new")]) == (Line("new"), Line())


def test_a_product_and_a_kind_of_customer_make_four_lines() -> None:
    found = lines_of([Target(1, product="core"), Target(1, customer_type="new")])

    assert found == (Line("core", "new"), Line("core"), Line(None, "new"), Line())


def test_what_targets_count_alike_is_one_line() -> None:
    targets = [Target(1, product="core"), Target(1, product="pro", customer_type="new")]

    assert lines_of(targets) == (Line("core"), Line("pro", "new"), Line())


def test_targets_of_months_and_units_alone_tell_no_lines_apart() -> None:
    targets = [Target(1, unit="east", months=range(3))]

    assert lines_of(targets) == (Line(),)
    assert counted(targets, lines_of(targets)).tolist() == [[True]]


@pytest.mark.parametrize(
    ("product", "kind", "line"),
    [
        ("core", "old", Line("core")),
        ("core", None, Line("core")),
        ("pro", "new", Line("pro", "new")),
        ("pro", "old", Line()),
        ("else", "new", Line()),
        (None, None, Line()),
    ],
)
def test_every_sale_belongs_to_one_line(product: str | None, kind: str | None, line: Line) -> None:
    targets = [Target(1, product="core"), Target(1, product="pro", customer_type="new")]
    lines = lines_of(targets)

    assert lines[line_of(lines, targets, product, kind)] == line


def test_a_mix_is_what_was_sold() -> None:
    assert mix(sellers([[30, 70], [0, 50]])).tolist() == [[0.3, 0.7], [0, 1]]


def test_what_came_back_counts_as_nothing_sold() -> None:
    assert mix(sellers([[-30, 70], [10, 90]])).tolist() == [[0, 1], [0.1, 0.9]]


def test_who_sold_nothing_sells_what_the_others_do() -> None:
    assert mix(sellers([[30, 70], [0, 0]]))[1] == pytest.approx([0.3, 0.7])


def test_a_new_line_goes_by_white_space() -> None:
    # ann has 900 left of her market, ben 300: three quarters and one quarter of the 100 wanted.
    found = mix(sellers([[0, 100], [0, 700]], potential=np.array([1_000.0, 1_000.0])))

    assert found[:, 0] == pytest.approx([75 / 175, 25 / 725])


def test_a_new_line_goes_only_to_those_whom_a_target_asks_for_it() -> None:
    asked = np.array([[True, True], [False, True]])

    found = mix(sellers([[0, 100], [0, 100]], asked=asked))

    assert found[0, 0] > 0
    assert found[1].tolist() == [0, 1]


def test_without_history_every_line_goes_by_what_is_wanted() -> None:
    found = mix(sellers([[0, 0], [0, 0]], wanted=np.array([300.0, 0.0]), total=1_000.0))

    assert found == pytest.approx(np.array([[0.3, 0.7], [0.3, 0.7]]))


def test_a_rest_that_nobody_sold_is_next_to_nothing_but_may_be_carried() -> None:
    found = mix(sellers([[100, 0], [50, 0]]))

    assert found[:, 0] == pytest.approx([1, 1])
    assert np.all(found[:, 1] > 0)
