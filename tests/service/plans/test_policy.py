"""Policies as the API says them: what is taken over, what is refused by name, how it is kept."""

import math
import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.allocations.versions.domain.written.canonical import canonical
from service.kit.body import JsonReader
from service.kit.errors import InvalidInput
from service.plans.policy import (
    BY_HISTORY,
    Named,
    PolicyBody,
    Spreading,
    present_policy,
    read_spreading,
    stored_policy,
    to_policy,
)
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy, Relax

BODY = TypeAdapter(PolicyBody)
EVERY_RULE: dict[str, Any] = {
    "groups": [
        {"id": "overlay", "reps": ["r2", "r1"], "max": 500.5},
        {"id": "key", "reps": ["r3"], "min": "1.25"},
    ],
    "parity": [{"cohort": "since", "tolerance": 0}, {"cohort": "role", "tolerance": 0.05}],
    "margin_floors": [{"id": "west", "unit": "w", "min": 7}, {"id": "all", "min": 0.5}],
    "rows": [{"id": "mentors", "coefficients": {"r2": -0.5, "r1": 1, "r3": 0}, "min": -3}],
    "relax": [
        {"rule": "unit:w:min", "from": 600, "to": 510},
        {"rule": "parity:role", "from": 0.02, "to": 0.05},
        {"rule": "row:mentors:min", "to": -10.25},
        {"rule": "group:key:min", "from": 1.25, "to": None},
        {"rule": "group:key:max", "to": None},
    ],
    "on_infeasible": "gap",
}
TOLERANCE = "must be a tolerance: a finite share, 0 or more"
THERE = Named(reps=frozenset(("r1", "r2", "r3")), units=frozenset("w"))


def faults_of(body: Mapping[str, Any], **how: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        to_policy(body, **{"digits": 2, **how})
    return {fault.pointer: fault.detail for fault in refused.value.faults}


class TestPolicyBody:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("over_assignment", -0.95),
            ("over_assignment", 11.0),
            ("min_over_baseline", -1.5),
            ("engine", "magic"),
            ("fairness", "fair"),
            ("typo", 1),
            ("groups", [{"id": "overlay"}]),
            ("parity", [{"cohort": "role", "tolerance": float("nan")}]),
            ("rows", [{"id": "r", "coefficients": {"r1": float("inf")}}]),
            ("margin_floors", [{"id": "m"}]),
            ("relax", [{"rule": "target"}]),
        ],
    )
    def test_values_that_make_no_sense_have_the_wrong_shape(self, name: str, value: object) -> None:
        with pytest.raises(ValidationError):
            BODY.validate_python({name: value})

    def test_a_thousand_rules_of_a_kind_are_enough(self) -> None:
        rule = {"cohort": "role", "tolerance": 0.1}

        with pytest.raises(InvalidInput) as refused:
            JsonReader(PolicyBody).parse(orjson.dumps({"parity": [rule] * 1001}))

        [fault] = refused.value.faults
        assert (fault.pointer, fault.detail) == (
            "/parity",
            "must have at most 1000 items, not 1001",
        )

    def test_a_fault_far_down_a_long_list_of_reps_is_found(self) -> None:
        group = {"id": "all", "reps": [*map(str, range(100_000)), 7]}

        with pytest.raises(InvalidInput) as refused:
            JsonReader(PolicyBody).parse(orjson.dumps({"groups": [group]}))

        assert [fault.pointer for fault in refused.value.faults] == ["/groups/0/reps/100000"]


