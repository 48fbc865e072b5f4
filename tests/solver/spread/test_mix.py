"""The seed of products and customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.spread.mix import EXISTING, NEW, Business, kept_rates, seed


def business(**known: Any) -> Business:
    """Two reps, two products; the second is strategic and was never sold."""
    usual = {
        "sold": np.array([[100.0, 0.0], [300.0, 0.0]]),
        "potential": np.array([600.0, 450.0]),
        "fte": np.array([1.0, 1.0]),
        "kept": np.array([0.5, 0.5]),
        "from_new": np.array([40.0, 100.0]),
    }
    return Business(**{**usual, **known})


def test_existing_customers_buy_what_retention_and_expansion_leave() -> None:
    assert seed(business())[:, :, EXISTING].tolist() == [[50, 0], [150, 0]]


def test_new_customers_buy_where_there_is_white_space() -> None:
    found = seed(business())[:, :, NEW]  # 550 of 850 is left to rep 0

    assert found[:, 1] == pytest.approx([100 * 550 / 850, 100 * 300 / 850])
    assert found[:, 0] == pytest.approx([40 * 550 / 850, 40 * 300 / 850])


def test_white_space_can_be_known_of_each_product() -> None:
    potential = np.array([[50.0, 30.0], [250.0, 10.0]])

    found = seed(business(potential=potential))[:, :, NEW]

    assert found.tolist() == [[0, 75], [40, 25]]


def test_without_any_white_space_full_time_equivalents_count() -> None:
    found = seed(business(potential=np.array([0.0, np.nan]), fte=np.array([1.0, 3.0])))

    assert found[:, 1, NEW].tolist() == [25, 75]


def test_a_rep_whose_potential_is_unknown_counts_as_the_others_do() -> None:
    found = seed(business(potential=np.array([550.0, np.nan]), fte=np.array([2.0, 1.0])))

    assert found[:, 1, NEW] == pytest.approx([100 * 2 / 3, 100 / 3])


def test_what_came_back_is_nothing_to_keep() -> None:
    found = seed(business(sold=np.array([[-5.0, 0.0], [300.0, 0.0]])))

    assert found[0, 0, EXISTING] == 0
    assert found.min() >= 0


def test_rates_are_what_the_same_customers_bought_a_year_later() -> None:
    before, after = np.array([200.0, 100.0, 0.0]), np.array([180.0, 120.0, 0.0])

    assert kept_rates(before, after).tolist() == [0.9, 1.2, 1.0]


def test_a_product_whose_customers_nobody_tells_apart_is_kept_as_the_others_are() -> None:
    before, after = np.array([200.0, 100.0, 0.0]), np.array([180.0, 0.0, 50.0])

    assert kept_rates(before, after).tolist() == [0.9, 0.9, 0.9]
    assert kept_rates(before, np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        business(fte=np.ones(3), kept=np.array([np.nan, 1.0]), potential=np.array([-1.0, 2.0]))

    assert [fault.field for fault in caught.value.faults] == ["fte", "kept", "potential"]
