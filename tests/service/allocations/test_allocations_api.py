"""One-shot allocations over HTTP: nothing is stored, so no database is needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.kit.settings import Settings
from service.main import create_app

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Calls a service whose database does not exist."""
    folder: Path = tmp_path_factory.mktemp("nothing")
    app = create_app(Settings(database_url=f"sqlite:///{folder / 'missing.db'}", answer_within=600))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def four_reps(**limits: dict[str, Any]) -> list[dict[str, Any]]:
    """Baseline and reach 100 each; `limits` by rep."""
    return [{"id": key, "baseline": 100, "reach": 100, **limits.get(key, {})} for key in "abcd"]


def quotas_of(answer: dict[str, Any]) -> dict[str, float]:
    return {row["rep"]: row["quota"] for row in answer["quotas"]}


def allocate(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/allocations", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def faults_of(client: TestClient, body: Any, path: str = "/v1/allocations") -> dict[str, str]:
    """What is wrong by place; the answer must be a 422 that lists it."""
    response = client.post(path, json=body)
    assert response.status_code == 422, response.text
    problem = response.json()
    assert problem["type"] == "/problems/invalid-input"
    return {fault["pointer"]: fault["detail"] for fault in problem["errors"]}


class TestAllocate:
    def test_shares_what_a_capped_rep_cannot_carry_evenly(self, client: TestClient) -> None:
        answer = allocate(client, target=440, reps=four_reps(a={"max": 105}))

        assert quotas_of(answer) == {"a": 105, "b": 111.67, "c": 111.67, "d": 111.66}

    def test_shares_what_is_left_beside_a_minimum_evenly(self, client: TestClient) -> None:
        answer = allocate(client, target=440, reps=four_reps(d={"min": 125}))

        assert quotas_of(answer) == {"a": 105, "b": 105, "c": 105, "d": 125}

    def test_relieves_everybody_alike_below_the_baselines(self, client: TestClient) -> None:
        answer = allocate(client, target=360, reps=four_reps())

        assert set(quotas_of(answer).values()) == {90}
        assert answer["common"] == {"stretch": -0.1, "growth": -0.1}

    def test_a_linear_programme_confirms_plans_over_many_orders_of_magnitude(
        self, client: TestClient
    ) -> None:
        reps = [
            {"id": "a", "baseline": 1e10, "reach": 1e6},
            {"id": "b", "baseline": 1, "reach": 1e9},
            {"id": "c", "baseline": 1e6, "reach": 10},
        ]
        body = {"target": 100, "reps": reps}

        confirmed = allocate(client, **body, policy={"engine": "lp"})

        assert confirmed["engine"] == "lp"
        assert quotas_of(confirmed) == quotas_of(allocate(client, **body))

    def test_answers_the_whole_document(self, client: TestClient) -> None:
        answer = allocate(
            client,
            target=440,
            reps=[
                {"id": "r1", "unit": "west", "baseline": 100, "reach": 100, "last_year": 88},
                {"id": "r2", "unit": "west", "baseline": 100, "reach": 100, "fixed": 105},
                {"id": "r3", "baseline": 200, "reach": 200, "sigma": 0.5},
            ],
            units=[{"id": "west", "max": 215}],
        )

        assert answer == {
            "measure": "revenue",
            "basis": None,
            "counted_in": None,
            "weight": None,
            "levels": None,
            "status": "optimal",
            "engine": "tree",
            "target": 440,
            "assigned": 440,
            "gap": 0,
            "gaps": [],
            "relaxed": [],
            "period": None,
            "months": None,
            "season": None,
            "lines": None,
            "part_targets": [],
            "common": {"stretch": 0.125, "growth": 0.1},
            "quotas": [
                {
                    "rep": "r3",
                    "unit": None,
                    "quota": 225,
                    "baseline": 200,
                    "reach": 200,
                    "stretch": 0.125,
                    "effort": 1.0,
                    "growth": 0.125,
                    "over_last_year": None,
                    "floor": 0,
                    "cap": None,
                    "binding": [],
                    "price": None,
                    "attainment_probability": pytest.approx(0.313637, abs=1e-6),
                    "explanation": [
                        {"term": "anchor", "amount": 200},
                        {"term": "stretch", "amount": 25},
                        {"term": "rounding", "amount": 0},
                    ],
                    "levels": None,
                    "estimate": None,
                    "months": None,
                    "lines": None,
                },
                {
                    "rep": "r1",
                    "unit": "west",
                    "quota": 110,
                    "baseline": 100,
                    "reach": 100,
                    "stretch": 0.1,
                    "effort": 0.8,
                    "growth": 0.1,
                    "over_last_year": 0.25,
                    "floor": 0,
                    "cap": None,
                    "binding": ["unit:west:max"],
                    "price": None,
                    "attainment_probability": None,
                    "explanation": [
                        {"term": "anchor", "amount": 100},
                        {"term": "stretch", "amount": 10},
                        {"term": "rounding", "amount": 0},
                    ],
                    "levels": None,
                    "estimate": None,
                    "months": None,
                    "lines": None,
                },
                {
                    "rep": "r2",
                    "unit": "west",
                    "quota": 105,
                    "baseline": 100,
                    "reach": 100,
                    "stretch": 0.05,
                    "effort": 0.4,
                    "growth": 0.05,
                    "over_last_year": None,
                    "floor": 105,
                    "cap": 105,
                    "binding": ["fixed", "unit:west:max"],
                    "price": -0.01,
                    "attainment_probability": None,
                    "explanation": [
                        {"term": "anchor", "amount": 100},
                        {"term": "stretch", "amount": 5},
                        {"term": "rounding", "amount": 0},
                    ],
                    "levels": None,
                    "estimate": None,
                    "months": None,
                    "lines": None,
                },
            ],
            "units": [
                {
                    "id": "west",
                    "quota": 215,
                    "growth": 0.075,
                    "min": None,
                    "max": 215,
                    "binding": ["unit:west:max"],
                    "price": -0.005,
                    "months": None,
                    "levels": None,
                }
            ],
            "prices": {
                "target": {
                    "step": 2,
                    "range": None,
                    "price": 0.005,
                    "reps": 1,
                    "units": [{"unit": None, "reps": 1, "amount": 2}],
                    "most": {"rep": "r3", "amount": 2},
                },
                "can_grow": True,
                "rules": [
                    {
                        "rule": "unit:west:max",
                        "to": 216,
                        "step": 1,
                        "range": 1.66,
                        "price": -0.005,
                        "inside": {
                            "reps": 1,
                            "amount": 1,
                            "most": {"rep": "r1", "amount": 1},
                        },
                        "around": {
                            "reps": 1,
                            "amount": -1,
                            "most": {"rep": "r3", "amount": -1},
                        },
                    }
                ],
            },
            "rules": [],
            "over_assignment": [
                {
                    "unit": None,
                    "target": 440,
                    "assigned": 440,
                    "over_assignment": 0,
                    "stated_by": None,
                    "reps": 3,
                    "reps_with_sigma": 1,
                    "attaining": pytest.approx(0.313637, abs=1e-6),
                    "attaining_without": pytest.approx(0.313637, abs=1e-6),
                }
            ],
            "risk": {
                "market_sigma": 0.05,
                "market_errors": 0,
                "reps": 3,
                "reps_with_sigma": 1,
                "attaining": pytest.approx(0.313637, abs=1e-6),
                "attaining_deviation": pytest.approx(0.463971, abs=1e-6),
                "totals": [
                    {
                        "unit": None,
                        "target": 440,
                        "reps": 3,
                        "reps_with_sigma": 1,
                        "expected": 400,
                        "variation": None,
                        "reaching": None,
                        "p10": None,
                        "p50": None,
                        "p90": None,
                    }
                ],
            },
            "fairness": {
                "stretch_min": 0.05,
                "stretch_max": 0.125,
                "gini": pytest.approx(0.015267, abs=1e-6),
                "theil": pytest.approx(0.000409, abs=1e-6),
                "reps_at_common_stretch": 1,
            },
            "estimate": None,
            "certificate": {
                "kind": "leximin-tree",
                "checks": {"sums": True, "bounds": True, "leximin": True},
            },
            "measures": [],
            "standards": [],
            "warnings": [],
        }

    def test_starts_with_ids_and_a_target_alone(self, client: TestClient) -> None:
        answer = allocate(client, target=300, reps=[{"id": "b"}, {"id": "a"}, {"id": "c"}])

        assert quotas_of(answer) == {"a": 100, "b": 100, "c": 100}
        assert [row["estimate"]["basis"] for row in answer["quotas"]] == ["fte"] * 3

    def test_says_what_an_estimated_baseline_rests_on(self, client: TestClient) -> None:
        months = [f"2026-{month:02d}" for month in range(1, 13)]
        sold = {"a": 10, "b": 30}
        history = [
            {"rep": rep, "period": month, "actual": amount}
            for rep, amount in sold.items()
            for month in months
        ]

        answer = allocate(client, target=600, reps=[{"id": "a"}, {"id": "b"}], history=history)

        first = answer["quotas"][0]
        assert answer["period"] == {"start": "2027-01-01", "end": "2027-12-31"}
        assert first["estimate"]["basis"] == "history_and_peers"
        assert first["estimate"]["sold"] == [120, None, None]
        assert answer["estimate"]["company_total"] == 480
        assert answer["estimate"]["blocks"][0]["first"] == "2026-01"

    def test_null_and_left_out_mean_the_same(self, client: TestClient) -> None:
        short = {"target": 440, "reps": four_reps()}
        empty = dict.fromkeys(("name", "unit", "vacant", "sigma", "potential", "capacity", "min"))
        empty |= dict.fromkeys(
            ("max", "fixed", "last_year", "fte", "hired", "cohorts", "attributes")
        )
        long = {
            **dict.fromkeys(("targets", "forecast", "units", "territories", "history", "policy")),
            **dict.fromkeys(("currency", "increment", "period")),
            "target": 440,
            "reps": [{**row, **empty} for row in four_reps()],
        }

        assert allocate(client, **long) == allocate(client, **short)

    def test_the_order_of_rows_changes_no_byte(self, client: TestClient) -> None:
        body: dict[str, list[dict[str, Any]]] = {
            "units": [{"id": "w", "parent": "top"}, {"id": "e", "parent": "top"}, {"id": "top"}],
            "reps": [{"id": f"r{k}", "unit": "we"[k % 2], "fte": 0.5 + k / 7} for k in range(9)],
            "territories": [
                {"id": f"t{k}", "potential": 1000 / (k + 3), "holders": [{"rep": f"r{k}"}]}
                for k in range(9)
            ],
            "history": [
                {"rep": f"r{k}", "period": f"2026-{month:02d}", "actual": 100 / (k + month)}
                for k in range(0, 9, 2)
                for month in range(1, 13)
            ],
        }
        turned = {name: rows[::-1] for name, rows in body.items()}

        one = client.post("/v1/allocations", json={"target": 5000, **body})
        other = client.post("/v1/allocations", json={"target": 5000, **turned})

        assert one.status_code == 200
        assert one.content == other.content

    def test_identical_reps_get_identical_quotas_to_the_increment(self, client: TestClient) -> None:
        reps = [{"id": f"r{k}", "baseline": 70, "reach": 7} for k in range(7)]

        answer = allocate(client, target=1000, increment=10, reps=reps)

        assert sorted(quotas_of(answer).values()) == [140, 140, 140, 140, 140, 150, 150]
        assert quotas_of(answer)["r0"] == quotas_of(answer)["r1"] == 150

    @pytest.mark.parametrize(
        ("currency", "quotas"),
        [("JPY", [34, 33, 33]), ("USD", [33.34, 33.33, 33.33]), ("KWD", [33.334, 33.333, 33.333])],
    )
    def test_counts_in_the_minor_units_of_the_currency(
        self, client: TestClient, currency: str, quotas: list[float]
    ) -> None:
        reps = [{"id": key, "baseline": 1, "reach": 1} for key in "abc"]

        answer = allocate(client, target=100, currency=currency, reps=reps)

        assert [row["quota"] for row in answer["quotas"]] == quotas

    def test_equal_amounts_are_counted_in_money(self, client: TestClient) -> None:
        answer = allocate(client, target=440, reps=four_reps(), policy={"fairness": "equal_amount"})

        assert answer["common"]["stretch"] == 10
        assert answer["quotas"][0]["stretch"] == 10

    def test_amounts_may_be_decimal_texts(self, client: TestClient) -> None:
        reps = [{"id": key, "baseline": "100.5", "reach": "1"} for key in "ab"]

        answer = allocate(client, target="300.01", reps=reps)

        assert quotas_of(answer) == {"a": 150.01, "b": 150}

    def test_over_assignment_pads_the_target(self, client: TestClient) -> None:
        answer = allocate(client, target=400, reps=four_reps(), policy={"over_assignment": 0.05})

        assert (answer["target"], answer["assigned"]) == (400, 420)

    def test_a_rep_without_a_yardstick_has_no_stretch(self, client: TestClient) -> None:
        reps = [*four_reps(), {"id": "z", "baseline": 50, "reach": 0}]

        last = allocate(client, target=490, reps=reps)["quotas"][-1]

        assert (last["quota"], last["stretch"], last["effort"]) == (50, None, None)

    def test_a_target_of_nothing_is_legal(self, client: TestClient) -> None:
        answer = allocate(client, target=0, reps=four_reps())

        assert set(quotas_of(answer).values()) == {0}


class TestInfeasible:
    def test_names_the_conflict_and_what_would_mend_it(self, client: TestClient) -> None:
        body = {
            "target": 1_000_000,
            "units": [{"id": "west", "min": 600_000}],
            "reps": [
                {"id": "r1", "unit": "west", "max": 260_000},
                {"id": "r2", "unit": "west", "max": 250_000},
                {"id": "r3", "min": 400_000},
            ],
        }

        response = client.post("/v1/allocations", json=body)

        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem.pop("request_id")
        assert problem == {
            "type": "/problems/infeasible",
            "title": "The rules cannot all hold.",
            "status": 422,
            "detail": "Unit west must carry at least 600,000, "
            "but its 2 reps can carry at most 510,000.",
            "instance": "/v1/allocations",
            "conflict": [
                {"rule": "unit:west:min", "value": 600_000},
                {"rule": "rep:r1:cap", "value": 260_000},
                {"rule": "rep:r2:cap", "value": 250_000},
            ],
            "relaxation": [{"rule": "unit:west:min", "from": 600_000, "to": 510_000}],
            "feasible_target": {"min": 910_000, "max": None},
        }

    def test_the_feasible_targets_are_stated_before_over_assignment(
        self, client: TestClient
    ) -> None:
        body = {
            "target": 500,
            "reps": four_reps(**{key: {"max": 110} for key in "abcd"}),
            "policy": {"over_assignment": 0.1},
        }

        problem = client.post("/v1/allocations", json=body).json()

        assert problem["relaxation"] == [{"rule": "target", "from": 500, "to": 400}]
        assert problem["feasible_target"] == {"min": 0, "max": 400}
        assert client.post("/v1/allocations", json={**body, "target": 400}).status_code == 200
        assert client.post("/v1/allocations", json={**body, "target": 400.01}).status_code == 422

    def test_a_unit_target_is_stated_before_its_over_assignment(self, client: TestClient) -> None:
        body = {
            "target": 500,
            "units": [{"id": "u", "target": 200, "over_assignment": 0.5}],
            "reps": [{"id": "a", "unit": "u", "max": 240}, {"id": "b"}],
        }

        problem = client.post("/v1/allocations", json=body).json()

        assert problem["conflict"][0] == {"rule": "unit:u:target", "value": 200}
        assert problem["relaxation"] == [{"rule": "unit:u:target", "from": 200, "to": 160}]


class TestCheck:
    def test_says_which_targets_are_possible(self, client: TestClient) -> None:
        body = {"target": 440, "reps": four_reps(a={"min": 30}, b={"fixed": 12.5})}

        response = client.post("/v1/allocations/check", json=body)

        assert response.status_code == 200
        assert response.json() == {
            "feasible": True,
            "measure": None,
            "detail": None,
            "conflict": [],
            "relaxation": [],
            "feasible_target": {"min": 42.5, "max": None},
            "warnings": [],
        }

    def test_an_infeasible_case_is_an_answer(self, client: TestClient) -> None:
        reps = four_reps(**{key: {"max": 100} for key in "abcd"})

        response = client.post("/v1/allocations/check", json={"target": 440, "reps": reps})

        assert response.status_code == 200
        assert response.json()["feasible"] is False
        assert response.json()["feasible_target"] == {"min": 0, "max": 400}

    def test_warns_of_territories_that_nobody_holds(self, client: TestClient) -> None:
        body = {"target": 1, "reps": [{"id": "a"}], "territories": [{"id": "t", "potential": 5}]}

        warnings = client.post("/v1/allocations/check", json=body).json()["warnings"]

        assert [warning["pointer"] for warning in warnings] == ["/territories"]

    def test_refuses_what_an_allocation_refuses(self, client: TestClient) -> None:
        assert faults_of(client, {"target": -1, "reps": []}, "/v1/allocations/check") == {
            "/target": "must be 0 or more",
            "/reps": "at least one rep is needed to carry the target",
        }


class TestRefuses:
    def test_faults_of_shape_and_between_rows_together(self, client: TestClient) -> None:
        body = {
            "target": -5,
            "currency": "USD",
            "increment": 0.001,
            "units": [
                {"id": "a", "parent": "b"},
                {"id": "b", "parent": "a"},
                {"id": "c", "target": 5, "max": 9},
                {"id": "c"},
            ],
            "reps": [
                {"id": "r1", "unit": "nowhere", "potential": -1, "surprise": 1},
                {"id": "r1", "fte": 0, "min": 0.001},
                {"id": 7, "baseline": "much"},
            ],
            "territories": [
                {"id": "t", "holders": [{"rep": "r1", "share": 0.5}]},
                {"id": "u", "potential": 1, "holders": [{"rep": "r1", "from": "2026-02-30"}]},
            ],
            "history": [
                {"rep": "r1", "territory": "t", "period": "2026-01", "actual": 1},
                {"period": "2026-01", "actual": 1},
                {"territory": "x", "period": "2026-13", "actual": 1, "measure": "volume"},
            ],
            "policy": {
                "season": "evenly",
                "relax": [1, {"rule": "unit:a:min", "to": 0.005}],
                "groups": [{"id": "g", "reps": ["r1", 4], "min": -1}, {"id": "h", "reps": ["r0"]}],
                "margin_floors": [{"id": "m", "unit": "w", "min": -1}],
            },
        }

        assert faults_of(client, body) == {
            "/reps/0/surprise": "is not a known field",
            "/reps/1/fte": "must be greater than 0",
            "/reps/2/id": "must be a text of 1 to 128 characters without control characters",
            "/territories/1/holders/0/from": "must be a date written YYYY-MM-DD, "
            "such as 2026-01-31",
            "/history/2/period": "must be a month written YYYY-MM, such as 2026-01",
            "/increment": "has more than 2 decimals",
            "/policy/relax/0": "must be an object",
            "/policy/groups/0/reps/1": "must be a text of 1 to 128 characters without control "
            "characters",
            "/policy/season": "must be learned, even, or a list of weights of 0 or more: one for "
            "each month of the period, or one for each quarter",
            "/policy/groups/1/min": "needs a min or a max, else it says nothing",
            "/policy/margin_floors/0/unit": "names no unit of `units`",
            "/policy/margin_floors/0/min": "must be 0 or more",
            "/policy/relax/1/to": "has more than 2 decimals",
            "/target": "must be 0 or more",
            "/units/3/id": "stands already in /units/2",
            "/units/2/target": "is min and max at once: leave min and max out beside it",
            "/units/0/parent": "units must not be in a circle: 'a' -> 'b' -> 'a'",
            "/reps/1/id": "stands already in /reps/0",
            "/reps/0/unit": "names no unit of `units`",
            "/reps/2/baseline": "must be a plain decimal such as 20500.25",
            "/reps/0/potential": "must be 0 or more",
            "/reps/1/min": "has more than 2 decimals",
            "/territories/0/holders": "the shares of t sum to 0.5, not to 1",
            "/history/0": "names a rep and a territory: name one",
            "/history/1": "names neither a rep nor a territory",
            "/history/2/territory": "names no territory of `territories`",
        }

    def test_answers_one_whole_problem_document(self, client: TestClient) -> None:
        response = client.post(
            "/v1/allocations", json={"target": 1, "reps": [{"id": "a", "capacity": -2}]}
        )

        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "/problems/invalid-input",
            "title": "The input has faults.",
            "status": 422,
            "detail": "/reps/0/capacity: must be 0 or more",
            "instance": "/v1/allocations",
            "request_id": response.headers["x-request-id"],
            "errors": [{"pointer": "/reps/0/capacity", "detail": "must be 0 or more", "value": -2}],
        }

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
    @pytest.mark.parametrize("field", ["baseline", "min", "fte", "sigma"])
    def test_numbers_that_are_none(self, client: TestClient, number: str, field: str) -> None:
        raw = f'{{"target": 1, "reps": [{{"id": "a", "{field}": {number}}}]}}'

        response = client.post("/v1/allocations", content=raw, headers=JSON)

        assert response.status_code in {400, 422}
        assert "NaN" not in response.text.replace('"NaN"', "")
        if response.status_code == 422:
            assert [fault["pointer"] for fault in response.json()["errors"]] == [f"/reps/0/{field}"]

    def test_a_potential_that_is_missing_under_equal_potential_share(
        self, client: TestClient
    ) -> None:
        body = {
            "target": 1,
            "reps": [{"id": "z", "potential": 1}, {"id": "b"}, {"id": "a", "potential": 1}],
            "policy": {"fairness": "equal_potential_share"},
        }

        assert list(faults_of(client, body)) == ["/reps/1/potential"]

    def test_a_date_without_a_period(self, client: TestClient) -> None:
        body = {"target": 1, "reps": [{"id": "a", "vacant": True, "hired": "2027-03-01"}]}

        assert list(faults_of(client, body)) == ["/period"]

    def test_periods_that_are_no_whole_months(self, client: TestClient) -> None:
        period = {"start": "2027-01-02", "end": "2026-01-31"}

        faults = faults_of(client, {"target": 1, "reps": [{"id": "a"}], "period": period})

        assert set(faults) == {"/period/start", "/period/end"}

    def test_the_first_hundred_of_many_faults_with_their_number(self, client: TestClient) -> None:
        reps = [{"id": f"r{k}", "unit": "x"} for k in range(250)]

        problem = client.post("/v1/allocations", json={"target": 1, "reps": reps}).json()

        assert len(problem["errors"]) == 100
        assert problem["more"] == 150

    @pytest.mark.parametrize(
        "raw",
        [b"[" * 100_000, b'{"a":' * 100_000, b"\xff" * 10_000_000, b"nonsense " * 1_100_000, b""],
        ids=["brackets", "objects", "bytes", "words", "nothing"],
    )
    def test_nonsense(self, client: TestClient, raw: bytes) -> None:
        response = client.post("/v1/allocations", content=raw, headers=JSON)

        assert response.status_code == 400
        assert len(response.content) < 1_000

    def test_ten_megabytes_of_rows_that_are_none(self, client: TestClient) -> None:
        raw = b'{"target": 1, "reps": [' + b"{}," * 3_000_000 + b"{}]}"

        response = client.post("/v1/allocations", content=raw, headers=JSON)

        assert response.status_code == 422
        assert len(response.json()["errors"]) == 100

    def test_a_body_that_is_too_large_says_what_to_do(self, client: TestClient) -> None:
        response = client.post("/v1/allocations", content=b" " * 25_000_001, headers=JSON)

        assert response.status_code == 413
        assert "FAIRQUOTA_MAX_BODY_BYTES" in response.json()["detail"]


