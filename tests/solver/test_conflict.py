"""Rules that cannot all hold: which ones, why, and the smallest change that mends them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.bounds import Bounds, bounds
from solver.conflict import diagnose, feasible_target
from solver.hierarchy import Hierarchy, lay_out
from solver.infeasibility import Infeasibility, Relaxation, Rule
from solver.mending.relaxation import relaxed
from solver.policy import Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, Problem, Reps, Units

NOBODY = Units.of([])
BEYOND_ALL = 10_000
"""More than anybody is asked for in the random cases."""


@dataclass(frozen=True)
class Case:
    problem: Problem
    hierarchy: Hierarchy
    bounds: Bounds

    def diagnosed(self) -> Infeasibility:
        found = diagnose(self.problem, self.hierarchy, self.bounds)
        assert found is not None
        return found


def a_case(
    target: int, units: Units = NOBODY, *, over: float = 0.0, n: int = 1, **reps: Any
) -> Case:
    """n reps r1, r2 … with these columns."""
    ids = [f"r{row}" for row in range(1, n + 1)]
    problem = Problem(target, Reps.of(ids, **reps), units)
    hierarchy = lay_out(problem)
    return Case(problem, hierarchy, bounds(problem, Policy(over_assignment=over), hierarchy))


def names(rules: Iterable[Rule | Relaxation]) -> list[str]:
    return [rule.name for rule in rules]


class TestTheConflict:
    def test_is_none_where_everything_can_hold(self) -> None:
        case = a_case(100, n=2, max=[60, 60])

        assert diagnose(case.problem, case.hierarchy, case.bounds) is None

    def test_names_the_unit_and_the_caps_below_it(self) -> None:
        west = Units.of(["west"], min=[600_000])
        case = a_case(1_000_000, west, n=3, unit=[0, 0, COMPANY], max=[260_000, 250_000, UNLIMITED])

        found = case.diagnosed()

        assert found.sentence == (
            "Unit west must carry at least 600,000, but its 2 reps can carry at most 510,000."
        )
        assert found.conflict == (
            Rule("unit:west:min", 600_000),
            Rule("rep:r1:cap", 260_000),
            Rule("rep:r2:cap", 250_000),
        )
        assert found.relaxation == (Relaxation("unit:west:min", 600_000, 510_000),)
        assert (found.feasible_min, found.feasible_max) == (510_000, None)

    def test_leaves_out_floors_that_it_does_not_need(self) -> None:
        case = a_case(100, n=4, min=[10, 70, 20, 50])

        found = case.diagnosed()

        assert found.conflict == (
            Rule("target", 100), Rule("rep:r2:floor", 70), Rule("rep:r4:floor", 50)
        )  # fmt: skip
        assert found.sentence == "The target is 100, but the 4 reps must carry at least 150."
        assert found.relaxation == (Relaxation("target", 100, 150),)
        assert (found.feasible_min, found.feasible_max) == (150, None)

    def test_of_a_target_says_what_is_possible(self) -> None:
        found = a_case(200, over=0.1, n=2, max=[60, 60]).diagnosed()

        assert found.sentence == (
            "The target of 200 comes to 220 with its over-assignment, "
            "but the 2 reps can carry at most 120."
        )
        assert found.feasible_max == 120

    def test_prefers_the_topmost_rule(self) -> None:
        tree = Units.of(["area", "team"], parent=[COMPANY, 0], min=[90, 0], max=[UNLIMITED, 50])
        case = a_case(100, tree, n=3, unit=[1, 1, COMPANY], max=[40, 30, UNLIMITED])

        assert names(case.diagnosed().conflict) == ["unit:area:min", "unit:team:max"]

    def test_is_found_at_the_deepest_level_first(self) -> None:
        tree = Units.of(
            ["a", "b", "team"], parent=[COMPANY, COMPANY, 1], min=[9, 0, 9], max=[5, 5, 5]
        )

        found = a_case(20, tree, n=3, unit=[0, 2, COMPANY]).diagnosed()

        assert names(found.conflict) == ["unit:team:min", "unit:team:max"]
        assert found.sentence.endswith("Rules contradict each other in one more place.")

    def test_of_a_unit_without_reps_is_its_own_rule(self) -> None:
        found = a_case(20, Units.of(["empty"], min=[5], max=[3])).diagnosed()

        assert found.conflict == (Rule("unit:empty:min", 5),)
        assert found.sentence == "Unit empty must carry at least 5, but has no reps."

    @pytest.mark.parametrize(
        ("limits", "rules", "sentence"),
        [
            (
                {"min": [30], "max": [20]},
                ["rep:r1:floor", "rep:r1:cap"],
                "Rep r1 must carry at least 30, but can carry at most 20.",
            ),
            (
                {"fixed": [40], "capacity": [20.0]},
                ["rep:r1:fixed", "rep:r1:cap"],
                "Rep r1 is locked at 40, but can carry at most 20.",
            ),
            (
                {"fixed": [4], "min": [20]},
                ["rep:r1:fixed", "rep:r1:floor"],
                "Rep r1 is locked at 4, but must carry at least 20.",
            ),
        ],
    )
    def test_may_be_of_one_rep_alone(
        self, limits: dict[str, Any], rules: list[str], sentence: str
    ) -> None:
        west = Units.of(["west"])
        found = a_case(limits.get("fixed", [25])[0], west, unit=[0], **limits).diagnosed()

        assert names(found.conflict) == rules
        assert found.sentence.startswith(sentence)

    def test_is_told_in_money(self) -> None:
        found = a_case(20050, n=1, max=[10000]).diagnosed()

        assert found.told(lambda amount: f"${amount / 100:.2f}") == (
            "The target is $200.50, but the only rep can carry at most $100.00."
        )


class TestTheRelaxation:
    def test_moves_the_one_rule_that_costs_least(self) -> None:
        chain = Units.of(
            ["area", "region", "team"], parent=[COMPANY, 0, 1],
            min=[0, 0, 100], max=[90, 80, UNLIMITED],
        )  # fmt: skip

        found = a_case(1000, chain, n=2, unit=[2, COMPANY]).diagnosed()

        assert found.relaxation == (Relaxation("unit:team:min", 100, 80),)

    def test_moves_a_target_as_one_number(self) -> None:
        west = Units.of(["west"], target=[100], over_assignment=[0.5])

        found = a_case(1000, west, n=2, unit=[0, COMPANY], max=[120, UNLIMITED]).diagnosed()

        assert found.conflict == (Rule("unit:west:target", 150), Rule("rep:r1:cap", 120))
        assert found.relaxation == (Relaxation("unit:west:target", 150, 120),)

    def test_mends_every_conflict_at_once(self) -> None:
        teams = Units.of(["a", "b", "c"], min=[50, 0, 0], max=[UNLIMITED, 20, UNLIMITED])
        case = a_case(500, teams, n=3, unit=[0, 1, 2], min=[0, 30, 70], max=[40, UNLIMITED, 60])

        assert case.diagnosed().relaxation == (
            Relaxation("unit:a:min", 50, 40),
            Relaxation("unit:b:max", 20, 390),
            Relaxation("rep:r3:cap", 60, 70),
        )

    def test_lets_unit_rules_give_way_before_the_target(self) -> None:
        west = Units.of(["west"], max=[30])

        found = a_case(100, west, n=2, unit=[0, 0]).diagnosed()

        assert found.relaxation == (Relaxation("unit:west:max", 30, 100),)

    def test_keeps_the_lock(self) -> None:
        found = a_case(10, fixed=[10], max=[4]).diagnosed()

        assert found.relaxation == (Relaxation("rep:r1:cap", 4, 10),)

    def test_lets_a_floor_above_the_cap_give_way(self) -> None:
        found = a_case(10, n=2, min=[8, 0], max=[4, 9]).diagnosed()

        assert found.relaxation == (Relaxation("rep:r1:floor", 8, 4),)

    def test_raises_the_cap_instead_where_that_spares_a_unit_rule(self) -> None:
        west = Units.of(["west"], target=[8])

        found = a_case(10, west, n=2, unit=[0, COMPANY], min=[8, 0], max=[4, 9]).diagnosed()

        assert found.relaxation == (Relaxation("rep:r1:cap", 4, 8),)


class TestTheFeasibleTarget:
    def test_is_what_reps_and_units_allow(self) -> None:
        west = Units.of(["west"], min=[20], max=[50])
        case = a_case(60, west, n=2, unit=[0, COMPANY], max=[UNLIMITED, 30])

        assert feasible_target(case.hierarchy, case.bounds) == (20, 80)

    def test_has_no_upper_end_where_somebody_has_no_cap(self) -> None:
        case = a_case(60, n=2, min=[5, 6], max=[30, UNLIMITED])

        assert feasible_target(case.hierarchy, case.bounds) == (11, None)


def test_limits_whose_sum_no_integer_holds_are_still_diagnosed() -> None:
    case = a_case(100, n=2000, min=np.full(2000, 2**53 - 1))

    found = case.diagnosed()

    assert names(found.conflict) == ["target", "rep:r1:floor"]
    assert names(found.relaxation) == ["target"]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any small organisation; most of them ask for too much or too little somewhere."""
    parent = [draw(st.integers(COMPANY, row - 1)) for row in range(draw(st.integers(0, 5)))]
    unit = draw(st.lists(st.integers(COMPANY, len(parent) - 1), min_size=1, max_size=5))
    amount = st.integers(0, 12)
    limits: list[tuple[int, int, int]] = [
        draw(
            st.one_of(
                st.just((0, UNLIMITED, NOT_SET)),
                st.tuples(amount, st.just(UNLIMITED), st.just(NOT_SET)),
                st.tuples(st.just(0), amount, st.just(NOT_SET)),
                st.tuples(amount, amount, st.just(NOT_SET)),
                st.tuples(st.just(0), st.just(UNLIMITED), amount),
            )
        )
        for _ in parent
    ]
    reps = [
        draw(
            st.tuples(
                st.sampled_from([0, 0, 0, 2, 5]),
                st.sampled_from([UNLIMITED, UNLIMITED, 3, 6]),
                st.sampled_from([NOT_SET, NOT_SET, NOT_SET, 0, 4]),
            )
        )
        for _ in unit
    ]
    low, high, target = ([row[k] for row in limits] for k in range(3))
    floor, cap, fixed = ([row[k] for row in reps] for k in range(3))
    ids = [f"u{row}" for row in range(len(parent))]
    units = Units.of(ids, parent=parent, min=low, max=high, target=target)
    return a_case(
        draw(st.integers(0, 30)), units, n=len(unit), unit=unit, min=floor, max=cap, fixed=fixed
    )


