"""The invariants of the allocation, by their numbers in the design, over every policy.

5 to 14 hold for the unrounded plan; a rounded quota lies within one increment of it (2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.errors import InfeasibleProblem
from solver.fairness import SCALES
from solver.infeasibility import Infeasibility
from solver.policy import Policy
from solver.problem import NOT_SET, UNLIMITED, Problem
from solver.solve import solve
from tests.solver.builders import POLICIES, TREE_POLICIES, a_problem, money, problems, rows
from tests.solver.drawing import one_of

policies = st.sampled_from(TREE_POLICIES)

_FACTS = ("baseline", "reach", "potential")
_ADDITIVE = ("equal_stretch", "equal_growth", "equal_potential_share")


def unrounded(problem: Problem, policy: Policy) -> dict[str, float]:
    return dict(zip(problem.reps.ids, solve(problem, policy).unrounded.tolist(), strict=True))


def noise(problem: Problem) -> float:
    """What float64 may be off by, in minor units, plus the negligible yardstick of nobody's."""
    return 1e-9 * max(problem.target, 1)


@given(problems(), policies)
def test_1_sums_are_exact_in_minor_units_at_every_unit_with_a_sum(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)

    assert plan.quota.sum() == problem.target
    assert np.all(plan.unit_min <= plan.unit_quota)
    assert np.all(plan.unit_quota <= plan.unit_max)


@given(problems(), policies)
def test_2_limits_hold_and_rounding_moves_nobody_by_more_than_an_increment(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)

    assert np.all((plan.floor <= plan.quota) & (plan.quota <= plan.cap))
    assert np.all(np.abs(plan.quota - plan.unrounded) <= problem.increment + noise(problem))


@given(problems(), policies, st.data())
def test_2_or_a_conflict_is_named(problem: Problem, policy: Policy, data: st.DataObject) -> None:
    target = data.draw(st.integers(0, 2 * problem.target + 1_000))

    answer = solved(replace(problem, target=target), policy)

    assert answer.checks.valid if isinstance(answer, Allocation) else answer.conflict


def solved(problem: Problem, policy: Policy) -> Allocation | Infeasibility:
    try:
        return solve(problem, policy)
    except InfeasibleProblem as error:
        return error.infeasibility


@given(problems(), policies, st.randoms(use_true_random=False))
def test_3_the_order_of_input_rows_does_not_matter(
    problem: Problem, policy: Policy, random: Any
) -> None:
    reps, units = (list(table.items()) for table in rows(problem))
    random.shuffle(reps)
    random.shuffle(units)
    shuffled = a_problem(problem.target, dict(reps), dict(units), problem.increment)

    plan, again = solve(problem, policy), solve(shuffled, policy)

    assert by_rep(plan) == by_rep(again)


def by_rep(plan: Allocation) -> dict[str, tuple[int, float]]:
    columns = plan.problem.reps.ids, plan.quota.tolist(), plan.unrounded.tolist()
    return {key: (quota, exact) for key, quota, exact in zip(*columns, strict=True)}


@given(problems(max_reps=6), policies, st.data())
def test_4_equals_get_equals(problem: Problem, policy: Policy, data: st.DataObject) -> None:
    reps, units = rows(problem)
    twin = data.draw(st.sampled_from(sorted(reps)))
    reps["twin"] = reps[twin]
    target = data.draw(st.integers(problem.target, problem.target + 1_000))
    pair = relaxed(a_problem(target, reps, units, problem.increment))

    plan = by_rep(solve(pair, policy))

    assert plan["twin"][1] == plan[twin][1]
    assert abs(plan["twin"][0] - plan[twin][0]) <= problem.increment


def relaxed(problem: Problem) -> Problem:
    """The same problem without upper limits of units and locks, so that more fits into it."""
    reps, units = rows(problem)
    for row in units.values():
        row |= {"max": UNLIMITED, "target": -1}
    free = {"free": {"reach": 100.0, "potential": 100.0, "sigma": 0.3}}
    for row in reps.values():
        row["fixed"] = -1
    reps = {key: row | {"min": 0} for key, row in reps.items()} | free
    return a_problem(problem.target, reps, {k: r | {"min": 0} for k, r in units.items()},
                     problem.increment)  # fmt: skip


