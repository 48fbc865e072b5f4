"""`equal_probability` from the call to the page: one chance for all whom nothing holds."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version, four_reps

type Document = dict[str, Any]

POLICY = {"fairness": "equal_probability"}
SIGMAS = {"ann": 0.2, "bob": 0.1, "cyd": 0.3, "d/d": 0.6}


def unsure(**changes: Any) -> Document:
    """Four reps who expect 100 and are unequally sure of it; ann can carry 90 at most."""
    inputs = four_reps(target=380, **changes)
    for rep in inputs["reps"]:
        rep |= {"sigma": SIGMAS[rep["id"]]}
    inputs["reps"][0]["max"] = 90
    return inputs


def rows_of(client: TestClient, body: Document) -> dict[str, Document]:
    answer = client.post("/v1/allocations", json=body | {"policy": POLICY})
    assert answer.status_code == 200, answer.text
    return {row["rep"]: row for row in answer.json()["quotas"]}


def test_whoever_nothing_holds_has_the_same_chance(client: TestClient) -> None:
    rows = rows_of(client, unsure())

    chance = {rep: row["attainment_probability"] for rep, row in rows.items()}
    assert chance["cyd"] == pytest.approx(chance["bob"], abs=1e-3)
    assert chance["d/d"] == pytest.approx(chance["bob"], abs=1e-3)
    assert chance["ann"] > chance["bob"]
    assert rows["ann"]["binding"] == ["cap"]
    assert sum(row["quota"] for row in rows.values()) == 380


def test_terms_begin_at_the_quota_of_an_even_chance(client: TestClient) -> None:
    terms = rows_of(client, unsure())["bob"]["explanation"]

    assert terms[0] == {"term": "anchor", "amount": 99.5}  # 100 x exp(-0.1 ^ 2 / 2)


def test_stretch_is_told_and_an_effort_index_is_not(client: TestClient) -> None:
    body = unsure() | {"policy": POLICY}

    answer = client.post("/v1/allocations", json=body).json()

    common = answer["common"]["stretch"]
    assert [row["effort"] for row in answer["quotas"]] == [None] * 4
    free = [row["stretch"] for row in answer["quotas"] if not row["binding"]]
    assert free == pytest.approx([common] * 3)


def test_who_expects_nothing_has_no_stretch_to_tell(client: TestClient) -> None:
    body = unsure()
    body["reps"].append({"id": "new", "baseline": 0, "sigma": 0.5})

    row = rows_of(client, body)["new"]

    assert (row["quota"], row["stretch"], row["binding"]) == (0, None, [])


def test_a_target_of_nothing_is_attained_for_sure(client: TestClient) -> None:
    rows = rows_of(client, unsure() | {"target": 0})

    assert {row["attainment_probability"] for row in rows.values()} == {1.0}
    assert {row["stretch"] for row in rows.values()} == {None}


@pytest.mark.parametrize("path", ["/v1/allocations", "/v1/allocations/check"])
def test_a_missing_sigma_is_told_at_its_place(client: TestClient, path: str) -> None:
    body = unsure()
    del body["reps"][1]["sigma"], body["reps"][3]["sigma"]

    answer = client.post(path, json=body | {"policy": POLICY})

    assert answer.status_code == 422
    needs = "equal_probability needs the sigma of every rep, and this one is unknown"
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == {
        "/reps/1/sigma": f"bob: {needs}",
        "/reps/3/sigma": f"d/d: {needs}",
    }


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ({"engine": "lp"}, "/policy/engine"),
        ({"groups": [{"id": "key", "reps": ["ann"], "max": 80}]}, "/policy/fairness"),
    ],
)
def test_what_it_cannot_be_combined_with_is_refused_by_name(
    client: TestClient, rules: Document, pointer: str
) -> None:
    answer = client.post("/v1/allocations", json=unsure() | {"policy": POLICY | rules})

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_version_of_it_can_be_verified(client: TestClient) -> None:
    plan = a_plan(client, unsure())
    a_version(client, plan, policy=POLICY)

    verified = client.get(f"{plan}/versions/1/verify").json()

    assert set(verified["checks"].values()) == {True}


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Chance of attaining"), ("zh", "达成概率")],
)
@pytest.mark.parametrize("target", [0, 380, 5_000])
def test_pages_tell_chances_where_they_told_efforts(
    client: TestClient, language: str, said: str, target: int
) -> None:
    plan = a_plan(client, unsure() | {"target": target})
    a_version(client, plan, policy=POLICY)

    for page in ("", "/reps/ann", "/reps/bob"):
        answer = client.get(f"{plan.removeprefix('/v1')}{page}?lang={language}")
        assert answer.status_code == 200
        assert said in answer.text
        assert "equal_probability" not in answer.text.partition("<details")[0]


def test_the_page_of_a_rep_tells_the_own_chance_and_the_common_one(client: TestClient) -> None:
    plan = a_plan(client, unsure())
    a_version(client, plan, policy=POLICY)

    page = client.get(f"{plan.removeprefix('/v1')}/reps/ann?lang=en").text

    [(own, common)] = re.findall(
        r"Chance of attaining</dt><dd[^>]*>([\d.]+)%</dd><dd[^>]*>([\d.]+)% for all whom no", page
    )
    assert float(own) > float(common)
