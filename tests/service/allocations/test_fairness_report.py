"""The fairness report of a version and the cohort audit, over HTTP."""

from datetime import date
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.assemble import Terms, assemble
from service.allocations.fairness_report.traits import traits_of
from service.allocations.usecases import read_case
from service.kit.db import Base, Database
from service.kit.patient_body import Sent
from solver.policy import Policy
from tests.service.allocations.plans import Document, a_plan, a_version, four_reps

REPS = [f"r{number:02d}" for number in range(24)]


def a_company() -> Document:
    """24 reps in three units with years of sales, potential and a day of hire. The twelve that sold
    least are held at 102 % of the baseline.
    """
    reps: list[Document] = [
        {
            "id": rep,
            "unit": f"team-{place % 3}",
            "baseline": 1000 + 100 * place,
            "reach": 200,
            "sigma": 0.25,
            "potential": 5000 + 700 * ((7 * place) % 24),
            "hired": f"20{10 + (5 * place) % 16}-03-01",
            **({"max": 1020 + 102 * place} if place < 12 else {}),
        }
        for place, rep in enumerate(REPS)
    ]
    history = [
        {"rep": rep, "period": f"2026-{month:02d}", "actual": 80 + 8 * place}
        for place, rep in enumerate(REPS)
        for month in range(1, 13)
    ]
    units = [{"id": f"team-{number}"} for number in range(3)]
    return {"target": 56_000, "units": units, "reps": reps, "history": history}


@pytest.fixture
def version(client: TestClient) -> str:
    plan = a_plan(client, a_company())
    a_version(client, plan)
    return f"{plan}/versions/1"


def sold(share: float, reps: list[str] = REPS) -> list[Document]:
    """Everybody sells this share of the baseline."""
    return [{"rep": rep, "actual": share * (1000 + 100 * REPS.index(rep))} for rep in reps]


def sexes(women: int = 12) -> list[Document]:
    return [
        {"rep": rep, "attributes": {"sex": "F" if place < women else "M", "born": 1960 + place}}
        for place, rep in enumerate(REPS)
    ]


def compared(document: Document) -> dict[str, Document]:
    return {told["against"]: told for told in document["comparisons"]}


class TestReport:
    def test_says_who_carries_more_and_how_sure_that_is(
        self, client: TestClient, version: str
    ) -> None:
        """Whoever sold more carries more here: the smaller ones are held by their caps."""
        answer = client.get(f"{version}/fairness")

        assert answer.status_code == 200
        report = answer.json()
        assert (report["reps"], report["size"]) == (24, "sales")
        size = compared(report)["size"]
        assert (size["n"], size["shown"]) == (24, True)
        assert size["effect"] > 0.8
        assert size["low"] < size["effect"] < size["high"]
        assert size["detectable"] == pytest.approx(0.545, abs=0.001)
        assert not compared(report)["tenure"]["shown"]
        assert report["review"] is None

    def test_its_indices_are_those_of_the_version(self, client: TestClient, version: str) -> None:
        report = client.get(f"{version}/fairness").json()
        fairness = client.get(version).json()["fairness"]
        told = report["quota_over_baseline"]

        assert told["gini"] == pytest.approx(fairness["gini"], abs=2e-9)
        assert told["theil"] == pytest.approx(fairness["theil"], abs=2e-9)
        assert told["between"] + told["within"] == pytest.approx(told["theil"], abs=2e-9)

    def test_charts_have_every_unit_and_every_rep(self, client: TestClient, version: str) -> None:
        charts = client.get(f"{version}/fairness").json()["charts"]

        assert [(row["unit"], row["n"]) for row in charts["units"]] == [
            ("team-0", 8),
            ("team-1", 8),
            ("team-2", 8),
        ]
        assert charts["points"][0] == {
            "rep": "r00", "size": 960, "value": charts["points"][0]["value"], "reps": 1,
        }  # fmt: skip
        assert len(charts["points"]) == 24

    def test_expected_sales_stand_in_for_size_where_nothing_was_sold(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, four_reps())
        a_version(client, plan)

        report = client.get(f"{plan}/versions/1/fairness").json()

        assert report["size"] == "expected_sales"
        assert compared(report)["size"]["reason"] == "too_few"

    def test_is_the_same_however_often_it_is_asked_for(
        self, client: TestClient, version: str
    ) -> None:
        first, second = (client.get(f"{version}/fairness").content for _ in range(2))

        assert first == second

    def test_a_version_that_is_not_there_is_not_found(self, client: TestClient) -> None:
        answer = client.get(f"{a_plan(client)}/versions/7/fairness")

        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/version-not-found"


