"""Two-way tables: fitted to their margins, limited, rounded; and why some cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import InvalidProblem, RoundingFailed
from solver.problem import FloatArray, IntArray
from solver.spread.errors import CannotSpread
from solver.spread.flow import Margins, feasible
from solver.spread.table import spread
from solver.spread.whole import round_table
from tests.solver.spread.builders import Question, questions


def whole(*rows: list[int]) -> IntArray:
    return np.array(rows, dtype=np.int64)


def plain_fitting(seed: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Iterative proportional fitting as the textbooks have it."""
    cells = seed.copy()
    for _ in range(20_000):
        sums = cells.sum(axis=1)
        cells *= np.divide(rows, sums, out=np.zeros_like(sums), where=sums > 0)[:, None]
        sums = cells.sum(axis=0)
        cells *= np.divide(columns, sums, out=np.zeros_like(sums), where=sums > 0)
        if np.abs(cells.sum(axis=1) - rows).max() < 1e-9:
            break
    return cells


def test_odds_of_the_seed_are_kept() -> None:
    found = spread(np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([300, 300]), np.array([200, 400]))

    a, b, c, d = found.exact.ravel().tolist()
    assert (a * d) / (b * c) == pytest.approx(3)
    assert found.cells.sum(axis=0).tolist() == [200, 400]


def test_a_cell_at_its_limit_hands_the_rest_to_the_others() -> None:
    high = whole([10, 100], [100, 100])

    found = spread(np.ones((2, 2)), np.array([100, 100]), np.array([100, 100]), high=high)

    assert found.cells.tolist() == [[10, 90], [90, 10]]


def test_a_limit_without_slack_leaves_the_only_table_there_is() -> None:
    low = whole([0, 40], [0, 0])

    found = spread(np.ones((2, 2)), np.array([40, 60]), np.array([60, 40]), low=low)

    assert found.cells.tolist() == [[0, 40], [60, 0]]


def test_a_zero_that_margins_force_on_a_cell_is_exact() -> None:
    # Row 1 can only fill column 1, so nothing is left there for row 0. Fitting alone never ends.
    found = spread(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([50, 50]), np.array([50, 50]))

    assert found.exact == pytest.approx(np.array([[50, 0], [0, 50]]), abs=1e-6)
    assert found.cells.tolist() == [[50, 0], [0, 50]]


def test_cells_near_their_limits_are_found_where_all_at_once_gets_stuck() -> None:
    witness = whole([804, 375])

    found = spread(
        np.array([[5.4, 2.9]]), witness.sum(axis=1), witness.sum(axis=0),
        low=whole([801, 373]), high=whole([813, 390]),
    )  # fmt: skip

    assert np.array_equal(found.cells, witness)


def test_of_two_rows_the_one_moves_that_comes_nearer_thereby() -> None:
    exact = np.array([[0.6, 0.4], [0.9, 0.1], [0.5, 0.5]])  # by rows alone all would be in column 0

    cells = round_table(exact, np.array([1, 1, 1]), np.array([2, 1]))

    assert cells.tolist() == [[1, 0], [1, 0], [0, 1]]


@given(questions())
def test_30_cross_tables_are_exact_and_zeros_stay_zero(question: Question) -> None:
    found = spread(question.seed, question.rows, question.columns, **question.asked)

    assert found.cells.sum(axis=1).tolist() == question.rows.tolist()
    assert found.cells.sum(axis=0).tolist() == question.columns.tolist()
    assert not found.cells[question.seed == 0].any()
    assert found.cells.min() >= 0
    some = question.seed > 0
    if question.low is not None and question.high is not None:
        assert np.all((question.low <= found.cells) & (found.cells <= question.high) | ~some)


@given(questions())
def test_30_a_cell_lies_less_than_an_increment_from_the_fitted_one(question: Question) -> None:
    found = spread(question.seed, question.rows, question.columns, **question.asked)

    noise = 1e-9 * question.total
    assert np.all(np.abs(found.cells - found.exact) < question.increment + noise)


@given(questions())
def test_30_the_fitted_table_is_the_limit_of_iterative_proportional_fitting(
    question: Question,
) -> None:
    seed = question.seed + 0.1  # with zeros plain fitting may take for ever

    found = spread(seed, question.rows, question.columns)

    expected = plain_fitting(seed, question.rows, question.columns)
    assert found.exact == pytest.approx(expected, abs=1e-7 * max(1, question.total))


@given(questions())
def test_30_no_table_within_the_limits_is_nearer_to_the_seed(question: Question) -> None:
    """x = clip(s e^(a_i + b_j)): around every circle of cells no money can move for a gain."""
    found = spread(question.seed, question.rows, question.columns, **question.asked)

    x, s = found.exact, question.seed
    total = max(1.0, float(question.total))
    step = 1e-4 * total / x.size
    low = np.zeros_like(x) if question.low is None else question.low.astype(float)
    high = np.full_like(x, total) if question.high is None else question.high.astype(float)
    n, k = x.shape
    for i, j in np.ndindex(n, n):
        for a, b in np.ndindex(k, k):
            more, less = [(i, a), (j, b)], [(i, b), (j, a)]
            if i == j or a == b or any(s[cell] == 0 for cell in more + less):
                continue
            room = [high[cell] - x[cell] for cell in more] + [x[cell] - low[cell] for cell in less]
            if min(room) < step:
                continue
            log = np.log(x / np.where(s > 0, s, 1.0), out=np.zeros_like(x), where=x > 0)
            gain = sum(log[cell] for cell in more) - sum(log[cell] for cell in less)
            assert gain > -1e-3


