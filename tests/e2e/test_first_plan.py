"""The first plan, told through the public API of a running server, from empty folder to proof."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Answer, Api, quotas, verify


def test_the_first_plan(api: Api, tmp_path: Path) -> None:
    # ── The service is up ─────────────────────────────────────
    assert api.get("/healthz").status == 200
    assert api.get("/readyz").status == 200

    # ── Sales operations start a plan for next year ───────────
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    created = api.post("/v1/plans", {"name": "FY27", "currency": "USD", "period": period})
    assert created.status == 201
    plan = created.headers["Location"]

    # ── Solving comes too early: nobody has said who sells what ──
    early = api.post(f"{plan}/versions", {})
    assert early.status == 409
    assert "PUT" in early.json["detail"]

    # ── The facts go in; every slip is named at once ──────────
    facts: dict[str, Any] = {
        "target": 440,
        "units": [{"id": "west", "max": 150}],
        "reps": [
            {"id": "ann", "name": "Ann Lee", "unit": "wets", "baseline": 100, "reach": 100},
            {"id": "bob", "unit": "west", "baseline": 100, "reach": -100},
            {"id": "cyd", "baseline": 100, "reach": 100},
            {"id": "dan", "baseline": 100, "reach": 100, "max": 105},
        ],
    }
    refused = api.put(f"{plan}/inputs", facts)
    assert refused.status == 422
    assert {fault["pointer"] for fault in refused.json["errors"]} == {
        "/reps/0/unit", "/reps/1/reach"
    }  # fmt: skip
    facts["reps"][0]["unit"], facts["reps"][1]["reach"] = "west", 100
    stored = api.put(f"{plan}/inputs", facts)
    assert stored.status == 200
    assert stored.json["counts"]["reps"] == 4

    # ── The west may carry 150 only, dan 105: cyd carries the rest ──
    first = api.post(f"{plan}/versions", {"note": "as asked"})
    assert first.status == 201
    assert quotas(api, first.headers["Location"]) == {
        "ann": 75, "bob": 75, "cyd": 185, "dan": 105
    }  # fmt: skip

    # ── 440 cannot be reached if cyd has a cap, too ───────────
    facts["reps"][2]["max"] = 120
    api.put(f"{plan}/inputs", facts)
    impossible = api.post(f"{plan}/versions", {})
    assert impossible.status == 422
    assert impossible.json["type"] == "/problems/infeasible"
    assert {rule["rule"] for rule in impossible.json["conflict"]} == {
        "target", "unit:west:max", "rep:cyd:cap", "rep:dan:cap"
    }  # fmt: skip
    (change,) = impossible.json["relaxation"]

    # ── The smallest change that mends it does mend it ────────
    assert change == {"rule": "unit:west:max", "from": 150, "to": 215}
    facts["units"][0]["max"] = change["to"]
    api.put(f"{plan}/inputs", facts)
    second = api.post(f"{plan}/versions", {"note": "the west carries more"})
    address = second.headers["Location"]
    assert second.json["parent_hash"] == first.json["hash"]
    assert sum(quotas(api, address).values()) == 440

    # ── The second proposal is submitted, approved, published ─
    assert api.post(f"{address}/submit", {}).status == 428
    published = walk(api, address, second, "submit", "approve", "publish")
    assert (published.status, published.json["status"]) == (200, "published")
    assert api.post(f"{address}/publish", {}, If_Match=published.headers["ETag"]).status == 409

    # ── A rep asks: why this number? ──────────────────────────
    ann = api.get(f"{address}/quotas/ann").json
    assert ann["quota"] == 107.5
    assert sum(term["amount"] for term in ann["explanation"]) == 107.5
    assert ann["growth_beside"]["company"] == pytest.approx(0.1)

    # ── An auditor takes the proof home and checks it offline ──
    assert api.get(f"{address}/verify").json["valid"]
    proof = tmp_path / "proof.json"
    proof.write_bytes(api.get(f"{address}/certificate").content)
    assert verify(proof) == 0
    assert b"Ann Lee" not in proof.read_bytes()

    # ── Somebody "corrects" one number in it ──────────────────
    proof.write_bytes(proof.read_bytes().replace(b'"quota":10750', b'"quota":10751', 1))
    assert verify(proof) == 1


def walk(api: Api, version: str, seen: Answer, *steps: str) -> Answer:
    """Take steps with a version, each with what the one before has shown."""
    for step in steps:
        seen = api.post(f"{version}/{step}", {}, If_Match=seen.headers["ETag"])
    return seen
