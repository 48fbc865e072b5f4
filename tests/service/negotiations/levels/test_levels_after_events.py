"""Units of a version in which people moved, left and came: every unit still keeps its envelope."""

from starlette.testclient import TestClient

from tests.service.allocations.plans import publish, quotas
from tests.service.negotiations.happenings import from_july, happens
from tests.service.negotiations.levels.teams import adjust, at, freeze, step


def assembled(client: TestClient, version: str, **body: object) -> str:
    answer = client.post(f"{version}/assemble", json=body)
    assert answer.status_code == 201, answer.text
    verified = client.get(f"{answer.headers['location']}/verify").json()
    assert verified["valid"], verified["faults"]
    return str(answer.headers["location"])


def test_somebody_who_carries_for_two_units(client: TestClient, plan: str) -> None:
    happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
    version = f"{plan}/versions/2"
    before = {row["unit"]: row["quota"] for row in client.get(f"{version}/units").json()["items"]}
    for unit in ("west", "east"):
        freeze(client, version, unit, effective="2027-08")
    reps = client.get(at(version, "west")).json()["items"]
    rep = reps[0]["rep"]
    step(client, version, "west", "solve")
    if len(reps) > 1:
        assert adjust(client, version, "west", **{rep: reps[0]["quota"] + 10}).status_code == 200
    for unit in ("west", "east"):
        assert step(client, version, unit, "sign-off").status_code == 200

    made = assembled(client, version)

    after = {row["unit"]: row["quota"] for row in client.get(f"{made}/units").json()["items"]}
    assert after == before


def test_who_has_left_and_who_is_new(client: TestClient, plan: str) -> None:
    happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
    row = {"id": "new", "name": "Nora New", "unit": "west"}
    happens(client, plan, "siblings", **from_july(kind="hire", rep=row, takes_over="ann"))
    version = f"{plan}/versions/3"
    freeze(client, version, "west", effective="2027-08")
    before = quotas(client, version)
    assert step(client, version, "west", "solve").status_code == 200
    answer = adjust(client, version, "west", new=before["new"] + 10)
    assert answer.status_code == 200, answer.text
    step(client, version, "west", "sign-off")

    made = assembled(client, version)

    after = quotas(client, made)
    assert after["new"] == before["new"] + 10
    assert after["ann"] == before["ann"] == 600  # who has left carries nothing of it
    assert sum(after.values()) == sum(before.values())
    assert publish(client, made).status_code == 200
