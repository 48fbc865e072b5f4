"""Risk and limits by chance, from the call to the stored version and its proof."""

from math import exp
from typing import Any

import pytest
from scipy.special import ndtr, ndtri
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.allocations.test_proof_tampering import with_new_hashes

type Document = dict[str, Any]

SIGMAS = {"ann": 0.2, "bob": 0.1, "cyd": 0.3, "d/d": 0.6}


def unsure(**changes: Any) -> Document:
    """Four reps who expect 100 and are unequally sure of it; east/1 has a target of its own."""
    inputs = four_reps(target=400, **changes)
    for rep in inputs["reps"]:
        rep |= {"sigma": SIGMAS[rep["id"]]}
    inputs["units"][1]["target"] = 190
    return inputs


def answer_to(client: TestClient, body: Document, **policy: Any) -> Document:
    answer = client.post("/v1/allocations", json=body | {"policy": policy})
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


class TestRisk:
    def test_is_told_of_the_company_and_of_units_with_a_target(self, client: TestClient) -> None:
        risk = answer_to(client, unsure())["risk"]

        assert (risk["reps"], risk["reps_with_sigma"]) == (4, 4)
        assert (risk["market_sigma"], risk["market_errors"]) == (0.05, 0)
        company, east = risk["totals"]
        assert (company["unit"], company["target"], company["expected"]) == (None, 400, 400)
        assert (east["unit"], east["target"], east["expected"]) == ("east/1", 190, 200)
        own = sum(exp(sigma**2 - 0.05**2) - 1 for sigma in SIGMAS.values()) / 16
        square = exp(0.05**2) - 1 + exp(0.05**2) * own
        assert company["variation"] == pytest.approx(square**0.5, abs=1e-9)
        assert 0 < company["p10"] < company["p50"] < 400 < company["p90"]
        assert east["reaching"] > company["reaching"] > 0.4

    def test_of_who_attains_is_the_mean_of_the_chances(self, client: TestClient) -> None:
        answer = answer_to(client, unsure())

        chances = [row["attainment_probability"] for row in answer["quotas"]]
        assert answer["risk"]["attaining"] == pytest.approx(sum(chances) / 4, abs=1e-8)
        assert answer["over_assignment"][0]["attaining"] == answer["risk"]["attaining"]
        assert 0 < answer["risk"]["attaining_deviation"] < 0.5

    def test_of_the_company_does_not_depend_on_how_much_is_assigned(
        self, client: TestClient
    ) -> None:
        plain, padded = (answer_to(client, unsure(), over_assignment=h)["risk"] for h in (0, 0.2))

        assert padded["totals"] == plain["totals"]
        assert padded["attaining"] < plain["attaining"]

    def test_is_null_where_nothing_is_known(self, client: TestClient) -> None:
        assert answer_to(client, four_reps())["risk"] is None

    def test_of_totals_is_null_where_somebody_below_has_no_sigma(self, client: TestClient) -> None:
        body = unsure()
        del body["reps"][0]["sigma"]

        risk = answer_to(client, body)["risk"]

        company, east = risk["totals"]
        assert (risk["reps"], risk["reps_with_sigma"]) == (4, 3)
        assert company == {
            "unit": None, "target": 400, "reps": 4, "reps_with_sigma": 3, "expected": 400,
            "variation": None, "reaching": None, "p10": None, "p50": None, "p90": None,
        }  # fmt: skip
        assert east["reaching"] is not None

    def test_is_stored_with_a_version_and_told_again_by_its_check(self, client: TestClient) -> None:
        plan = a_plan(client, unsure())
        version = f"{plan}/versions/{a_version(client, plan)['number']}"

        proof = client.get(f"{version}/certificate").json()
        stored = proof["manifest"]["risk"]

        assert client.get(f"{version}/verify").json()["valid"]
        assert stored["totals"][0]["expected"] == 40_000
        answered = answer_to(client, unsure())["risk"]
        assert stored["totals"][1]["reaching"] == answered["totals"][1]["reaching"]
        stored["totals"][0]["reaching"] += 1e-6
        assert not examine(with_new_hashes(proof)).valid

    def test_of_one_rep_is_the_reps_own(self, client: TestClient) -> None:
        body = {"target": 110, "reps": [{"id": "a", "baseline": 100, "reach": 9, "sigma": 0.25}]}

        risk = answer_to(client, body)["risk"]

        chance = float(ndtr(-0.125 - 4 * 0.0953101798043249))
        assert risk["attaining"] == pytest.approx(chance, abs=1e-8)
        assert risk["totals"][0]["reaching"] == pytest.approx(chance, abs=1e-8)

    def test_stays_away_from_what_one_rep_is_shown(self, client: TestClient) -> None:
        plan = a_plan(client, unsure())
        number = a_version(client, plan)["number"]

        page = client.get(f"/plans/{plan.rsplit('/', 1)[1]}/reps/bob?version={number}")
        row = client.get(f"{plan}/versions/{number}/quotas/bob").json()

        assert page.status_code == 200
        assert "risk" not in row
        assert "Risk" not in page.text


