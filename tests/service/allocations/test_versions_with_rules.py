"""Versions with rules across teams, on real databases: any order, many at once, two workspaces."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.ids import new_id
from service.plans.tables import Plan
from tests.service.allocations.plans import Document, a_plan, a_version
from tests.service.steps import approved

POLICY: Document = {
    "groups": [
        {"id": "few", "reps": ["r0", "r3", "r5"], "max": 330},
        {"id": "many", "reps": ["r1", "r2", "r3", "r6"], "min": 440},
    ],
    "parity": [{"cohort": "role", "tolerance": 0.05}, {"cohort": "grade", "tolerance": 0.1}],
    "margin_floors": [{"id": "all", "min": 200}, {"id": "west", "min": 50, "unit": "west"}],
    "rows": [
        {"id": "one", "coefficients": {"r4": 1, "r5": -0.5, "r6": 2}, "max": 400},
        {"id": "two", "coefficients": {"r0": 1, "r7": 1}, "min": 150},
    ],
}


def facts() -> Document:
    """Eight reps of three units with two cohorts each."""
    reps = [
        {
            "id": f"r{k}",
            "unit": ("west", "east", "east/1")[k % 3],
            "baseline": 100 + 3 * k,
            "reach": 20 + k,
            "margin": 0.3 if k % 2 else 0.4,
            "cohorts": {"role": "AE" if k % 2 else "SDR", "grade": "ab"[k % 4 // 2]},
        }
        for k in range(8)
    ]
    units = [{"id": "west"}, {"id": "east"}, {"id": "east/1", "parent": "east", "max": 300}]
    return {"target": 940, "units": units, "reps": reps}


def shuffled(value: Any, noise: random.Random) -> Any:
    """The same in another order: members of every object, entries of every list."""
    if isinstance(value, dict):
        members = [(name, shuffled(inner, noise)) for name, inner in value.items()]
        return dict(noise.sample(members, len(members)))
    if isinstance(value, list):
        return noise.sample([shuffled(inner, noise) for inner in value], len(value))
    return value


def test_no_order_of_rows_changes_the_hash_of_a_version(client: TestClient) -> None:
    noise = random.Random(20_261_122)
    others = [(shuffled(facts(), noise), shuffled(POLICY, noise)) for _ in range(4)]
    hashes = set()
    for inputs, policy in ((facts(), POLICY), *others):
        plan = a_plan(client, inputs)
        version = a_version(client, plan, policy=policy)
        hashes.add((version["inputs_hash"], version["hash"]))
        proof = client.get(f"{plan}/versions/1/certificate").json()
        hashes.add((version["inputs_hash"], proof["hash"]))

    assert len(hashes) == 1


def test_a_version_tells_the_sum_of_every_rule_as_the_answer_did(client: TestClient) -> None:
    plan = a_plan(client, facts())
    a_version(client, plan, policy=POLICY)
    a_version(client, plan)
    answer = client.post(
        "/v1/allocations", json={**facts(), "increment": 1, "policy": POLICY}
    ).json()

    told = client.get(f"{plan}/versions/1/rules").json()["rules"]

    assert told == answer["rules"]
    assert len(told) == 2 + 2 + 2 + 2 + 2
    assert client.get(f"{plan}/versions/2/rules").json() == {"rules": []}


def test_a_policy_sent_without_its_name_is_told_where_it_belongs(client: TestClient) -> None:
    errors = client.post(f"{a_plan(client, facts())}/versions", json=POLICY).json()["errors"]

    assert {fault["detail"] for fault in errors} == {"is a member of `policy`: put it there"}
    assert len(errors) == len(POLICY)


def test_two_who_solve_at_once_get_two_versions_in_one_line(
    app: FastAPI, client: TestClient
) -> None:
    plan = a_plan(client, facts())

    def solve(tolerance: float) -> Response:
        policy = POLICY | {"parity": [{"cohort": "role", "tolerance": tolerance}]}
        own = TestClient(app, base_url="http://127.0.0.1")
        return own.post(f"{plan}/versions", json={"policy": policy})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(solve, (0.05, 0.05, 0.04, 0.06)))

    assert {answer.status_code for answer in answers} == {201}
    versions = sorted((answer.json() for answer in answers), key=lambda found: found["number"])
    assert [version["number"] for version in versions] == [1, 2, 3, 4]
    parents = [version["parent_hash"] for version in versions]
    assert parents == [None, *(version["hash"] for version in versions[:-1])]
    for number in range(1, 5):
        assert client.get(f"{plan}/versions/{number}/verify").json()["valid"]


def test_of_two_published_at_once_one_stays_published(app: FastAPI, client: TestClient) -> None:
    plan = a_plan(client, facts())
    etags = {}
    for number in (1, 2):
        a_version(client, plan, policy=POLICY)
        etags[number] = approved(client, f"{plan}/versions/{number}")

    def publish_it(number: int) -> int:
        own = TestClient(app, base_url="http://127.0.0.1")
        seen = {"If-Match": etags[number]}
        return own.post(f"{plan}/versions/{number}/publish", headers=seen).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(publish_it, (1, 2, 1, 2)))

    assert sorted(answers) == [200, 200, 412, 412]
    statuses = [version["status"] for version in client.get(f"{plan}/versions").json()["items"]]
    assert sorted(statuses) == ["published", "superseded"]


SHEET = {"file": ("reps.csv", b"rep_id\nr0\n")}


def test_no_route_answers_anything_of_another_workspace(
    app: FastAPI, client: TestClient, database: Database
) -> None:
    """Every call that names a plan says the same of theirs as of one that nobody has."""
    plan = a_plan(client, facts())
    inputs_hash = a_version(client, plan, policy=POLICY)["inputs_hash"]
    theirs = plan.removeprefix("/v1/plans/")
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
        session.flush()
        session.execute(sa.update(Plan).values(workspace_id="wsp_other"))
    bodies = {"put": facts(), "patch": {"name": "mine"}, "post": {"policy": POLICY}}
    own_bodies = {
        **dict.fromkeys(
            (f"post /{step}" for step in ("submit", "approve", "withdraw", "publish")), None
        ),
        "post /reject": {"reason": "mine is better"},
        "post /fairness": {"actuals": [{"rep": "r0", "actual": 1}]},
        "post /cohorts": {"cohorts": [{"rep": "r0", "attributes": {"sex": "F"}}]},
    }
    own_bodies["post /assemble"] = {"exceptions": []}
    adjustments = [{"rep": "r0", "quota": 1, "reason": "mine is better"}]
    negotiations: dict[str, Any] = {
        "post /counter": {"amount": 1},
        "post /accept": {"funding": "siblings"},
        "post /reject": {},
        "patch /quotas": {"adjustments": adjustments},
    }
    values = {
        "number": 1, "other": 1, "rep": "r0", "unit": "u0", "inputs_hash": inputs_hash,
        "event_id": new_id("evt"), "request_id": new_id("chg"),
    }  # fmt: skip

    def answered(plan_id: str, method: str, path: str) -> tuple[int, str]:
        address = path.format(plan_id=plan_id, **values)
        last = f"{method} /{path.rpartition('/')[2]}"
        negotiated = any(part in path for part in ("{request_id}", "{event_id}", "{unit}"))
        body = negotiations.get(last) if negotiated else own_bodies.get(last, bodies.get(method))
        sent: dict[str, Any] = {"files": SHEET} if last == "post /files" else {"json": body}
        answer = client.request(method, address, headers={"If-Match": "*"}, **sent)
        said = re.sub(r'"request_id":"[^"]*"', "", answer.text).replace(plan_id, "it")
        return answer.status_code, said

    routes = [
        (method, path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if "{plan_id}" in path
    ]
    assert len(routes) >= 14
    for method, path in routes:
        status, said = answered(theirs, method, path)
        assert (status, said) == answered(new_id("plan"), method, path)
        assert status == 404, f"{method} {path}: {said}"
