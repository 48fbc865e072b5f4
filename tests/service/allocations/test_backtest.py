"""Backtests over HTTP: nothing is stored, so no database is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.kit.settings import Settings
from service.main import create_app

PATH = "/v1/allocations/backtest"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Calls a service whose database does not exist."""
    folder: Path = tmp_path_factory.mktemp("nothing")
    app = create_app(Settings(database_url=f"sqlite:///{folder / 'missing.db'}", answer_within=600))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def a_company(**more: Any) -> dict[str, Any]:
    """Ann sold 100, 100 and 300 in even years, Bob 100 in each."""
    sold = {"ann": (100, 100, 300), "bob": (100, 100, 100)}
    history = [
        {"rep": rep, "period": f"{2024 + k}-{month:02}", "actual": total / 12}
        for rep, totals in sold.items()
        for k, total in enumerate(totals)
        for month in range(1, 13)
    ]
    return {"target": 400, "reps": [{"id": "ann"}, {"id": "bob"}], "history": history} | more


def backtest(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def methods(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {score["method"]: score for score in answer["methods"]}


def faults_of(client: TestClient, body: dict[str, Any]) -> dict[str, str]:
    response = client.post(PATH, json=body)
    assert response.status_code == 422, response.text
    return {fault["pointer"]: fault["detail"] for fault in response.json()["errors"]}


class TestBacktest:
    def test_compares_the_methods_on_past_windows(self, client: TestClient) -> None:
        answer = backtest(client, a_company())

        assert answer["months"] == 12
        assert [(window["start"], window["end"]) for window in answer["windows"]] == [
            ("2025-01", "2025-12"),
            ("2026-01", "2026-12"),
        ]
        assert answer["windows"][1]["sold"] == 400
        flat = methods(answer)["flat_growth"]
        assert (flat["windows"], flat["rows"], flat["attaining"]) == (2, 4, 0.75)
        assert methods(answer)["potential_share"]["error"] is None
        assert methods(answer)["own_quotas"]["not_applicable"] == ["no past quotas were given"]

    def test_takes_the_companys_own_quotas_in(self, client: TestClient) -> None:
        quotas = [
            {"rep": "ann", "period": "2026-01", "quota": "30"},
            {"rep": "bob", "period": "2026-01", "quota": 10},
        ]

        own = methods(backtest(client, a_company(quotas=quotas)))["own_quotas"]

        assert own["windows"] == 1
        assert own["error"] == pytest.approx(0, abs=1e-9)
        assert own["against_flat_growth"]["low"] is None
        assert own["not_applicable"] == ["no quotas of this window were given"]

    def test_takes_the_newest_origins(self, client: TestClient) -> None:
        answer = backtest(client, a_company(origins=1))

        assert [window["start"] for window in answer["windows"]] == ["2026-01"]

    def test_what_is_given_for_the_plan_is_named_and_changes_nothing(
        self, client: TestClient
    ) -> None:
        reps = [
            {"id": "ann", "baseline": 9, "reach": 1, "capacity": 10, "max": 20, "fixed": 15},
            {"id": "bob", "last_year": 7, "min": 3, "unit": "west"},
        ]
        units = [{"id": "west", "max": 5, "over_assignment": 0.3}]
        policy = {"over_assignment": 0.1, "groups": [{"id": "g", "reps": ["ann"], "max": 1}]}

        answer = backtest(
            client, a_company(reps=reps, units=units, policy=policy, forecast=1_000, target=1)
        )

        assert answer.pop("left_out") == [
            "policy.over_assignment", "policy.groups", "units.max", "units.over_assignment",
            "reps.baseline", "reps.reach", "reps.capacity", "reps.min", "reps.max", "reps.fixed",
            "reps.last_year", "forecast",
        ]  # fmt: skip
        assert answer == {
            name: value for name, value in backtest(client, a_company()).items()
            if name != "left_out"
        }  # fmt: skip

    def test_order_of_rows_does_not_matter(self, client: TestClient) -> None:
        body = a_company()
        turned = body | {"reps": body["reps"][::-1], "history": body["history"][::-1]}

        assert client.post(PATH, json=turned).content == client.post(PATH, json=body).content

    def test_without_history_nothing_is_applicable(self, client: TestClient) -> None:
        answer = backtest(client, a_company(history=[]))

        assert answer["windows"] == []
        assert {tuple(score["not_applicable"]) for score in answer["methods"]} == {
            ("there is no past period to score",)
        }

    def test_skipped_windows_say_why(self, client: TestClient) -> None:
        body = a_company(period={"start": "2027-02-01", "end": "2028-01-31"})

        answer = backtest(client, body)

        assert answer["skipped"] == [
            {
                "start": "2026-02",
                "end": "2027-01",
                "reason": "nobody has a row in some month of it",
            }
        ]

    def test_names_every_fault_at_once(self, client: TestClient) -> None:
        body = a_company(
            origins=0,
            quotas=[
                {"rep": "zed", "period": "2026-01", "quota": 1},
                {"rep": "ann", "period": "2026-1", "quota": -1},
                {"rep": "ann", "period": "2026-01", "quota": "much"},
            ],
            reps=[{"id": "ann"}, {"id": "bob", "unit": "nowhere"}],
            policy={"groups": [{"id": "g", "reps": ["nobody"], "max": 1}]},
        )

        found = faults_of(client, body)

        assert set(found) == {
            "/origins",
            "/quotas/0/rep",
            "/quotas/1/period",
            "/quotas/1/quota",
            "/quotas/2/quota",
            "/reps/1/unit",
            "/policy/groups/0/reps/0",
        }
        assert found["/quotas/0/rep"] == "names no rep of `reps`"

    def test_what_takes_too_long_is_refused_in_words(self, tmp_path: Path) -> None:
        app = create_app(
            Settings(database_url=f"sqlite:///{tmp_path / 'none.db'}", solve_time_limit=1e-6)
        )
        with TestClient(app, base_url="http://127.0.0.1") as client:
            response = client.post(PATH, json=a_company())

        assert response.status_code == 503
        problem = response.json()
        assert problem["type"] == "/problems/solve-took-too-long"
        assert "Fewer `origins` take less time" in problem["detail"]