class TestWithWhatHistoryTells:
    def test_estimated_sigmas_and_the_market_learned_make_the_risk(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, with_history())
        version = f"{plan}/versions/{a_version(client, plan)['number']}"

        manifest = client.get(f"{version}/certificate").json()["manifest"]

        risk, estimate = manifest["risk"], manifest["estimate"]
        assert risk["market_sigma"] == estimate["market_sigma"] >= 0.05
        assert risk["market_errors"] == estimate["market_errors"] > 0
        assert risk["reps_with_sigma"] == risk["reps"] == 6
        assert 0 < risk["totals"][0]["reaching"] < 1
        assert client.get(f"{version}/verify").json()["valid"]

    def test_limits_by_chance_need_no_sigma_that_is_given(self, client: TestClient) -> None:
        answer = answer_to(client, with_history(), min_probability=0.2)

        assert min(row["attainment_probability"] for row in answer["quotas"]) >= 0.2


def with_history() -> Document:
    """Six reps who sold for four years, up and down by a few per cent each year."""
    years = [[1.0, 1.1, 0.96, 1.06], [1.0, 0.94, 1.03, 1.1], [1.0, 1.08, 1.12, 0.99]]
    history = [
        {"rep": f"r{k}", "period": f"{2023 + year}-{month:02}", "actual": (10 + k) * size}
        for k in range(6)
        for year, size in enumerate(years[k % 3])
        for month in range(1, 13)
    ]
    reps = [{"id": f"r{k}", "potential": 300 + 20 * k} for k in range(6)]
    return {"target": 950, "reps": reps, "units": [], "history": history}


class TestLimitsByChance:
    def test_the_least_chance_is_a_cap_and_says_so(self, client: TestClient) -> None:
        answer = answer_to(client, four_sure(), min_probability=0.35)

        rows = {row["rep"]: row for row in answer["quotas"]}
        limit = 100 * exp(-(0.1**2) / 2 - float(ndtri(0.35)) * 0.1)
        assert rows["bob"]["cap"] == int(limit * 100) / 100 == rows["bob"]["quota"]
        assert rows["bob"]["binding"] == ["cap"]
        assert min(row["attainment_probability"] for row in rows.values()) >= 0.35
        assert sum(row["quota"] for row in rows.values()) == 416

    def test_the_largest_chance_is_a_floor_and_says_so(self, client: TestClient) -> None:
        answer = answer_to(client, four_sure(target=350), max_probability=0.8)

        rows = {row["rep"]: row for row in answer["quotas"]}
        assert rows["bob"]["binding"] == ["floor"]
        assert rows["bob"]["attainment_probability"] == pytest.approx(0.8, abs=1e-3)
        assert max(row["attainment_probability"] for row in rows.values()) <= 0.8

    @pytest.mark.parametrize("path", ["/v1/allocations", "/v1/allocations/check"])
    def test_they_need_the_sigma_of_every_rep(self, client: TestClient, path: str) -> None:
        body = four_sure()
        del body["reps"][1]["sigma"]

        answer = client.post(path, json=body | {"policy": {"min_probability": 0.3}})

        assert answer.status_code == 422
        needs = "min_probability needs the sigma of every rep, and this one is unknown"
        assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == {
            "/reps/1/sigma": f"bob: {needs}"
        }

    @pytest.mark.parametrize(
        ("policy", "faults"),
        [
            ({"min_probability": 0}, {"/policy/min_probability": "must be greater than 0"}),
            ({"max_probability": 1}, {"/policy/max_probability": "must be less than 1"}),
            (
                {"min_probability": 0.6, "max_probability": 0.4},
                {"/policy/min_probability": "must not exceed max_probability"},
            ),
        ],
    )
    def test_what_can_be_no_limit_is_refused_by_name(
        self, client: TestClient, policy: Document, faults: Document
    ) -> None:
        answer = client.post("/v1/allocations", json=four_sure() | {"policy": policy})

        assert answer.status_code == 422
        assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == faults

    def test_a_conflict_names_the_caps_and_its_relaxation_can_be_sent_back(
        self, client: TestClient
    ) -> None:
        body = four_sure(target=500)

        refused = client.post(
            "/v1/allocations", json=body | {"policy": {"min_probability": 0.35}}
        ).json()

        names = {rule["rule"] for rule in refused["conflict"]}
        assert names == {"target", *(f"rep:{rep}:cap" for rep in SIGMAS)}
        relaxed = answer_to(client, body, min_probability=0.35, relax=refused["relaxation"])
        assert relaxed["status"] == "relaxed"

    def test_a_version_keeps_them_and_its_proof_checks_them(self, client: TestClient) -> None:
        plan = a_plan(client, four_sure())
        a_version(client, plan, policy={"min_probability": 0.35, "max_probability": 0.95})

        proof = client.get(f"{plan}/versions/1/certificate").json()
        assert examine(proof).valid
        assert proof["manifest"]["policy"]["min_probability"] == 0.35

        for name, chance in (("min_probability", 0.4), ("max_probability", 0.3)):
            forged = client.get(f"{plan}/versions/1/certificate").json()
            forged["manifest"]["policy"][name] = chance
            found = examine(with_new_hashes(forged))
            assert not found.valid
            assert f"the limits of bob are wider than {name} of the policy allows" in found.faults


def four_sure(**changes: Any) -> Document:
    inputs = four_reps(target=416, units=[{"id": "west"}, {"id": "east/1"}])
    for rep in inputs["reps"]:
        rep |= {"sigma": SIGMAS[rep["id"]]}
        rep.pop("max", None)
    inputs["reps"][3]["sigma"] = 0.2
    return inputs | changes
