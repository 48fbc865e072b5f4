"""What of a version's quotas falls into a month, a quarter or a week."""

from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from service.allocations.versions.domain.written.canonical import canonical, digest
from service.kit.db import Database
from tests.service.allocations.monthly import MONTHS, Document, facts
from tests.service.allocations.plans import FY27, a_plan, a_version
from tests.service.allocations.test_versions_tampering import change, manifest_of, tamper

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
