"""The proof: it holds for every plan of ours, and not for a plan that somebody changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.certificate import Certificate, check
from solver.problem import Policy, Problem
from solver.solve import solve
from tests.solver.builders import a_problem, problems


def a_certificate() -> Certificate:
    """Two teams; west is stopped by its maximum, cyn by her cap."""
    units = {"west": {"max": 21_000}, "east": {"parent": None}}
    reps = {
        "ada": {"unit": "west"},
        "bob": {"unit": "west"},
        "cyn": {"unit": "east", "max": 10_200},
        "dan": {"unit": "east"},
    }
    return solve(a_problem(44_000, reps, units), Policy()).certificate


def test_an_untouched_plan_is_proven() -> None:
    assert check(a_certificate()).valid


@given(problems(max_reps=5), st.data())
def test_moving_money_between_two_reps_is_found(problem: Problem, data: st.DataObject) -> None:
    certificate = solve(replace(problem, increment=1), Policy()).certificate
    assume(len(problem.reps) > 1)
    one, other = data.draw(
        st.lists(st.integers(0, len(problem.reps) - 1), min_size=2, max_size=2, unique=True)
    )
    quota, unrounded = certificate.quota.copy(), certificate.unrounded.copy()
    amount = data.draw(st.integers(2, 1_000))
    for column in (quota, unrounded):
        column[one] += amount
        column[other] -= amount

    assert not check(replace(certificate, quota=quota)).valid
    assert not check(replace(certificate, quota=quota, unrounded=unrounded)).valid


@pytest.mark.parametrize(
    ("column", "place", "change", "broken"),
    [
        ("total", None, 1, "sums"),
        ("quota", 0, 1, "sums"),
        ("unit_max", 1, -1, "sums"),
        ("cap", 0, -1, "bounds"),
        ("floor", 1, 20_000, "bounds"),
        ("company_level", None, 0.01, "leximin"),
        ("unit_level", 1, 0.01, "leximin"),
        ("anchor", 1, 5, "leximin"),
        ("yardstick", 2, 5, "leximin"),
        ("unrounded", 0, 0.5, "leximin"),
    ],
)
def test_every_column_counts(column: str, place: int | None, change: float, broken: str) -> None:
    certificate = a_certificate()
    value = getattr(certificate, column)
    if place is None:
        altered = value + change
    else:
        altered = value.copy()
        altered[place] += change

    checks = check(replace(certificate, **{column: altered}))

    assert not getattr(checks, broken)


@pytest.mark.parametrize("level", [np.nan, np.inf])
def test_a_level_that_is_no_number_proves_nothing(level: float) -> None:
    assert not check(replace(a_certificate(), company_level=level)).leximin


def test_another_parent_is_found() -> None:
    certificate = a_certificate()

    moved = replace(certificate, unit=np.zeros_like(certificate.unit))

    assert not check(moved).valid