@given(problems(yardstick_zero=False), policies)
def test_5_who_has_more_carries_no_less_within_one_unit(problem: Problem, policy: Policy) -> None:
    plan = solve(problem, policy)
    anchor, yardstick = plan.scale.anchor, plan.scale.effective
    for i in range(len(problem.reps)):
        for j in range(len(problem.reps)):
            ordered = (
                problem.reps.unit[i] == problem.reps.unit[j]
                and anchor[i] >= anchor[j]
                and yardstick[i] >= yardstick[j]
                and plan.floor[i] >= plan.floor[j]
                and plan.cap[i] >= plan.cap[j]
            )
            pushed = plan.stretch[j] >= 0 or yardstick[i] == yardstick[j]
            if ordered and pushed:
                assert plan.unrounded[i] >= plan.unrounded[j] - noise(problem)


@given(problems(), policies, st.sampled_from([10, 1_000, 7, 1_000_000]))
def test_6_another_currency_changes_no_share(problem: Problem, policy: Policy, rate: int) -> None:
    assume(policy.fairness != "equal_amount" or problem.target)
    reps, units = rows(problem)
    for row in reps.values():
        row |= {key: row[key] * rate for key in ("baseline", "reach", "potential", "min")}
        row |= {key: row[key] * rate for key in ("max", "fixed") if 0 <= row[key] < UNLIMITED}
    for row in units.values():
        row |= {key: row[key] * rate for key in ("min",)}
        row |= {key: row[key] * rate for key in ("max", "target") if 0 <= row[key] < UNLIMITED}
    scaled = a_problem(problem.target * rate, reps, units)

    before, after = unrounded(problem, policy), unrounded(scaled, policy)

    for key, quota in before.items():
        assert after[key] == pytest.approx(quota * rate, abs=noise(scaled))


@given(problems(), policies, st.integers(1, 5_000))
def test_7_a_higher_target_lowers_nobody(problem: Problem, policy: Policy, more: int) -> None:
    before = solve(problem, policy)
    after = solved(replace(problem, target=problem.target + more), policy)

    if isinstance(after, Allocation):
        assert np.all(after.unrounded >= before.unrounded - 2 * noise(problem))


@given(problems(), policies, money, st.data())
def test_8_a_rep_who_joins_raises_nobody(
    problem: Problem, policy: Policy, baseline: int, data: st.DataObject
) -> None:
    reps, units = rows(problem)
    unit = data.draw(one_of(None, *units))
    reps["joiner"] = {
        "unit": unit, "baseline": baseline, "reach": 100.0, "potential": 100.0, "sigma": 0.3,
    }  # fmt: skip
    joined = a_problem(problem.target, reps, units)

    before, after = unrounded(problem, policy), unrounded(joined, policy)

    for key, quota in before.items():
        assert after[key] <= quota + 2 * noise(problem)


@given(problems(), policies, st.data())
def test_9_a_rep_who_leaves_with_the_own_quota_changes_nobody_elses(
    problem: Problem, policy: Policy, data: st.DataObject
) -> None:
    assume(len(problem.reps) > 1)
    reps, units = rows(problem)
    leaver = data.draw(st.sampled_from(sorted(reps)))
    before = unrounded(problem, policy)
    whole = round(before[leaver])
    assume(abs(whole - before[leaver]) < 1e-9)  # limits are whole minor units
    unit = reps.pop(leaver)["unit"]
    while unit is not None:
        row = units[unit]
        row["min"] = max(0, row["min"] - whole)
        row["max"] -= whole if row["max"] < UNLIMITED else 0
        row["target"] -= whole if row["target"] >= 0 else 0
        unit = row["parent"]

    after = unrounded(a_problem(problem.target - whole, reps, units), policy)

    if _has_yardstick(problem, policy) == _has_yardstick(a_problem(1, reps, units), policy):
        for key, quota in after.items():
            assert quota == pytest.approx(before[key], abs=4 * noise(problem))


def _has_yardstick(problem: Problem, policy: Policy) -> bool:
    """Whether anybody has one; the last who has one and leaves turns the rest to equal amounts."""
    return bool(SCALES[policy.fairness](problem.reps).yardstick.max() > 0)


# Policies whose stretch is linear, of reps whom no limit of their own tells apart: shares of one
# territory may then be cut up, put together or handed over.
linear = st.sampled_from([policy for policy in POLICIES if policy.fairness in _ADDITIVE])
shares = st.sampled_from([0.0, 0.25, 0.5, 0.75])


