"""Small problems for tests: what a test is not about gets a harmless default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import ceil, floor
from operator import mul
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.bounds import bounds
from solver.coupled.coupling import Coupling, couple, even_lines, even_share
from solver.fairness import SCALES
from solver.hierarchy import exact_sums, lay_out
from solver.policy import Fairness, Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, Problem, Reps, Units
from tests.solver.drawing import one_of, some_of

GROWTH = Policy(fairness="equal_growth")
POTENTIAL = Policy(fairness="equal_potential_share")
AMOUNT = Policy(fairness="equal_amount")
PROBABILITY = Policy(fairness="equal_probability")
POLICIES = (Policy(), GROWTH, POTENTIAL, AMOUNT)
"""Those that rules across the tree and linear programmes know, too."""
TREE_POLICIES = (*POLICIES, PROBABILITY)


def a_problem(
    target: int,
    reps: Mapping[str, Any] | Sequence[str],
    units: Mapping[str, Any] | None = None,
    increment: int = 1,
) -> Problem:
    """A problem from rows by id; a rep expects 100.00 and has a reach of 100.00 unless told.

    `unit` and `parent` are named by id.
    """
    units = units or {}
    rows = reps if isinstance(reps, Mapping) else {key: {} for key in reps}
    place = {key: row for row, key in enumerate(units)} | {None: COMPANY}
    full = [{"baseline": 10_000.0, "reach": 10_000.0, "unit": None, **row} for row in rows.values()]
    columns: dict[str, Any] = {
        name: [row.get(name, default) for row in full] for name, default in _REP.items()
    }
    columns["unit"] = [place[unit] for unit in columns["unit"]]
    unit_columns: dict[str, Any] = {
        name: [row.get(name, default) for row in units.values()] for name, default in _UNIT.items()
    }
    unit_columns["parent"] = [place[parent] for parent in unit_columns["parent"]]
    return Problem(
        target=target,
        reps=Reps.of(list(rows), **columns),
        units=Units.of(list(units), **unit_columns),
        increment=increment,
    )


_REP: dict[str, Any] = {
    "unit": None, "baseline": 0.0, "reach": 0.0, "potential": 10_000.0, "last_year": np.nan,
    "min": 0, "max": UNLIMITED, "capacity": np.inf, "fixed": NOT_SET, "sigma": np.nan,
    "margin": np.nan,
}  # fmt: skip
_UNIT: dict[str, Any] = {
    "parent": None, "min": 0, "max": UNLIMITED, "target": NOT_SET, "over_assignment": np.nan,
}  # fmt: skip


def rows(problem: Problem) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The rows that `a_problem` would build the problem from, to be changed and built again."""
    unit_ids = [*problem.units.ids, None]
    reps = {
        key: {name: getattr(problem.reps, name)[row].item() for name in _REP}
        | {"unit": unit_ids[problem.reps.unit[row]]}
        for row, key in enumerate(problem.reps.ids)
    }
    units = {
        key: {name: getattr(problem.units, name)[row].item() for name in _UNIT}
        | {"parent": unit_ids[problem.units.parent[row]]}
        for row, key in enumerate(problem.units.ids)
    }
    return reps, units


# Few different values, so that ties, equal reps and limits that just touch are common.
money = st.sampled_from([0, 1, 50, 99, 100, 100, 100, 120, 150, 333, 1_000, 7_777, 100_000])
yardsticks = st.sampled_from([0.0, 1.0, 50.0, 100.0, 100.0, 100.0, 250.0, 1_000.0, 33.3])
_lengths = yardsticks.filter(bool)
sigmas = st.sampled_from([0.05, 0.2, 0.3, 0.3, 0.3, 1.0, 2.5])
slack = st.sampled_from([0, 0, 1, 10, 25, 100, 1_000])


@cache
@st.composite
def problems(draw: st.DrawFn, max_reps: int = 9, *, yardstick_zero: bool = True) -> Problem:
    """Any feasible problem on a ragged tree: its limits are drawn around a plan that keeps them.

    Locks, equal reps, limits without slack, targets of units, empty units and reps on inner units
    all occur.
    """
    problem, _ = draw(problems_with_a_plan(max_reps, yardstick_zero=yardstick_zero))
    return problem


