"""Whatever whole plan there is near by, rounding finds it, whatever the rules across the tree."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import RoundingFailed
from solver.problem import IntArray
from tests.solver.to_round import Case, cases, huge_cases, is_kept


@given(cases(disjoint=True))
def test_disjoint_groups_are_kept_inside_the_windows_always(case: Case) -> None:
    low, high = case.windows()

    quota = case.rounded()

    assert is_kept(case, quota)
    assert np.all((low <= quota) & (quota <= high))


@given(cases(disjoint=False))
def test_whatever_plan_the_windows_hold_is_found(case: Case) -> None:
    low, high = case.windows()
    try:
        quota = case.rounded()
    except RoundingFailed:
        quota = None
    if quota is not None:
        assert is_kept(case, quota)
    if quota is None or np.any((quota < low) | (quota > high)):
        assert not _windows_hold_a_plan(case, low, high)


@given(st.booleans().flatmap(lambda disjoint: huge_cases(disjoint=disjoint)))
def test_a_whole_plan_is_found_whatever_the_noise_of_huge_amounts(case: Case) -> None:
    assert is_kept(case, case.rounded())


def _windows_hold_a_plan(case: Case, low: IntArray, high: IntArray) -> bool:
    """Whether any whole quotas in the windows keep all limits; by trying all, if they are few."""
    if prod((high - low + 1).tolist()) > 4096:
        return case.increment > 1  # the whole plan that all rules were drawn around
    choices = product(*(range(a, b + 1) for a, b in zip(low.tolist(), high.tolist(), strict=True)))
    return any(is_kept(case, np.array(quota)) for quota in choices)


@given(cases(disjoint=False), st.randoms(use_true_random=False))
def test_the_order_of_reps_and_rules_changes_nothing(case: Case, random: Any) -> None:
    order = random.sample(range(len(case.unrounded)), len(case.unrounded))
    reps = case.problem.reps
    columns = {
        column.name: getattr(reps, column.name)[order]
        for column in fields(reps)
        if column.name != "ids"
    }
    mixed = replace(reps, ids=tuple(reps.ids[row] for row in order), **columns)
    rules = {
        "groups": tuple(
            replace(group, reps=group.reps[::-1]) for group in reversed(case.policy.groups)
        ),
        "rows": case.policy.rows[::-1],
    }
    other = Case(
        replace(case.problem, reps=mixed),
        replace(case.policy, **rules),  # type: ignore[arg-type]
        case.unrounded[order],
    )

    assert _answer(other) == _answer(case)


def _answer(case: Case) -> list[int] | str:
    try:
        quota: list[int] = case.rounded().tolist()
    except RoundingFailed as failed:
        return str(failed)
    return quota


@given(cases(disjoint=False))
def test_a_rounding_that_keeps_all_rows_already_is_left_alone(case: Case) -> None:
    if not any(case.coupling.misses(case.on_the_tree())):
        assert case.rounded().tolist() == case.on_the_tree().tolist()
