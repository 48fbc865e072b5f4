"""Small cases that mostly ask for too much, and a plain answer to whether rules can hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.bounds import Bounds
from solver.coupled.coupling import couple
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, IntArray, Problem, Reps, Units
from tests.solver.builders import limits_of
from tests.solver.drawing import one_of, some_of


@st.composite
def tight_cases(draw: st.DrawFn) -> tuple[Problem, Policy]:
    """Any small organisation and rules across it; most of them ask for too much somewhere."""
    parent = [draw(st.integers(COMPANY, row - 1)) for row in range(draw(st.integers(0, 3)))]
    n = draw(st.integers(2, 6))
    cap, fixed = one_of(UNLIMITED, UNLIMITED, 3, 6), one_of(*[NOT_SET] * 5, 4)
    floors = one_of(0, 0, 0, 2, 5)
    units = Units.of(
        [f"u{row}" for row in range(len(parent))],
        parent=parent,
        min=[draw(one_of(0, 0, 4)) for _ in parent],
        max=[draw(one_of(UNLIMITED, UNLIMITED, 15)) for _ in parent],
    )
    reps = Reps.of(
        [f"r{row}" for row in range(n)],
        unit=[draw(st.integers(COMPANY, len(parent) - 1)) for _ in range(n)],
        min=[draw(floors) for _ in range(n)],
        max=[draw(cap) for _ in range(n)],
        fixed=[draw(fixed) for _ in range(n)],
        baseline=[float(draw(one_of(0, 2, 4))) for _ in range(n)],
        reach=[draw(one_of(1.0, 1.0, 3.0)) for _ in range(n)],
        margin=[draw(one_of(0.5, 0.25, 0.0, -0.5)) for _ in range(n)],
    )
    cohorts = {"role": tuple("ab"[row % 2] for row in range(n))} if n >= 4 else {}
    problem = Problem(draw(st.integers(0, 24)), reps, units, cohorts=cohorts)
    policy = _policy(draw, reps.ids, with_parity=bool(cohorts))
    return in_units_of(draw(one_of(1, 1_000)), problem, policy)


def in_units_of(amount: int, problem: Problem, policy: Policy) -> tuple[Problem, Policy]:
    """The same with every amount of money as many times as large."""

    def times(limits: IntArray) -> IntArray:
        return np.where((limits < UNLIMITED) & (limits != NOT_SET), limits * amount, limits)

    def scaled(rule: Any) -> Any:
        ends = {"min": getattr(rule, "min", None), "max": getattr(rule, "max", None)}
        known = {end: limit for end, limit in ends.items() if limit not in {None, UNLIMITED}}
        return replace(rule, **{end: limit * amount for end, limit in known.items()})

    reps, units = problem.reps, problem.units
    larger: dict[str, Any] = {name: times(getattr(reps, name)) for name in ("min", "max", "fixed")}
    larger |= {name: getattr(reps, name) * amount for name in ("baseline", "reach")}
    limits: dict[str, Any] = {
        name: times(getattr(units, name)) for name in ("min", "max", "target")
    }
    across: dict[str, Any] = {
        table: tuple(map(scaled, getattr(policy, table)))
        for table in ("groups", "margin_floors", "rows")
    }
    return (
        replace(
            problem,
            target=problem.target * amount,
            reps=replace(reps, **larger),
            units=replace(units, **limits),
        ),
        replace(policy, **across),
    )


def _policy(draw: st.DrawFn, ids: tuple[str, ...], *, with_parity: bool) -> Policy:
    some = some_of(ids)
    groups = [
        Group(f"g{k}", tuple(draw(some)), *draw(one_of((0, 5), (9, UNLIMITED), (3, 8), (6, 2))))
        for k in range(draw(st.integers(0, 3)))
    ]
    sizes = one_of(1.0, 2.0, -1.0, 0.5)
    rows = [
        LinearRow(
            f"l{k}",
            tuple((rep, draw(sizes)) for rep in draw(some)),
            *draw(one_of((3, None), (None, 4), (2, 2), (5, 1))),
        )
        for k in range(draw(st.integers(0, 2)))
    ]
    margins = (MarginFloor("m", draw(one_of(1, 4, 9))),) if draw(st.booleans()) else ()
    parity = (Parity("role", draw(one_of(0.0, 0.1, 0.5))),)
    return Policy(
        groups=tuple(groups),
        rows=tuple(rows),
        margin_floors=margins,
        parity=parity if with_parity and draw(st.booleans()) else (),
    )


@dataclass(frozen=True)
class Sums:
    """Each rule as a range of a weighted sum of quotas, in the problem's row order."""

    rule: str
    weights: tuple[float, ...]
    low: float
    high: float