def test_the_document_describes_every_field_of_a_row(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]

    for name in ("UnitRow", "RepRow", "HolderRow", "TerritoryRow", "HistoryRow", "InputsBody"):
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
            assert "examples" in schema, f"{name}.{field}"
    body = document["paths"]["/v1/allocations"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/AllocationBody"
    }
    assert json.dumps(document)


JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400) | st.integers(-3, 3),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "a", "t", "x" * 200, "\x00", "2026-01", "2026-02-30", "1e5", "-1", "0.001"]
    ),
    st.sampled_from([[], {}, [{}], [[]], [None], {"id": "a"}, {"from": 1}]),
)


def a_whole_body() -> dict[str, Any]:
    return {
        "target": 100,
        "currency": "USD",
        "increment": 1,
        "forecast": 90,
        "period": {"start": "2027-01-01", "end": "2027-12-31"},
        "units": [{"id": "u", "max": 60, "over_assignment": 0.1}, {"id": "v", "parent": "u"}],
        "reps": [
            {"id": "a", "unit": "v", "baseline": 30, "min": 1, "cohorts": {"role": "AE"}},
            {"id": "b", "hired": "2027-03-01", "vacant": True, "fte": 0.5, "last_year": 3},
        ],
        "territories": [
            {"id": "t", "potential": 7, "holders": [{"rep": "a", "from": "2020-01-01"}]}
        ],
        "history": [{"rep": "b", "period": "2026-05", "actual": 4}],
        "policy": {"fairness": "equal_growth", "max_over_last_year": 90},
    }


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [p for key in keys for p in places(value[key])]


@given(st.data())
def test_no_body_brings_the_service_down(client: TestClient, data: st.DataObject) -> None:
    body = a_whole_body()
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(body)))
        container[key] = data.draw(JUNK)

    path = data.draw(st.sampled_from(["/v1/allocations", "/v1/allocations/check"]))
    response = client.post(path, content=json.dumps(body), headers=JSON)

    assert response.status_code in {200, 400, 422}, (body, response.text)
    if response.status_code != 200:
        assert response.headers["content-type"] == "application/problem+json"
    assert not {"NaN", "Infinity"} & set(response.text.split('"'))
