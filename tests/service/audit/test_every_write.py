"""Every write of the running service leaves its entry in the trail.

The calls are those that the app has: a new one that neither belongs to the season below nor is said
to store nothing is found here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.webhooks.repository import Webhooks
from service.webhooks.tables import WebhookDelivery
from tests.service.allocations.plans import FY27, four_reps
from tests.service.negotiations.requests import LOST

PLAN = "/v1/plans/{plan_id}"
VERSION = f"{PLAN}/versions/{{number}}"
REQUEST = f"{PLAN}/change-requests/{{request_id}}"
EVENT = f"{PLAN}/events/{{event_id}}"
UNIT = f"{VERSION}/units/{{unit}}"
WEBHOOK = "/v1/webhooks/{webhook_id}"

STORES_NOTHING = frozenset(
    {
        "POST /v1/allocations",
        "POST /v1/allocations/check",
        "POST /v1/allocations/backtest",
        "POST /v1/allocations/simulation",
        f"POST {VERSION}/simulation",
        f"POST {VERSION}/replay",
        f"POST {VERSION}/fairness",
        f"POST {VERSION}/fairness/cohorts",
    }
)


@dataclass
class Season:
    """Calls one write after the other, and looks into the trail after each."""

    client: TestClient
    database: Database
    ids: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)
    told: int = 0

    def call(self, name: str, body: Any = None, **ids: str) -> Any:
        """The answer; `ids` hold from here on."""
        self.ids |= ids
        method, path = name.split()
        address = re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], path)
        sent = {"files": body, "data": {"target": "5"}} if "files" in path else {"json": body}
        headers = {"If-Match": "*"}
        answer = self.client.request(
            method, address, headers=headers, **(sent if body is not None else {})
        )
        assert answer.status_code < 300, f"{name}: {answer.text}"
        told = len(self.entries())
        if told == self.told:
            self.silent.append(name)
        self.told = told
        self.made.add(name)
        return answer.json() if answer.content else None

    def versioned(self, name: str, body: Any = None, **ids: str) -> None:
        """Of a call that makes a version: the next ones are about that."""
        told = self.call(name, body, **ids)
        self.ids["number"] = str(told.get("number") or told["version"])

    def entries(self) -> Sequence[AuditEntry]:
        with self.database.reading.begin() as session:
            return session.scalars(sa.select(AuditEntry)).all()


def test_every_write_leaves_an_entry(client: TestClient, app: FastAPI, database: Database) -> None:
    season = Season(client, database)
    told = {"url": "https://receiver.invalid/", "events": ["*"]}
    season.ids["webhook_id"] = season.call("POST /v1/webhooks", told)["id"]
    _plans(season)
    _versions(season)
    _adjustments(season)
    _requests(season)
    _events(season)
    _units(season)
    _keys_and_webhooks(season)
    season.call("DELETE /v1/people/{rep}", rep="ann")
    other = season.call("POST /v1/plans", FY27)["id"]
    season.call(f"POST {PLAN}/inputs/files", {"file": ("reps.csv", A_FILE)}, plan_id=other)
    season.call(f"DELETE {PLAN}")

    assert season.silent == []
    assert {own.action for own in season.entries() if _makes(own) and not _hashes(own)} == set()
    assert season.made | STORES_NOTHING == {
        f"{method} {context.path_format}"
        for context in iter_route_contexts(app.routes)
        for method in (context.methods or set()) - {"GET", "HEAD"}
    }


def _makes(entry: AuditEntry) -> bool:
    """Something that has a hash."""
    return entry.action.startswith(("version.", "inputs."))


def _hashes(entry: AuditEntry) -> bool:
    said = entry.before, entry.after, entry.facts.get("hash")
    return any(own and str(own).startswith("sha256:") for own in said)


A_FILE = b"rep_id,baseline,reach\nann,1,1\n"


def _plans(season: Season) -> None:
    inputs = four_reps()
    inputs["reps"].append({"id": "eve", "baseline": 100, "reach": 100})
    plan = season.call("POST /v1/plans", FY27)["id"]
    season.call(f"PATCH {PLAN}", {"name": "again"}, plan_id=plan)
    season.call(f"PUT {PLAN}/inputs", inputs)
    season.call(f"PATCH {PLAN}/inputs", {"target": 550})


def _versions(season: Season) -> None:
    season.versioned(f"POST {PLAN}/versions", {"policy": {"season": "even"}})
    for step in ("submit", "withdraw", "submit"):
        season.call(f"POST {VERSION}/{step}")
    season.call(f"POST {VERSION}/reject", {"reason": "no"})
    for step in ("submit", "approve", "publish"):
        season.call(f"POST {VERSION}/{step}")
    grid = {"fairness": ["equal_growth"]}
    season.call(f"POST {PLAN}/scenarios", {"grid": grid, "store": True})
    body = {"quotas": [{"rep": rep, "quota": 110} for rep in ("ann", "bob", "cyd", "d/d", "eve")]}
    season.versioned(f"POST {PLAN}/versions/import", body | {"policy": {}})
    season.call(f"POST {VERSION}/repair", {})


def _adjustments(season: Season) -> None:
    body: dict[str, Any] = {"funding": "unfunded", "adjustments": []}
    for rep in ("bob", "eve"):
        body["adjustments"].append({"rep": rep, "quota": 101, "reason": "why"})
    season.versioned(f"PATCH {VERSION}/quotas", body, number="1")
    season.call(f"POST {VERSION}/gaps/{{unit}}/sign", unit="west")
    season.call(f"POST {VERSION}/gaps/sign")
    season.call(f"DELETE {VERSION}/locks/{{rep}}", rep="bob")


def _requests(season: Season) -> None:
    body = {"version": 1, "proposed": 105, "evidence": [LOST | {"note": "why"}]}

    def ask(rep: str) -> None:
        told = season.call(f"POST {PLAN}/change-requests", body | {"rep": rep})
        season.ids["request_id"] = told["id"]

    ask("cyd")
    season.call(f"POST {REQUEST}/counter", {"amount": 107, "funding": "siblings"})
    season.call(f"POST {REQUEST}/accept", {"amount": 107, "funding": "siblings"})
    ask("bob")
    season.call(f"POST {REQUEST}/escalate")
    season.call(f"POST {REQUEST}/reject")
    ask("d/d")
    season.call(f"POST {REQUEST}/withdraw")
    season.call(f"DELETE {REQUEST}/notes")


def _events(season: Season) -> None:
    for rep, step, body in (
        ("cyd", "withdraw", None),
        ("cyd", "reject", {"reason": "no"}),
        ("cyd", "accept", {"funding": "siblings"}),
    ):
        leave = {"kind": "leave", "rep": rep, "from": "2027-07-01"}
        season.ids["event_id"] = season.call(f"POST {PLAN}/events", leave)["id"]
        season.call(f"POST {EVENT}/{step}", body)


def _units(season: Season) -> None:
    season.versioned(f"POST {PLAN}/versions", {"base_version": 1})
    season.call(f"POST {UNIT}/freeze", unit="east%2F1")
    season.call(f"POST {UNIT}/unfreeze")
    season.call(f"POST {UNIT}/freeze")
    adjusted = {"adjustments": [{"rep": "d/d", "quota": 112, "reason": "why"}]}
    season.call(f"PATCH {UNIT}/quotas", adjusted)
    for step in ("sign-off", "reopen", "solve", "sign-off"):
        season.call(f"POST {UNIT}/{step}")
    season.versioned(f"POST {VERSION}/assemble")


def _keys_and_webhooks(season: Season) -> None:
    key = season.call("POST /v1/keys", {"name": "k", "role": "admin"})["id"]
    season.call("POST /v1/keys/{key_id}/rotate", {}, key_id=key)
    season.call("POST /v1/keys", {"name": "another", "role": "admin"})
    season.call("DELETE /v1/keys/{key_id}")
    season.call(f"POST {WEBHOOK}/rotate", {})
    season.call(f"POST {WEBHOOK}/test")
    season.call(f"POST {WEBHOOK}/disable")
    season.call(f"POST {WEBHOOK}/enable")
    season.call(f"POST {WEBHOOK}/deliveries/{{delivery_id}}/retry", delivery_id=_put_off(season))
    season.call(f"DELETE {WEBHOOK}")


def _put_off(season: Season) -> str:
    """The id of a delivery that failed and will be tried again tomorrow."""
    now = utc_now()
    with season.database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        Webhooks(session, DEFAULT_WORKSPACE).relay(now + timedelta(days=1))
        session.flush()
        session.execute(sa.update(WebhookDelivery).values(attempts=1, last_attempt_at=now))
    address = WEBHOOK.format(**season.ids)
    [delivery, *_] = season.client.get(f"{address}/deliveries").json()["items"]
    return str(delivery["id"])