@given(problems(yardstick_zero=False), linear, shares, st.data())
def test_10_splitting_or_merging_a_territory_changes_no_one_else(
    problem: Problem, policy: Policy, share: float, data: st.DataObject
) -> None:
    reps, units = rows(problem)
    free = sorted(key for key, row in reps.items() if _is_free(row))
    assume(free and share)
    whole = data.draw(st.sampled_from(free))
    before = unrounded(problem, policy)
    reps["half"] = _part(reps[whole], share)
    reps[whole] = _part(reps[whole], 1 - share)

    after = unrounded(a_problem(problem.target, reps, units), policy)

    assert after["half"] + after[whole] == pytest.approx(before[whole], abs=4 * noise(problem))
    for key in before.keys() - {whole}:
        assert after[key] == pytest.approx(before[key], abs=4 * noise(problem))


@given(problems(yardstick_zero=False), linear, shares, st.data())
def test_11_a_transfer_inside_a_pair_leaves_third_parties_alone(
    problem: Problem, policy: Policy, share: float, data: st.DataObject
) -> None:
    reps, units = rows(problem)
    pairs = [
        (one, other)
        for one in sorted(reps)
        for other in sorted(reps)
        if one != other and reps[one]["unit"] == reps[other]["unit"]
    ]
    assume(pairs)
    giver, taker = data.draw(st.sampled_from(pairs))
    for key in (giver, taker):  # what could be carried within limits can be without
        reps[key] |= {"min": 0, "max": UNLIMITED, "fixed": NOT_SET}
    before = unrounded(a_problem(problem.target, reps, units), policy)
    handed = _part(reps[giver], share)
    reps[taker] |= {name: reps[taker][name] + handed[name] for name in _FACTS}
    reps[giver] = _part(reps[giver], 1 - share)

    after = unrounded(a_problem(problem.target, reps, units), policy)

    # Nobody's quota falls below 0, so whom relief has brought there is not free.
    assume(min(plan[key] for plan in (before, after) for key in (giver, taker)) > 0)
    for key in before.keys() - {giver, taker}:
        assert after[key] == pytest.approx(before[key], abs=4 * noise(problem))


def _is_free(row: dict[str, Any]) -> bool:
    """Whether nothing but 0 limits the rep, and 0 is far: anchors are carried in any case."""
    return bool(row["min"] == 0 and row["max"] == UNLIMITED and row["fixed"] < 0)


def _part(row: dict[str, Any], share: float) -> dict[str, Any]:
    return row | {name: row[name] * share for name in _FACTS}


@given(problems(), policies, st.integers(0, 10_000))
def test_12_having_solved_another_target_first_changes_nothing(
    problem: Problem, policy: Policy, other: int
) -> None:
    fresh = by_rep(solve(problem, policy))
    solved(replace(problem, target=other), policy)

    assert by_rep(solve(problem, policy)) == fresh


@given(st.lists(st.tuples(money, st.sampled_from([50.0, 100.0, 250.0])), min_size=1, max_size=6),
       st.floats(0, 1))  # fmt: skip
def test_13_relief_below_the_baselines_follows_the_same_rule(
    facts: list[tuple[int, float]], share: float
) -> None:
    reps = {f"r{k}": {"baseline": float(b), "reach": r} for k, (b, r) in enumerate(facts)}
    target = int(share * sum(baseline for baseline, _ in facts))

    plan = solve(a_problem(target, reps), Policy())

    relieved = plan.unrounded > noise(plan.problem)
    assert plan.common_stretch <= 1e-9
    assert plan.stretch[relieved] == pytest.approx(plan.common_stretch, abs=1e-6)


@given(problems(yardstick_zero=False), st.floats(1.0, 1_000.0), st.data())
def test_15_a_higher_own_potential_lowers_not_the_own_quota_where_stretch_is_above_0(
    problem: Problem, more: float, data: st.DataObject
) -> None:
    policy = Policy(fairness="equal_potential_share")
    reps, units = rows(problem)
    who = data.draw(st.sampled_from(sorted(reps)))
    before = unrounded(problem, policy)
    reps[who]["potential"] += more

    after = unrounded(a_problem(problem.target, reps, units), policy)

    assert after[who] >= before[who] - 2 * noise(problem)


@given(problems(yardstick_zero=False), policies, st.floats(-1e-6, 1e-6), st.data())
def test_17_a_millionth_more_or_less_moves_nobody_by_more_than_a_ten_thousandth(
    problem: Problem, policy: Policy, share: float, data: st.DataObject
) -> None:
    reps, units = rows(problem)
    who = data.draw(st.sampled_from(sorted(reps)))
    before = unrounded(problem, policy)
    for name in _FACTS:
        reps[who][name] *= 1 + share

    after = unrounded(a_problem(problem.target, reps, units), policy)

    size = max(problem.target, *(reps[who][name] for name in _FACTS), 1)
    for key, quota in before.items():
        assert after[key] == pytest.approx(quota, abs=1e-4 * size)


