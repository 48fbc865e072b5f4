"""Quotas by month over HTTP: what a policy may ask, and what answers say."""

import pytest
from starlette.testclient import TestClient

from tests.service.allocations.monthly import MONTHS, allocated, facts, faults_of, months, with_rep


class TestAnswer:
    def test_an_even_season_is_the_same_every_month(self, client: TestClient) -> None:
        found = allocated(client, facts(increment=10), season="even")

        assert set(months(found, "ann")) == {30, 40}
        assert sum(months(found, "ann")) == 400
        assert list(found["months"].values()) == [100] * 12
        assert found["season"]["basis"] == "even"
        assert found["season"]["as_given"] is True
        assert found["warnings"] == []

    def test_a_fourth_quarter_of_40_percent_is_exact(self, client: TestClient) -> None:
        found = allocated(client, facts(), season=[0.15, 0.2, 0.25, 0.4])

        company = list(found["months"].values())
        assert [sum(company[k : k + 3]) for k in (0, 3, 6, 9)] == [180, 240, 300, 480]

    def test_months_add_up_to_quotas_units_and_the_company(self, client: TestClient) -> None:
        found = allocated(client, facts(target=1199.99), country="US")

        for row in (*found["quotas"], *found["units"]):
            assert sum(round(100 * own) for own in row["months"].values()) == round(
                100 * row["quota"]
            )
        west = next(unit for unit in found["units"] if unit["id"] == "west")
        for month in MONTHS:
            own = [row["months"][month] for row in found["quotas"] if row["unit"] == "west"]
            assert west["months"][month] == pytest.approx(sum(own))

    def test_without_history_months_go_by_working_days(self, client: TestClient) -> None:
        found = allocated(client, facts(), country="CN")

        season = found["season"]
        assert (season["basis"], season["provisional"]) == ("working_days", [2027])
        assert season["working_days"]["2027-02"] < season["working_days"]["2027-03"]
        assert found["months"]["2027-02"] < found["months"]["2027-03"]
        (warning,) = found["warnings"]
        assert warning["pointer"] == "/policy/country"
        assert "2027 may still change" in warning["detail"]

    def test_the_history_s_season_is_learned(self, client: TestClient) -> None:
        """Five times as much in December as in other months."""
        history = [
            {"rep": "ann", "period": f"{year}-{month:02}", "actual": 100 if month == 12 else 20}
            for year in (2025, 2026)
            for month in range(1, 13)
        ]

        found = allocated(client, facts(history=history))

        assert found["season"]["basis"] == "learned"
        assert found["season"]["reps"] == 1
        own = months(found, "cyd")
        assert own[11] > 4 * max(own[:11])

    def test_who_starts_in_july_carries_nothing_before(self, client: TestClient) -> None:
        found = allocated(client, with_rep("ann", hired="2027-07-01"), country="US")

        assert months(found, "ann")[:6] == [0] * 6
        assert min(months(found, "ann")[6:]) > 0

    def test_the_company_keeps_its_weights_when_somebody_is_away(self, client: TestClient) -> None:
        away = with_rep("bob", absences=[{"from": "2027-05-01", "to": "2027-05-31"}])

        found = allocated(client, away, season=[1] * 12)

        assert months(found, "bob")[4] == 0
        assert list(found["months"].values()) == [100] * 12
        assert months(found, "ann")[4] > 40

    def test_even_months_are_everybodys_own(self, client: TestClient) -> None:
        everybody = allocated(client, facts(), season="even")
        away = with_rep("bob", absences=[{"from": "2027-05-01", "to": "2027-05-31"}])

        found = allocated(client, away, season="even")

        assert months(found, "bob")[4] == 0
        assert months(found, "ann") == months(everybody, "ann")
        assert found["season"]["as_given"] is None

    def test_who_starts_in_june_has_of_a_weighted_quarter_what_is_left_of_it(
        self, client: TestClient
    ) -> None:
        """June, not a whole quarter's weight in it: the others' June and third quarter say what."""
        history = [
            {"rep": rep, "period": f"2026-{month:02}", "actual": 20}
            for rep in ("bob", "cyd")
            for month in range(1, 13)
        ]
        new = with_rep("ann", hired="2027-06-01") | {"history": history, "target": 120_000}

        found = allocated(client, new, season=[0.15, 0.2, 0.25, 0.4])

        ann, bob = months(found, "ann"), months(found, "bob")
        assert ann[:5] == [0] * 5
        assert ann[5] / sum(ann[6:9]) == pytest.approx(bob[5] / sum(bob[6:9]), rel=1e-4)
        quarters = list(found["months"].values())
        assert [sum(quarters[k : k + 3]) for k in (0, 3, 6, 9)] == [18_000, 24_000, 30_000, 48_000]

    def test_where_nobody_is_there_the_company_cannot_be_as_given_and_says_so(
        self, client: TestClient
    ) -> None:
        reps = [rep | {"hired": "2027-04-01"} for rep in facts()["reps"]]

        found = allocated(client, facts(reps=reps), season=[1, 1, 1, 1])

        assert found["season"]["as_given"] is False
        (warning,) = found["warnings"]
        assert warning["pointer"] == "/policy/season"
        assert "quarter 1 carries 0.00, not 300.00" in warning["detail"]
        assert sum(found["months"].values()) == 1200

    def test_a_seat_that_is_empty_all_year_has_the_season_of_the_others(
        self, client: TestClient
    ) -> None:
        later = with_rep("cyd", hired="2028-03-01", vacant=True)

        assert months(allocated(client, later, season="even"), "cyd")[0] > 30

    def test_without_a_period_there_are_no_months(self, client: TestClient) -> None:
        found = allocated(client, facts(period=None))

        assert found["months"] is found["season"] is found["units"][0]["months"] is None
        assert [row["months"] for row in found["quotas"]] == [None] * 3

    def test_the_period_after_the_history_has_months(self, client: TestClient) -> None:
        history = [{"rep": "ann", "period": "2026-06", "actual": 10}]

        found = allocated(client, facts(period=None, history=history))

        assert next(iter(found["months"])) == "2026-07"

    def test_the_order_of_rows_changes_nothing(self, client: TestClient) -> None:
        body = with_rep("bob", absences=[{"from": "2027-05-01", "to": "2027-05-31"}])
        turned = body | {"reps": body["reps"][::-1], "units": body["units"][::-1]}

        one, other = (allocated(client, each, season="even") for each in (body, turned))

        assert one == other


