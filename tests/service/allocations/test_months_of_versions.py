"""Months of versions: what is stored, proved and told of them, of every measure."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from service.cli.verify import verified
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.resources import examples_folder
from service.plans.inputs import put_inputs
from service.roster.files import read_files
from tests.service.allocations.monthly import MONTHS, Document, allocated, facts, with_rep
from tests.service.allocations.plans import FY27, a_plan, a_version
from tests.service.allocations.test_proof_tampering import with_new_hashes

YI = 100_000_000


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
