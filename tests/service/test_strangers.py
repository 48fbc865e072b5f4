"""Every call of the running service, made by somebody whom it is none of the business of.

The calls are those that the app has, so a new one is found here, and asked how it is called
(`BODIES`). Each is made with ids that exist, and again with ids that do not: who may not see
something is answered alike, word for word. Nothing of it moves anything.
"""

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.access import ALLOWED
from service.kit.auth import DEFAULT_WORKSPACE, Role, Workspace
from service.kit.clock import utc_now
from service.kit.db import Base, Database
from service.kit.ids import new_id
from service.webhooks.repository import Webhooks
from tests.service.allocations.plans import FY27, a_version, four_reps
from tests.service.callers import Callers
from tests.service.kit.test_access import needs_of
from tests.service.negotiations.requests import LOST, a_published_plan, a_request
from tests.service.operations.following import begun, done

type Ids = Mapping[str, str]

OTHERS = "wsp_other"
LATER = {"If-Match": "*"}
LEAVE = {"kind": "leave", "rep": "cyd", "from": "2027-07-01"}
INPUTS = four_reps()
ADJUSTED = {"adjustments": [{"rep": "cyd", "quota": 111, "reason": "why"}]}

BODIES: dict[str, Any] = {
    "POST /v1/keys": {"name": "k", "role": "admin"},
    "POST /v1/keys/{key_id}/rotate": {},
    "POST /v1/webhooks/{webhook_id}/rotate": {},
    "POST /v1/webhooks": {"url": "https://example.com/", "events": ["*"]},
    "POST /v1/plans": FY27,
    "POST /v1/batches": {"filter": {"name": "*"}},
    "PATCH /v1/plans/{plan_id}": {"name": "mine"},
    "PUT /v1/plans/{plan_id}/inputs": INPUTS,
    "PATCH /v1/plans/{plan_id}/inputs": {"target": 500},
    "POST /v1/plans/{plan_id}/inputs/roll-forward": {"target": 500},
    "POST /v1/plans/{plan_id}/versions": {},
    "POST /v1/plans/{plan_id}/versions/{number}/reject": {"reason": "no"},
    "PATCH /v1/plans/{plan_id}/versions/{number}/quotas": ADJUSTED | {"funding": "siblings"},
    "POST /v1/plans/{plan_id}/scenarios": {"grid": {"fairness": ["equal_growth"]}},
    "POST /v1/plans/{plan_id}/versions/import": {"quotas": [{"rep": "cyd", "quota": 441}]},
    "POST /v1/plans/{plan_id}/versions/{number}/repair": {},
    "POST /v1/plans/{plan_id}/versions/{number}/fairness": {
        "actuals": [{"rep": "cyd", "actual": 1}]
    },
    "POST /v1/plans/{plan_id}/versions/{number}/fairness/cohorts": {
        "cohorts": [{"rep": "cyd", "cohorts": {"role": "AE"}}]
    },
    "POST /v1/plans/{plan_id}/change-requests": {
        "version": 1, "rep": "cyd", "proposed": 108, "evidence": [LOST],
    },
    "POST /v1/plans/{plan_id}/change-requests/{request_id}/counter": {"amount": 111},
    "POST /v1/allocations": INPUTS,
    "POST /v1/allocations/check": INPUTS,
    "POST /v1/allocations/backtest": INPUTS,
    "POST /v1/allocations/simulation": INPUTS,
    "POST /v1/plans/{plan_id}/versions/{number}/simulation": {"draws": 10},
    "POST /v1/plans/{plan_id}/events": LEAVE,
    "POST /v1/plans/{plan_id}/events/{event_id}/accept": {"funding": "siblings"},
    "POST /v1/plans/{plan_id}/events/{event_id}/reject": {"reason": "no"},
    "PATCH /v1/plans/{plan_id}/versions/{number}/units/{unit}/quotas": ADJUSTED,
}  # fmt: skip
"""What is sent where a body is needed; all other writes are called without one."""

QUERIES = {"GET /v1/exports/{format}": "?plan={plan_id}&version={number}"}
"""What stands behind the path, where a call asks for something by it."""

FILES: dict[str, Any] = {
    "POST /v1/plans/{plan_id}/inputs/files": {"file": ("reps.csv", b"rep_id\ncyd\n")},
}
"""What is sent as a form."""


