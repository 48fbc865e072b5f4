"""Rules across teams, told through the public API of a running server: agreed, broken, mended."""

from pathlib import Path
from typing import Any

from tests.e2e.conftest import Api, quotas, verify

SPECIALISTS = {"id": "specialists", "reps": ["ann", "cyd"], "max": 210}
BALANCE = {"cohort": "role", "tolerance": 0.01}


def test_a_plan_with_rules_across_teams(api: Api, tmp_path: Path) -> None:
    # ── A plan of two teams, who have two roles and two margins ──
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    plan = api.post("/v1/plans", {"name": "FY27", "period": period}).headers["Location"]
    facts: dict[str, Any] = {
        "target": 440,
        "units": [{"id": "east"}, {"id": "west", "owner": "m-12"}],
        "reps": [
            {"id": "ann", "unit": "west", "cohorts": {"role": "AE"}, "name": "Ann Lee"},
            {"id": "bob", "unit": "west", "cohorts": {"role": "AE"}},
            {"id": "cyd", "unit": "east", "cohorts": {"role": "SDR"}},
            {"id": "dan", "unit": "east", "cohorts": {"role": "SDR"}},
        ],
    }
    for rep in facts["reps"]:
        rep |= {"baseline": 100, "reach": 100}
    assert api.put(f"{plan}/inputs", facts).status == 200

    # ── A slip in a rule is named where it stands ─────────────
    slip = {**SPECIALISTS, "reps": ["ann", "cid"]}
    refused = api.post(f"{plan}/versions", {"policy": {"groups": [slip]}})
    assert refused.status == 422
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/policy/groups/0/reps/1"]

    # ── The specialists carry 210, and the roles stay balanced ──
    policy: dict[str, Any] = {"groups": [SPECIALISTS], "parity": [BALANCE]}
    first = api.post(f"{plan}/versions", {"policy": policy})
    assert first.status == 201
    assert (first.json["engine"], first.json["relaxed"], first.json["gaps"]) == ("lp", [], [])
    assert quotas(api, first.headers["Location"]) == {
        "ann": 105, "bob": 115, "cyd": 105, "dan": 115
    }  # fmt: skip
    assert first.json["policy"]["groups"] == [{**SPECIALISTS, "min": 0}]

    # ── Demand for the specialists falls; everybody else has a limit ──
    for rep in facts["reps"][1::2]:
        rep["max"] = 118
    api.put(f"{plan}/inputs", facts)
    policy["groups"] = [{**SPECIALISTS, "max": 200}]
    impossible = api.post(f"{plan}/versions", {"policy": policy})
    assert impossible.status == 422
    assert {rule["rule"] for rule in impossible.json["conflict"]} == {
        "group:specialists:max", "rep:bob:cap", "rep:dan:cap", "target"
    }  # fmt: skip
    change = {"rule": "group:specialists:max", "from": 200, "to": 204}
    assert impossible.json["relaxation"] == [change]

    # ── It is accepted: sent back as it came ──────────────────
    accepted = {**policy, "relax": impossible.json["relaxation"]}
    second = api.post(f"{plan}/versions", {"policy": accepted, "note": "agreed with the west"})
    assert second.status == 201
    assert second.json["relaxed"] == [change]
    assert second.json["policy"]["relax"] == [{"rule": change["rule"], "to": 204}]
    address = second.headers["Location"]
    assert quotas(api, address) == {"ann": 102, "bob": 118, "cyd": 102, "dan": 118}
    assert api.get(address).json["relaxed"] == [change]

    # ── A late copy of it meets another rule ──────────────────
    policy["groups"] = [{**SPECIALISTS, "max": 202}]
    late = api.post(f"{plan}/versions", {"policy": {**policy, "relax": [change]}})
    assert late.status == 422
    assert late.json["errors"][0]["pointer"] == "/policy/relax/0/from"

    # ── Or nobody gives way, and the west has to sign for the gap ──
    facts["units"][1]["min"] = 250
    facts["reps"][0]["max"] = 118
    api.put(f"{plan}/inputs", facts)
    third = api.post(f"{plan}/versions", {"policy": {"on_infeasible": "gap"}})
    assert third.status == 201
    assert third.json["gap"] == 14
    assert third.json["gaps"] == [
        {"unit": "west", "amount": 14, "owner": "m-12", "held_by": [{"rule": "cap", "reps": 2}]}
    ]
    booked = third.headers["Location"]
    assert sum(quotas(api, booked).values()) == third.json["assigned"] == 426

    # ── An auditor checks all of them offline; no name is in them ──
    for version in (first.headers["Location"], address, booked):
        assert api.get(f"{version}/verify").json["valid"]
        proof = tmp_path / "proof.json"
        proof.write_bytes(api.get(f"{version}/certificate").content)
        assert verify(proof) == 0
        assert b"Ann Lee" not in proof.read_bytes()
        assert b"m-12" not in proof.read_bytes()
