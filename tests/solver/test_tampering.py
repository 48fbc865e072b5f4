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
from solver.hierarchy import as_laid_out
from solver.policy import Policy
from solver.problem import NOT_SET, UNLIMITED, FloatArray, Problem
from solver.solve import solve
from solver.tree import equalise
from tests.solver.builders import AMOUNT, GROWTH, PROBABILITY, a_problem

type Forger = Callable[[Certificate, np.random.Generator], Certificate]

SEED = 20_261_122
TRIES = 60
"""Of each kind of forgery, for each plan."""


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
        limit = [{"max": baseline + 150}, {"min": baseline + 2_000}, {"fixed": baseline}, {}]
        row |= limit[int(noise.integers(0, 10)) % 4 if k % 3 == 0 else 3]
    expected = {unit: sum(int(row["baseline"]) for row in rows.values() if row["unit"] == unit)
                for unit in [*units, None]}  # fmt: skip
    units["west"]["max"] = int((expected["west"] + expected["north"]) * 1.06)
    units["east"]["min"] = int(expected["east"] * 1.15)
    units["south"]["target"] = int(expected["south"] * 1.1)
    return a_problem(int(sum(expected.values()) * 1.09), rows, units, increment)


PLANS: dict[str, Certificate] = {
    "stretch": solve(a_company(30, 1, 1), Policy()).certificate,
    "growth in hundreds": solve(a_company(24, 2, 100), GROWTH).certificate,
    "amounts": solve(a_company(12, 3, 7), AMOUNT).certificate,
    "probability": solve(a_company(20, 4, 1), PROBABILITY).certificate,
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
    levels = equalise(hierarchy, limits, plan.anchor, plan.yardstick, plan.response)
    return levels.quota


@pytest.mark.parametrize("about", PLANS)
def test_an_untouched_plan_is_proven(about: str) -> None:
    assert check(PLANS[about]).valid


@pytest.mark.parametrize("about", PLANS)
@pytest.mark.parametrize("what", QUOTAS)
def test_another_quota_is_always_found(about: str, what: str) -> None:
    noise = np.random.default_rng(SEED)
    for _ in range(TRIES):
        assert not check(QUOTAS[what](PLANS[about], noise)).valid


@pytest.mark.parametrize("about", PLANS)
@pytest.mark.parametrize("what", PROBLEM)
def test_another_problem_is_found_unless_its_plan_is_the_same(about: str, what: str) -> None:
    noise = np.random.default_rng(SEED)
    for _ in range(TRIES):
        forged = PROBLEM[what](PLANS[about], noise)
        if check(forged).valid:
            miss = np.abs(solved_again(forged) - forged.unrounded)
            assert miss.max() <= 1e-6 + 1e-14 * forged.total


@pytest.mark.parametrize("about", PLANS)
@pytest.mark.parametrize("what", PROOF)
def test_another_proof_is_found_unless_it_proves_the_same_plan(about: str, what: str) -> None:
    """What is altered here is no part of the plan, so all there is to say: most do not."""
    noise = np.random.default_rng(SEED)
    passed = [check(PROOF[what](PLANS[about], noise)).valid for _ in range(TRIES)]
    assert sum(passed) <= TRIES / 2
