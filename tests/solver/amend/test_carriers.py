"""Who carries a change, and how much of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.amend import (
    CARRYING,
    Amendment,
    CannotCarry,
    Funding,
    Standing,
    Stop,
    amended,
    carried,
    one_decision,
)
from solver.problem import UNLIMITED
from tests.solver.amend.builders import plans, standing, told

type Plan = tuple[Standing, dict[str, int], dict[str | None, int]]


def test_the_others_carry_a_change_by_the_same_part_of_their_quotas() -> None:
    plan, at, _ = standing({"a": {"quota": 300}, "b": {"quota": 200}, "c": {"quota": 100}})
    after = carried(plan, 0, {at["a"]: 270})
    assert told(plan, at, after) == {"a": 270, "b": 220, "c": 110}


def test_changes_come_in_whole_increments_and_somebody_odd_stays_odd() -> None:
    plan, at, _ = standing(
        {"a": {"quota": 300}, "b": {"quota": 203}, "c": {"quota": 100}}, increment=10
    )
    after = carried(plan, 0, {at["a"]: 270})
    assert told(plan, at, after) == {"a": 270, "b": 223, "c": 110}


def test_what_no_increments_add_up_to_is_carried_by_one_rep() -> None:
    plan, at, _ = standing(
        {"a": {"quota": 300}, "b": {"quota": 200}, "c": {"quota": 100}}, increment=10
    )
    after = told(plan, at, carried(plan, 0, {at["a"]: 277}))
    assert sum(after.values()) == 600
    assert sum(quota % 10 != 0 for rep, quota in after.items() if rep != "a") == 1


def test_a_cap_stops_one_and_the_others_carry_the_rest_alike() -> None:
    plan, at, _ = standing(
        {
            "a": {"quota": 300},
            "b": {"quota": 200, "cap": 205},
            "c": {"quota": 100},
            "d": {"quota": 50},
        }
    )
    after = told(plan, at, carried(plan, 0, {at["a"]: 280}))
    assert after == {"a": 280, "b": 205, "c": 110, "d": 55}


def test_whoever_stands_beyond_a_cap_already_is_not_pushed_further() -> None:
    plan, at, _ = standing(
        {"a": {"quota": 300}, "b": {"quota": 200, "cap": 150}, "c": {"quota": 100}}
    )
    assert told(plan, at, carried(plan, 0, {at["a"]: 280})) == {"a": 280, "b": 200, "c": 120}
    assert told(plan, at, carried(plan, 0, {at["a"]: 330})) == {"a": 330, "b": 180, "c": 90}


def test_who_is_locked_carries_nothing() -> None:
    plan, at, _ = standing({"a": {"quota": 300}, "b": {"quota": 200}, "c": {"quota": 100}})
    after = carried(plan, 0, {at["a"]: 270}, held=[at["b"]])
    assert told(plan, at, after) == {"a": 270, "b": 200, "c": 130}


def test_who_carries_nothing_gets_nothing_until_nobody_else_can_carry_more() -> None:
    plan, at, _ = standing(
        {"a": {"quota": 300}, "b": {"quota": 200, "cap": 220}, "new": {"quota": 0}}
    )
    assert told(plan, at, carried(plan, 0, {at["a"]: 280})) == {"a": 280, "b": 220, "new": 0}
    assert told(plan, at, carried(plan, 0, {at["a"]: 270})) == {"a": 270, "b": 220, "new": 10}


def test_a_unit_below_keeps_its_range() -> None:
    plan, at, node = standing(
        {
            "a": {"quota": 300},
            "b": {"quota": 100, "unit": "west"},
            "c": {"quota": 100, "unit": "east"},
        },
        {"west": {"max": 105}, "east": {}},
    )
    assert told(plan, at, carried(plan, 0, {at["a"]: 280})) == {"a": 280, "b": 105, "c": 115}
    frozen = carried(plan, 0, {at["a"]: 280}, frozen=[node["west"]])
    assert told(plan, at, frozen) == {"a": 280, "b": 100, "c": 120}


def test_nobody_outside_the_funding_unit_moves() -> None:
    plan, at, node = standing(
        {
            "a": {"quota": 300, "unit": "west"}, "b": {"quota": 100, "unit": "west"},
            "c": {"quota": 100, "unit": "west-1"}, "d": {"quota": 100, "unit": "east"},
        },
        {"west": {}, "west-1": {"parent": "west"}, "east": {}},
    )  # fmt: skip
    below = carried(plan, node["west"], {at["a"]: 280})
    assert told(plan, at, below) == {"a": 280, "b": 110, "c": 110, "d": 100}
    alone = carried(plan, node["west"], {at["a"]: 280}, alone=True)
    assert told(plan, at, alone) == {"a": 280, "b": 120, "c": 100, "d": 100}


def test_several_changes_are_carried_at_once() -> None:
    plan, at, _ = standing({rep: {"quota": 100} for rep in "abcd"})
    after = carried(plan, 0, {at["a"]: 130, at["b"]: 90})
    assert told(plan, at, after) == {"a": 130, "b": 90, "c": 90, "d": 90}
    assert told(plan, at, carried(plan, 0, {at["a"]: 130, at["b"]: 70}))["c"] == 100


def test_a_change_that_cannot_be_carried_says_how_much_could_and_what_stops_it() -> None:
    plan, at, _ = standing(
        {"a": {"quota": 300}, "b": {"quota": 200, "cap": 210}, "c": {"quota": 100, "cap": 105}}
    )
    with pytest.raises(CannotCarry) as caught:
        carried(plan, 0, {at["a"]: 200})
    assert caught.value.could == {at["a"]: 285}
    assert set(caught.value.stops) == {
        Stop("held", at["a"], 200), Stop("cap", at["b"], 210), Stop("cap", at["c"], 105),
    }  # fmt: skip
    assert carried(plan, 0, {at["a"]: 285}).sum() == 600


def test_a_unit_that_stops_a_change_is_named() -> None:
    plan, at, node = standing(
        {"a": {"quota": 300}, "b": {"quota": 100, "unit": "west"}}, {"west": {"max": 105}}
    )
    with pytest.raises(CannotCarry) as caught:
        carried(plan, 0, {at["a"]: 200})
    assert Stop("max", node["west"], 105) in caught.value.stops
    assert caught.value.could == {at["a"]: 295}


def test_a_unit_with_a_target_cannot_be_left_by_its_only_rep() -> None:
    plan, at, node = standing(
        {"a": {"quota": 300, "unit": "west"}, "b": {"quota": 100, "unit": "east"}},
        {"west": {"min": 300, "max": 300}, "east": {}},
    )
    with pytest.raises(CannotCarry) as caught:
        carried(plan, 0, {at["a"]: 250})
    assert Stop("min", node["west"], 300) in caught.value.stops
    assert caught.value.could == {at["a"]: 300}


def test_nobody_is_there_to_carry_it() -> None:
    plan, at, _ = standing({"a": {"quota": 300}, "b": {"quota": 100}})
    with pytest.raises(CannotCarry) as caught:
        carried(plan, 0, {at["a"]: 299, at["b"]: 100})
    assert caught.value.stops == ()
    assert caught.value.could == {at["a"]: 300, at["b"]: 100}


def test_one_decision_is_put_together_by_funding_unit() -> None:
    plan, at, node = standing(
        {
            rep: {"quota": 100, "unit": unit}
            for rep, unit in zip("abcde", ["x", "x", "y", "y", None], strict=True)
        },
        {"p": {}, "x": {"parent": "p"}, "y": {"parent": "p"}},
    )
    h = plan.hierarchy
    wanted = {at["a"]: 90, at["c"]: 120}
    siblings = one_decision(h, wanted, "siblings", locked=[at["b"], at["e"]])
    assert siblings == [
        Amendment({at["a"]: 90}, "siblings", node["x"], (at["b"],)),
        Amendment({at["c"]: 120}, "siblings", node["y"]),
    ]
    assert one_decision(h, wanted, "parent", frozen=[node["y"]]) == [
        Amendment(wanted, "parent", node["p"], (), (node["y"],))
    ]
    both = one_decision(h, wanted | {at["e"]: 80}, "parent")
    assert both == [Amendment(wanted | {at["e"]: 80}, "parent", 0)]
    assert one_decision(h, wanted, "reserve", reserves=[0, node["x"]]) == [
        Amendment({at["c"]: 120}, "reserve", 0),
        Amendment({at["a"]: 90}, "reserve", node["x"]),
    ]
    assert one_decision(h, wanted, "reserve", reserves=[node["y"]]) == [
        Amendment({at["c"]: 120}, "reserve", node["y"])
    ]


def test_a_reserve_and_a_gap_move_nobody_else() -> None:
    plan, at, _ = standing({"a": {"quota": 300}, "b": {"quota": 100}})
    nobody: tuple[Funding | None, ...] = ("reserve", "unfunded", None)
    for funding in nobody:
        after = amended(plan, Amendment({at["a"]: 270}, funding))
        assert told(plan, at, after) == {"a": 270, "b": 100}


@given(plans(), st.data())
def test_a_change_moves_the_funding_unit_alone_and_all_of_it_alike(
    made: Plan, data: st.DataObject
) -> None:
    plan, decision = _some_decision(made, data)
    quota = plan.quota
    for one in decision:
        try:
            after = amended(replace(plan, quota=quota), one)
        except CannotCarry as error:
            _could_be_carried(replace(plan, quota=quota), one, error)
            assume(False)
        inside = plan.own(one.node) if one.funding == "siblings" else plan.below(one.node)
        outside = np.ones(len(quota), dtype=bool)
        outside[inside] = False
        guests = [place for place in one.wanted if outside[place]]
        part_of_it = [*range(inside.start, inside.stop), *guests]
        outside[guests] = False
        assert np.array_equal(after[outside], quota[outside])
        assert after[part_of_it].sum() == quota[part_of_it].sum()
        assert [after[place] for place in one.wanted] == [*one.wanted.values()]
        assert all(after[place] == quota[place] for place in one.held)
        _is_alike(replace(plan, quota=quota), one, after, inside)
        quota = after


def _some_decision(made: Plan, data: st.DataObject) -> tuple[Standing, list[Amendment]]:
    plan, at, _ = made
    places = sorted(at.values())
    who = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=3, unique=True))
    wanted = {k: max(0, int(plan.quota[k]) + data.draw(st.integers(-80, 80))) for k in who}
    locked = data.draw(st.lists(st.sampled_from(places), max_size=2, unique=True))
    funding = data.draw(st.sampled_from(CARRYING))
    nodes = st.sampled_from(range(plan.hierarchy.nodes))
    works_in = data.draw(st.dictionaries(st.sampled_from(who), nodes, max_size=2))
    decision = one_decision(plan.hierarchy, wanted, funding, locked=locked, works_in=works_in)
    return plan, decision


def _could_be_carried(plan: Standing, one: Amendment, error: CannotCarry) -> None:
    """What is said to be possible is, and lies between what was and what was wanted."""
    could = amended(plan, replace(one, wanted=error.could))
    assert could.sum() == plan.quota.sum()
    for place, quota in one.wanted.items():
        low, high = sorted((int(plan.quota[place]), quota))
        assert low <= error.could[place] <= high
    assert error.could != one.wanted


def _is_alike(plan: Standing, one: Amendment, after: Any, inside: slice) -> None:
    """Carriers of one team at no limit differ by an increment at most from one relative change;
    limits are kept, or not left further behind.
    """
    carriers = [
        k for k in range(inside.start, inside.stop) if k not in one.wanted and k not in one.held
    ]
    for k in carriers:
        assert plan.lowest[k] <= after[k] <= plan.highest[k]
    free: dict[int, list[int]] = {}
    for k in carriers:
        room = plan.increment
        if plan.lowest[k] + room < after[k] < plan.highest[k] - room and plan.quota[k] > 0:
            free.setdefault(int(plan.hierarchy.rep_node[k]), []).append(k)
    for team in free.values():
        ratios = [(after[k] - plan.quota[k]) / plan.quota[k] for k in team]
        slack = [2 * plan.increment / plan.quota[k] for k in team]
        assert max(ratios) - min(ratios) <= max(slack) + 1e-9


@given(plans(), st.data())
def test_twins_carry_the_same_but_for_one_increment(made: Plan, data: st.DataObject) -> None:
    plan, _, _ = made
    h = plan.hierarchy
    columns = {name: getattr(plan, name).copy() for name in ("quota", "floor", "cap")}
    for k in range(1, len(plan.quota)):  # everybody in a team is the twin of the one before
        if h.rep_node[k] == h.rep_node[k - 1] and k != 1:
            for column in columns.values():
                column[k] = column[k - 1]
    plan = replace(plan, **columns)
    wanted = {0: max(0, int(plan.quota[0]) + data.draw(st.integers(-80, 80)))}
    try:
        after = carried(plan, 0, wanted)
    except CannotCarry:
        return
    for k in range(2, len(after)):
        if h.rep_node[k] == h.rep_node[k - 1]:
            assert abs(after[k] - after[k - 1]) <= plan.increment


@given(plans(st.just(0) | st.integers(40, 60)), st.integers(0, 63), st.data())
def test_a_change_taken_back_returns_everybody_within_two_increments(
    made: Plan, before: int, data: st.DataObject
) -> None:
    plan, at, _ = made
    plan = replace(plan, floor=np.zeros_like(plan.floor), cap=np.full_like(plan.cap, UNLIMITED))
    plan = replace(
        plan, unit_min=np.zeros_like(plan.unit_min), unit_max=np.full_like(plan.unit_max, UNLIMITED)
    )
    who = data.draw(st.sampled_from(sorted(at.values())))
    others = np.delete(plan.quota, who)
    plan = replace(plan, quota=np.insert(others, who, before))
    assume(np.all((others == 0) | (others >= 40 * plan.increment)))  # else rounding is the change
    most = int(others.sum()) // 10
    wanted = before + data.draw(st.integers(-min(before, most), most))
    try:
        there = carried(plan, 0, {who: wanted})
        back = carried(replace(plan, quota=there), 0, {who: before})
    except CannotCarry:
        assert not others.any()
        return
    assert back.sum() == plan.quota.sum()
    assert np.abs(back - plan.quota).max() <= 2 * plan.increment