class TestToPolicy:
    def test_nothing_and_nulls_are_the_default(self) -> None:
        nulls = dict.fromkeys(PolicyBody.__annotations__)

        assert to_policy(None, digits=2) == to_policy(nulls, digits=2) == Policy()

    def test_the_defaults_may_be_written_out(self) -> None:
        defaults = {
            "fairness": "equal_stretch",
            "groups": [],
            "parity": [],
            "margin_floors": [],
            "rows": [],
            "relax": [],
            "season": "learned",
            "on_infeasible": "refuse",
            "engine": "auto",
        }

        assert to_policy(defaults, digits=2) == Policy()

    def test_every_parameter_that_is_built_reaches_the_solver(self) -> None:
        given: dict[str, Any] = {
            "fairness": "equal_growth",
            "over_assignment": 0.05,
            "min_over_baseline": -0.1,
            "max_over_baseline": 0.2,
            "min_over_last_year": 0.0,
            "max_over_last_year": 0.3,
            "engine": "lp",
        }

        assert to_policy(BODY.validate_python(given), digits=2) == Policy(**given)

    def test_rules_become_minor_units_in_the_order_of_their_names(self) -> None:
        assert to_policy(BODY.validate_python(EVERY_RULE), digits=2, named=THERE) == Policy(
            groups=(
                Group("key", ("r3",), min=125),
                Group("overlay", ("r1", "r2"), max=50_050),
            ),
            parity=(Parity("role", 0.05), Parity("since", 0)),
            margin_floors=(MarginFloor("all", 50), MarginFloor("west", 700, "w")),
            rows=(LinearRow("mentors", (("r1", 1), ("r2", -0.5)), min=-300),),
            relax=(
                Relax("group:key:max", math.inf),
                Relax("group:key:min", 0),
                Relax("parity:role", 0.05),
                Relax("row:mentors:min", -1_025),
                Relax("unit:w:min", 51_000),
            ),
            on_infeasible="gap",
        )

    def test_every_fault_is_told_at_its_place(self) -> None:
        body = {
            "groups": [
                {"id": "a", "reps": ["r1"], "min": 1.234, "max": -1},
                {"id": "b", "reps": []},
                {"id": "b", "reps": ["r1", "r1"], "max": 1e99},
                {"id": "c", "reps": ["r1", "nobody"], "max": 1},
            ],
            "parity": [{"cohort": "role", "tolerance": 0}, {"cohort": "role", "tolerance": 1}],
            "margin_floors": [{"id": "m", "unit": "nowhere", "min": "-2"}],
            "rows": [
                {"id": "r", "coefficients": {"r1": 1e-7, "x/y": 2}, "min": 1},
                {"id": "s", "coefficients": {"r1": 0}},
            ],
            "relax": [
                {"rule": "target", "to": -1},
                {"rule": "rep:r1:cap", "to": 0.005},
                {"rule": "parity:role", "to": "much"},
                {"rule": "parity:since", "to": -0.5},
                {"rule": "parity:tenure", "to": 10**400},
                {"rule": "unit:w:max", "from": "much", "to": 1},
            ],
            "season": [0, 0, 0, 0],
            "country": "ZZ",
            "min_over_baseline": 0.2,
            "max_over_baseline": 0.1,
            "engine": "tree",
        }
        assert faults_of(BODY.validate_python(body), named=THERE, path=("plan", "policy")) == {
            "/plan/policy/groups/0/min": "has more than 2 decimals",
            "/plan/policy/groups/0/max": "must be 0 or more",
            "/plan/policy/groups/1/reps": "names nobody",
            "/plan/policy/groups/1/min": "needs a min or a max, else it says nothing",
            "/plan/policy/groups/2/max": "is too large",
            "/plan/policy/groups/3/reps/1": "names no rep of `reps`",
            "/plan/policy/parity/1/cohort": "'role' stands already in row 0",
            "/plan/policy/margin_floors/0/unit": "names no unit of `units`",
            "/plan/policy/margin_floors/0/min": "must be 0 or more",
            "/plan/policy/rows/0/coefficients/x~1y": "names no rep of `reps`",
            "/plan/policy/rows/0/coefficients": "must be 0, or between 1/1,000,000 and 1,000,000 "
            "in size",
            "/plan/policy/rows/1/coefficients": "names nobody with a coefficient other than 0",
            "/plan/policy/rows/1/min": "needs a min or a max, else it says nothing",
            "/plan/policy/relax/0/to": "must be 0 or more",
            "/plan/policy/relax/1/to": "has more than 2 decimals",
            "/plan/policy/relax/2/to": TOLERANCE,
            "/plan/policy/relax/3/to": TOLERANCE,
            "/plan/policy/relax/4/to": TOLERANCE,
            "/plan/policy/relax/5/from": "must be a plain decimal such as 1080000.50",
            "/plan/policy/season": "has no weight above 0",
            "/plan/policy/country": "is no country whose holidays are known; use a code such as CN "
            "or US",
            "/plan/policy/min_over_baseline": "must not exceed max_over_baseline",
            "/plan/policy/engine": "tree keeps rules of reps and units only, and this policy has "
            "groups, parity, margin_floors or rows: leave engine out",
        }

    def test_who_is_there_is_not_known_where_a_rep_has_no_id(self) -> None:
        """The missing id could be the very one that a rule names; only it is a fault then."""
        named = Named.of_body({"reps": [{"id": "r1"}, {}], "units": [{"id": "w"}]})
        body = {"groups": [{"id": "g", "reps": ["r9"], "max": 1}]}

        assert named.units == {"w"}
        assert to_policy(body, digits=2, named=named).groups[0].reps == ("r9",)

    def test_a_yen_has_no_decimals(self) -> None:
        body = {"groups": [{"id": "g", "reps": ["r1"], "max": 100.5}]}

        assert faults_of(body, digits=0) == {"/policy/groups/0/max": "must be whole"}

    def test_a_relaxed_target_may_have_decimals_of_a_cent(self) -> None:
        """The amount 5 is the padded amount of no whole target, where a tenth is added."""
        relax = [{"rule": "target", "to": 0.045454545454545456}]

        policy = to_policy({"relax": relax}, digits=2)

        assert policy.relax == (Relax("target", 4.5454545454545456),)
        assert present_policy(stored_policy(policy), 2)["relax"] == relax


