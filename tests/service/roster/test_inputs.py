"""The facts of a plan: what makes two of them equal, and what is wrong with others."""

import random
from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.roster.domain import Inputs, InvalidInputs, People, content_hash, read_inputs
from service.roster.present import present


def a_body(**changes: Any) -> dict[str, Any]:
    """Two reps in a unit, a territory between them, three months of history."""
    return {
        "target": 1000,
        "forecast": 900.5,
        "units": [
            {"id": "north", "parent": "all", "max": 800.25, "owner": "boss"},
            {"id": "all", "name": "All", "over_assignment": 0.1},
        ],
        "reps": [
            {"id": "b", "unit": "north", "name": "Bea", "attributes": {"crm": [1, None]}},
            {"id": "a", "baseline": 0.07, "min": "1.50", "fte": 0.5, "hired": date(2024, 5, 1)},
        ],
        "territories": [
            {"id": "t", "potential": 30, "holders": [{"rep": "b", "share": 0.6},
                                                     {"rep": "a", "share": 0.4}]},
        ],
        "history": [
            {"rep": "b", "period": "2026-02", "actual": -5},
            {"rep": "b", "period": "2026-02", "actual": 20, "product": "core"},
            {"territory": "t", "period": "2026-01", "actual": 7.25},
        ],
        **changes,
    }  # fmt: skip


def faults_of(body: dict[str, Any], digits: int = 2) -> dict[str, str]:
    with pytest.raises(InvalidInputs) as refused:
        read_inputs(body, digits=digits)
    return {fault.pointer: fault.detail for fault in refused.value.faults}


class TestHash:
    @given(st.randoms(use_true_random=False))
    def test_the_order_of_rows_does_not_matter(self, chance: random.Random) -> None:
        body = a_body()
        for rows in (
            body["units"],
            body["reps"],
            body["history"],
            body["territories"][0]["holders"],
        ):
            chance.shuffle(rows)

        assert read_inputs(body, digits=2).hash == read_inputs(a_body(), digits=2).hash

    def test_names_attributes_and_owners_are_no_part_of_it(self) -> None:
        body = a_body()
        for row in body["reps"] + body["units"]:
            row.pop("name", None) if row in body["reps"] else row.pop("owner", None)
            row.pop("attributes", None)

        assert read_inputs(body, digits=2).hash == read_inputs(a_body(), digits=2).hash

    def test_how_an_amount_is_written_does_not_matter(self) -> None:
        one, other = a_body(target="1000.00"), a_body(target=1000.0)

        assert read_inputs(one, digits=2).hash == read_inputs(other, digits=2).hash

    @pytest.mark.parametrize(
        ("table", "row", "field", "value"),
        [
            ("units", 0, "max", 800.26),
            ("units", 1, "name", "Everything"),
            ("reps", 0, "unit", None),
            ("reps", 1, "baseline", 0.08),
            ("reps", 1, "hired", date(2024, 5, 2)),
            ("reps", 1, "vacant", True),
            ("reps", 1, "cohorts", {"role": "AE"}),
            ("history", 1, "product", "new"),
            ("history", 2, "period", "2025-12"),
        ],
    )
    def test_every_fact_is_part_of_it(
        self, table: str, row: int, field: str, value: object
    ) -> None:
        body = a_body()
        body[table][row][field] = value

        assert read_inputs(body, digits=2).hash != read_inputs(a_body(), digits=2).hash

    def test_is_that_of_the_content(self) -> None:
        inputs = read_inputs(a_body(), digits=2)

        assert inputs.hash == content_hash(inputs.content)
        assert b"Bea" not in inputs.content
        assert b"boss" not in inputs.content

    def test_stays_the_same_from_release_to_release(self) -> None:
        """Stored snapshots are found by it: a change here orphans every version."""
        assert read_inputs(a_body(), digits=2).hash == HASH_OF_THE_EXAMPLE


HASH_OF_THE_EXAMPLE = "sha256:d1328ff6ab498f1138ba46586e11ed1ebb3aa12a7a90e43988f853c09567f20d"


class TestRoundTrip:
    def test_content_makes_the_same_inputs(self) -> None:
        inputs = read_inputs(a_body(), digits=2)

        again = Inputs.of_content(inputs.content, inputs.people)

        assert again.content == inputs.content
        assert present(again) == present(inputs)

    def test_what_is_presented_can_be_put_again(self) -> None:
        inputs = read_inputs(a_body(), digits=2)
        document = orjson.loads(orjson.dumps(present(inputs)))

        again = read_inputs(document, digits=2)

        assert again.hash == inputs.hash
        assert again.people == inputs.people

    def test_shows_what_was_given_and_nothing_else(self) -> None:
        inputs = read_inputs(a_body(territories=[], history=[]), digits=2)

        assert present(inputs) == {
            "target": 1000,
            "forecast": 900.5,
            "units": [
                {"id": "all", "name": "All", "over_assignment": 0.1},
                {"id": "north", "parent": "all", "owner": "boss", "max": 800.25},
            ],
            "reps": [
                {"id": "a", "baseline": 0.07, "min": 1.5, "fte": 0.5, "hired": "2024-05-01"},
                {"id": "b", "name": "Bea", "unit": "north", "attributes": {"crm": [1, None]}},
            ],
            "territories": [],
            "history": [],
        }

    def test_without_people_there_are_no_names(self) -> None:
        inputs = read_inputs(a_body(), digits=2)

        forgotten = present(Inputs.of_content(inputs.content, People()))

        assert "name" not in forgotten["reps"][1]
        assert "owner" not in forgotten["units"][1]