def can_hold(case: Case, rules: Collection[str]) -> bool:
    """Whether the named rules can hold together with quotas of at least 0: straight recursion."""
    problem = case.problem

    def range_of(unit: int) -> tuple[int, int] | None:
        low = high = 0
        below: list[tuple[int, int] | None] = [
            rep_range(int(row)) for row in np.flatnonzero(problem.reps.unit == unit)
        ]
        below += [range_of(int(row)) for row in np.flatnonzero(problem.units.parent == unit)]
        for part in below:
            if part is None:
                return None
            low, high = low + part[0], high + part[1]
        key = "" if unit == COMPANY else f"unit:{problem.units.ids[unit]}:"
        if key + "target" in rules:
            wanted = problem.target if unit == COMPANY else int(problem.units.target[unit])
            low, high = max(low, wanted), min(high, wanted)
        if key + "min" in rules:
            low = max(low, int(problem.units.min[unit]))
        if key + "max" in rules:
            high = min(high, int(problem.units.max[unit]))
        return (low, high) if low <= high else None

    def rep_range(row: int) -> tuple[int, int] | None:
        key = f"rep:{problem.reps.ids[row]}:"
        low = int(problem.reps.min[row]) if key + "floor" in rules else 0
        high = int(problem.reps.max[row]) if key + "cap" in rules else UNLIMITED
        if key + "fixed" in rules:
            fixed = int(problem.reps.fixed[row])
            low, high = max(low, fixed), min(high, fixed)
        return (low, high) if low <= high else None

    return range_of(COMPANY) is not None


