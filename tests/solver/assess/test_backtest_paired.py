"""Intervals of paired differences: whole reps are drawn anew."""

import numpy as np
import pytest

from solver.assess.paired import intervals


def test_without_repeats_the_interval_is_that_of_a_mean() -> None:
    """400 independent differences of standard deviation 1: 1.96 / sqrt(400) to either side."""
    figure = np.random.default_rng(1).normal(0.5, 1, 400)

    low, high = intervals({"a": (np.arange(400), figure)}, seed=1)["a"]

    assert (low + high) / 2 == pytest.approx(figure.mean(), abs=0.01)
    assert (high - low) / 2 == pytest.approx(1.96 * figure.std() / 20, rel=0.05)


def test_windows_of_one_rep_that_tell_the_same_are_no_evidence_of_their_own() -> None:
    """Each rep's difference ten times over is as wide as once."""
    figure = np.random.default_rng(2).normal(0, 1, 100)
    reps = np.arange(100)

    once = intervals({"a": (reps, figure)}, seed=1)["a"]
    often = intervals({"a": (np.repeat(reps, 10), np.repeat(figure, 10))}, seed=1)["a"]

    assert often == pytest.approx(once)


@pytest.mark.parametrize("reps", [5, 10, 40])
def test_it_covers_the_truth_as_often_as_it_says(reps: int) -> None:
    """300 companies with 1 to 8 windows a rep: 95 %, give or take three errors; of few reps too."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        rep = np.repeat(np.arange(reps), rng.integers(1, 9, reps))
        figure = rng.normal(0, 1, reps)[rep] + rng.normal(0, 1, len(rep))
        low, high = intervals({"a": (rep, figure)}, seed=1)["a"]
        covered += low <= 0 <= high

    assert abs(covered / 300 - 0.95) <= 0.039


def test_fewer_than_five_reps_get_none() -> None:
    four, five = np.arange(4.0), np.arange(5.0)

    found = intervals(
        {"a": (np.arange(4), four), "b": (np.arange(5), five), "c": (np.repeat(0, 5), five)}, seed=1
    )

    assert set(found) == {"b"}


def test_a_method_is_told_the_same_beside_others() -> None:
    """The same draws serve all of them, also where somebody is in one comparison only."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, 30), rng.normal(0, 1, 30)
    rows = np.arange(30)

    beside = intervals({"a": (rows, a), "b": (rows, b)}, seed=1)
    partly = intervals({"a": (rows, a), "b": (rows[:20], b[:20])}, seed=1)

    assert beside["a"] == pytest.approx(intervals({"a": (rows, a)}, seed=1)["a"])
    assert partly["a"] == pytest.approx(beside["a"])
    assert partly["b"][1] - partly["b"][0] > beside["b"][1] - beside["b"][0]
