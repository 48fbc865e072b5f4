"""The proof: it holds for every plan of ours, and not for a plan that somebody changed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.certificate import Certificate, check
from solver.policy import Policy
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import POTENTIAL, PROBABILITY, a_problem, problems


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
    amount = data.draw(st.integers(1, 1_000))
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


def test_a_cent_that_wandered_between_two_equals_is_found() -> None:
    certificate = solve(a_problem(100, {"ada": {}, "bob": {}, "cyn": {}}), Policy()).certificate
    assert certificate.quota.tolist() == [34, 33, 33]

    checks = check(replace(certificate, quota=np.array([33, 34, 33])))

    assert not checks.bounds


def test_levels_that_differ_by_little_are_two_levels_also_where_yardsticks_are_huge() -> None:
    """Shares of a potential of 2^52 are tiny; 700 for bob and 300 for ada still is not even."""
    units: dict[str, Any] = {"west": {}, "east": {}}
    reps = {key: {"unit": unit, "potential": 2.0**52} for key, unit in
            (("ada", "west"), ("bob", "east"))}  # fmt: skip
    certificate = solve(a_problem(1_000, reps, units), POTENTIAL).certificate
    uneven = np.array([300, 700])

    forged = replace(
        certificate,
        quota=uneven, unrounded=uneven.astype(np.float64), unit_level=uneven / 2.0**52,
    )  # fmt: skip

    assert check(certificate).valid
    assert not check(forged).leximin


def test_sums_that_wrap_around_are_no_sums() -> None:
    """2048 times 2^53 is 0 in 64 bits."""
    count, most = 2_049, 2**53
    certificate = solve(a_problem(most // 2, [f"r{k}" for k in range(count)]), Policy()).certificate
    quota = np.full(count, most)
    quota[-1] = certificate.total

    forged = replace(certificate, quota=quota, increment=most - 1)

    assert int(quota.sum()) == certificate.total
    assert not check(forged).sums


_COLUMNS = [field.name for field in fields(Certificate) if field.name not in ("response", "across")]


@pytest.mark.parametrize("name", _COLUMNS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: None,
        lambda _: "many",
        lambda _: np.nan,
        lambda column: np.asarray(column)[..., None],
        lambda column: np.append(column, column),
        lambda column: np.asarray(column, dtype=object),
        lambda column: np.asarray(column, dtype=np.complex128),
    ],
)
def test_columns_that_cannot_be_read_prove_nothing(name: str, spoil: Any) -> None:
    certificate = a_certificate()

    assert not check(replace(certificate, **{name: spoil(getattr(certificate, name))})).valid


@pytest.mark.parametrize("response", [None, "cubic", 1, ["linear"], np.array(["linear"])])
def test_a_response_that_nobody_knows_proves_nothing(response: Any) -> None:
    assert not check(replace(a_certificate(), response=response)).valid


def test_a_plan_of_equal_stretch_is_none_of_equal_probability() -> None:
    assert not check(replace(a_certificate(), response="lognormal")).leximin


def test_an_anchor_of_nothing_cannot_answer_to_levels_of_probability() -> None:
    plan = solve(a_problem(30_000, {"ada": {"sigma": 0.2}, "bob": {"sigma": 0.4}}), PROBABILITY)
    assert plan.checks.valid

    for nothing in (0.0, -1.0):
        assert not check(replace(plan.certificate, anchor=np.full(2, nothing))).valid


_EXTREMES = [-(2**63), -2, -1, 2**62, 2**63 - 1, np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324]


@given(problems(max_reps=4), st.sampled_from([Policy(), PROBABILITY]), st.data())
def test_whatever_numbers_a_stranger_writes_are_answered(
    problem: Problem, policy: Policy, data: st.DataObject
) -> None:
    certificate = solve(problem, policy).certificate
    changes: dict[str, Any] = {}
    for name in data.draw(st.sets(st.sampled_from(_COLUMNS), min_size=1, max_size=3)):
        column = np.array(getattr(certificate, name))
        known = [v for v in _EXTREMES if column.dtype.kind == "f" or isinstance(v, int)]
        if column.size:
            column.flat[data.draw(st.integers(0, column.size - 1))] = data.draw(
                st.sampled_from(known)
            )
        changes[name] = column if column.ndim else column.item()

    checks = check(replace(certificate, **changes))  # warnings are errors here

    if checks.valid:
        quota = changes.get("quota", certificate.quota)
        assert quota.sum() == changes.get("total", certificate.total)


def test_units_before_their_parents_and_reps_out_of_order_prove_nothing() -> None:
    units = {"west": {}, "team": {"parent": "west"}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "team"}, "cyn": {}}
    certificate = solve(a_problem(33_000, reps, units), Policy()).certificate
    assert (certificate.parent.tolist(), certificate.unit.tolist()) == ([-1, 0], [-1, 0, 1])

    for parent in ([1, -1], [0, -1], [-1, 1], [-1, 7], [-2, 0]):
        assert not check(replace(certificate, parent=np.array(parent))).valid
    for unit in ([0, -1, 1], [-2, 0, 1], [-1, 0, 2]):
        assert not check(replace(certificate, unit=np.array(unit))).valid
