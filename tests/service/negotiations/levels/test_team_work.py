"""Whatever an owner does in a unit, its reps fill the envelope within every limit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus, Tree
from service.allocations.versions.lanes.domain.work import Work
from service.negotiations.levels.domain.solving import adjusted, solved
from service.negotiations.levels.domain.team import Team
from solver.allocation import Allocation
from solver.amend import CannotCarry
from solver.errors import InfeasibleProblem
from solver.policy import Policy
from solver.problem import COMPANY, UNLIMITED, Problem
from solver.solve import solve
from tests.solver.builders import problems


def rows_of(plan: Allocation) -> tuple[list[Row], list[Row]]:
    """Units and quotas as a version stores them, as far as units are worked on."""
    h, claim = plan.hierarchy, plan.certificate
    ids = [plan.problem.units.ids[row] for row in h.unit_row[1:]]
    sums = plan.unit_quota[h.unit_row[1:]].tolist()
    ends = zip(claim.unit_min.tolist(), claim.unit_max.tolist(), strict=True)
    units = [
        {
            "id": key,
            "parent": None if above == COMPANY else ids[above],
            "min": low,
            "max": None if high >= UNLIMITED else high,
            "quota": total,
        }
        for key, above, (low, high), total in zip(
            ids, claim.parent.tolist(), ends, sums, strict=True
        )
    ]
    columns = (claim.unit, claim.quota, claim.floor, claim.cap, claim.anchor, claim.yardstick)
    reps = [plan.problem.reps.ids[row] for row in h.rep_row]
    quotas = [
        {
            "rep": rep,
            "unit": None if unit == COMPANY else ids[unit],
            "quota": quota,
            "floor": floor,
            "cap": None if cap >= UNLIMITED else cap,
            "anchor": anchor,
            "yardstick": yardstick,
            "baseline": 0.0,
            "reach": 0.0,
        }
        for rep, unit, quota, floor, cap, anchor, yardstick in zip(
            reps, *(column.tolist() for column in columns), strict=True
        )
    ]
    return units, quotas


def a_team(plan: Allocation, unit: str, lanes: Mapping[str, int]) -> tuple[Team, Work]:
    """`lanes`: envelopes of the frozen units."""
    units, quotas = rows_of(plan)
    tree = Tree.of(units, [Lane(key, LaneStatus.FROZEN, sum_, 1) for key, sum_ in lanes.items()])
    own, below = set(tree.own(unit)), set(tree.below(unit))
    team = Team(
        unit=unit,
        rows=[row for row in quotas if row["unit"] in own],
        others=[row for row in quotas if row["unit"] in below - own],
        units=[row for row in units if row["id"] in own],
        manifest={
            "policy": {"fairness": plan.policy.fairness},
            "increment": plan.problem.increment,
        },
        tree=tree,
    )
    return team, Work.begun("sha256:frame", unit, team.frame_quotas)


@given(problems(), st.data())
def test_every_step_fills_the_envelope_and_undoing_all_of_them_returns(
    problem: Problem, data: st.DataObject
) -> None:
    plan = solve(problem, Policy())
    units, _ = rows_of(plan)
    names = [row["id"] for row in units]
    if not names:
        return
    unit = data.draw(st.sampled_from(names))
    sums = {row["id"]: row["quota"] for row in units}
    frozen = {unit, *data.draw(st.lists(st.sampled_from(names), max_size=2))}
    team, begun = a_team(plan, unit, {key: sums[key] for key in frozen})
    if not team.rows:
        return
    limits = {row["rep"]: (row["floor"], row["cap"]) for row in team.rows}
    inner = {row["rep"]: row["quota"] for row in team.others}
    work = begun
    for _ in range(data.draw(st.integers(1, 4))):
        rep = data.draw(st.sampled_from(team.reps))
        low, high = limits[rep]
        quota = data.draw(st.integers(low, min(high if high is not None else 10**6, 10**6)))
        try:
            if data.draw(st.booleans()):
                work = adjusted(team, work, {rep: quota})
            else:
                work = solved(team, work, None, {rep: (None, quota)})
        except (CannotCarry, InfeasibleProblem):
            continue
        assert sum(work.quotas.values()) == begun.envelope
        assert {rep: work.quotas[rep] for rep in inner} == inner
        for row in team.rows:
            assert row["floor"] <= work.quotas[row["rep"]]
            assert row["cap"] is None or work.quotas[row["rep"]] <= row["cap"]
        for locked, amount in work.locks.items():
            assert work.quotas[locked] == amount
        assert Work.of_bytes(work.as_bytes()) == work

    released = adjusted(team, work, {}, list(work.locks))
    again = solved(team, released, None, {})

    assert again.quotas == begun.quotas
    assert again.locks == {}


@given(problems(), st.data())
def test_a_unit_inside_its_own_plan_keeps_the_ranges_of_its_sub_units(
    problem: Problem, data: st.DataObject
) -> None:
    plan = solve(problem, Policy())
    units, _ = rows_of(plan)
    if not units:
        return
    unit = data.draw(st.sampled_from([row["id"] for row in units]))
    team, begun = a_team(plan, unit, {})
    if not team.rows:
        return
    rep = data.draw(st.sampled_from(team.reps))
    row = next(row for row in team.rows if row["rep"] == rep)
    try:
        work = adjusted(team, begun, {rep: row["floor"]})
    except CannotCarry:
        return
    place = {own["id"]: number for number, own in enumerate(team.units)}
    for own in team.units[1:]:
        below = {key for key in place if team.tree.is_below(key, own["id"])}
        carried = np.sum([work.quotas[r["rep"]] for r in team.rows if r["unit"] in below])
        assert own["min"] <= carried
        assert own["max"] is None or carried <= own["max"]