@cache
@st.composite
def problems_with_a_plan(
    draw: st.DrawFn, max_reps: int = 9, *, yardstick_zero: bool = True
) -> tuple[Problem, dict[str, int]]:
    """The same, and the quotas by rep that the limits were drawn around."""
    names = [f"u{k}" for k in range(draw(st.integers(0, 6)))]
    parents = [draw(one_of(None, *names[:k])) for k in range(len(names))]
    units: dict[str, dict[str, Any]] = {
        name: {"parent": parent} for name, parent in zip(names, parents, strict=True)
    }
    reps: dict[str, dict[str, Any]] = {}
    plan: dict[str, int] = {}
    yardstick = yardsticks if yardstick_zero else _lengths
    for key in (f"r{k}" for k in range(draw(st.integers(1, max_reps)))):
        plan[key] = draw(money)
        reps[key] = {
            "unit": draw(one_of(None, *names)),
            "baseline": float(draw(money)),
            "reach": draw(yardstick),
            "potential": draw(yardstick),
            "sigma": draw(sigmas),
            **_limits(draw, plan[key]),
        }
    problem = a_problem(sum(plan.values()), reps, units)
    hierarchy = lay_out(problem)
    quota = np.array(list(plan.values()))[hierarchy.rep_row]
    sums = exact_sums(quota, hierarchy.first, hierarchy.last).tolist()
    for node, row in enumerate(hierarchy.unit_row.tolist()[1:], start=1):
        units[names[row]] |= _range(draw, sums[node])
    return replace(a_problem(problem.target, reps, units), increment=draw(_increments)), plan


_increments = st.sampled_from([1, 1, 1, 5, 10, 100, 1_000])
_KINDS_OF_LIMITS = st.sampled_from(["none", "none", "box", "cap", "floor", "fixed"])
_KINDS_OF_RANGES = st.sampled_from(["none", "none", "range", "min", "max", "target"])


def _limits(draw: st.DrawFn, quota: int) -> dict[str, Any]:
    kind = draw(_KINDS_OF_LIMITS)
    if kind == "fixed":
        return {"fixed": quota}
    limits: dict[str, Any] = {}
    if kind in ("box", "floor"):
        limits["min"] = max(0, quota - draw(slack))
    if kind in ("box", "cap"):
        limits["max"] = quota + draw(slack)
    return limits


def _range(draw: st.DrawFn, total: int) -> dict[str, Any]:
    kind = draw(_KINDS_OF_RANGES)
    if kind == "target":
        return {"target": total, "over_assignment": 0.0}
    limits: dict[str, Any] = {}
    if kind in ("range", "min"):
        limits["min"] = max(0, total - draw(slack))
    if kind in ("range", "max"):
        limits["max"] = total + draw(slack)
    return limits


def limits_of(problem: Problem, policy: Policy | None = None) -> Any:
    """The folded limits of a problem, in layout order."""
    return bounds(problem, policy or Policy(), lay_out(problem))


@st.composite
def coupled_problems(
    draw: st.DrawFn, max_reps: int = 9, *, yardstick_zero: bool = True
) -> tuple[Problem, Policy]:
    """A problem of `problems()` and a policy with one to three rules across its tree.

    All limits hold together: the rules are drawn around the same plan, some without slack.
    """
    problem, plan = draw(problems_with_a_plan(max_reps, yardstick_zero=yardstick_zero))
    fairness = draw(one_of(*POLICIES)).fairness
    rules: dict[str, list[Any]] = {"groups": [], "parity": [], "margin_floors": [], "rows": []}
    for number, kind in enumerate(draw(_kinds_of_rules)):
        problem, rule = _RULES_ACROSS[kind](draw, problem, plan, fairness, f"{kind}-{number}")
        rules[kind if rule else "groups"].append(rule or _group(draw, plan, f"other-{number}"))
    across: dict[str, Any] = {kind: tuple(of) for kind, of in rules.items()}
    return problem, Policy(fairness=fairness, **across)