@dataclass(frozen=True)
class Call:
    """One call of the app, and who may make it."""

    method: str
    path: str
    roles: frozenset[Role] = frozenset(Role)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.address)

    @property
    def address(self) -> str:
        return self.path + QUERIES.get(self.name, "")

    def make(self, client: TestClient, ids: Ids) -> Response:
        address = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], self.address)
        body = BODIES.get(self.name)
        sent = {} if body is None else {"json": body}
        if self.name in FILES:
            sent = {"files": FILES[self.name], "data": {"target": "500"}}
        return client.request(self.method, address, headers=LATER, **sent)


@dataclass(frozen=True)
class World:
    """A company in whose plan something of everything exists."""

    callers: Callers
    admin: TestClient
    ids: Ids
    calls: list[Call] = field(repr=False)


def calls_of(callers: Callers) -> Iterator[Call]:
    for context in iter_route_contexts(callers.app.routes):
        route: Any = context
        path = context.path_format or ""
        if path == "/" or path.startswith(("/v1/", "/plans/")):
            [*needs] = needs_of(route.dependant)
            roles = ALLOWED[needs[0].permission] if needs else frozenset(Role)
            for method in sorted(context.methods or ()):
                yield Call(method, path, roles)


@pytest.fixture
def world(callers: Callers, database: Database) -> World:
    """Version 1 is published and has a request and an event; version 2 is a draft with a frozen
    unit and a locked rep.
    """
    with database.sessions.begin() as session:
        session.add(Workspace(id=OTHERS, name="Somebody else", created_at=utc_now()))
    admin = callers("admin")
    hook = admin.post("/v1/webhooks", json=BODIES["POST /v1/webhooks"]).json()["id"]
    plan = a_published_plan(admin)
    request = a_request(admin, plan, "cyd", 108)
    event = admin.post(f"{plan}/events", json=LEAVE).headers["location"]
    a_version(admin, plan)
    body = {"adjustments": [{"rep": "d/d", "quota": 112, "reason": "why"}], "funding": "siblings"}
    adjusted = admin.patch(f"{plan}/versions/2/quotas", json=body, headers=LATER)
    assert adjusted.status_code == 201, adjusted.text
    assert admin.post(f"{plan}/versions/3/units/east%2F1/freeze").status_code == 201
    key = admin.post("/v1/keys", json={"name": "k", "role": "admin"}).json()["id"]
    operation = begun(admin, f"{plan}/versions", {"policy": {"min_over_baseline": 99}})
    done(admin, operation)
    batch = admin.post("/v1/batches", json={"plans": [plan.rpartition("/")[2]]}).json()["id"]
    admin.post(f"/v1/operations/{batch}/cancel")
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        Webhooks(session, DEFAULT_WORKSPACE).relay(utc_now())
    [delivery, *_] = admin.get(f"/v1/webhooks/{hook}/deliveries").json()["items"]
    ids = {
        "plan_id": plan.rpartition("/")[2],
        "inputs_hash": admin.get(plan).json()["inputs_hash"],
        "number": "3",
        "other": "1",
        "rep": "cyd",
        "rep_id": "cyd",
        "unit": "east%2F1",
        "request_id": request.rpartition("/")[2],
        "event_id": event.rpartition("/")[2],
        "key_id": key,
        "webhook_id": hook,
        "operation_id": operation.rpartition("/")[2],
        "batch_id": batch,
        "delivery_id": delivery["id"],
        "file": "reps.csv",
        "format": "hr-csv",
    }
    return World(callers, admin, ids, [*calls_of(callers)])


def unheard_of(ids: Ids) -> Ids:
    """Of the same shapes as these; what the company names itself keeps its name."""
    return {
        **ids,
        "plan_id": new_id("plan"),
        "inputs_hash": "sha256:" + "0" * 64,
        "number": "77",
        "other": "78",
        "request_id": new_id("chg"),
        "event_id": new_id("evt"),
        "key_id": new_id("key"),
        "webhook_id": new_id("whk"),
        "operation_id": new_id("op"),
        "batch_id": new_id("op"),
        "delivery_id": new_id("msg"),
    }


