"""Some rows upserted into facts that are there: what stays, what goes, what is wrong with it."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.kit.errors import Fault
from service.roster.domain import Inputs, InvalidInputs, patched_inputs, read_inputs
from service.roster.domain.patch import merged
from service.roster.present import present

PERIOD = (date(2027, 1, 1), date(2027, 12, 31))
FACTS: dict[str, Any] = {
    "target": 900,
    "units": [{"id": "west", "target": 600}, {"id": "core", "parent": "west"}, {"id": "east"}],
    "reps": [
        {"id": "ann", "name": "Ann", "unit": "core", "max": 400, "cohorts": {"role": "AE"}},
        {"id": "bob", "unit": "core", "attributes": {"crm": {"a": 1, "b": 2}}},
        {"id": "cyd", "unit": "east"},
    ],
    "territories": [{"id": "t", "potential": 50, "holders": [{"rep": "cyd"}]}],
    "history": [
        {"rep": "ann", "period": "2026-01", "actual": 10},
        {"rep": "ann", "period": "2026-01", "actual": 11},
        {"rep": "ann", "period": "2026-01", "actual": 12, "product": "new"},
        {"rep": "cyd", "period": "2026-01", "actual": 20},
        {"territory": "t", "period": "2026-01", "actual": 30},
    ],
}


def read(facts: dict[str, Any]) -> Inputs:
    return read_inputs(facts, digits=2, period=PERIOD)


def patched(patch: dict[str, Any], facts: dict[str, Any] = FACTS) -> Inputs:
    before = read(facts)
    return patched_inputs(before, present(before), patch, period=PERIOD)


def shown(patch: dict[str, Any], table: str, facts: dict[str, Any] = FACTS) -> Any:
    return present(patched(patch, facts))[table]


def faults(patch: dict[str, Any], facts: dict[str, Any] = FACTS) -> dict[str, str]:
    with pytest.raises(InvalidInputs) as refused:
        patched(patch, facts)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


class TestRows:
    def test_members_left_out_stay_and_null_takes_one_away(self) -> None:
        ann, *_ = shown({"reps": [{"id": "ann", "max": None, "min": 5}]}, "reps")

        assert ann == {
            "id": "ann", "name": "Ann", "unit": "core", "min": 5, "cohorts": {"role": "AE"},
        }  # fmt: skip

    def test_a_new_row_joins_those_that_are_there(self) -> None:
        reps = shown({"reps": [{"id": "dan", "unit": "east", "max": None}]}, "reps")

        assert [row["id"] for row in reps] == ["ann", "bob", "cyd", "dan"]
        assert reps[-1] == {"id": "dan", "unit": "east"}

    def test_objects_in_a_row_are_merged(self) -> None:
        sent = [
            {"id": "ann", "cohorts": {"role": None, "region": "EU"}},
            {"id": "bob", "attributes": {"crm": {"a": None, "c": [1, None]}}},
        ]

        ann, bob, _ = shown({"reps": sent}, "reps")

        assert ann["cohorts"] == {"region": "EU"}
        assert bob["attributes"] == {"crm": {"b": 2, "c": [1, None]}}

    def test_lists_in_a_row_are_replaced(self) -> None:
        halves = [{"rep": "ann", "share": 0.5}, {"rep": "bob", "share": 0.5}]

        (t,) = shown({"territories": [{"id": "t", "holders": halves}]}, "territories")

        assert t == {"id": "t", "potential": 50, "holders": halves}

    def test_an_empty_patch_changes_nothing(self) -> None:
        assert patched({}).hash == read(FACTS).hash

    def test_scalars_are_replaced(self) -> None:
        assert shown({"target": 1000, "forecast": 800}, "target") == 1000
        assert patched({"forecast": None}, FACTS | {"forecast": 1}).forecast is None

    def test_a_new_row_whose_id_looks_like_another_is_warned_of(self) -> None:
        composed, decomposed = "Ren\u00e9", "Rene\u0301"
        facts = FACTS | {"reps": [*FACTS["reps"], {"id": composed}]}

        like = "looks like another id whose letters are written with other characters (Unicode)"

        after = patched({"reps": [{"id": decomposed}]}, facts)

        assert {composed, decomposed} < set(after.reps.id)
        assert [(warning.pointer, warning.detail) for warning in after.warnings] == [
            ("/reps", f"{composed} {like}: they are not the same")
        ]


class TestHistory:
    def test_what_is_sent_of_a_month_replaces_all_of_the_same(self) -> None:
        sent = [{"rep": "ann", "period": "2026-01", "actual": 7}]

        rows = shown({"history": sent}, "history")

        assert [row["actual"] for row in rows if row.get("rep") == "ann"] == [7, 12]

    def test_rows_of_the_same_that_are_sent_together_add_up(self) -> None:
        sent = [{"rep": "cyd", "period": "2026-01", "actual": actual} for actual in (1, 2)]

        rows = shown({"history": sent}, "history")

        assert [row["actual"] for row in rows if row.get("rep") == "cyd"] == [1, 2]

    def test_the_main_measure_may_be_named(self) -> None:
        sent = [{"rep": "cyd", "period": "2026-01", "actual": 5, "measure": "revenue"}]

        rows = shown({"history": sent}, "history")

        assert [row["actual"] for row in rows if row.get("rep") == "cyd"] == [5]

    def test_sales_stay_revenue_where_another_measure_is_planned_alone(self) -> None:
        patch = {
            "targets": [{"measure": "volume", "amount": 50}],
            "units": [{"id": "west", "target": None}],
            "target": None,
            "history": [{"rep": "bob", "period": "2026-01", "actual": 5, "measure": "volume"}],
        }

        rows = shown(patch, "history")

        assert rows == [{"rep": "bob", "measure": "volume", "period": "2026-01", "actual": 5}]


class TestRemoving:
    def test_a_rep_takes_the_own_history_along(self) -> None:
        after = patched({"remove": {"reps": ["ann"]}})

        assert after.reps.id == ("bob", "cyd")
        assert after.counts["history"] == 2

    def test_history_goes_by_all_that_it_is_of(self) -> None:
        gone = [{"rep": "ann", "period": "2026-01"}, {"territory": "t", "period": "2026-01"}]

        rows = shown({"remove": {"history": gone}}, "history")

        assert [row["actual"] for row in rows] == [12, 20]

    def test_what_is_not_there_or_stands_twice_or_is_sent_too_is_named(self) -> None:
        patch = {
            "reps": [{"id": "bob", "min": 1}],
            "remove": {
                "reps": ["zoe", "ann", "ann", "bob"],
                "history": [{"rep": "ann", "period": "2025-01"}],
            },
        }

        assert faults(patch) == {
            "/remove/reps/0": "is none of the `reps` that there are",
            "/remove/reps/2": "stands already in /remove/reps/1",
            "/remove/reps/3": "is sent as well: send it or remove it",
            "/remove/history/0": "is none of the `history` that there are",
        }

    def test_what_others_name_is_told_where_it_was_removed(self) -> None:
        assert faults({"remove": {"units": ["east", "core"], "reps": ["cyd"]}}) == {
            "/remove/units/1": "rep ann, `unit`: names no unit of `units`; "
            "rep bob, `unit`: names no unit of `units`",
            "/remove/reps/0": "territory t, `holders/0/rep`: names no rep of `reps`",
        }

    def test_somebody_has_to_stay(self) -> None:
        gone = {"reps": ["ann", "bob", "cyd"], "territories": ["t"]}

        assert faults({"remove": gone}) == {
            "/remove/reps": "at least one rep is needed to carry the target"
        }


class TestTargets:
    PARTS: dict[str, Any] = FACTS | {
        "target": None,
        "targets": [
            {"amount": 900},
            {"amount": 300, "unit": "west", "product": "new", "period": "2027-01/2027-06"},
        ],
    }

    def test_one_is_known_by_what_it_is_of_however_its_months_are_written(self) -> None:
        sent = [{"amount": 310, "unit": "west", "product": "new", "period": "H1"}]

        assert shown({"targets": sent}, "targets", self.PARTS) == [
            {"amount": 900},
            {"amount": 310, "unit": "west", "product": "new", "period": "2027-01/2027-06"},
        ]

    def test_that_of_the_company_has_a_short_form(self) -> None:
        whole, part = shown({"target": 950}, "targets", self.PARTS)

        assert (whole["amount"], part["amount"]) == (950, 300)
        assert list(faults({"target": 500}, self.PARTS)) == ["/target"]

    def test_the_long_form_joins_the_short_one(self) -> None:
        sent = [{"amount": 100, "product": "new"}]

        assert shown({"targets": sent}, "targets") == [
            {"amount": 900}, {"amount": 100, "product": "new"},
        ]  # fmt: skip

    def test_levels_of_revenue_leave_the_short_form_as_it_is(self) -> None:
        """Its targets need not agree: what conflicts is told by the solve, which may mend it."""
        nobody_there = FACTS | {"units": [*FACTS["units"], {"id": "south", "target": 400}]}
        levels = {"measures": [{"id": "revenue", "levels": {"floor": 0.8}}]}

        after = patched(levels, nobody_there)

        assert (present(after)["target"], "targets" in present(after)) == (900, False)
        assert patched_inputs(after, present(after), {}, period=PERIOD).hash == after.hash

    def test_one_of_a_unit_replaces_the_units_own(self) -> None:
        west = {"unit": "west"}

        assert shown({"targets": [west | {"amount": 700}]}, "units")[2]["target"] == 700
        assert "target" not in shown({"remove": {"targets": [west]}}, "units")[2]

    def test_both_forms_at_once_are_refused(self) -> None:
        sent = {"target": 1, "targets": [{"amount": 900}]}

        assert faults(sent) == {"/target": "stands beside `targets`: send one of the two"}

    def test_what_does_not_agree_is_told_by_name(self) -> None:
        told = faults({"units": [{"id": "east", "target": 500}]}, self.PARTS)

        assert told == {
            "/units/0/target": "does not agree with 900 for the company and 600 for west; 300 would"
        }


class TestFaults:
    def test_have_the_place_of_what_was_sent(self) -> None:
        patch = {
            "reps": [{"id": "new", "unit": "nowhere"}, {"id": "ann", "max": -1}, {"id": "new"}],
            "units": [{"id": "west", "parent": "core"}],
            "history": [{"rep": "zoe", "period": "2026-01", "actual": 1}],
            "territories": [{"id": "t", "holders": [{"rep": "ann", "share": 0.5}]}],
        }

        assert faults(patch).keys() == {
            "/reps/0/unit", "/reps/1/max", "/reps/2/id", "/units/0/parent", "/history/0/rep",
            "/territories/0/holders",
        }  # fmt: skip

    def test_what_grows_beyond_what_can_be_put_is_refused(self) -> None:
        groupings = {f"g{k}": "x" for k in range(50)}
        kinds = {"kind": "additive", "counted_in": "things"}
        measures = [{"id": f"m{k}"} | kinds for k in range(50)]
        planned = [{"measure": row["id"], "amount": 1} for row in measures]
        facts = FACTS | {"target": None, "targets": planned[:49], "measures": measures[:49]}
        facts["targets"] = [{"amount": 900}, *facts["targets"]]

        assert faults({"reps": [{"id": "ann", "cohorts": groupings}]}) == {
            "/reps/0/cohorts": "makes 51 of them with those that there are: at most 50 may be"
        }
        assert faults({"targets": planned[49:], "measures": measures[49:]}, facts) == {
            "/measures": "makes 51 of them with those that there are: at most 50 may be"
        }

    def test_of_members_that_were_there_before_are_told_by_name(self) -> None:
        assert faults({"units": [{"id": "west", "min": 5}], "reps": []}) == {
            "/units/0": "unit west, `target`: is min and max at once: "
            "leave min and max out beside it"
        }
        gone = {"units": ["core"]}
        assert faults({"reps": [{"id": "ann", "min": 5}, {"id": "bob"}], "remove": gone}) == {
            "/remove/units/0": "rep ann, `unit`: names no unit of `units`; "
            "rep bob, `unit`: names no unit of `units`"
        }

    def test_those_of_the_shape_are_told_with_the_others(self) -> None:
        before = read(FACTS)
        shape = Fault("/reps/0/max", "must be a number", True)

        with pytest.raises(InvalidInputs) as refused:
            patched_inputs(
                before,
                present(before),
                {"reps": [{"id": "ann", "unit": "x"}]},
                period=PERIOD,
                faults=[shape],
            )

        assert [fault.pointer for fault in refused.value.faults] == ["/reps/0/max", "/reps/0/unit"]

    def test_wrong_shares_that_were_there_before_are_a_warning(self) -> None:
        halves = [{"id": "t", "holders": [{"rep": "cyd", "share": 0.5}]}]
        before = read_inputs(
            FACTS | {"territories": halves}, digits=2, period=PERIOD, shares="report"
        )

        after = patched_inputs(before, present(before), {"target": 1000}, period=PERIOD)

        assert [warning.detail for warning in after.warnings] == [
            "territory t, `holders`: the shares of t sum to 0.5, not to 1"
        ]


_PATCH = st.fixed_dictionaries(
    {},
    optional={
        "target": st.integers(600, 999),
        "reps": st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(["ann", "bob", "cyd", "dan", "eve"])},
                optional={
                    "unit": st.sampled_from(["core", "west", "east", None]),
                    "max": st.none() | st.integers(1, 9),
                    "cohorts": st.dictionaries(
                        st.sampled_from("xyz"), st.none() | st.sampled_from("ab"), max_size=2
                    ),
                },
            ),
            max_size=3,
            unique_by=lambda row: str(row["id"]),
        ),
        "history": st.lists(
            st.fixed_dictionaries(
                {
                    "rep": st.sampled_from(["ann", "bob", "cyd"]),
                    "period": st.sampled_from(["2026-01", "2026-02"]),
                    "actual": st.integers(0, 99),
                }
            ),
            max_size=3,
        ),
    },
)


@settings(max_examples=25)
@given(_PATCH)
def test_a_patch_sent_twice_or_in_another_order_is_the_same_state(patch: dict[str, Any]) -> None:
    once = patched(patch)
    turned = {k: v[::-1] if isinstance(v, list) else v for k, v in patch.items()}

    assert patched(turned).hash == once.hash
    assert patched_inputs(once, present(once), patch, period=PERIOD).hash == once.hash
    assert read(present(once)).hash == once.hash  # what is got can be put


@settings(max_examples=25)
@given(_PATCH, _PATCH)
def test_of_two_patches_of_other_rows_either_may_come_first(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    other.pop("target", None)
    people = {row["id"] for row in one.get("reps", [])}
    sold = {row["rep"] for row in one.get("history", [])}
    other["reps"] = [row for row in other.get("reps", []) if row["id"] not in people]
    other["history"] = [row for row in other.get("history", []) if row["rep"] not in sold]

    def both(first: dict[str, Any], then: dict[str, Any]) -> Inputs:
        before = patched(first)
        return patched_inputs(before, present(before), then, period=PERIOD)

    there, back = both(one, other), both(other, one)
    assert (there.hash, there.people) == (back.hash, back.people)


@settings(max_examples=25)
@given(_PATCH)
def test_a_patch_makes_what_the_whole_would_have_made(patch: dict[str, Any]) -> None:
    whole = present(read(FACTS)) | {k: patch[k] for k in ("target",) if k in patch}
    for row in patch.get("reps", []):
        there: dict[str, Any] = next(
            (each for each in whole["reps"] if each["id"] == row["id"]), {}
        )
        whole["reps"] = [each for each in whole["reps"] if each["id"] != row["id"]]
        whole["reps"].append(merged(there, row))
    keys = {(row["rep"], row["period"]) for row in patch.get("history", [])}
    whole["history"] = [
        row
        for row in whole["history"]
        if (row.get("rep"), row["period"]) not in keys or "product" in row
    ] + patch.get("history", [])

    after = patched(patch)

    assert after.hash == read(whole).hash
    assert after.people == read(whole).people


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_patches_of_different_rows_may_come_in_any_order(order: tuple[int, ...]) -> None:
    patches: list[dict[str, Any]] = [
        {"reps": [{"id": "ann", "max": 9}]},
        {"remove": {"history": [{"rep": "cyd", "period": "2026-01"}]}},
        {"units": [{"id": "north"}], "target": 950},
    ]
    inputs = read(FACTS)

    for k in order:
        inputs = patched_inputs(inputs, present(inputs), patches[k], period=PERIOD)

    assert inputs.hash == patched(patches[0] | patches[1] | patches[2]).hash
