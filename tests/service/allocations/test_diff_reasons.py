"""Why a quota is another one in another version: what is named is what was changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.allocations.assemble import Terms, assemble
from service.allocations.diff.domain.causes import Causes
from service.allocations.diff.domain.facts import FactsChange
from service.allocations.diff.domain.policies import PolicyChange
from service.allocations.diff.domain.reasons import Reasons, reasons
from service.allocations.diff.domain.sides import Side, by_rep, changes
from service.allocations.infeasible import Infeasible
from service.allocations.solving import allocate
from service.allocations.versions.describe import prove
from service.plans.policy import to_policy
from service.roster.domain import Inputs, read_inputs

type Document = dict[str, Any]

YEAR = date(2027, 1, 1), date(2027, 12, 31)


@dataclass(frozen=True)
class Solved:
    """A company that was solved under a policy, and its proof."""

    inputs: Inputs
    proof: Document

    @property
    def quotas(self) -> dict[str, int]:
        return {row["rep"]: row["quota"] for row in self.proof["quotas"]}


def solved(company: Mapping[str, Any], policy: Mapping[str, Any], increment: int = 1) -> Solved:
    inputs = read_inputs(dict(company), digits=0, period=YEAR)
    case = assemble(inputs, Terms("JPY", 0, increment, YEAR), to_policy(policy, digits=0))
    return Solved(inputs, prove(case, allocate(case)))


def compared(before: Solved, after: Solved) -> dict[str, Reasons]:
    sides = []
    for number, each in enumerate((before, after), start=1):
        proof = each.proof
        rows = by_rep(proof["quotas"])
        sides.append(Side(number, proof["manifest"], proof["units"], rows, proof["rules"]))
    facts = FactsChange(before.inputs, after.inputs)
    one, other = sides
    causes = Causes(one, other, facts, PolicyChange(one, other), digits=0)
    return reasons(causes, changes(one, other))


def names(why: Reasons) -> list[str]:
    return [cause.reason for cause in why.own]


def company(**changes: Any) -> Document:
    """Two teams in the west, one in the east; everybody expects 100 and can add 100."""
    return {
        "target": 660,
        "units": [
            {"id": "east"},
            {"id": "west"},
            {"id": "w1", "parent": "west"},
            {"id": "w2", "parent": "west"},
        ],
        "reps": [
            {"id": rep, "unit": unit, "baseline": 100, "reach": 100}
            for rep, unit in (
                ("ann", "east"), ("bob", "east"), ("cyd", "w1"), ("dan", "w1"), ("eve", "w2"),
                ("fay", "w2"),
            )
        ],
    } | changes  # fmt: skip


def with_rep(company: Document, rep: str, **fields: Any) -> Document:
    rows = [row | fields if row["id"] == rep else row for row in company["reps"]]
    return company | {"reps": rows}


def with_unit(company: Document, unit: str, **fields: Any) -> Document:
    rows = [row | fields if row["id"] == unit else row for row in company["units"]]
    return company | {"units": rows}


class TestWhatIsNamed:
    def test_the_own_field_and_for_all_others_the_rep_whose_it_is(self) -> None:
        told = compared(solved(company(), {}), solved(with_rep(company(), "cyd", baseline=160), {}))

        assert names(told["cyd"]) == ["input:baseline"]
        assert told["cyd"].follows_from is None
        assert "went from 100 to 160" in told["cyd"].own[0].why
        assert told.keys() == {"ann", "bob", "cyd", "dan", "eve", "fay"}
        assert all(names(told[rep]) == [] for rep in told if rep != "cyd")
        assert {told[rep].follows_from for rep in told if rep != "cyd"} == {("rep:cyd",)}

    def test_nothing_for_a_limit_that_holds_nobody(self) -> None:
        """ann may carry 500 or 600: she carries 110, and 120 with the new target."""
        before = with_rep(company(), "ann", max=500)
        after = with_rep(company(target=720), "ann", max=600)

        told = compared(solved(before, {}), solved(after, {}))

        assert names(told["ann"]) == ["input:target"]

    def test_not_the_target_for_a_unit_that_carries_what_it_carried(self) -> None:
        """The west is to carry 440 in both; in it, cyd is expected to sell more."""
        before = with_unit(company(), "west", target=440)
        after = with_unit(with_rep(company(target=670), "cyd", baseline=120), "west", target=440)

        told = compared(solved(before, {}), solved(after, {}))

        assert names(told["ann"]) == ["input:target"]
        assert names(told["cyd"]) == ["input:baseline"]
        assert names(told["eve"]) == []
        assert told["eve"].follows_from == ("rep:cyd",)

    def test_a_limit_of_a_unit_above_and_the_unit_for_those_beside(self) -> None:
        before = with_unit(company(), "west", max=440)
        after = with_unit(company(), "west", max=420)

        told = compared(solved(before, {}), solved(after, {}))

        assert names(told["cyd"]) == ["input:unit:west:max"]
        assert told["ann"].follows_from == ("unit:west",)

    def test_parameters_of_the_policy_where_they_act(self) -> None:
        lame = with_rep(company(), "ann", baseline=40)

        told = compared(solved(lame, {}), solved(lame, {"max_over_baseline": 0.3}))

        assert names(told["ann"]) == ["policy:max_over_baseline"]
        assert told["bob"].follows_from == ("policy:max_over_baseline",)

    def test_another_idea_of_fairness_for_everybody_who_moves(self) -> None:
        lame = with_rep(company(), "ann", baseline=40)

        told = compared(solved(lame, {}), solved(lame, {"fairness": "equal_growth"}))

        assert {tuple(names(why)) for why in told.values()} == {("policy:fairness",)}

    def test_a_group_for_whom_it_names(self) -> None:
        rules = {"groups": [{"id": "both", "reps": ["ann", "cyd"], "max": 200}]}

        told = compared(solved(company(), {}), solved(company(), rules))

        assert names(told["ann"]) == names(told["cyd"]) == ["policy:groups"]
        assert told["bob"].follows_from == ("policy:groups",)

    def test_who_came_and_who_left(self) -> None:
        more = company()
        more["reps"] = [*more["reps"], {"id": "new", "unit": "east", "baseline": 50, "reach": 50}]

        came = compared(solved(company(), {}), solved(more, {}))
        left = compared(solved(more, {}), solved(company(), {}))

        assert names(came["new"]) == ["input:new"]
        assert names(left["new"]) == ["input:gone"]
        assert came["ann"].follows_from == left["ann"].follows_from == ("rep:new",)

    def test_history_that_makes_everybody_s_expected_sales(self) -> None:
        reps = [{"id": rep, "unit": "east"} for rep in ("ann", "bob", "cyd")]
        history = [
            {"rep": rep, "period": f"2026-{month:02d}", "actual": 10 + at}
            for at, rep in enumerate(("ann", "bob", "cyd"))
            for month in range(1, 13)
        ]
        before: Document = {
            "target": 600,
            "units": [{"id": "east"}],
            "reps": reps,
            "history": history,
        }
        after = deepcopy(before)
        after["history"][0]["actual"] = 60

        told = compared(solved(before, {}), solved(after, {}))

        assert names(told["ann"]) == ["input:history"]
        assert {told[rep].follows_from for rep in ("bob", "cyd")} == {("rep:ann",)}


type Change = tuple[str, str | None, Callable[[Document, Document], None]]
"""What it is called, whose it is (`rep:…`, `unit:…`, None: everybody's), and how it is made."""


def _put(table: str, key: str, field: str, value: Any) -> Callable[[Document, Document], None]:
    def put(company: Document, _policy: Document) -> None:
        next(row for row in company[table] if row["id"] == key)[field] = value

    return put


def _set(field: str, value: Any, *, policy: bool = False) -> Callable[[Document, Document], None]:
    def put(company: Document, of_policy: Document) -> None:
        (of_policy if policy else company)[field] = value

    return put


amounts = st.integers(20, 200)
REPS = ("ann", "bob", "cyd", "dan", "eve", "fay")


@st.composite
def companies(draw: st.DrawFn) -> Document:
    found = company(target=draw(st.integers(500, 900)))
    for row in found["reps"]:
        row |= {"baseline": draw(amounts), "reach": draw(amounts)}
        if draw(st.booleans()):
            row["max"] = draw(st.integers(60, 260))
        if draw(st.booleans()):
            row["min"] = draw(st.integers(0, 90))
    for row in found["units"]:
        if draw(st.booleans()):
            row["max"] = draw(st.integers(200, 500))
    return found


@st.composite
def one_change(draw: st.DrawFn) -> Change:
    rep, unit = draw(st.sampled_from(REPS)), draw(st.sampled_from(("west", "w1", "w2", "east")))
    field = draw(st.sampled_from(("baseline", "reach", "min", "max", "fixed")))
    limit = draw(st.sampled_from(("min", "max")))
    parameter = draw(st.sampled_from(("max_over_baseline", "min_over_baseline")))
    growth = draw(st.sampled_from((0.05, 0.2, 0.4)))
    growth = growth if parameter.startswith("max") else -growth
    change: Change = draw(
        st.sampled_from(
            [
                (f"input:{field}", f"rep:{rep}", _put("reps", rep, field, draw(amounts))),
                (
                    f"input:unit:{unit}:{limit}",
                    f"unit:{unit}",
                    _put("units", unit, limit, draw(st.integers(150, 450))),
                ),
                ("input:target", None, _set("target", draw(st.integers(500, 900)))),
                (
                    "policy:fairness",
                    None,
                    _set(
                        "fairness",
                        draw(st.sampled_from(("equal_growth", "equal_amount"))),
                        policy=True,
                    ),
                ),
                ("policy:over_assignment", None, _set("over_assignment", 0.1, policy=True)),
                (f"policy:{parameter}", None, _set(parameter, growth, policy=True)),
            ]
        )
    )
    return change


@st.composite
def hardly_a_change(draw: st.DrawFn) -> Change:
    """A limit that most likely holds nobody."""
    rep = draw(st.sampled_from(REPS))
    change: Change = draw(
        st.sampled_from(
            [
                ("input:max", f"rep:{rep}", _put("reps", rep, "max", draw(st.integers(240, 900)))),
                ("input:min", f"rep:{rep}", _put("reps", rep, "min", draw(st.integers(0, 30)))),
                ("input:capacity", f"rep:{rep}", _put("reps", rep, "capacity", 400.5)),
                ("policy:max_over_baseline", None, _set("max_over_baseline", 9.0, policy=True)),
                ("policy:min_over_baseline", None, _set("min_over_baseline", -0.9, policy=True)),
            ]
        )
    )
    return change


def plan_of(company: Document, changes: list[Change]) -> Solved | None:
    changed = deepcopy(company)
    policy: Document = {}
    for _, _, make in changes:
        make(changed, policy)
    try:
        return solved(changed, policy)
    except Infeasible:
        return None


@settings(max_examples=80, deadline=None)
@given(companies(), one_change())
def test_of_one_change_nothing_else_is_named(company: Document, change: Change) -> None:
    reason, whose, _ = change
    before, after = plan_of(company, []), plan_of(company, [change])
    assume(before is not None and after is not None)
    assert before is not None
    assert after is not None

    told = compared(before, after)

    moved = {rep for rep, quota in after.quotas.items() if quota != before.quotas[rep]}
    assert told.keys() == moved
    label = reason if whose is None else whose
    for rep, why in told.items():
        if why.follows_from is None:
            assert names(why) == [reason]
            assert whose is None or not whose.startswith("rep:") or whose == f"rep:{rep}"
        else:
            assert names(why) == []
            assert why.follows_from == (label,)


@settings(max_examples=80, deadline=None)
@given(companies(), one_change(), hardly_a_change())
def test_what_changed_nothing_is_not_named(
    company: Document, change: Change, inert: Change
) -> None:
    """Two changes, of which one neither alone nor together with the other moves anybody."""
    assume(change[0] != inert[0])
    before, alone = plan_of(company, []), plan_of(company, [inert])
    assume(before is not None and alone is not None)
    assert before is not None
    assert alone is not None
    assume(alone.quotas == before.quotas)
    one, both = plan_of(company, [change]), plan_of(company, [change, inert])
    assume(one is not None and both is not None)
    assert one is not None
    assert both is not None
    assume(one.quotas == both.quotas)

    told = compared(before, both)

    label = inert[0] if inert[1] is None else inert[1]
    other = change[0] if change[1] is None else change[1]
    for why in told.values():
        assert inert[0] not in names(why)
        assert label == other or label not in (why.follows_from or ())


def estimated() -> Document:
    """Three reps in two teams, whose expected sales come from a year of history and potential."""
    reps = ("ann", "bob", "cyd")
    return {
        "target": 700,
        "units": [{"id": "east"}, {"id": "west"}],
        "reps": [
            {"id": rep, "unit": "west" if rep == "cyd" else "east", "hired": "2020-01-01"}
            for rep in reps
        ],
        "territories": [
            {"id": f"of {rep}", "potential": 1000, "holders": [{"rep": rep}]} for rep in reps
        ],
        "history": [
            {"rep": rep, "period": f"2026-{month:02d}", "actual": 10 + 5 * at}
            for at, rep in enumerate(reps)
            for month in range(1, 13)
        ],
    }


def _of_ann(**fields: Any) -> Document:
    return with_rep(estimated(), "ann", **fields)


def _with_territory(potential: int) -> Document:
    found = estimated()
    found["territories"][0]["potential"] = potential
    return found


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (_of_ann(baseline=300), "input:baseline"),
        (_of_ann(potential=4000), "input:potential"),
        (_with_territory(4000), "input:territories"),
        (_of_ann(absences=[{"from": "2027-01-01", "to": "2027-06-30"}]), "input:absences"),
        (_of_ann(fixed=100), "input:fixed"),
        (_of_ann(capacity=110), "input:capacity"),
        (_of_ann(unit="west"), "input:unit"),
    ],
)
def test_the_field_of_an_estimated_rep_that_was_changed_is_named(
    after: Document, reason: str
) -> None:
    limited = [row | ({"max": 300} if row["id"] == "west" else {}) for row in after["units"]]

    told = compared(
        solved(estimated() | {"units": limited}, {}), solved(after | {"units": limited}, {})
    )

    assert reason in names(told["ann"])
    assert {reason} | {"input:unit"} >= {*names(told["ann"])}
    for rep in ("bob", "cyd"):
        if rep in told:
            assert names(told[rep]) == []
            assert told[rep].follows_from == ("rep:ann",)


def test_the_forecast_moves_whose_sales_are_estimated() -> None:
    told = compared(
        solved(_of_ann(baseline=100, reach=10), {}),
        solved(_of_ann(baseline=100, reach=10) | {"forecast": 900}, {}),
    )

    assert names(told["bob"]) == names(told["cyd"]) == ["input:forecast"]
    assert "input:forecast" not in names(told["ann"])
    assert set(told["ann"].follows_from or ()) <= {"rep:bob", "rep:cyd", "input:forecast"}


def test_a_unit_in_another_place_is_named_for_whom_it_holds() -> None:
    units = [{"id": "north", "max": 330}, *company()["units"]]
    before = company(units=units)
    after = with_unit(before, "w1", parent="north")

    told = compared(solved(before, {}), solved(with_unit(after, "north", max=200), {}))

    assert "input:unit:w1:parent" in names(told["cyd"])
    assert "input:unit:north:max" in names(told["cyd"])
    assert names(told["ann"]) == []
    assert {"unit:w1", "unit:north"} == set(told["ann"].follows_from or ())