def _groups(
    draw: st.DrawFn, problem: Problem, plan: dict[str, int], _fairness: Fairness, key: str
) -> tuple[Problem, Group]:
    return problem, _group(draw, plan, key)


def _group(draw: st.DrawFn, plan: dict[str, int], key: str) -> Group:
    reps = draw(some_of(tuple(plan)))
    total = sum(plan[rep] for rep in reps)
    least = max(0, total - draw(slack)) if draw(st.booleans()) else 0
    most = total + draw(slack) if least == 0 or draw(st.booleans()) else UNLIMITED
    return Group(key, tuple(reps), least, most)


def _parity(
    draw: st.DrawFn, problem: Problem, plan: dict[str, int], fairness: Fairness, key: str
) -> tuple[Problem, Parity | None]:
    """Two peer groups or three, or nothing where there are too few reps or shares of nothing."""
    kinds = one_of((None, *"aabb", *("cc" if len(plan) > 5 else "")))
    values = [draw(kinds) for _ in plan]
    peers = [[row for row, of in enumerate(values) if of == value] for value in "abc"]
    members = [np.array(rows) for rows in peers if rows]
    if len(members) < 2 or min(map(len, members)) < 2:
        return problem, None
    lines = even_lines(members, SCALES[fairness](problem.reps))
    shares = [even_share(line, problem.target) for line in lines]
    sums = [sum(list(plan.values())[row] for row in rows) for rows in members]
    if min(shares) < 1:
        return problem, None
    miss = max(abs(done - share) / share for done, share in zip(sums, shares, strict=True))
    problem = replace(problem, cohorts={**problem.cohorts, key: tuple(values)})
    return problem, Parity(key, float(miss) + draw(one_of(0.0, 0.0, 0.01, 0.2)))


def _margin_floor(
    draw: st.DrawFn, problem: Problem, plan: dict[str, int], _fairness: Fairness, key: str
) -> tuple[Problem, MarginFloor | None]:
    """A floor of the company or a unit; nothing where the plan makes a loss there."""
    if np.isnan(problem.reps.margin).any():
        margins = one_of(0.0, 0.1, 0.25, 0.5, 0.5, 1.0, -0.2)
        drawn = np.array([draw(margins) for _ in plan])
        problem = replace(problem, reps=replace(problem.reps, margin=drawn))
    node = draw(st.integers(0, len(problem.units)))
    hierarchy = lay_out(problem)
    row = hierarchy.rep_row[hierarchy.first[node] : hierarchy.last[node]]
    quota = [plan[problem.reps.ids[k]] for k in row]
    margin = [Fraction(repr(size)) for size in problem.reps.margin[row].tolist()]
    earned = sum(map(mul, margin, quota), Fraction(0))
    if earned < 0:
        return problem, None
    unit = problem.units.ids[hierarchy.unit_row[node]] if node else None
    return problem, MarginFloor(key, max(0, floor(earned) - draw(slack)), unit)


def _row(
    draw: st.DrawFn, problem: Problem, plan: dict[str, int], _fairness: Fairness, key: str
) -> tuple[Problem, LinearRow]:
    sizes = one_of(1.0, 1.0, -1.0, 2.0, -0.5, 0.1, 3.7)
    reps = draw(some_of(tuple(plan)))
    terms = tuple((rep, draw(sizes)) for rep in reps)
    total = sum(Fraction(repr(size)) * plan[rep] for rep, size in terms)
    least = floor(total) - draw(slack) if draw(st.booleans()) else None
    most = ceil(total) + draw(slack) if least is None or draw(st.booleans()) else None
    return problem, LinearRow(key, terms, least, most)


_RULES_ACROSS: dict[str, Any] = {
    "groups": _groups, "parity": _parity, "margin_floors": _margin_floor, "rows": _row,
}  # fmt: skip
_kinds_of_rules = st.lists(st.sampled_from(list(_RULES_ACROSS)), min_size=1, max_size=3)


def coupling_of(problem: Problem, policy: Policy) -> Coupling:
    """The rows of a policy over the reps of a problem."""
    scale = SCALES[policy.fairness](problem.reps)
    return couple(problem, policy, lay_out(problem), limits_of(problem, policy), scale)