def all_rules(problem: Problem) -> set[str]:
    reps, units = problem.reps, problem.units
    found = {"target"}
    for row, key in enumerate(reps.ids):
        found |= {f"rep:{key}:floor", f"rep:{key}:cap"}
        found |= {f"rep:{key}:fixed"} if reps.fixed[row] != NOT_SET else set()
    for row, key in enumerate(units.ids):
        both = {f"unit:{key}:min", f"unit:{key}:max"}
        found |= both if units.target[row] == NOT_SET else {f"unit:{key}:target"}
    return found


def apply(problem: Problem, relaxation: Iterable[Relaxation]) -> Problem:
    """The problem with every relaxed rule at its new value."""
    target = problem.target
    reps = {name: getattr(problem.reps, name).copy() for name in ("min", "max", "fixed")}
    units = {name: getattr(problem.units, name).copy() for name in ("min", "max", "target")}
    column = {"floor": "min", "cap": "max"}
    for change in relaxation:
        if change.name == "target":
            assert change.before == target
            target = int(change.after)
            continue
        table, key, kind = change.name.split(":")
        ids, columns = (problem.reps.ids, reps) if table == "rep" else (problem.units.ids, units)
        values = columns[column.get(kind, kind)]
        assert values[ids.index(key)] == change.before
        values[ids.index(key)] = change.after
    return Problem(
        target,
        Reps.of(problem.reps.ids, unit=problem.reps.unit, **reps),
        Units.of(problem.units.ids, parent=problem.units.parent, **units),
    )