def all_sums(problem: Problem, policy: Policy, limits: Bounds | None = None) -> list[Sums]:
    """Every rule by its name; told from the folded limits, which have tests of their own."""
    limits = limits or limits_of(problem, policy)
    return [*_of_the_tree(problem, limits), *_across(problem, policy, limits)]


def _of_the_tree(problem: Problem, limits: Bounds) -> Iterator[Sums]:
    n, hierarchy = len(problem.reps), lay_out(problem)
    for k, row in enumerate(hierarchy.rep_row.tolist()):
        one = tuple(float(other == row) for other in range(n))
        key = f"rep:{problem.reps.ids[row]}"
        yield Sums(f"{key}:floor", one, limits.floor[k], np.inf)
        yield Sums(f"{key}:cap", one, -np.inf, _or_inf(limits.cap[k]))
        if limits.fixed[k] != NOT_SET:
            yield Sums(f"{key}:fixed", one, limits.fixed[k], limits.fixed[k])
    for node in range(hierarchy.nodes):
        below = hierarchy.rep_row[hierarchy.first[node] : hierarchy.last[node]]
        whole = tuple(float(row in below) for row in range(n))
        low, high = limits.unit_min[node], _or_inf(limits.unit_max[node])
        if node == 0:
            yield Sums("target", whole, low, high)
            continue
        key = f"unit:{problem.units.ids[hierarchy.unit_row[node]]}"
        yield Sums(f"{key}:min", whole, low, np.inf)
        yield Sums(f"{key}:max", whole, -np.inf, high)


def _across(problem: Problem, policy: Policy, limits: Bounds) -> Iterator[Sums]:
    hierarchy = lay_out(problem)
    rows = couple(problem, policy, hierarchy, limits, SCALES[policy.fairness](problem.reps))
    for k, name in enumerate(rows.name):
        entries = slice(rows.start[k], rows.start[k + 1])
        weights = np.zeros(len(problem.reps))
        weights[hierarchy.rep_row[rows.rep[entries]]] = rows.coefficient[entries]
        low, high = -_or_inf(-rows.min[k]), _or_inf(rows.max[k])
        if name.startswith("parity:"):
            yield Sums(name, tuple(weights), low, high)
        else:
            yield Sums(f"{name}:min", tuple(weights), low, np.inf)
            yield Sums(f"{name}:max", tuple(weights), -np.inf, high)


def _or_inf(limit: Any) -> float:
    return float(limit) if limit < UNLIMITED else np.inf


def can_hold(sums: list[Sums], rules: Collection[str]) -> bool:
    """Whether the named rules can hold together with quotas of at least 0: plain rep by rep."""
    kept = [of for of in sums if of.rule in rules]
    upper = [(of.weights, of.high) for of in kept if of.high < np.inf]
    upper += [(tuple(-w for w in of.weights), -of.low) for of in kept if of.low > -np.inf]
    if not upper:
        return True
    n = len(sums[0].weights)
    matrix, limit = zip(*upper, strict=True)
    return linprog(np.zeros(n), A_ub=np.array(matrix), b_ub=limit, bounds=(0, None)).status == 0
