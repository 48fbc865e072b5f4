"""How many digits an audit has: enough for what so few people can show, too few to name them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from service.allocations.fairness_report.coarse import rough_p
from service.allocations.fairness_report.present import present_audit
from solver.assess import audit
from tests.solver.assess.people import a_team, halves

N, WOMEN = 24, 6
CHANCES = np.random.default_rng(7).uniform(0.3, 0.6, N)


def sexes(n: int, women: int) -> dict[str, str]:
    return {rep: "F" if k < women else "M" for k, rep in enumerate(halves(n))}


def told(chances: np.ndarray, women: int) -> dict[str, Any]:
    people = a_team(len(chances), probability=chances)
    (table,) = present_audit(audit(people, {"sex": sexes(len(chances), women)}))["tables"]
    return dict(table)


def test_the_means_of_a_group_fit_many_ways_to_choose_it() -> None:
    """Somebody who knows all chances tries all 134,596 ways to choose six of 24."""
    table = told(CHANCES, WOMEN)
    of_women, of_men = (group["mean"] for group in table["groups"])
    sums = CHANCES[np.array(list(combinations(range(N), WOMEN)))].sum(axis=1)
    means = sums / WOMEN, (CHANCES.sum() - sums) / (N - WOMEN)

    exactly = np.abs(means[0] - CHANCES[:WOMEN].mean()) < 1e-12
    fitting = np.ones(len(sums), np.bool_)
    for mean, rounded in zip(means, (of_women, of_men), strict=True):
        fitting &= np.abs(np.round(mean, table["decimals"]) - rounded) < 1e-9

    assert np.count_nonzero(exactly) == 1
    assert np.count_nonzero(fitting) > 1_000


def test_figures_are_rounded_to_a_fifth_of_what_so_many_can_show_at_most() -> None:
    """The step is 0.01 for 24 reps and .0001 for twenty thousand, whose means differ by less."""
    few = told(CHANCES, WOMEN)
    many = told(np.random.default_rng(7).uniform(0.3, 0.6, 20_000), 10_000)

    assert (few["decimals"], many["decimals"]) == (2, 4)
    for table in (few, many):
        (compared,) = table["comparisons"]
        step = 10.0 ** -table["decimals"]
        assert step <= compared["detectable"] / 5 < 11 * step
        for name in ("effect", "low", "high", "detectable"):
            assert compared[name] == round(compared[name], table["decimals"])


def test_whether_a_difference_is_shown_is_said_before_rounding() -> None:
    chances = np.where(np.arange(20) < 10, 0.3, 0.5) + np.linspace(0, 1e-3, 20)
    people = a_team(20, probability=chances)
    (table,) = present_audit(audit(people, {"sex": halves(20)}))["tables"]

    (compared,) = table["comparisons"]
    assert compared["shown"]
    assert compared["p"] == 0.001  # 2 of 184,756 deals


@pytest.mark.parametrize(
    ("p", "rough"),
    [(None, None), (1.0, 1.0), (0.41233, 0.41), (0.05499, 0.055), (0.0004, 0.001), (0.0, 0.001)],
)
def test_p_is_told_roughly(p: float | None, rough: float | None) -> None:
    assert rough_p(p) == rough


def test_where_all_are_alike_there_is_nothing_to_round() -> None:
    table = told(np.full(12, 0.4321), 6)

    assert [group["mean"] for group in table["groups"]] == [0.4321, 0.4321]
