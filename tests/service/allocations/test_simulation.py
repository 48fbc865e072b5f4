"""Years drawn around a plan over HTTP: of a body, and of a stored version."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.simulation import usecases
from service.kit.db import Base, Database
from tests.service.allocations.plans import Document, a_plan, a_version

PATH = "/v1/allocations/simulation"
USUAL = {
    "knots": [
        {"attainment": 0.5, "pay": 0},
        {"attainment": 1, "pay": 1},
        {"attainment": 1.5, "pay": 2},
    ]
}


def ten(**changes: Any) -> Document:
    """Ten people expect 100,000 each, in two units of which one has a target of its own."""
    reps = [
        {
            "id": key,
            "unit": "west" if key < "f" else "east",
            "baseline": 100_000,
            "reach": 10_000,
            "sigma": 0.3,
        }
        for key in "abcdefghij"
    ]
    units: list[Document] = [{"id": "west", "target": 443_000}, {"id": "east"}]
    return {"target": 886_000, "units": units, "reps": reps} | changes


def simulated(client: TestClient, body: Document, path: str = PATH) -> Document:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def faults(client: TestClient, body: Document, path: str = PATH) -> dict[str, str]:
    answer = client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


def row_of(found: Document, rep: str) -> Document:
    (row,) = (row for row in found["quotas"] if row["rep"] == rep)
    return dict(row)


def is_near(figure: Document, errors: float = 4) -> bool:
    """Whether the draws lie within so many standard errors of the formula."""
    return bool(abs(figure["drawn"] - figure["formula"]) <= errors * figure["error"])


def rows_stored(database: Database) -> dict[str, int]:
    with database.reading.begin() as session:
        return {
            table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


class TestSimulation:
    def test_draws_stand_beside_the_formulas_within_their_error(self, client: TestClient) -> None:
        found = simulated(client, ten())

        assert (found["draws"], found["seed"], found["market_sigma"]) == (10_000, 1, 0.05)
        assert (found["reps"], found["reps_with_sigma"]) == (10, 10)
        assert found["attaining"]["expected"]["formula"] == pytest.approx(0.6, abs=1e-3)
        assert is_near(found["attaining"]["expected"])
        assert is_near(found["attaining"]["deviation"])
        assert [total["unit"] for total in found["totals"]] == [None, "west"]
        for total in found["totals"]:
            assert is_near(total["expected"])
            assert is_near(total["variation"])
            assert is_near(total["reaching"], errors=5)  # a formula's shape is off by a little
        assert all(is_near(row["attaining"]) for row in found["quotas"])
        assert found["pay"] is None
        assert found["quotas"][0]["pay"] is None

    def test_a_distribution_rises_and_holds_the_percentiles(self, client: TestClient) -> None:
        company = simulated(client, ten(draws=1_000))["totals"][0]

        sales = {of["below"]: of["sales"] for of in company["distribution"]}
        assert list(sales.values()) == sorted(sales.values())
        assert sales[0.5] == company["p50"]["drawn"]
        assert sales[0.1] == company["p10"]["drawn"]

    def test_the_same_seed_gives_the_same_answer_and_another_one_another(
        self, client: TestClient
    ) -> None:
        body = ten(draws=500, pay_curve=USUAL)

        one, same, other = (
            client.post(PATH, json=body | {"seed": seed}).content for seed in (7, 7, 8)
        )

        assert one == same != other

    def test_quotas_are_those_of_the_allocation_whatever_the_order_of_rows(
        self, client: TestClient
    ) -> None:
        body = ten()
        backwards = body | {"reps": body["reps"][::-1]}

        asked = {"draws": 200, "pay_curve": USUAL}
        found, other = (simulated(client, of | asked) for of in (body, backwards))
        plan = client.post("/v1/allocations", json=body).json()

        assert [(row["rep"], row["quota"]) for row in found["quotas"]] == [
            (row["rep"], row["quota"]) for row in plan["quotas"]
        ]
        assert found == other

    def test_reps_without_a_sigma_are_counted_and_nothing_is_made_up_for_them(
        self, client: TestClient
    ) -> None:
        body = ten(draws=200, pay_curve=USUAL, target_pay={"everyone": 10_000})
        del body["reps"][0]["sigma"]  # in west

        found = simulated(client, body)

        assert (found["reps"], found["reps_with_sigma"]) == (10, 9)
        nothing = {"formula": None, "drawn": None, "error": None}
        assert row_of(found, "a")["attaining"] == row_of(found, "a")["pay"] == nothing
        assert row_of(found, "a")["pay_deviation"] is None
        assert row_of(found, "b")["attaining"]["formula"] == pytest.approx(0.6, abs=1e-3)
        for total in found["totals"]:
            assert total["expected"]["formula"] > 0
            assert total["expected"]["drawn"] is None
            assert total["reaching"] == total["p10"] == nothing
            assert total["distribution"] is None
        assert found["pay"]["reps"] == 10
        assert found["pay"]["reps_with_sigma"] == 9
        assert found["pay"]["over_target"] is None
        assert found["pay"]["amount"] is None

    def test_without_any_sigma_there_is_nothing_to_draw(self, client: TestClient) -> None:
        body = ten()
        for rep in body["reps"]:
            del rep["sigma"]

        answer = client.post(PATH, json=body)

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/nothing-to-draw"
        assert answer.json()["title"] == "No rep's uncertainty is known."
        assert "State it with the reps" in answer.json()["detail"]

    def test_rules_that_cannot_hold_are_answered_as_ever(self, client: TestClient) -> None:
        body = ten()
        body["reps"][0]["max"] = body["reps"][1]["max"] = 0
        for rep in body["reps"][2:5]:
            rep["max"] = 100_000

        answer = client.post(PATH, json=body)

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/infeasible"

    def test_a_target_of_nothing_for_one_rep_is_always_attained(self, client: TestClient) -> None:
        reps = [{"id": "a", "baseline": 100, "reach": 10, "sigma": 0.3}]

        found = simulated(client, ten(target=0, units=[], reps=reps, draws=100, pay_curve=USUAL))

        assert found["totals"][0]["reaching"]["drawn"] == 1
        assert found["quotas"][0]["attaining"]["drawn"] == 1
        assert found["quotas"][0]["pay"]["drawn"] == found["quotas"][0]["pay"]["formula"] == 1

    @pytest.mark.parametrize(
        ("asked", "pointer", "said"),
        [
            ({"draws": 0}, "/draws", "must be greater than or equal to 100"),
            ({"draws": 10**12}, "/draws", "must be less than or equal to 1000000"),
            ({"draws": 100.5}, "/draws", "must be a whole number"),
            ({"seed": -1}, "/seed", "must be greater than or equal to 0"),
            ({"seed": 2**53}, "/seed", "must be less than or equal to 9007199254740991"),
        ],
    )
    def test_draws_and_seeds_that_are_none_are_refused(
        self, client: TestClient, asked: Document, pointer: str, said: str
    ) -> None:
        assert faults(client, ten(**asked)) == {pointer: said}

    def test_draws_that_are_too_many_for_the_targets_are_refused_by_number(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usecases, "_MOST_TOTALS", 1_000)

        assert faults(client, ten(draws=501)) == {
            "/draws": "is too many for a plan of 2 targets; 500 is the most"
        }
        simulated(client, ten(draws=500))

    def test_every_fault_of_the_body_and_of_what_is_asked_is_told_at_once(
        self, client: TestClient
    ) -> None:
        body = ten(seed="x", pay_curve={"knots": [{"attainment": 0, "pay": 0}]}, policy={"x": 1})
        body["reps"][0]["baseline"] = -1

        assert faults(client, body) == {
            "/seed": "must be a whole number",
            "/policy/x": "is not a known field",
            "/pay_curve/knots": "pays 0 of the target pay for an attainment of 1, and must pay 1",
            "/reps/0/baseline": "must be 0 or more",
        }


class TestPay:
    def test_expected_pay_is_told_by_formula_and_by_draws(self, client: TestClient) -> None:
        pay = {"everyone": 20_000, "reps": [{"rep": "b", "amount": "30000.50"}]}

        found = simulated(client, ten(pay_curve=USUAL, target_pay=pay))

        total = found["pay"]
        assert (total["reps"], total["reps_with_sigma"], total["target"]) == (10, 10, 210_000.5)
        for told, scale in ((total["over_target"], 210_000.5), (total["amount"], 1)):
            assert is_near(told["expected"])
            assert told["expected"]["formula"] * scale == pytest.approx(
                sum(row["expected_pay"] for row in found["quotas"])
            )
            assert told["p10"]["drawn"] < told["p50"]["drawn"] < told["p90"]["drawn"]
            assert told["p50"]["formula"] is None
        own = row_of(found, "b")
        assert (row_of(found, "a")["target_pay"], own["target_pay"]) == (20_000, 30_000.5)
        assert own["expected_pay"] == pytest.approx(30_000.5 * own["pay"]["formula"])
        assert all(is_near(row["pay"]) for row in found["quotas"])
        assert all(row["pay_deviation"] > 0 for row in found["quotas"])

    def test_without_target_pay_it_is_told_over_target_pay(self, client: TestClient) -> None:
        with_pay = simulated(client, ten(draws=200, pay_curve=USUAL, target_pay={"everyone": 5}))
        found = simulated(client, ten(draws=200, pay_curve=USUAL))

        assert (found["pay"]["target"], found["pay"]["amount"]) == (None, None)
        assert found["quotas"][0]["target_pay"] is None
        assert found["quotas"][0]["expected_pay"] is None
        assert found["quotas"][0]["pay"] == with_pay["quotas"][0]["pay"]
        expected, same = (of["pay"]["over_target"]["expected"] for of in (found, with_pay))
        assert expected == pytest.approx(same)

    def test_who_has_no_target_pay_costs_nothing(self, client: TestClient) -> None:
        only = {"reps": [{"rep": "a", "amount": 1_000}]}

        found = simulated(client, ten(draws=200, pay_curve=USUAL, target_pay=only))

        assert (found["pay"]["reps"], found["pay"]["target"]) == (1, 1_000)
        assert row_of(found, "b")["target_pay"] is None
        expected = found["pay"]["amount"]["expected"]["formula"]
        assert expected == pytest.approx(row_of(found, "a")["expected_pay"])

    def test_target_pays_of_nothing_have_no_share(self, client: TestClient) -> None:
        found = simulated(client, ten(draws=100, pay_curve=USUAL, target_pay={"everyone": 0}))

        assert found["pay"]["target"] == 0
        assert found["pay"]["over_target"] is None

    @pytest.mark.parametrize(
        ("knots", "expected"),
        [
            ([], {"": "has no knot; [0, 0] and [1, 1] pay in proportion"}),
            (
                [(0, 0.5), (0.5, 0.4), (1, 1)],
                {"/1/pay": "is 0.4, below 0.5 of the knot before"},
            ),
            (
                [(0, 0), (1, 0.9)],
                {"": "pays 0.9 of the target pay for an attainment of 1, and must pay 1"},
            ),
            (
                [(-1, 0), (1, -2)],
                {
                    "/0/attainment": "is -1; must be a number from 0 to 1,000",
                    "/1/pay": "is -2; must be a number from 0 to 1,000",
                },
            ),
        ],
    )
    def test_a_curve_that_is_none_is_refused_at_its_knots(
        self, client: TestClient, knots: list[tuple[float, float]], expected: dict[str, str]
    ) -> None:
        curve = {"knots": [{"attainment": x, "pay": pay} for x, pay in knots]}

        assert faults(client, ten(pay_curve=curve)) == {
            f"/pay_curve/knots{place}": said for place, said in expected.items()
        }

    def test_target_pay_is_checked_row_by_row(self, client: TestClient) -> None:
        pay = {
            "everyone": -1,
            "reps": [
                {"rep": "a", "amount": 1}, {"rep": "a", "amount": 2},
                {"rep": "zed", "amount": -1}, {"rep": "b", "amount": 0.001},
            ],
        }  # fmt: skip

        assert faults(client, ten(pay_curve=USUAL, target_pay=pay)) == {
            "/target_pay/everyone": "must be 0 or more",
            "/target_pay/reps/1/rep": "stands twice",
            "/target_pay/reps/2/rep": "names no rep of the plan",
            "/target_pay/reps/2/amount": "must be 0 or more",
            "/target_pay/reps/3/amount": "has more than 2 decimals",
        }

    def test_target_pay_without_a_curve_is_refused(self, client: TestClient) -> None:
        assert faults(client, ten(target_pay={"everyone": 1})) == {
            "/target_pay": "needs a pay_curve, which says what is paid of it"
        }


class TestSimulationOfAVersion:
    def test_says_what_the_body_of_the_same_plan_is_answered(self, client: TestClient) -> None:
        asked = {
            "draws": 300,
            "seed": 4,
            "pay_curve": USUAL,
            "target_pay": {"everyone": 20_000},
        }
        plan = a_plan(client, ten())
        a_version(client, plan)

        found = simulated(client, asked, f"{plan}/versions/1/simulation")

        own = simulated(client, ten(increment=1, **asked))
        assert found["totals"] == own["totals"]
        assert found["pay"] == own["pay"]
        assert found["quotas"] == own["quotas"]

    def test_takes_the_market_that_the_version_was_solved_with(self, client: TestClient) -> None:
        history = [
            {"rep": f"r{k}", "period": f"{2023 + year}-{month:02}", "actual": (10 + k) * size}
            for k in range(6)
            for year, size in enumerate((1.0, 1.3, 0.9, 1.2))
            for month in range(1, 13)
        ]
        reps = [{"id": f"r{k}", "potential": 300 + 20 * k} for k in range(6)]
        plan = a_plan(client, {"target": 950, "reps": reps, "units": [], "history": history})
        a_version(client, plan)

        found = simulated(client, {"draws": 100}, f"{plan}/versions/1/simulation")

        stated = client.get(f"{plan}/versions/1/certificate").json()["manifest"]["risk"]
        assert found["market_sigma"] == stated["market_sigma"] > 0.05
        assert found["market_errors"] == stated["market_errors"] > 0

    def test_an_empty_body_draws_ten_thousand_years(self, client: TestClient) -> None:
        plan = a_plan(client, ten())
        a_version(client, plan)

        assert simulated(client, {}, f"{plan}/versions/1/simulation")["draws"] == 10_000

    def test_what_people_are_paid_is_kept_nowhere(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client, ten())
        a_version(client, plan)
        before = rows_stored(database)

        asked = {"draws": 100, "pay_curve": USUAL, "target_pay": {"everyone": 20_000}}
        simulated(client, asked, f"{plan}/versions/1/simulation")

        assert rows_stored(database) == before

    def test_waits_for_nobody_who_writes(self, client: TestClient, database: Database) -> None:
        plan = a_plan(client, ten())
        a_version(client, plan)

        with database.sessions.begin() as writing:
            writing.execute(sa.text("SELECT 1"))  # SQLite's lock is taken with the transaction
            found = simulated(client, {"draws": 100}, f"{plan}/versions/1/simulation")

        assert found["draws"] == 100

    def test_bad_questions_are_refused_with_every_fault(self, client: TestClient) -> None:
        plan = a_plan(client, ten())
        a_version(client, plan)
        asked = {
            "draws": 0,
            "target": 5,
            "pay_curve": {"knots": []},
            "target_pay": {"reps": [{"rep": "zed", "amount": 1}]},
        }

        assert faults(client, asked, f"{plan}/versions/1/simulation") == {
            "/draws": "must be greater than or equal to 100",
            "/target": "is not a known field",
            "/pay_curve/knots": "has no knot; [0, 0] and [1, 1] pay in proportion",
            "/target_pay/reps/0/rep": "names no rep of the plan",
        }

    def test_a_version_without_any_sigma_has_nothing_to_draw(self, client: TestClient) -> None:
        inputs = ten()
        for rep in inputs["reps"]:
            del rep["sigma"]
        plan = a_plan(client, inputs)
        a_version(client, plan)

        answer = client.post(f"{plan}/versions/1/simulation", json={})

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/nothing-to-draw"

    def test_a_version_that_is_not_there_has_no_simulation(self, client: TestClient) -> None:
        plan = a_plan(client, ten())

        assert client.post(f"{plan}/versions/9/simulation", json={}).status_code == 404
        missing = client.post("/v1/plans/plan_none/versions/1/simulation", json={})
        assert missing.status_code == 404


class TestTime:
    def test_draws_that_take_too_long_are_not_cut(self, app: Any, client: TestClient) -> None:
        """Twenty million amounts take more than a fifth of a second, the plan much less."""
        app.state.settings = app.state.settings.model_copy(update={"solve_time_limit": 0.2})
        reps = [{"id": f"r{k}", "baseline": 100, "reach": 10, "sigma": 0.3} for k in range(20)]

        answer = client.post(PATH, json=ten(target=1_900, units=[], reps=reps, draws=1_000_000))

        assert answer.status_code == 503
        assert answer.json()["type"] == "/problems/solve-took-too-long"
        assert "1,000,000 draws were not done in time" in answer.json()["detail"]
