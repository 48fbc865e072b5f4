"""Thousands of forged plans: each is found, or it is a plan that the solver itself would answer.

A forger who changes quotas is always found. One who changes the problem instead (a limit, an
anchor, a rule) is found as long as the change matters: what passes is solved again from its own
numbers, and must come out as it stands there. One who changes the numbers of the proof alone
changes nothing that the plan says: if they still prove it, they are another proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from solver.bounds import Bounds
from solver.certificate import Certificate, check
from solver.coupled.two_stages import solve_coupled
from solver.hierarchy import as_laid_out
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import NOT_SET, UNLIMITED, FloatArray, Problem
from solver.solve import solve
from solver.tree import equalise
from solver.watch import Watch
from tests.solver.builders import AMOUNT, GROWTH, PROBABILITY, a_problem

type Forger = Callable[[Certificate, np.random.Generator], Certificate]

SEED = 20_261_122
TRIES = 70
"""Of each kind of forgery, for each plan."""
SOLVED_AGAIN = 5
"""How many problems with rules across the tree are solved again for each kind: an LP each."""


def a_company(reps: int, seed: int, increment: int) -> Problem:
    """Three regions, one with a maximum, one with a target; some caps, floors and locks."""
    noise = np.random.default_rng(seed)
    units: dict[str, dict[str, Any]] = {
        "all": {}, "west": {"parent": "all"}, "north": {"parent": "west"},
        "east": {"parent": "all"}, "south": {},
    }  # fmt: skip
    rows: dict[str, dict[str, Any]] = {}
    for k in range(reps):
        baseline = int(noise.integers(5_000, 20_000))
        row = rows[f"r{k:02}"] = {
            "unit": [*units, None][k % 6],
            "baseline": float(baseline),
            "reach": float(noise.integers(500, 5_000)),
            "sigma": float(noise.choice([0.1, 0.2, 0.3])),
            "margin": float(noise.choice([0.1, 0.2, 0.35])),
        }
        eager = int(baseline + 0.5 * row["reach"])
        limit = [{"max": baseline + 150}, {"min": eager}, {"fixed": baseline}, {}]
        row |= limit[int(noise.integers(0, 10)) % 4 if k % 3 == 0 else 3]
    expected = {unit: sum(int(row["baseline"]) for row in rows.values() if row["unit"] == unit)
                for unit in [*units, None]}  # fmt: skip
    units["west"]["max"] = int((expected["west"] + expected["north"]) * 1.06)
    units["east"]["min"] = int(expected["east"] * 1.1)
    units["south"]["target"] = int(expected["south"] * 1.1)
    return a_problem(int(sum(expected.values()) * 1.09), rows, units, increment)


def a_coupled_plan(reps: int, seed: int, increment: int) -> Certificate:
    """Two groups that overlap, a parity, a margin floor and a row; most of them bind."""
    problem = a_company(reps, seed, increment)
    ids, baseline, margin = problem.reps.ids, problem.reps.baseline, problem.reps.margin
    few, many = slice(0, reps // 3), slice(reps // 4, reps * 2 // 3)
    roles = tuple(["a", "b", "b", None][k % 4] for k in range(reps))
    policy = Policy(
        groups=(
            Group("few", ids[few], max=int(baseline[few].sum() * 1.07)),
            Group("many", ids[many], min=int(baseline[many].sum() * 1.14)),
        ),
        parity=(Parity("role", 0.01),),
        margin_floors=(MarginFloor("earn", int((baseline * margin).sum() * 1.09)),),
        rows=(LinearRow("own", tuple(zip(ids[-4:], (1.0, -1.0, 0.5, 2.0), strict=True)), min=0),),
    )
    return solve(replace(problem, cohorts={"role": roles}), policy).certificate


PLANS: dict[str, Certificate] = {
    "stretch": solve(a_company(30, 1, 1), Policy()).certificate,
    "growth in hundreds": solve(a_company(24, 2, 100), GROWTH).certificate,
    "amounts": solve(a_company(12, 3, 7), AMOUNT).certificate,
    "probability": solve(a_company(20, 4, 1), PROBABILITY).certificate,
    "rules": a_coupled_plan(24, 8, 1),
    "rules in fifties": a_coupled_plan(36, 9, 50),
}


# What forgers do. Each answers a certificate that says something else than before.


def another(column: str, by: Callable[[Any, np.random.Generator], Any]) -> Forger:
    """Change one value of a column, or the value itself where there is only one."""

    def forge(plan: Certificate, noise: np.random.Generator) -> Certificate:
        value = getattr(plan, column)
        if not isinstance(value, np.ndarray):
            return replace(plan, **{column: by(value, noise)})
        altered: Any = value.copy()
        place = int(noise.integers(len(value)))
        altered[place] = by(value[place], noise)
        return replace(plan, **{column: altered})

    return forge


def cents(value: Any, noise: np.random.Generator) -> int:
    """Another amount, a cent or many away, never below 0; a limit where there was none."""
    if value >= UNLIMITED:
        return int(noise.integers(0, 20_000))
    size = int(noise.choice([1, 1, 2, 10, 100, 1_000, 10_000]))
    return int(value) + (size if value < size or noise.random() < 0.5 else -size)


def measure(value: Any, noise: np.random.Generator) -> float:
    """Another measurement: a thousandth or more of it away."""
    return float(value * (1 + noise.choice([-1, 1]) * noise.choice([0.001, 0.01, 0.1, 0.5])) + 0.25)


def stretch(value: Any, noise: np.random.Generator) -> float:
    return float(value + noise.choice([-1, 1]) * noise.choice([1e-4, 1e-3, 1e-2, 1.0]))


def handed_over(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """One rep hands something to another; the company's sum stays."""
    one, other = noise.choice(len(plan.quota), 2, replace=False)
    return _handed(plan, noise, int(one), int(other))