class TestReview:
    def test_sales_beyond_all_amounts_are_refused(self, client: TestClient, version: str) -> None:
        actuals = [{"rep": REPS[0], "actual": 1e308}, {"rep": REPS[1], "actual": -1e16}]

        answer = client.post(f"{version}/fairness", json={"actuals": actuals})

        assert answer.status_code == 422
        assert [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]] == [
            ("/actuals/0/actual", "is too large"),
            ("/actuals/1/actual", "is too large"),
        ]

    def test_sales_of_the_period_tell_who_came_out_where(
        self, client: TestClient, version: str
    ) -> None:
        """Everybody sells 2 % more than expected: just what the quotas of half of them are."""
        answer = client.post(f"{version}/fairness", json={"actuals": sold(1.02)})

        assert answer.status_code == 200
        review = answer.json()["review"]
        assert (review["n"], review["left_out"]) == (24, 0)
        assert review["attaining"]["count"] == 12
        assert review["attaining"]["low"] == pytest.approx(0.3143, abs=1e-4)
        assert compared(review)["size"]["effect"] < -0.6
        assert review["expected"] == pytest.approx(0.32, abs=0.05)

    def test_reps_without_sales_are_left_out_not_taken_as_zero(
        self, client: TestClient, version: str
    ) -> None:
        body = {"actuals": sold(1.0, REPS[:10])}

        review = client.post(f"{version}/fairness", json=body).json()["review"]

        assert (review["n"], review["left_out"], review["floored"]) == (10, 14, 0)

    def test_every_fault_of_the_sales_is_named_at_once(
        self, client: TestClient, version: str
    ) -> None:
        rows = [*sold(1.0, REPS[:1] * 2), {"rep": "stranger", "actual": 1}]

        problem = client.post(f"{version}/fairness", json={"actuals": rows}).json()

        assert problem["status"] == 422
        assert {fault["pointer"] for fault in problem["errors"]} == {
            "/actuals/1/rep",
            "/actuals/2/rep",
        }


class TestCohorts:
    def audit(self, client: TestClient, version: str, **body: Any) -> Document:
        answer = client.post(f"{version}/fairness/cohorts", json=body)
        assert answer.status_code == 200, answer.text
        document: Document = answer.json()
        return document

    def test_groups_are_compared_by_chance_and_by_what_came_of_it(
        self, client: TestClient, version: str
    ) -> None:
        """The twelve smaller ones are the women of this company, and their caps spare them."""
        bands = {"born": [1972]}
        told = self.audit(
            client, version, cohorts=sexes(), bands=bands, actuals=sold(1.02)
        )["tables"]  # fmt: skip

        names = [(table["attribute"], table["measure"]) for table in told]
        assert names == [
            ("born", "probability"),
            ("sex", "probability"),
            ("born", "log_attainment"),
            ("sex", "log_attainment"),
        ]
        before, after = told[1], told[3]
        assert [(row["group"], row["n"]) for row in before["groups"]] == [("F", 12), ("M", 12)]
        (difference,) = before["comparisons"]
        assert difference["against"] == "F"
        assert difference["effect"] > 0.03
        assert difference["shown"]
        ratio = after["four_fifths"]
        assert (ratio["lowest"], ratio["highest"], ratio["ratio"]) == ("M", "F", 0)
        assert ratio["false_alarms"] == pytest.approx(
            0.552, abs=0.001
        )  # of 12 against 12, half attaining

    def test_small_groups_are_not_shown(self, client: TestClient, version: str) -> None:
        (table,) = self.audit(
            client, version, cohorts=[row | {"attributes": {"sex": row["attributes"]["sex"]}}
                                      for row in sexes(women=4)],
        )["tables"]  # fmt: skip

        assert (table["reason"], table["groups"], table["not_shown"]) == ("too_few", [], 24)

    def test_the_attributes_are_kept_nowhere(
        self, client: TestClient, version: str, database: Database
    ) -> None:
        before = _stored(database)

        self.audit(client, version, cohorts=sexes(), bands={"born": [1972]})

        assert _stored(database) == before

    def test_faults_name_rows_and_bands_but_no_value(
        self, client: TestClient, version: str
    ) -> None:
        rows = [
            *sexes()[:2],
            {"rep": "stranger", "attributes": {"born": "a secret"}},
            {"rep": REPS[0], "attributes": {}},
        ]
        bands = {"born": [1970], "shoe": [40]}

        answer = client.post(f"{version}/fairness/cohorts", json={"cohorts": rows, "bands": bands})

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [
            "/bands/born",
            "/bands/shoe",
            "/cohorts/2/rep",
            "/cohorts/3/rep",
        ]
        assert "secret" not in answer.text

    def test_a_number_is_one_group_however_it_is_written(
        self, client: TestClient, version: str
    ) -> None:
        """What one program writes as 1, another one writes as 1.0 or as a text."""
        values = [1, 1.0, "1"] * 4 + [2] * 12
        rows = [
            {"rep": rep, "attributes": {"grade": value}}
            for rep, value in zip(REPS, values, strict=True)
        ]

        (table,) = self.audit(client, version, cohorts=rows)["tables"]

        assert [(group["group"], group["n"]) for group in table["groups"]] == [("1", 12), ("2", 12)]

    def test_a_figure_that_is_no_group_wants_bands(self, client: TestClient, version: str) -> None:
        """Of 24 reps each has an own year of birth: no group has five."""
        told = self.audit(client, version, cohorts=sexes())["tables"]

        assert [(table["attribute"], table["reason"]) for table in told] == [
            ("born", "too_few"),
            ("sex", None),
        ]

    def test_invariant_22_flipping_an_attribute_changes_no_quota(
        self, client: TestClient, version: str
    ) -> None:
        """22: flipping a protected attribute changes nothing."""
        quotas = client.get(f"{version}/quotas").content
        for women in (6, 18):
            self.audit(client, version, cohorts=sexes(women))

        assert client.get(f"{version}/quotas").content == quotas
        assert client.get(f"{version}/verify").json()["valid"]


