"""Rules across the tree that cannot hold: which ones, and the smallest change that mends them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.bounds import Bounds
from solver.conflict import diagnose, feasible_target
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.infeasibility import Infeasibility, Relaxation
from solver.mending.asked import Asked, mended, stated
from solver.policy import Group, LinearRow, MarginFloor, Policy
from solver.problem import Problem
from solver.solve import read
from tests.solver.builders import a_problem, coupled_problems, coupling_of, limits_of
from tests.solver.drawing import one_of
from tests.solver.tight import Sums, all_sums, can_hold, tight_cases


def diagnosed(problem: Problem, policy: Policy) -> Infeasibility | None:
    limits, rows = limits_of(problem, policy), coupling_of(problem, policy)
    return diagnose(problem, lay_out(problem), limits, rows)


@given(coupled_problems())
def test_rules_drawn_around_a_plan_can_hold(case: tuple[Problem, Policy]) -> None:
    assert diagnosed(*case) is None


@given(tight_cases())
def test_the_verdict_is_right(case: tuple[Problem, Policy]) -> None:
    sums = all_sums(*case)

    assert (diagnosed(*case) is None) == can_hold(sums, {of.rule for of in sums})


@given(tight_cases())
def test_every_rule_of_a_conflict_is_needed(case: tuple[Problem, Policy]) -> None:
    infeasibility = diagnosed(*case)
    if infeasibility is None:
        return
    sums, conflict = all_sums(*case), [rule.name for rule in infeasibility.conflict]

    assert len(set(conflict)) == len(conflict)
    assert not can_hold(sums, conflict)
    for rule in conflict:
        parity = any(other.startswith("parity:") for other in conflict if other != rule)
        if not (rule == "target" and parity):  # what is even follows from the target
            assert can_hold(sums, {*conflict} - {rule})


@st.composite
def cases_in_cents(draw: st.DrawFn) -> tuple[Problem, Policy]:
    """Amounts of many digits and shares of hundredths, so that sums are fractions of a cent."""
    n = draw(st.integers(3, 5))
    share, ids = st.integers(10, 50), [f"r{row}" for row in range(n)]
    reps = {key: {"margin": draw(share) / 100, "baseline": 10.0**7} for key in ids}
    problem = a_problem(n * 10**7 + draw(st.integers(0, 10**6)), reps)
    earned = int(sum(row["margin"] * row["baseline"] for row in reps.values()))
    pair = draw(st.permutations(ids))[:2]
    sizes = tuple(zip(pair, (1.0, draw(one_of(-1.0, -0.5, 2.0))), strict=True))
    policy = Policy(
        margin_floors=(MarginFloor("m", earned + draw(st.integers(0, 10**6))),),
        rows=(LinearRow("w", sizes, max=draw(one_of(0, -500_000, 2_000_000))),),
        groups=(Group("g", tuple(ids[:3]), max=draw(one_of(2, 3, 4)) * 10**7),),
    )
    return problem, policy


@given(cases_in_cents())
def test_every_entry_of_a_relaxation_is_needed(case: tuple[Problem, Policy]) -> None:
    asked = read(*case)
    infeasibility = asked.diagnosed()
    if infeasibility is None:
        return
    relaxation = stated(asked, infeasibility)

    assert asked.after(relaxation).diagnosed() is None
    for place in range(len(relaxation)):
        others = relaxation[:place] + relaxation[place + 1 :]
        assert asked.after(others).diagnosed() is not None


CLASSES = ("group", "margin", "row", "parity")
"""The last to give way first."""


@given(tight_cases())
def test_no_smaller_change_of_a_class_mends_what_stands_above_it(
    case: tuple[Problem, Policy],
) -> None:
    """Each class changes least once those that give way after it are as they are mended."""
    infeasibility = diagnosed(*case)
    if infeasibility is None or not can_hold_without_rows(*case):
        return
    changes = {change.name: change for change in infeasibility.relaxation}
    kept = [of for of in all_sums(*case) if not of.rule.startswith(CLASSES)]
    for kind in CLASSES[:3]:
        own = [of for of in all_sums(*case) if of.rule.startswith(f"{kind}:")]
        moved = [name for name in changes if name.startswith(f"{kind}:")]
        spent = sum(abs(changes[name].after - changes[name].before) for name in moved)

        least = least_change(kept, own)

        if math.isfinite(spent):
            whole = sum(1 + sum(map(abs, of.weights)) for of in own)  # quotas are, and limits
            assert least - 1e-6 <= spent <= least + whole
        kept += [widened(of, changes[of.rule]) if of.rule in changes else of for of in own]


def can_hold_without_rows(problem: Problem, policy: Policy) -> bool:
    sums = [of for of in all_sums(problem, policy) if not of.rule.startswith(CLASSES)]
    return can_hold(sums, {of.rule for of in sums})


def widened(of: Sums, change: Relaxation) -> Sums:
    if of.low > -np.inf:
        return replace(of, low=change.after)
    return replace(of, high=change.after)


def least_change(kept: list[Sums], own: list[Sums]) -> float:
    """The least total by which the limits of `own` must move for all to hold, by plain LP."""
    if not own:
        return 0.0
    n = len(own[0].weights)
    rows, limits = [], []
    for place, of in enumerate([*own, *kept]):
        way = np.zeros(len(own))
        way[place : place + 1] = 1.0 if place < len(own) else 0.0
        for sign, limit in ((1.0, of.high), (-1.0, -of.low)):
            if limit < np.inf:
                rows.append(np.concatenate((sign * np.array(of.weights), -way)))
                limits.append(limit)
    cost = np.append(np.zeros(n), np.ones(len(own)))
    answer = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=(0, None))
    assert answer.fun is not None
    return float(answer.fun)


@given(tight_cases())
def test_the_ends_of_the_feasible_target_are_exact(case: tuple[Problem, Policy]) -> None:
    problem, policy = case
    scale = SCALES[policy.fairness](problem.reps)
    asked = Asked(problem, policy, lay_out(problem), limits_of(problem, policy), scale)
    after, _, _ = mended(asked)
    least, most = feasible_target(after.hierarchy, after.bounds, after.rows())

    def possible(target: int) -> bool:
        sums = all_sums(problem, after.policy, restated(after.bounds, target))
        return can_hold(sums, {of.rule for of in sums})

    assert possible(least)
    assert least == 0 or not possible(least - 1)
    assert possible(10**8 if most is None else most)
    assert most is None or not possible(most + 1)


def restated(bounds: Bounds, target: int) -> Bounds:
    """The same limits for another amount to assign."""
    unit_min, unit_max = bounds.unit_min.copy(), bounds.unit_max.copy()
    unit_min[0] = unit_max[0] = target
    return replace(bounds, unit_min=unit_min, unit_max=unit_max)