@given(cases())
def test_the_verdict_is_right(case: Case) -> None:
    found = diagnose(case.problem, case.hierarchy, case.bounds)

    assert (found is None) == can_hold(case, all_rules(case.problem))


@given(cases())
def test_every_rule_of_a_conflict_is_needed(case: Case) -> None:
    found = diagnose(case.problem, case.hierarchy, case.bounds)
    if found is None:
        return
    conflict = set(names(found.conflict))

    assert len(conflict) == len(found.conflict)
    assert conflict <= all_rules(case.problem)
    assert not can_hold(case, conflict)
    for rule in conflict:
        assert can_hold(case, conflict - {rule})


@given(cases())
def test_the_relaxation_mends_everything_and_the_range_holds_then(case: Case) -> None:
    found = diagnose(case.problem, case.hierarchy, case.bounds)
    if found is None:
        return
    mended = apply(case.problem, found.relaxation)
    rules = all_rules(mended)

    def feasible(target: int) -> bool:
        asked = Problem(target, mended.reps, mended.units)
        return can_hold(Case(asked, case.hierarchy, case.bounds), rules)

    assert feasible(mended.target)
    assert feasible(found.feasible_min)
    assert not found.feasible_min or not feasible(found.feasible_min - 1)
    if found.feasible_max is None:
        assert feasible(10**9)
    else:
        assert feasible(found.feasible_max)
        assert not feasible(found.feasible_max + 1)


@given(cases())
def test_no_smaller_change_mends_everything(case: Case) -> None:
    found = diagnose(case.problem, case.hierarchy, case.bounds)
    spent = (
        0
        if found is None
        else sum(
            weight(change.name) * abs(change.after - change.before) for change in found.relaxation
        )
    )

    assert spent == pytest.approx(least_change(case), abs=1e-6)


def weight(name: str) -> int:
    """Unit rules give way before the target, and that before reps' own rules."""
    return 1 if name.startswith("unit") else 100 if name == "target" else 10_000


def least_change(case: Case) -> float:
    """The same by linear programming: each rule but the locks may move, at its weight."""
    rules = list(_rules_as_sums(case.problem))
    n = len(case.problem.reps)
    cost = np.zeros(n + len(rules))
    box: list[tuple[float, float | None]] = [(0, None)] * n
    rows, limits = [], []
    for k, (name, below, least, greatest) in enumerate(rules, start=n):
        cost[k] = weight(name)
        box.append((0, 0 if name.endswith("fixed") else None))
        total = np.isin(np.arange(len(cost)), below).astype(float)
        step = np.zeros(len(cost))
        step[k] = 1
        rows += [-total - step, total - step]
        limits += [-least, min(greatest, BEYOND_ALL)]
    answer = linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=box)
    assert answer.fun is not None
    return float(answer.fun)


def _rules_as_sums(problem: Problem) -> Iterator[tuple[str, list[int], float, float]]:
    """Each rule's name, the rows of the reps it is about, and the range of their sum."""
    reps, units = problem.reps, problem.units
    yield "target", list(range(len(reps))), problem.target, problem.target
    for row, key in enumerate(reps.ids):
        yield f"rep:{key}:floor", [row], float(reps.min[row]), BEYOND_ALL
        yield f"rep:{key}:cap", [row], 0, float(reps.max[row])
        if reps.fixed[row] != NOT_SET:
            yield f"rep:{key}:fixed", [row], float(reps.fixed[row]), float(reps.fixed[row])
    for row, key in enumerate(units.ids):
        below = [rep for rep, unit in enumerate(reps.unit) if row in _above(int(unit), units)]
        if units.target[row] != NOT_SET:
            yield f"unit:{key}:target", below, float(units.target[row]), float(units.target[row])
        else:
            yield f"unit:{key}:min", below, float(units.min[row]), BEYOND_ALL
            yield f"unit:{key}:max", below, 0, float(units.max[row])


def _above(unit: int, units: Units) -> list[int]:
    chain = []
    while unit != COMPANY:
        chain.append(unit)
        unit = int(units.parent[unit])
    return chain


@given(cases())
def test_limits_that_can_hold_are_left_alone(case: Case) -> None:
    mended = relaxed(case.hierarchy, case.bounds)

    assert diagnose(case.problem, case.hierarchy, mended) is None
    again = relaxed(case.hierarchy, mended)
    for name in ("floor", "cap", "unit_min", "unit_max"):
        assert getattr(again, name).tolist() == getattr(mended, name).tolist()