def handed_over_in_the_unit(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """The same inside one unit, so that every sum stays."""
    team = np.flatnonzero(plan.unit == noise.choice(plan.unit))
    one, other = noise.choice(team, 2, replace=False)
    return _handed(plan, noise, int(one), int(other))


def _handed(plan: Certificate, noise: np.random.Generator, one: int, other: int) -> Certificate:
    quota, unrounded = plan.quota.copy(), plan.unrounded.copy()
    amount = int(noise.choice([1, 1, 2, plan.increment, 100, 1_000]))
    quota[one] += amount
    quota[other] -= amount
    if noise.random() < 0.5:  # a careful forger changes the unrounded plan as well
        unrounded[one] += amount
        unrounded[other] -= amount
    return replace(plan, quota=quota, unrounded=unrounded)


def swapped(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """Two reps of one unit change places in the quotas, where these differ."""
    team = np.flatnonzero(plan.unit == noise.choice(plan.unit))
    one, other = noise.choice(team, 2, replace=False)
    if plan.quota[one] == plan.quota[other]:
        return handed_over_in_the_unit(plan, noise)
    quota = plan.quota.copy()
    quota[[one, other]] = quota[[other, one]]
    return replace(plan, quota=quota)


def transferred(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """The last rep of a unit hangs on the next one."""
    ends = np.flatnonzero(np.diff(plan.unit) > 0)
    place = int(noise.choice(ends))
    unit = plan.unit.copy()
    unit[place] = unit[place + 1]
    return replace(plan, unit=unit)


QUOTAS: dict[str, Forger] = {
    "quota": another("quota", cents),
    "handed over": handed_over,
    "handed over in the unit": handed_over_in_the_unit,
    "swapped": swapped,
}
PROBLEM: dict[str, Forger] = {
    "total": another("total", cents),
    "increment": another("increment", cents),
    "minimum of a unit": another("unit_min", cents),
    "maximum of a unit": another("unit_max", cents),
    "floor": another("floor", cents),
    "cap": another("cap", cents),
    "anchor": another("anchor", measure),
    "yardstick": another("yardstick", measure),
    "unit of a rep": transferred,
}
PROOF: dict[str, Forger] = {
    "level of the company": another("company_level", stretch),
    "level of a unit": another("unit_level", stretch),
    "unrounded": another("unrounded", measure),
}


def of_a_rule(column: str, by: Callable[[Any, np.random.Generator], Any]) -> Forger:
    """Change one value of the rules that cross the tree."""

    def forge(plan: Certificate, noise: np.random.Generator) -> Certificate:
        assert plan.across
        altered: Any = getattr(plan.across.coupling, column).copy()
        place = int(noise.integers(len(altered)))
        altered[place] = by(altered[place], noise)
        coupling = replace(plan.across.coupling, **{column: altered})
        return replace(plan, across=replace(plan.across, coupling=coupling))

    return forge


def of_the_proof(column: str, by: Callable[[Any, np.random.Generator], Any]) -> Forger:
    """Change one value of what proves a plan with rules that cross the tree."""

    def forge(plan: Certificate, noise: np.random.Generator) -> Certificate:
        assert plan.across
        altered: Any = np.array(getattr(plan.across, column))
        place = int(noise.integers(altered.size))
        altered.flat[place] = by(altered.flat[place], noise)
        value = altered if altered.ndim else float(altered)
        change: Any = {column: value}
        return replace(plan, across=replace(plan.across, **change))

    return forge


def signed_cents(value: Any, noise: np.random.Generator) -> int:
    if abs(value) >= UNLIMITED:
        return int(noise.integers(-20_000, 20_000))
    return int(value) + int(noise.choice([-1, 1]) * noise.choice([1, 1, 2, 10, 100, 1_000]))


def handed_over_within_rules(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """Between two reps whom every rule counts alike, so that every rule holds as before."""
    assert plan.across
    coupling = plan.across.coupling
    counted = np.zeros((coupling.reps, len(coupling)))
    counted[coupling.rep, coupling.row] = coupling.coefficient
    for one in noise.permutation(coupling.reps):
        alike = np.flatnonzero((counted == counted[one]).all(axis=1))
        alike = alike[alike != one]
        if len(alike):
            return _handed(plan, noise, int(one), int(noise.choice(alike)))
    raise AssertionError("no two reps are alike")


def a_rule_less(plan: Certificate, noise: np.random.Generator) -> Certificate:
    """Leave a rule out, with all that belongs to it."""
    assert plan.across
    coupling = plan.across.coupling
    gone = int(noise.integers(len(coupling)))
    kept, entries = np.arange(len(coupling)) != gone, coupling.row != gone
    sizes = np.diff(coupling.start)[kept]
    left = replace(
        coupling,
        name=tuple(name for k, name in enumerate(coupling.name) if k != gone),
        peers=tuple(peers for k, peers in enumerate(coupling.peers) if k != gone),
        start=np.append(0, np.cumsum(sizes)),
        rep=coupling.rep[entries],
        coefficient=coupling.coefficient[entries],
        **{name: getattr(coupling, name)[kept] for name in ("min", "max", "tolerance", "even")},
    )
    across = replace(
        plan.across,
        coupling=left,
        row_level=plan.across.row_level[kept],
        row_price=plan.across.row_price[kept],
    )
    return replace(plan, across=across)


QUOTAS_ACROSS: dict[str, Forger] = QUOTAS | {"handed over within rules": handed_over_within_rules}
PROBLEM_ACROSS: dict[str, Forger] = PROBLEM | {
    "minimum of a rule": of_a_rule("min", signed_cents),
    "maximum of a rule": of_a_rule("max", signed_cents),
    "coefficient": of_a_rule("coefficient", measure),
    "rep of a rule": of_a_rule("rep", lambda rep, noise: rep + noise.choice([-1, 1])),
    "a rule less": a_rule_less,
}
PROOF_ACROSS: dict[str, Forger] = PROOF | {
    "level of a rule": of_the_proof("row_level", stretch),
    "largest stretch": of_the_proof("largest", stretch),
    "price of a rule": of_the_proof("row_price", lambda price, noise: price + noise.normal()),
    "price of a unit": of_the_proof("node_price", lambda price, noise: price + noise.normal()),
}


def solved_again(plan: Certificate) -> FloatArray:
    """The unrounded plan that the engine makes of the problem that a certificate states."""
    hierarchy = as_laid_out(plan.unit, plan.parent)
    assert hierarchy
    unit_min, unit_max = np.append(plan.total, plan.unit_min), np.append(plan.total, plan.unit_max)
    limits = Bounds(
        floor=plan.floor,
        cap=plan.cap,
        fixed=np.full_like(plan.floor, NOT_SET),
        unit_min=unit_min,
        unit_max=unit_max,
        unit_target=unit_min == unit_max,
    )
    if plan.across:
        coupled = solve_coupled(hierarchy, limits, plan.scale, plan.across.coupling, Watch())
        assert coupled
        return coupled.levels.quota
    return equalise(hierarchy, limits, plan.anchor, plan.yardstick, plan.response).quota


@pytest.mark.parametrize("about", PLANS)
def test_an_untouched_plan_is_proven(about: str) -> None:
    assert check(PLANS[about]).valid


def every(on_the_tree: dict[str, Forger], across_it: dict[str, Forger]) -> pytest.MarkDecorator:
    """Every plan with every forgery that its kind is open to."""
    pairs = [
        pytest.param(plan, forge, id=f"{what}-{about}")
        for about, plan in PLANS.items()
        for what, forge in (across_it if plan.across else on_the_tree).items()
    ]
    return pytest.mark.parametrize(("plan", "forge"), pairs)


@every(QUOTAS, QUOTAS_ACROSS)
def test_another_quota_is_always_found(plan: Certificate, forge: Forger) -> None:
    noise = np.random.default_rng(SEED)
    for _ in range(TRIES):
        assert not check(forge(plan, noise)).valid


@every(PROBLEM, PROBLEM_ACROSS)
def test_another_problem_is_found_unless_its_plan_is_the_same(
    plan: Certificate, forge: Forger
) -> None:
    noise = np.random.default_rng(SEED)
    passed = [
        forged for forged in (forge(plan, noise) for _ in range(TRIES)) if check(forged).valid
    ]
    for forged in passed[: SOLVED_AGAIN if plan.across else None]:
        miss = np.abs(solved_again(forged) - forged.unrounded)
        assert miss.max() <= 1e-6 + 1e-9 * forged.total / len(miss)


@every(PROOF, PROOF_ACROSS)
def test_what_proves_nothing_any_more_is_found(plan: Certificate, forge: Forger) -> None:
    """Nothing of what is altered here is part of the plan; what passes is another proof of it."""
    noise = np.random.default_rng(SEED)
    passed = [check(forge(plan, noise)).valid for _ in range(TRIES)]
    assert sum(passed) <= TRIES / 2