class TestMoney:
    @pytest.mark.parametrize(("digits", "minor"), [(0, 12), (2, 1200), (3, 12000)])
    def test_limits_are_whole_minor_units(self, digits: int, minor: int) -> None:
        inputs = read_inputs({"target": 12, "reps": [{"id": "a", "max": "12"}]}, digits=digits)

        assert (inputs.target, inputs.reps.max.tolist()) == (minor, [minor])

    @pytest.mark.parametrize(("digits", "amount"), [(0, 0.5), (2, 0.005), (3, "0.0005")])
    def test_limits_finer_than_the_currency_are_refused(
        self, digits: int, amount: float | str
    ) -> None:
        faults = faults_of({"target": 1, "reps": [{"id": "a", "min": amount}]}, digits)

        assert list(faults) == ["/reps/0/min"]

    def test_measurements_may_be_finer(self) -> None:
        inputs = read_inputs({"target": 1, "reps": [{"id": "a", "reach": "0.12345"}]}, digits=0)

        assert inputs.reps.reach.tolist() == [0.12345]

    @pytest.mark.parametrize("amount", [1e300, "9" * 40])
    def test_amounts_beyond_every_company_are_refused(self, amount: float | str) -> None:
        faults = faults_of({"target": 1, "reps": [{"id": "a", "baseline": amount, "max": amount}]})

        assert faults["/reps/0/baseline"] == "is too large"
        assert "/reps/0/max" in faults


class TestShares:
    def test_may_be_half_a_percent_off(self) -> None:
        holders = [{"rep": "a", "share": 0.333}, {"rep": "b", "share": 0.667 + 0.005}]

        inputs = read_inputs(a_body(territories=[{"id": "t", "holders": holders}]), digits=2)

        assert inputs.warnings == ()

    def test_must_sum_to_one_on_every_day_somebody_holds_it(self) -> None:
        holders = [
            {"rep": "a", "share": 1, "to": date(2026, 3, 31)},
            {"rep": "b", "share": 0.5, "from": date(2026, 4, 1)},
        ]

        faults = faults_of(a_body(territories=[{"id": "t", "holders": holders}]))

        assert faults == {
            "/territories/0/holders": "the shares of t sum to 0.5 on 2026-04-01, not to 1",
        }

    def test_may_overlap_on_no_day(self) -> None:
        holders = [
            {"rep": "a", "to": date(2026, 3, 31)},
            {"rep": "b", "from": date(2026, 3, 31)},
        ]

        faults = faults_of(a_body(territories=[{"id": "t", "holders": holders}]))

        assert faults["/territories/0/holders"].endswith("sum to 2 on 2026-03-31, not to 1")

    def test_a_gap_between_holders_is_uncovered_not_wrong(self) -> None:
        holders = [
            {"rep": "a", "to": date(2026, 3, 31)},
            {"rep": "b", "from": date(2026, 6, 1)},
        ]

        inputs = read_inputs(a_body(territories=[{"id": "t", "holders": holders}]), digits=2)

        assert inputs.warnings == ()

    def test_a_holder_does_not_end_before_the_start(self) -> None:
        holders = [{"rep": "a", "from": date(2026, 3, 31), "to": date(2026, 3, 30)}]

        faults = faults_of(a_body(territories=[{"id": "t", "holders": holders}], history=[]))

        assert "/territories/0/holders/0/to" in faults

    def test_in_files_they_are_a_warning(self) -> None:
        holders = [{"rep": "a", "share": 0.25}]

        inputs = read_inputs(
            a_body(territories=[{"id": "t", "holders": holders}]), digits=2, shares="report"
        )

        assert [warning.pointer for warning in inputs.warnings] == ["/territories/0/holders"]


class TestOrganisation:
    def test_a_long_circle_is_named_in_short(self) -> None:
        units = [{"id": f"u{k}", "parent": f"u{(k + 1) % 40}"} for k in range(40)]

        faults = faults_of(a_body(units=units, reps=[{"id": "a"}, {"id": "b"}]))

        assert list(faults) == ["/units/0/parent"]
        assert faults["/units/0/parent"].endswith("… (34 more) -> 'u0'")

    def test_a_unit_is_not_its_own_parent(self) -> None:
        units = [{"id": "north", "parent": "north"}]

        assert list(faults_of(a_body(units=units))) == ["/units/0/parent"]

    @pytest.mark.parametrize("levels", [300, 100_000])
    def test_hundreds_of_levels_are_a_mistake(self, levels: int) -> None:
        """However many: a climb of one level per round took the square of their number."""
        units = [{"id": f"u{k}", "parent": f"u{k - 1}" if k else None} for k in range(levels)]

        faults = faults_of(a_body(units=units, reps=[{"id": "a"}, {"id": "b"}]))

        assert len(faults) == levels - 256


def test_territory_ids_stand_once() -> None:
    territories = [{"id": "t"}, {"id": "t"}]

    assert faults_of(a_body(territories=territories, history=[])) == {
        "/territories/1/id": "stands already in /territories/0"
    }