_MEASURED_BY_BASELINE = ("equal_growth", "equal_probability")


@given(problems(yardstick_zero=False), policies, st.integers(1, 500), st.data())
def test_14_a_higher_own_baseline_lowers_not_the_own_quota_and_raises_nobody_elses(
    problem: Problem, policy: Policy, more: int, data: st.DataObject
) -> None:
    reps, units = rows(problem)
    who = data.draw(st.sampled_from(sorted(reps)))
    assume(reps[who]["baseline"] > 0 or policy.fairness not in _MEASURED_BY_BASELINE)
    before = unrounded(problem, policy)
    reps[who]["baseline"] += more
    after = unrounded(a_problem(problem.target, reps, units), policy)

    for key, quota in before.items():
        if key == who:
            assert after[key] >= quota - 2 * noise(problem)
        else:
            assert after[key] <= quota + 2 * noise(problem)


@given(problems(), policies)
def test_18_the_leximin_certificate_holds(problem: Problem, policy: Policy) -> None:
    checks = solve(problem, policy).checks

    assert checks.sums
    assert checks.bounds
    assert checks.leximin


@given(problems(), st.sampled_from(POLICIES))
def test_19_the_tree_engine_and_the_linear_programme_agree(
    problem: Problem, policy: Policy
) -> None:
    by_tree = solve(problem, policy)
    by_lp = solve(problem, replace(policy, engine="lp"))  # raises EnginesDisagree if they do not

    assert by_lp.engine == "lp"
    assert by_rep(by_lp) == by_rep(by_tree)


@given(problems(), policies)
def test_20_the_same_input_and_policy_give_the_same_bytes(problem: Problem, policy: Policy) -> None:
    first, second = solve(problem, policy), solve(problem, policy)

    assert first.quota.tobytes() == second.quota.tobytes()
    assert first.unrounded.tobytes() == second.unrounded.tobytes()
    assert first.levels.level.tobytes() == second.levels.level.tobytes()


@given(problems(), policies)
def test_26_the_terms_of_an_explanation_add_up_to_the_quota(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)

    terms = plan.explanation
    assert np.array_equal(terms.anchor + terms.stretch + terms.rounding, plan.quota)
    assert np.all(np.abs(terms.rounding) <= problem.increment + 1)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.fairness)
@pytest.mark.parametrize(
    ("target", "reps"),
    [
        (0, {"one": {}}),
        (0, {"one": {"min": 0, "max": 0}}),
        (500, {"one": {}}),
        (500, {"one": {"baseline": 0.0, "reach": 0.0, "potential": 0.0, "sigma": 0.2}}),
        (500, {key: {"baseline": 0.0, "reach": 0.0, "potential": 0.0} for key in "ab"}),
        (500, {"a": {"baseline": 0.0, "reach": 0.0, "potential": 0.0}, "b": {}}),
        (1, {key: {} for key in "abc"}),
    ],
)
def test_24_nothing_expected_zeros_one_rep_and_a_target_of_0_are_defined(
    policy: Policy, target: int, reps: dict[str, Any]
) -> None:
    known = {key: {"sigma": 0.2} | row for key, row in reps.items()}

    plan = solve(a_problem(target, known), policy)

    assert plan.quota.sum() == target
    assert np.all(np.isfinite(plan.unrounded))
    assert plan.checks.valid


@given(problems(), policies, st.sampled_from([10, 1_000, 7]))
def test_28_the_indices_of_a_plan_are_free_of_the_currency(
    problem: Problem, policy: Policy, rate: int
) -> None:
    scaled = {
        key: row
        | {name: row[name] * rate for name in ("baseline", *_FACTS[1:], "min")}
        | {n: row[n] * rate for n in ("max", "fixed") if 0 <= row[n] < UNLIMITED}
        for key, row in rows(problem)[0].items()
    }
    units = {
        key: row
        | {"min": row["min"] * rate}
        | {n: row[n] * rate for n in ("max", "target") if 0 <= row[n] < UNLIMITED}
        for key, row in rows(problem)[1].items()
    }
    increment = problem.increment * rate

    before = solve(problem, policy).evenness
    after = solve(a_problem(problem.target * rate, scaled, units, increment), policy).evenness

    assert (after.gini is None) == (before.gini is None)
    assert (after.gini or 0.0) == pytest.approx(before.gini or 0.0, abs=1e-9)
    assert (after.theil or 0.0) == pytest.approx(before.theil or 0.0, abs=1e-9)