def _stored(database: Database) -> dict[str, int]:
    with database.reading.begin() as session:
        return {
            table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


class TestTraits:
    def test_size_is_the_twelve_months_before_and_territories_are_their_holders(self) -> None:
        """Ann sold 10 a month herself, and holds half of a territory of 4 a month; what was sold in
        the period and more than a year before it does not count.
        """
        body: Document = {
            "target": 300,
            "period": {"start": "2027-01-01", "end": "2027-12-31"},
            "reps": [
                {"id": "ann", "baseline": 100, "reach": 1, "hired": "2025-01-01"},
                {"id": "bob", "baseline": 100, "reach": 1, "hired": "2027-06-01"},
                {"id": "cyd", "baseline": 100, "reach": 1, "last_year": 60},
            ],
            "territories": [
                {
                    "id": "t",
                    "potential": 900,
                    "holders": [{"rep": "ann", "share": 0.5}, {"rep": "bob", "share": 0.5}],
                }
            ],
            "history": [
                {"rep": "ann", "period": f"{year}-{month:02d}", "actual": 10}
                for year in (2025, 2026, 2027)
                for month in range(1, 13)
            ]
            + [{"territory": "t", "period": "2026-05", "actual": 4}],
        }
        case = read_case(Sent(body))

        told = traits_of(case.inputs, case.period)

        assert told.ids == ("ann", "bob", "cyd")
        np.testing.assert_allclose(told.size, [12_200, 200, 6_000])
        np.testing.assert_allclose(told.potential, [45_000, 45_000, np.nan])
        np.testing.assert_allclose(told.tenure, [730 / 365.25, np.nan, np.nan])

    def test_without_a_period_last_year_is_the_size_and_tenure_is_not_known(self) -> None:
        body = {
            "target": 300,
            "reps": [
                {"id": "ann", "baseline": 1, "reach": 1, "last_year": 5, "hired": "2020-01-01"}
            ],
        }
        case = read_case(Sent(body))
        assert assemble(case.inputs, Terms("USD", 2), Policy()).period is None

        told = traits_of(case.inputs, None)

        assert told.size.tolist() == [500]
        assert np.isnan(told.tenure).all()

    def test_no_day_is_before_it_has_come(self) -> None:
        """A seat that is filled within the period has no tenure."""
        body = {
            "target": 300,
            "reps": [{"id": "ann", "baseline": 1, "reach": 1, "hired": "2027-02-01"}],
        }

        told = traits_of(read_case(Sent(body)).inputs, (date(2027, 1, 1), date(2027, 12, 31)))

        assert np.isnan(told.tenure).all()


class TestPage:
    def page_of(self, version: str) -> str:
        plan, _, number = version.removeprefix("/v1").partition("/versions/")
        return f"{plan}/fairness?version={number}"

    def test_tells_what_was_measured_in_both_languages(
        self, client: TestClient, version: str
    ) -> None:
        english = client.get(self.page_of(version))
        chinese = client.get(self.page_of(version), headers={"Accept-Language": "zh-CN"})

        assert english.status_code == chinese.status_code == 200
        assert "The more sales before the period, the more effort" in english.text
        assert "With 24 reps, a true one below 0.55 is missed" in english.text
        assert "期前业绩越高，加压越高" in chinese.text

    def test_every_rep_and_every_unit_is_in_its_charts(
        self, client: TestClient, version: str
    ) -> None:
        text = client.get(self.page_of(version)).text

        assert text.count('class="mark h-none s1"') == 24
        assert text.count('class="box"') == 3

    def test_the_page_of_the_plan_leads_there(self, client: TestClient, version: str) -> None:
        plan = version.removeprefix("/v1").partition("/versions/")[0]

        assert f'href="{self.page_of(version)}"' in client.get(plan).text

    def test_a_version_that_is_not_there_has_no_report(
        self, client: TestClient, version: str
    ) -> None:
        assert client.get(self.page_of(version) + "7").status_code == 404

    def test_where_everybody_is_relieved_growth_is_told_and_no_index(
        self, client: TestClient
    ) -> None:
        """Below the baselines the larger index would be the larger relief."""
        plan = a_plan(client, four_reps(target=350))
        a_version(client, plan)
        report = client.get(f"{plan}/versions/1/fairness").json()

        assert report["effort"]["kind"] == "stretch"
        assert report["charts"]["measure"] == "growth"
        assert "effort index" not in client.get(self.page_of(f"{plan}/versions/1")).text


def test_last_period_best_and_last_are_those_of_the_estimate(client: TestClient) -> None:
    """25 reps of one potential; the best five of last year sell half of their quotas now."""
    reps = [f"r{number:02d}" for number in range(25)]
    history = [
        {"rep": rep, "period": f"2026-{month:02d}", "actual": 100 + place}
        for place, rep in enumerate(reps)
        for month in range(1, 13)
    ]
    body = {
        "target": 34_000,
        "reps": [{"id": rep, "potential": 5000} for rep in reps],
        "history": history,
    }
    plan = a_plan(client, body)
    a_version(client, plan)
    quota = {
        row["rep"]: row["quota"] for row in client.get(f"{plan}/versions/1/quotas").json()["items"]
    }
    sold_now = [
        {"rep": rep, "actual": quota[rep] * (0.5 if place >= 20 else 1 + place / 1000)}
        for place, rep in enumerate(reps)
    ]

    review = client.post(f"{plan}/versions/1/fairness", json={"actuals": sold_now}).json()["review"]

    best, last = (compared(review)[name] for name in ("top_fifth", "bottom_fifth"))
    assert (best["inside"], last["inside"]) == (5, 5)
    assert best["shown"]
    assert best["effect"] == pytest.approx(np.log(0.5), abs=0.02)
    assert not last["shown"]


def some(count: int, **facts: Any) -> list[Document]:
    return [{"id": f"r{number}", "baseline": 100, "reach": 10, **facts} for number in range(count)]


@pytest.mark.parametrize(
    "inputs",
    [
        {"target": 110, "reps": some(1)},
        {"target": 110, "reps": some(6, baseline=0, reach=0)},
        {"target": 310, "reps": [*some(3), {"id": "z", "baseline": 0, "reach": 0, "potential": 0}]},
        {"target": 0, "reps": some(8)},
        {"target": 900, "reps": some(8, potential=0, last_year=0, hired="2020-01-01")},
        {"target": 900, "reps": some(8, potential=7, last_year=9, sigma=0.2)},
        {
            "target": 900,
            "reps": some(8),
            "history": [{"rep": "r1", "period": "2026-12", "actual": -50}],
        },
        {
            "target": 900,
            "reps": [*some(7), {"id": "v", "vacant": True, "hired": "2027-06-01", "baseline": 100}],
        },
    ],
    ids=[
        "one rep", "nothing expected", "nothing expected of one", "no target", "no potential",
        "all equal", "negative sales", "a vacant seat",
    ],
)  # fmt: skip
def test_degenerate_plans_have_reports_without_verdicts(
    client: TestClient, inputs: Document
) -> None:
    """In numbers and on the page, before and after: nothing sold, less than nothing, or 100."""
    plan = a_plan(client, inputs)
    a_version(client, plan)
    sales = [-5, 0, *[100] * len(inputs["reps"])]
    actuals = [
        {"rep": rep["id"], "actual": amount}
        for rep, amount in zip(inputs["reps"], sales, strict=False)
    ]

    before = client.get(f"{plan}/versions/1/fairness")
    after = client.post(f"{plan}/versions/1/fairness", json={"actuals": actuals})
    pages = [
        client.get(f"{plan.removeprefix('/v1')}/fairness?lang={language}").text
        for language in ("en", "zh")
    ]

    assert (before.status_code, after.status_code) == (200, 200)
    assert not any(told["shown"] for told in before.json()["comparisons"])
    assert all("None" not in page and "nan%" not in page for page in pages)
    assert client.post(f"{plan}/versions/1/fairness/cohorts", json={"cohorts": []}).json() == {
        "reps": len(inputs["reps"]),
        "alpha": 0.05,
        "tables": [],
    }