@given(questions(), st.randoms(use_true_random=False))
def test_the_unrounded_table_does_not_depend_on_the_order_of_rows(
    question: Question, random: Any
) -> None:
    places = list(range(len(question.rows)))
    random.shuffle(places)
    order = np.array(places)
    shuffled = question.shuffled(order)

    one = spread(question.seed, question.rows, question.columns, **question.asked)
    other = spread(shuffled.seed, shuffled.rows, shuffled.columns, **shuffled.asked)

    assert other.exact == pytest.approx(one.exact[order], abs=1e-9 * max(1, question.total))


@given(questions(), st.integers(0, 6), st.integers(0, 6), st.floats(0.01, 1))
def test_a_table_or_a_cut_that_no_table_keeps(
    question: Question, giver: int, taker: int, part: float
) -> None:
    rows = question.rows
    moved = int(rows[giver % len(rows)] * part)
    rows[giver % len(rows)] -= moved
    rows[taker % len(rows)] += moved

    try:
        found = spread(question.seed, rows, question.columns, **question.asked)
    except CannotSpread as error:
        cut = error.cut
        assert cut.carried == rows[cut.rows].sum() > cut.most
        kept = question.witness * (question.seed > 0)
        assert kept[cut.rows].sum() <= cut.most  # the witness keeps the inequality
    else:
        assert found.cells.sum(axis=1).tolist() == rows.tolist()


def test_a_cut_names_the_specialists_who_carry_more_than_their_product() -> None:
    seed = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    with pytest.raises(CannotSpread) as caught:
        spread(seed, np.array([50, 60, 90]), np.array([100, 100]))

    cut = caught.value.cut
    assert cut.rows.tolist() == [True, True, False]
    assert cut.columns.tolist() == [True, False]
    assert (cut.carried, cut.most) == (110, 100)
    assert "carry 110 minor units, but their cells hold at most 100" in str(caught.value)


def test_a_rep_whose_cells_ask_for_more_than_the_quota_is_named() -> None:
    low = whole([30, 30], [0, 0])

    with pytest.raises(CannotSpread) as caught:
        spread(np.ones((2, 2)), np.array([50, 50]), np.array([50, 50]), low=low)

    assert caught.value.cut.rows.tolist() == [False, True]  # all others carry 10 too much
    assert caught.value.cut.carried - caught.value.cut.most == 10


def test_a_column_whose_cells_ask_for_more_than_it_has_is_nobodys_fault() -> None:
    low = whole([30, 0], [30, 0])

    with pytest.raises(CannotSpread) as caught:
        spread(np.ones((2, 2)), np.array([50, 50]), np.array([50, 50]), low=low)

    assert caught.value.whatever_rows_carry
    assert "1 column: the least that the cells carry is 10 minor units too much" in str(
        caught.value
    )


def test_a_column_that_nobody_may_fill_is_nobodys_fault() -> None:
    with pytest.raises(CannotSpread) as caught:
        spread(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([50, 50]), np.array([70, 30]))

    assert caught.value.whatever_rows_carry
    assert "1 column: the most that the cells can carry is 30 minor units too little" in str(
        caught.value
    )


def test_flows_of_amounts_beyond_32_bits_are_exact() -> None:
    random = np.random.default_rng(0)
    witness = random.integers(0, 2**45, (30, 12))
    rows, columns = witness.sum(axis=1), witness.sum(axis=0)
    high = witness + random.integers(0, 3, witness.shape)

    found = feasible(Margins(rows, columns, np.zeros_like(high), high))

    assert np.array_equal(found.cells.sum(axis=1), rows)
    assert np.array_equal(found.cells.sum(axis=0), columns)
    assert np.all(found.cells <= high)


def test_cells_that_have_no_choice_but_a_limit_are_told() -> None:
    # Row 0 must fill all it has room for; then the middle of the others is free to move.
    high = whole([10, 5, 0], [10, 10, 10], [10, 10, 10])
    rows, columns = np.array([15, 9, 9]), np.array([15, 9, 9])

    found = feasible(Margins(rows, columns, np.zeros_like(high), high))

    assert found.cells[0].tolist() == [10, 5, 0]
    assert found.forced.tolist() == [[True] * 3, [False] * 3, [False] * 3]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"columns": np.array([10, 11])}, "columns: add up to 21 minor units, but the rows to 20"),
        ({"seed": np.array([[1, -1], [1, 1.0]])}, "seed: must be finite and 0 or more"),
        ({"seed": np.array([[1, np.nan], [1, 1.0]])}, "seed: must be finite"),
        ({"seed": np.ones((2, 3))}, r"seed: has shape \(2, 3\), not \(2, 2\)"),
        ({"rows": np.array([-1, 21])}, r"rows\[0\].sum: is -1; must be an amount, 0 or more"),
        ({"high": whole([-1, 9], [9, 9])}, "high: is below the low end"),
        ({"low": whole([-1, 0], [0, 0])}, "low: must be 0 or more"),
    ],
)
def test_figures_that_contradict_themselves_are_refused(
    change: dict[str, np.ndarray], reason: str
) -> None:
    asked = {"seed": np.ones((2, 2)), "rows": np.array([10, 10]), "columns": np.array([10, 10])}

    with pytest.raises(InvalidProblem, match=reason):
        spread(**{**asked, **change})  # type: ignore[arg-type]


def test_rounding_refuses_what_does_not_add_up() -> None:
    with pytest.raises(RoundingFailed):
        round_table(np.full((2, 2), 2.5), np.array([5, 5]), np.array([9, 1]))


def test_identical_rows_differ_by_one_increment_at_most() -> None:
    found = spread(np.ones((5, 3)), np.array([100] * 5), np.array([170, 170, 160]), increment=10)

    assert np.ptp(found.cells, axis=0).max() <= 10


def test_an_empty_table_is_a_table() -> None:
    assert spread(np.ones((1, 1)), np.array([0]), np.array([0])).cells.tolist() == [[0]]
