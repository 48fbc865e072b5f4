"""The pages as answers: status codes, languages, headers, what a damaged version shows."""

import re
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.tables import Chunk
from service.kit.access import ALLOWED, Permission
from service.kit.auth import Role
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.settings import Settings
from service.main import create_app
from service.web import usecases
from solver.policy import Fairness
from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.callers import Callers, a_key
from tests.service.desk import Desk
from tests.service.steps import publish, take

CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture
def desk(app: FastAPI, client: TestClient) -> Desk:
    return Desk(app, client)


def page_of(plan: str) -> str:
    """The page of a plan of the API."""
    return plan.removeprefix("/v1")


class TestPlans:
    def test_says_how_to_begin_where_there_is_no_plan(self, client: TestClient) -> None:
        page = client.get("/")

        assert page.status_code == 200
        assert "There is no plan yet." in page.text
        assert "fairquota demo" in page.text

    def test_shows_the_published_version_before_a_newer_draft(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")
        a_version(client, plan)

        assert re.search(r"published</span> <span[^>]*>1<", client.get("/").text)

    def test_older_plans_are_a_page_away(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.web.router._PLANS_AT_ONCE", 1)
        first, second = a_plan(client), a_plan(client)

        newest = client.get("/").text
        older = re.search(r'href="(/\?cursor=[^"]+)"', newest)

        assert older
        assert page_of(second) in newest
        assert page_of(first) not in newest
        assert page_of(first) in client.get(older[1]).text

    def test_a_shortened_address_leads_there(self, client: TestClient) -> None:
        assert client.get("/plans").url.path == "/"


class TestPlan:
    def test_a_plan_without_a_version_says_what_is_missing(self, client: TestClient) -> None:
        page = client.get(page_of(a_plan(client)))

        assert page.status_code == 200
        assert "Nothing has been solved for this plan yet." in page.text
        assert '<a href="/v1/templates/plan.xlsx?lang=en" download>' in page.text

    def test_an_empty_workbook_is_offered_to_whom_inputs_are_taken_from(
        self, callers: Callers
    ) -> None:
        plan = page_of(a_plan(callers("admin")))

        offered = {role for role in Role if "/v1/templates/" in callers(str(role)).get(plan).text}

        assert offered == ALLOWED[Permission.WRITE_INPUTS]

    def test_a_draft_is_marked(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        assert "This is a draft" in client.get(page_of(plan)).text

    def test_months_are_shown_of_the_company_and_of_a_rep(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan, policy={"season": "even"})

        company = client.get(page_of(plan)).text
        rep = client.get(f"{page_of(plan)}/reps/ann", headers=CHINESE).text

        assert "Month by month" in company
        assert "Months are alike for whoever is there, as the policy says." in company
        assert "逐月分解" in rep
        assert "2027年10月至12月" in rep

    def test_any_version_can_be_picked(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")
        a_version(client, plan)
        publish(client, f"{plan}/versions/2")

        assert "This version has been superseded." in client.get(f"{page_of(plan)}?version=1").text
        assert "superseded." not in client.get(page_of(plan)).text

    def test_say_what_a_version_waits_for_and_when_it_holds(self, desk: Desk) -> None:
        client = desk.client
        plan = a_plan(client)
        a_version(client, plan)
        version, first = f"{plan}/versions/1", f"{page_of(plan)}?version=1"
        take(client, version, "submit", deadline="2026-11-30T12:00:00Z")

        assert "A decision is due by Nov 30, 2026." in client.get(first).text
        assert "请于2026年11月30日前审批。" in client.get(first, headers=CHINESE).text
        desk.now = datetime(2026, 12, 1, tzinfo=UTC)
        assert "Overdue: a decision was due by Nov 30, 2026." in client.get(first).text
        take(client, version, "approve")
        assert "approved, but not published" in client.get(first).text
        take(client, version, "publish")
        assert "In force from Jan 1, 2027." in client.get(first).text
        a_version(client, plan)
        publish(client, f"{plan}/versions/2", effective="2027-04-01")
        assert "In force from Jan 1, 2027 to Mar 31, 2027." in client.get(first).text
        a_version(client, plan)
        publish(client, f"{plan}/versions/3", effective="2027-04-01")
        second = client.get(f"{page_of(plan)}?version=2").text
        assert "It was replaced before it took effect." in second

    def test_tells_what_was_proved(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        text = client.get(page_of(plan)).text

        assert "The 4 quotas add up to exactly $441.00" in text
        assert text.count('<li class="holds">') == 4
        assert '<li class="fails">' not in text

    def test_a_target_below_the_expected_sales_and_a_target_of_nothing_can_be_read(
        self, client: TestClient
    ) -> None:
        for target in (300, 0):
            plan = a_plan(client, four_reps(target=target))
            a_version(client, plan)

            assert client.get(page_of(plan)).status_code == 200
            assert client.get(f"{page_of(plan)}/reps/ann").status_code == 200

    @pytest.mark.parametrize("fairness", get_args(Fairness))
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_every_policy_is_told_in_both_languages(
        self, client: TestClient, fairness: str, language: str
    ) -> None:
        inputs = four_reps()
        for rep in inputs["reps"]:
            rep |= {"potential": 500, "sigma": 0.3}
        plan = a_plan(client, inputs)
        a_version(client, plan, policy={"fairness": fairness, "over_assignment": 0.02})

        for path in ("", "/reps/ann", "/reps/bob"):
            page = client.get(f"{page_of(plan)}{path}?lang={language}")
            assert page.status_code == 200
            assert fairness not in page.text.partition("<details")[0]

    def test_an_estimate_is_told_with_its_numbers(self, client: TestClient) -> None:
        history = [
            {"rep": rep, "period": f"{year}-{month:02d}", "actual": 1000}
            for rep in ("ann", "bob")
            for year in (2024, 2025, 2026)
            for month in range(1, 13)
        ]
        reps = [{"id": "ann"}, {"id": "bob"}, {"id": "new"}]
        plan = a_plan(client, {"target": 40_000, "reps": reps, "history": history})
        a_version(client, plan)

        assert "sold: $12,000.00" in client.get(f"{page_of(plan)}/reps/ann").text
        assert "full-time equivalent" in client.get(f"{page_of(plan)}/reps/new").text

    def test_a_long_list_of_finds_goes_on_behind_a_link(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.web.tree.LINES_AT_ONCE", 3)
        plan = a_plan(client)
        a_version(client, plan)

        many = client.get(f"{page_of(plan)}?find=%20").text
        assert len(re.findall('<tr class="rep', many)) == 3
        onward = re.search(r'class="more.*?href="([^"#]+)', many, re.DOTALL)
        assert onward
        assert "Ann Lee" in many

        rest = client.get(onward[1].replace("&amp;", "&")).text
        assert len(re.findall('<tr class="rep', rest)) == 1

    def test_a_name_that_was_erased_is_gone(self, client: TestClient, database: Database) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        assert "Ann Lee" in client.get(page_of(plan)).text

        with database.sessions.begin() as session:
            session.execute(sa.text("DELETE FROM personal_data"))

        assert "Ann Lee" not in client.get(page_of(plan)).text

    def test_what_was_tampered_with_is_not_shown(
        self, client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usecases, "_SHELF", usecases.Shelf(most_reps=10))
        plan = a_plan(client)
        a_version(client, plan)
        with database.sessions.begin() as session:
            session.execute(sa.update(Chunk).values(data=b"0"))

        page = client.get(page_of(plan))

        assert page.status_code == 500
        assert "This version has been changed." in page.text


def six_reps(**changes: Any) -> dict[str, Any]:
    """The company of the guide on rules across teams; Ann can carry 100,000 at most."""
    roles = {"ann": "AE", "bob": "AE", "cyd": "SDR", "dan": "AE", "eve": "SDR", "fay": "SDR"}
    reps: list[dict[str, Any]] = [
        {"id": key, "unit": "west" if key < "d" else "east", "cohorts": {"role": role}}
        | {"baseline": 100_000, "reach": 100_000}
        for key, role in roles.items()
    ]
    reps[0]["max"] = 100_000
    units = [{"id": "west"}, {"id": "east"}]
    return {"target": 660_000, "units": units, "reps": reps} | changes


class TestRulesAcrossTeams:
    @pytest.mark.parametrize("language", ["en", "zh"])
    def test_where_rules_hold_everybody_no_part_of_a_quota_is_called_common(
        self, client: TestClient, language: str
    ) -> None:
        plan = a_plan(client, six_reps())
        a_version(client, plan, policy={"parity": [{"cohort": "role", "tolerance": 0.01}]})

        text = client.get(f"{page_of(plan)}/reps/dan?lang={language}").text

        assert {"en": "there is no common effort", "zh": "因此没有共同加压"}[language] in text
        assert {"en": "Common effort", "zh": ">共同加压<"}[language] not in text
        assert {"en": "Effort the rules ask", "zh": "规则要求的加压"}[language] in text


class TestErrors:
    @pytest.mark.parametrize(
        "path", ["/plans/plan_none", "/plans/x/reps/y", "{plan}?version=9", "{plan}?version=one",
                 "{plan}/reps/nobody", "{plan}?unit=nowhere", "{plan}/rows?unit=nowhere"],
    )  # fmt: skip
    def test_what_does_not_exist_is_a_page_in_the_readers_language(
        self, client: TestClient, path: str
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        english = client.get(path.format(plan=page_of(plan)))
        chinese = client.get(path.format(plan=page_of(plan)), headers=CHINESE)

        assert (english.status_code, chinese.status_code) == (404, 404)
        assert "There is nothing here." in english.text
        assert "这里没有内容。" in chinese.text
        assert english.headers["content-type"] == "text/html; charset=utf-8"

    def test_an_address_that_was_tampered_with_is_refused(self, client: TestClient) -> None:
        assert client.get("/?cursor=nonsense").status_code == 422
        assert client.get("/assets/passwd").status_code == 404
        assert client.get("/assets/..%2Fpages.py").status_code == 404


class TestHeaders:
    def test_forbids_whatever_does_not_come_from_here(self, client: TestClient) -> None:
        policy = client.get("/").headers["content-security-policy"]

        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy

    def test_has_no_script_or_style_inside(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        text = client.get(page_of(plan)).text

        assert re.findall(r"<style|style=|<script(?! src=)|\son\w+=", text) == []

    def test_a_language_that_was_asked_for_is_remembered(self, client: TestClient) -> None:
        answer = client.get("/?lang=zh")

        assert answer.headers["content-language"] == "zh-Hans"
        assert "fairquota_lang=zh" in answer.headers["set-cookie"]
        assert "set-cookie" not in client.get("/?lang=xx").headers

    def test_assets_are_kept_by_the_browser_until_they_change(self, client: TestClient) -> None:
        for address in re.findall(r'"(/assets/[^"]+)"', client.get("/").text):
            answer = client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]

    def test_pages_are_no_part_of_the_api(self, client: TestClient) -> None:
        paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]

        assert not [path for path in paths if path == "/" or path.startswith(("/plans", "/assets"))]


class TestKeysMode:
    def test_pages_ask_for_a_key_and_say_so(self, database_url: str) -> None:
        app: FastAPI = create_app(Settings(database_url=database_url, access="keys"))
        with TestClient(app, base_url="http://fairquota.example") as client:
            refused = client.get("/")
            allowed = client.get("/", headers=a_key(app.state.database))

        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
        assert "This page needs a key." in refused.text
        assert allowed.status_code == 200

    def test_another_workspaces_plan_is_a_plan_that_does_not_exist(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        with database.sessions.begin() as session:
            session.execute(
                sa.text("INSERT INTO workspace (id, name, created_at) VALUES ('w', 'w', :now)"),
                {"now": utc_now().isoformat(" ")},
            )
            session.execute(sa.text("UPDATE plan SET workspace_id = 'w'"))

        assert client.get(page_of(plan)).status_code == 404
        assert page_of(plan) not in client.get("/").text
