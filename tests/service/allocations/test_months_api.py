"""Quotas by month over HTTP: what a policy may ask, what answers and versions say, and prove."""

from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.written.canonical import canonical, digest
from service.cli.verify import verified
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.resources import examples_folder
from service.plans.inputs import put_inputs
from service.roster.files import read_files
from tests.service.allocations.plans import FY27, a_plan, a_version
from tests.service.allocations.test_proof_tampering import with_new_hashes
from tests.service.allocations.test_versions_tampering import change, manifest_of, tamper

type Document = dict[str, Any]

PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}
MONTHS = [f"2027-{month:02}" for month in range(1, 13)]
YI = 100_000_000


def facts(**changes: Any) -> Document:
    """Ann and Bob in the west, Cyd in the east; they carry 1,200 together, 400 each."""
    reps = [
        {"id": "ann", "unit": "west", "baseline": 380, "reach": 40},
        {"id": "bob", "unit": "west", "baseline": 380, "reach": 40},
        {"id": "cyd", "unit": "east", "baseline": 380, "reach": 40},
    ]
    units = [{"id": "east"}, {"id": "west"}]
    return {"target": 1200, "units": units, "reps": reps, "period": PERIOD} | changes


def with_rep(key: str, **more: Any) -> Document:
    reps = [rep | (more if rep["id"] == key else {}) for rep in facts()["reps"]]
    return facts(reps=reps)


def allocated(client: TestClient, body: Document, **policy: Any) -> Document:
    answer = client.post("/v1/allocations", json=body | {"policy": policy})
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def months(document: Document, rep: str) -> list[float]:
    row: Document = next(row for row in document["quotas"] if row["rep"] == rep)
    assert list(row["months"]) == MONTHS
    return list(row["months"].values())


def faults_of(client: TestClient, body: Document, **policy: Any) -> dict[str, str]:
    answer = client.post("/v1/allocations", json=body | {"policy": policy})
    assert answer.status_code == 422, answer.text
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


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


class TestVersion:
    def test_says_what_the_answer_says(self, client: TestClient) -> None:
        body = with_rep("bob", absences=[{"from": "2027-05-01", "to": "2027-05-31"}])
        body["increment"] = 1
        answer = allocated(client, body, season="even", country="CN")
        plan = a_plan(client, {name: body[name] for name in ("target", "units", "reps")})

        version = a_version(client, plan, policy={"season": "even", "country": "CN"})

        path = f"{plan}/versions/{version['number']}"
        items = client.get(f"{path}/quotas").json()["items"]
        assert [row["months"] for row in items] == [row["months"] for row in answer["quotas"]]
        assert client.get(f"{path}/quotas/bob").json()["months"]["2027-05"] == 0
        assert (version["policy"]["season"], version["policy"]["country"]) == ("even", "CN")

    def test_is_another_one_where_only_months_differ(self, client: TestClient) -> None:
        plan = a_plan(client)

        first, second = (
            a_version(client, plan, policy={"season": season}) for season in ("even", [1, 1, 1, 1])
        )

        assert first["assigned"] == second["assigned"]
        assert first["hash"] != second["hash"]

    def test_proves_its_months(self, client: TestClient) -> None:
        proof = self.proof(client, {"season": "even"})

        assert examine(proof).valid
        assert sum(proof["manifest"]["months"]) == 44_100

    @pytest.mark.parametrize("season", ["even", [1] * 11 + [5]])
    def test_months_moved_among_reps_are_found_where_a_season_is_given(
        self, client: TestClient, season: object
    ) -> None:
        proof = self.proof(client, {"season": season})
        for row, sign in zip(proof["quotas"][:2], (1, -1), strict=True):
            row["months"][2] += sign
            row["months"][4] -= sign

        told = examine(with_new_hashes(proof))

        assert told.checks["sums"] is False
        assert any("months.2 says" in fault for fault in told.faults)

    def test_months_moved_among_reps_pass_where_the_season_was_learned(
        self, client: TestClient
    ) -> None:
        """The guide to proofs says so."""
        proof = self.proof(client, {})
        one, other = (row for row in proof["quotas"] if row["unit"] == "west")
        for row, sign in ((one, 1), (other, -1)):
            row["months"][2] += sign
            row["months"][4] -= sign

        assert examine(with_new_hashes(proof)).valid

    @pytest.mark.parametrize("policy", [{}, {"season": "even"}, {"season": [1, 2, 3, 4]}])
    def test_months_that_do_not_add_up_are_found(
        self, client: TestClient, policy: Document
    ) -> None:
        proof = self.proof(client, policy)
        proof["quotas"][0]["months"][0] += 1

        told = examine(with_new_hashes(proof))

        assert not told.checks["sums"]
        assert any("months add up to" in fault for fault in told.faults)

    def test_a_quarter_that_is_not_what_its_weight_says_is_no_more_as_given(
        self, client: TestClient
    ) -> None:
        """Ten units of money move from the fourth quarter into the first, everywhere."""
        proof = self.proof(client, {"season": [1, 2, 3, 4]})
        row = proof["quotas"][0]
        for own in [row, *self.above(proof, row["unit"]), proof["manifest"]]:
            own["months"][0] += 1_000
            own["months"][11] -= 1_000

        told = examine(with_new_hashes(proof))

        assert told.faults == ("season.as_given says true, and false follows from the proof",)

    def test_a_version_of_before_has_no_months_and_holds(self, client: TestClient) -> None:
        proof = self.proof(client, {})
        for row in (*proof["units"], *proof["quotas"], proof["manifest"]):
            del row["months"]
        del proof["manifest"]["season"]
        del proof["manifest"]["policy"]["season"], proof["manifest"]["policy"]["country"]

        assert examine(with_new_hashes(proof)).valid

    def proof(self, client: TestClient, policy: Document) -> Document:
        plan = a_plan(client)
        version = a_version(client, plan, policy=policy)
        proof: Document = client.get(f"{plan}/versions/{version['number']}/certificate").json()
        return proof

    def above(self, proof: Document, unit: str | None) -> list[Document]:
        """The unit and all units above it."""
        by_id = {row["id"]: row for row in proof["units"]}
        found = []
        while unit is not None:
            found.append(by_id[unit])
            unit = by_id[unit]["parent"]
        return found