def told(answer: Response, ids: Ids) -> tuple[int, str]:
    """Status and everything that is said, without the ids that were asked for."""
    text = answer.text
    if answer.headers.get("content-type") == "application/problem+json":
        problem = {**answer.json(), "request_id": None, "instance": None}
        text = json.dumps(problem)
    for name, own in ids.items():
        shown = f"version {own}" if name in ("number", "other") else own
        text = text.replace(shown, f"<{name}>")
    return answer.status_code, re.sub(r"req_\w+", "", text)


def rows(database: Database) -> dict[str, list[Any]]:
    """All that is stored, but for when keys were last used."""
    with database.reading.begin() as session:
        return {
            table.name: sorted(
                repr([own for name, own in row._mapping.items() if name != "last_used_at"])
                for row in session.execute(sa.select(table))
            )
            for table in Base.metadata.sorted_tables
        }


@dataclass(frozen=True)
class Stranger:
    who: str
    role: Role
    client: TestClient = field(repr=False)
    is_foreign: bool = False

    def is_one_to(self, call: Call) -> bool:
        """Whether they may make it, and it is about something that is none of theirs."""
        theirs = _ABOUT | {"plan_id"} if self.is_foreign else _ABOUT
        return self.role in call.roles and not theirs.isdisjoint(call.names)


_ABOUT = frozenset(
    {"number", "request_id", "event_id", "key_id", "webhook_id", "operation_id", "batch_id"}
)
"""What lies below a plan, or beside it; the plan itself is known to all of its company."""


def strangers(callers: Callers) -> list[Stranger]:
    return [
        Stranger("of another company", Role.ADMIN, callers("admin", workspace_id=OTHERS), True),
        Stranger("a reader of what is published", Role.HR, callers("hr")),
        Stranger("a manager of no unit of it", Role.MANAGER, callers("manager", unit="north")),
        Stranger("a rep who is not in it", Role.REP, callers("rep", rep="zoe")),
    ]


def test_strangers_are_answered_as_if_nothing_were_there(world: World, database: Database) -> None:
    callers = strangers(world.callers)
    before = rows(database)
    odd: dict[str, Any] = {}
    asked = 0
    for stranger, call in itertools.product(callers, world.calls):
        if not stranger.is_one_to(call):
            continue
        nothing = unheard_of(world.ids)
        if not stranger.is_foreign:
            nothing = {**nothing, "plan_id": world.ids["plan_id"]}
        found, expected = (
            told(call.make(stranger.client, ids), ids) for ids in (world.ids, nothing)
        )
        asked += 1
        if found != expected or found[0] not in (403, 404):
            odd[f"{call.name}, {stranger.who}"] = (found, expected)

    assert odd == {}
    assert asked > 100
    lists = [call for call in world.calls if call.method == "GET" and not call.names]
    text = " ".join(call.make(callers[0].client, {}).text for call in lists)
    assert len(lists) == 6  # of plans, twice, and of keys, webhooks, operations and what was done
    assert [own for own in world.ids.values() if "_" in own and own in text] == []
    assert rows(database) == before


def test_who_has_no_key_or_the_wrong_role_moves_nothing(world: World, database: Database) -> None:
    """401 before anything else is looked at, and 403 to the first role that may not."""
    clients = {role: world.callers(role, **_SCOPES.get(role, {})) for role in Role}
    nobody = TestClient(world.callers.app, base_url="https://quota.example.com")
    published = {**world.ids, "number": "1"}
    before = rows(database)
    wanted: dict[str, tuple[int, int | None]] = {}
    found: dict[str, tuple[int, int | None]] = {}
    for call in world.calls:
        other = next((role for role in _LEAST_FIRST if role not in call.roles), None)
        wanted[call.name] = (401, 403 if other else None)
        found[call.name] = (
            call.make(nobody, world.ids).status_code,
            call.make(clients[other], published).status_code if other else None,
        )

    assert found == wanted
    assert rows(database) == before


_SCOPES: dict[Role, Any] = {Role.MANAGER: {"unit": "east"}, Role.REP: {"rep": "cyd"}}
_LEAST_FIRST = (Role.REP, Role.HR, Role.INTEGRATION, Role.AUDITOR, Role.MANAGER, Role.PLANNER)