class TestFaults:
    def test_a_season_needs_a_period(self, client: TestClient) -> None:
        for policy in ({"season": "even"}, {"season": [1] * 12}, {"country": "CN"}):
            assert faults_of(client, facts(period=None), **policy) == {
                "/period": "is required: the policy names a season or a country, and there is no "
                "history to follow"
            }

    def test_as_many_weights_as_months_or_quarters(self, client: TestClient) -> None:
        short = facts(period={"start": "2027-01-01", "end": "2027-04-30"})

        assert faults_of(client, short, season=[1] * 12) == {
            "/policy/season": "has 12 weights; give one for each of 4 months, or of 2 quarters"
        }

    def test_all_faults_at_once(self, client: TestClient) -> None:
        body = facts(target=-1)

        assert faults_of(
            client, body, season=[0, 0, 0, 0], country="XY", fairness="kind"
        ).keys() == {
            "/target",
            "/policy/season",
            "/policy/country",
            "/policy/fairness",
        }

    def test_a_period_at_the_end_of_all_calendars(self, client: TestClient) -> None:
        last = facts(period={"start": "9999-01-01", "end": "9999-12-31"})

        assert faults_of(client, last) == {"/period/end": "must lie before the year 9999"}

    def test_checks_tell_the_same(self, client: TestClient) -> None:
        body = facts() | {"policy": {"season": [1, 2]}}

        answer = client.post("/v1/allocations/check", json=body)

        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/policy/season"]
