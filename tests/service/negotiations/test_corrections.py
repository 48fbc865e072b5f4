"""Evidence that an input is wrong corrects that input, and nothing else."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.negotiations.change_requests.domain.correction import (
    as_sent,
    corrected,
    correction_faults,
    stated_by,
)
from service.negotiations.change_requests.domain.effective import (
    effective_faults,
    effective_month,
)
from service.negotiations.change_requests.domain.evidence import Evidence, EvidenceKind
from service.roster.domain import read_inputs

INPUTS: dict[str, Any] = {
    "target": 500,
    "units": [{"id": "west"}],
    "reps": [
        {"id": "ann", "unit": "west", "potential": 100, "hired": "2020-01-01"},
        {"id": "bob", "unit": "west"},
    ],
    "territories": [
        {
            "id": "t1",
            "potential": 900,
            "holders": [{"rep": "ann", "share": 0.5}, {"rep": "bob", "share": 0.5}],
        }
    ],
    "history": [
        {"rep": "ann", "period": "2026-01", "actual": 10, "product": "core"},
        {"rep": "ann", "period": "2026-01", "actual": 4, "product": "core"},
        {"rep": "ann", "period": "2026-01", "actual": 3, "product": "new"},
    ],
}


def stated(*evidence: Evidence) -> dict[str, Any]:
    return stated_by(evidence, "ann", INPUTS, 2)


class TestCorrected:
    def test_what_a_row_says_replaces_what_was_there_and_the_rest_stays(self) -> None:
        found = corrected(INPUTS, {"reps": [{"id": "ann", "potential": 70}]})

        assert found["reps"][0] == INPUTS["reps"][0] | {"potential": 70}
        assert found["reps"][1:] == INPUTS["reps"][1:]
        assert {name: found[name] for name in ("target", "units", "territories", "history")} == {
            name: INPUTS[name] for name in ("target", "units", "territories", "history")
        }

    def test_sales_of_a_month_are_replaced_as_a_whole(self) -> None:
        sale = {"rep": "ann", "period": "2026-01", "actual": 11, "product": "core"}

        found = corrected(INPUTS, {"history": [sale]})

        assert found["history"] == [INPUTS["history"][2], sale]

    def test_sales_that_name_no_measure_are_those_of_the_main_one(self) -> None:
        measures = [{"id": "volume"}, {"id": "revenue"}]
        sales = [{"rep": "ann", "period": "2026-01", "actual": 9, "measure": measure["id"]}
                 for measure in measures]  # fmt: skip
        sale = {"rep": "ann", "period": "2026-01", "actual": 8}

        found = corrected(INPUTS | {"measures": measures, "history": sales}, {"history": [sale]})

        assert found["history"] == [sales[1], sale]

    def test_correcting_with_what_is_there_changes_nothing(self) -> None:
        same = corrected(
            INPUTS, {"reps": [INPUTS["reps"][0]], "territories": INPUTS["territories"]}
        )

        assert read_inputs(same, digits=2).hash == read_inputs(INPUTS, digits=2).hash

    def test_rows_of_nobody_and_rows_that_stand_twice_are_faults(self) -> None:
        correction: dict[str, list[dict[str, Any]]] = {
            "reps": [{"id": "ann"}, {"id": "zoe"}, {"id": "ann"}],
            "territories": [{"id": "t9"}],
            "history": [{"rep": "zoe", "period": "2026-01", "actual": 1}],
        }

        found = {fault.pointer for fault in correction_faults(INPUTS, correction)}

        assert found == {
            "/correct/reps/1/id",
            "/correct/reps/2/id",
            "/correct/territories/0/id",
            "/correct/history/0/rep",
        }

    def test_nothing_is_no_correction(self) -> None:
        (fault,) = correction_faults(INPUTS, {"reps": []})

        assert fault.pointer == "/correct"

    def test_days_become_the_texts_that_inputs_have(self) -> None:
        sent = {"reps": [{"id": "ann", "hired": date(2021, 5, 1), "potential": None}]}

        assert as_sent(sent) == {"reps": [{"id": "ann", "hired": "2021-05-01"}]}


class TestStatedByEvidence:
    def test_a_wrong_potential_of_the_rep_or_of_a_territory(self) -> None:
        own = Evidence(EvidenceKind.POTENTIAL_ERROR, amount=7000)
        held = Evidence(EvidenceKind.POTENTIAL_ERROR, amount=80050, territory="t1")

        assert stated(own, held) == {
            "reps": [{"id": "ann", "potential": 70}],
            "territories": [{"id": "t1", "potential": 800.5}],
        }

    def test_wrong_sales_of_a_month(self) -> None:
        assert stated(Evidence(EvidenceKind.HISTORY_ERROR, amount=1100, period="2026-01")) == {
            "history": [{"rep": "ann", "period": "2026-01", "actual": 11}]
        }

    def test_absences_are_added_to_those_that_are_known(self) -> None:
        first = Evidence(EvidenceKind.ABSENCE, date=date(2027, 3, 1), until=date(2027, 3, 31))
        second = Evidence(EvidenceKind.ABSENCE, date=date(2027, 6, 1), until=date(2027, 6, 30))

        (row,) = stated(first, second)["reps"]

        assert row["absences"] == [
            {"from": "2027-03-01", "to": "2027-03-31"},
            {"from": "2027-06-01", "to": "2027-06-30"},
        ]

    @given(st.floats(0, 1))
    def test_a_wrong_share_leaves_the_rest_to_the_others(self, share: float) -> None:
        piece = Evidence(EvidenceKind.TERRITORY_ERROR, territory="t1", share=share)
        (territory,) = stated(piece)["territories"]

        shares = {row["rep"]: row["share"] for row in territory["holders"]}
        assert shares.get("ann", 0) == share
        assert sum(shares.values()) == pytest.approx(1)

    def test_evidence_that_does_not_say_what_is_right_corrects_nothing(self) -> None:
        assert stated(Evidence(EvidenceKind.TERRITORY_ERROR, territory="t1")) == {}
        assert stated(Evidence(EvidenceKind.POTENTIAL_ERROR, amount=1, territory="t9")) == {}
        assert stated(Evidence(EvidenceKind.ACCOUNT_LOST, amount=1)) == {}


YEAR = (date(2027, 1, 1), date(2027, 12, 31))


class TestEffective:
    @pytest.mark.parametrize(
        ("today", "month"),
        [
            (date(2026, 11, 22), None),
            (date(2027, 1, 1), "2027-02"),
            (date(2027, 3, 31), "2027-04"),
            (date(2027, 12, 5), "2027-12"),
        ],
    )
    def test_left_out_is_the_first_month_that_has_not_begun(
        self, today: date, month: str | None
    ) -> None:
        assert effective_month(None, YEAR, today) == month

    def test_the_first_day_of_the_period_is_all_of_it(self) -> None:
        assert effective_month(date(2027, 1, 1), YEAR, date(2026, 11, 22)) is None
        assert effective_month(date(2027, 4, 1), YEAR, date(2026, 11, 22)) == "2027-04"

    @pytest.mark.parametrize(
        ("effective", "reason"),
        [
            (date(2027, 4, 2), "must be the first day of a month"),
            (date(2026, 12, 1), "must lie between 2027-01-01 and 2027-12-31"),
            (date(2028, 1, 1), "must lie between 2027-01-01 and 2027-12-31"),
            (date(2027, 2, 1), "lies in a month that is over"),
        ],
    )
    def test_months_outside_the_period_and_months_that_are_over_are_refused(
        self, effective: date, reason: str
    ) -> None:
        (fault,) = effective_faults(effective, YEAR, date(2027, 3, 15))

        assert fault.detail == reason

    def test_the_month_that_runs_may_change(self) -> None:
        assert not list(effective_faults(date(2027, 3, 1), YEAR, date(2027, 3, 15)))