NO_PART = (
    "must be a month (2027-03), two of them (2027-01/2027-06), a quarter or half of the calendar "
    "(2027-Q1, 2027-H1) or of the plan's period (Q1, H1)"
)


class TestParts:
    """What of the quotas falls into a month or a quarter."""

    JULY = FY27 | {"period": {"start": "2027-07-01", "end": "2028-04-30"}}

    def version(self, client: TestClient, plan: Document = FY27) -> str:
        """Months alike: 400 a year each."""
        made = client.post("/v1/plans", json=plan | {"increment": 0.01}).json()
        path = f"/v1/plans/{made['id']}"
        inputs = {name: value for name, value in facts().items() if name != "period"}
        assert client.put(f"{path}/inputs", json=inputs).status_code == 200
        number = a_version(client, path, policy={"season": "even"})["number"]
        return f"{path}/versions/{number}"

    def parts(self, client: TestClient, version: str, **params: Any) -> dict[str, float]:
        answer = client.get(f"{version}/quotas", params=params)
        assert answer.status_code == 200, answer.text
        return {row["rep"]: row["part"] for row in answer.json()["items"]}

    @pytest.mark.parametrize(
        ("period", "part"), [("2027-03", 33.33), ("2027-Q1", 100), ("Q4", 100), ("2027-Q4", 100)]
    )
    def test_a_month_or_a_quarter(self, client: TestClient, period: str, part: float) -> None:
        found = self.parts(client, self.version(client), period=period)

        assert found == {key: pytest.approx(part, abs=0.011) for key in ("ann", "bob", "cyd")}

    def test_a_quarter_of_the_calendar_counts_the_months_that_the_period_has(
        self, client: TestClient
    ) -> None:
        version = self.version(client, self.JULY)

        assert self.parts(client, version, period="2028-Q2", rep="ann") == {"ann": 40}
        assert self.parts(client, version, period="Q1", rep="ann") == {"ann": 120}
        assert self.parts(client, version, period="2028-Q1", unit="west") == {
            "ann": 120, "bob": 120,
        }  # fmt: skip
        assert self.parts(client, version, period="Q4", rep="ann") == {"ann": 40}

    def test_nothing_asked_is_nothing_told(self, client: TestClient) -> None:
        rows = client.get(f"{self.version(client)}/quotas").json()["items"]

        assert not any("part" in row for row in rows)

    @pytest.mark.parametrize(
        ("period", "reason"),
        [
            ("2026-12", "lies outside the period from 2027-01 to 2027-12"),
            ("2028-Q1", "lies outside the period from 2027-01 to 2027-12"),
            ("Q5", "lies outside the period from 2027-01 to 2027-12"),
            ("2027-Q5", NO_PART),
            ("2027-13", NO_PART),
            ("", NO_PART),
        ],
    )
    def test_months_that_are_not_there(self, client: TestClient, period: str, reason: str) -> None:
        answer = client.get(f"{self.version(client)}/quotas", params={"period": period})

        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"parameter": "period", "detail": reason}]

    def test_the_company_and_its_units_month_by_month(self, client: TestClient) -> None:
        found = client.get(f"{self.version(client)}/months").json()

        assert list(found["months"].values()) == [100] * 12
        assert found["season"]["as_given"] is True
        west = next(unit for unit in found["units"] if unit["id"] == "west")
        assert west["quota"] == pytest.approx(sum(west["months"].values()))