class TestSpreading:
    def test_left_out_is_learned_by_mondays_to_fridays(self) -> None:
        for body in ({}, {"season": None, "country": None}, {"season": "learned"}, None):
            assert read_spreading(body) == Spreading("learned", None) == BY_HISTORY

    def test_weights_are_taken_as_they_are_written(self) -> None:
        body = BODY.validate_python({"season": [0.15, 0.2, 0.25, 0.4], "country": "CN"})

        assert read_spreading(body) == Spreading((0.15, 0.2, 0.25, 0.4), "CN")

    @pytest.mark.parametrize(
        "body", [{"season": "even"}, {"season": [1, 2.5, 3, 4]}, {"country": "US"}]
    )
    def test_is_stored_as_it_could_be_sent_again(self, body: dict[str, Any]) -> None:
        stored = stored_policy(to_policy(body, digits=2), read_spreading(body))

        assert read_spreading(BODY.validate_python(present_policy(stored, 2))) == read_spreading(
            body
        )

    def test_is_no_part_of_what_the_solver_asks(self) -> None:
        assert to_policy({"season": "even", "country": "CN"}, digits=2) == Policy()

    @pytest.mark.parametrize(
        "season", ["evenly", [], [1, -2], ["1"], [float("nan")], [True], {"q4": 0.4}, 4, [1] * 121]
    )
    def test_of_another_shape_is_refused(self, season: object) -> None:
        with pytest.raises(ValidationError, match="one for each month of the period"):
            BODY.validate_python({"season": season})


class TestStoredPolicy:
    @given(st.randoms(use_true_random=False))
    def test_the_order_of_rules_and_reps_changes_no_byte(self, chance: random.Random) -> None:
        turned: dict[str, Any] = {}
        for name, rules in EVERY_RULE.items():
            turned[name] = rules
            if isinstance(rules, list):
                turned[name] = chance.sample(rules, len(rules))
        group = dict(turned["groups"][0])
        group["reps"] = chance.sample(group["reps"], len(group["reps"]))
        turned["groups"] = [group, *turned["groups"][1:]]

        one, other = (
            canonical(stored_policy(to_policy(body, digits=2))) for body in (EVERY_RULE, turned)
        )

        assert one == other

    def test_is_in_minor_units_with_its_defaults(self) -> None:
        body = {
            "groups": [{"id": "g", "reps": ["b", "a"], "max": 1.5}],
            "rows": [{"id": "r", "coefficients": {"b": 2.0, "a": 1, "c": 0}, "max": 3}],
            "relax": [{"rule": "target", "to": 9}],
        }
        stored = stored_policy(to_policy(body, digits=2))

        assert stored["groups"] == [{"id": "g", "reps": ["a", "b"], "min": 0, "max": 150}]
        assert stored["rows"] == [
            {"id": "r", "coefficients": {"a": 1, "b": 2.0}, "min": None, "max": 300}
        ]
        assert stored["relax"] == [{"rule": "target", "to": 900}]
        assert (stored["fairness"], stored["parity"]) == ("equal_stretch", [])

    def test_is_told_in_the_callers_units_as_it_could_be_sent_again(self) -> None:
        policy = to_policy(EVERY_RULE, digits=2)

        shown = present_policy(stored_policy(policy), 2)

        assert to_policy(BODY.validate_python(shown), digits=2) == policy
        assert shown["groups"][1] == {
            "id": "overlay", "reps": ["r1", "r2"], "min": 0, "max": 500.5,
        }  # fmt: skip
        assert shown["relax"][:3] == [
            {"rule": "group:key:max", "to": None},
            {"rule": "group:key:min", "to": 0},
            {"rule": "parity:role", "to": 0.05},
        ]

    def test_of_the_first_release_knows_no_rules(self) -> None:
        assert present_policy({"fairness": "equal_growth"}, 2) == {"fairness": "equal_growth"}