class TestWeeks:
    def version(self, client: TestClient, **policy: Any) -> str:
        plan = a_plan(client)
        return f"{plan}/versions/{a_version(client, plan, policy=policy)['number']}"

    def weeks(self, client: TestClient, version: str, **params: Any) -> list[Document]:
        answer = client.get(f"{version}/weeks", params=params)
        assert answer.status_code == 200, answer.text
        items: list[Document] = answer.json()["items"]
        return items

    def test_add_up_to_the_months_of_each_rep(self, client: TestClient) -> None:
        version = self.version(client, country="CN")
        quotas = client.get(f"{version}/quotas").json()["items"]

        found = {row["rep"]: row for row in self.pages(client, version, limit=1000)}

        assert found.keys() == {row["rep"] for row in quotas}
        for row in quotas:
            months = dict.fromkeys(MONTHS, 0)
            for piece in found[row["rep"]]["weeks"]:
                months[piece["month"]] += piece["amount"]
            assert months == row["months"]

    def test_begin_on_mondays_and_end_with_the_month(self, client: TestClient) -> None:
        (row,) = self.weeks(client, self.version(client), rep="bob")

        april = [piece for piece in row["weeks"] if piece["month"] == "2027-04"]
        assert [(piece["week"], piece["working_days"]) for piece in april] == [
            ("2027-03-29", 2),
            ("2027-04-05", 5),
            ("2027-04-12", 5),
            ("2027-04-19", 5),
            ("2027-04-26", 5),
        ]

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_pages_tell_the_same_however_long_they_are(
        self, client: TestClient, limit: int
    ) -> None:
        version = self.version(client)

        whole = self.pages(client, version, limit=1000)

        assert self.pages(client, version, limit=limit) == whole
        for row in whole:
            assert self.weeks(client, version, rep=row["rep"]) == [row]

    def pages(self, client: TestClient, version: str, **params: Any) -> list[Document]:
        rows, cursor = [], None
        while True:
            query = params | ({"cursor": cursor} if cursor else {})
            answer = client.get(f"{version}/weeks", params=query).json()
            assert len(answer["items"]) <= params["limit"]
            rows += answer["items"]
            cursor = answer["next_cursor"]
            if cursor is None:
                return rows

    def test_of_a_unit_are_those_of_the_units_below_it(self, client: TestClient) -> None:
        version = self.version(client)

        found = self.weeks(client, version, unit="east")

        assert [row["rep"] for row in found] == ["cyd", "d/d"]
        assert self.weeks(client, version, unit="east", rep="ann") == []

    @pytest.mark.parametrize("parameter", ["unit", "rep"])
    def test_of_nobody_are_refused(self, client: TestClient, parameter: str) -> None:
        answer = client.get(f"{self.version(client)}/weeks", params={parameter: "nobody"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == parameter

    def test_versions_of_before_have_none(self, client: TestClient, database: Database) -> None:
        version = self.version(client)
        manifest = orjson.loads(manifest_of(database, 1))
        del manifest["months"], manifest["season"]
        written = canonical(manifest)
        tamper(database, change(1, manifest=written, hash=digest(written)))

        answer = client.get(f"{version}/weeks")

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/months-not-found")
        assert client.get(f"{version}/months").json()["months"] is None
        parts = client.get(f"{version}/quotas", params={"period": "2027-01"})
        assert "this version has no months" in parts.json()["detail"]


class TestMeasures:
    """Each additive measure has months of its own, and proves them."""

    def version(self, client: TestClient, **policy: Any) -> str:
        """61 customers to win beside 300 of revenue."""
        targets = [{"amount": 300}, {"measure": "new_customers", "amount": 61}]
        reps = [rep | {"potential": 10} for rep in facts()["reps"]]
        plan = a_plan(client, {"reps": reps, "units": facts()["units"], "targets": targets})
        return f"{plan}/versions/{a_version(client, plan, policy=policy)['number']}"

    def test_months_of_a_measure(self, client: TestClient) -> None:
        version = self.version(client, season="even")

        found = {
            measure: client.get(f"{version}/months", params={"measure": measure}).json()["months"]
            for measure in ("revenue", "new_customers")
        }

        assert list(found["revenue"].values()) == [25] * 12
        assert sum(found["new_customers"].values()) == 61
        assert client.get(f"{version}/months").json()["months"] == found["revenue"]
        refused = client.get(f"{version}/months", params={"measure": "luck"})
        assert refused.json()["errors"][0]["parameter"] == "measure"

    def test_weeks_and_parts_of_a_measure(self, client: TestClient) -> None:
        version = self.version(client, season="even")
        asked = {"measure": "new_customers", "rep": "ann"}

        (row,) = client.get(f"{version}/quotas", params=asked | {"period": "Q1"}).json()["items"]
        (weeks,) = client.get(f"{version}/weeks", params=asked).json()["items"]

        quarter = [piece["amount"] for piece in weeks["weeks"] if piece["month"] < "2027-04"]
        assert sum(quarter) == row["part"] == sum([*row["months"].values()][:3])

    def test_a_moved_month_of_a_measure_is_found(self, client: TestClient) -> None:
        proof = client.get(f"{self.version(client, season='even')}/certificate").json()
        assert examine(proof).valid
        proof["measures"][0]["quotas"][0]["months"][0] += 1
        proof["measures"][0]["quotas"][0]["months"][1] -= 1

        told = verified(proof)

        assert not told.checks["sums"]
        assert any("months.0 says" in fault for fault in told.faults)


class TestStory:
    def test_huadong_plans_by_the_chinese_calendar(
        self, client: TestClient, database: Database
    ) -> None:
        """A quarter of 40 % of 1 亿, a short February, and a seat that is filled in April."""
        plan = self.huadong(client, database)

        learned = self.solved(client, plan, {"country": "CN"})
        weighted = self.solved(client, plan, {"country": "CN", "season": [0.15, 0.2, 0.25, 0.4]})

        february, march = (
            sum(row["months"][month] for row in learned.values())
            for month in ("2027-02", "2027-03")
        )
        assert february < 0.6 * march
        assert sum(row["quota"] for row in weighted.values()) == YI
        fourth = sum(row["months"][month] for row in weighted.values() for month in MONTHS[9:])
        assert fourth == 40_000_000
        seat = next(row for row in weighted.values() if row["months"]["2027-03"] == 0)
        assert list(seat["months"].values())[:3] == [0, 0, 0]
        assert seat["months"]["2027-04"] > 0

    def huadong(self, client: TestClient, database: Database) -> str:
        """The path of a plan with the files of the example."""
        terms = {"currency": "CNY", "increment": 10_000}
        plan = client.post("/v1/plans", json=FY27 | terms).json()["id"]
        folder = examples_folder() / "huadong_manufacturer"
        inputs = read_files(folder, target=str(YI), digits=2).inputs
        with database.sessions.begin() as session:
            put_inputs(session, LOCAL_ADMINISTRATOR, plan, inputs, now=utc_now())
        return f"/v1/plans/{plan}"

    def solved(self, client: TestClient, plan: str, policy: Document) -> dict[str, Document]:
        version = a_version(client, plan, policy=policy)
        path = f"{plan}/versions/{version['number']}"
        assert client.get(f"{path}/verify").json()["valid"] is True
        items = client.get(f"{path}/quotas", params={"limit": 1000}).json()["items"]
        return {row["rep"]: row for row in items}
