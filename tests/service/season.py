"""A season of the small company that the API's examples tell of: every operation of the service
that writes is called, in a state in which it succeeds, with every example that the document has.

What tests want to know of it they ask in `looks`, which is told every call and its answer.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import time_of_request
from service.kit.db import Database
from service.webhooks.repository import Webhooks
from service.webhooks.tables import WebhookDelivery
from tests.service.operations.following import begun, done
from tests.service.operations.long_solves import long_solves

PLAN = "/v1/plans/{plan_id}"
VERSION = f"{PLAN}/versions/{{number}}"
REQUEST = f"{PLAN}/change-requests/{{request_id}}"
EVENT = f"{PLAN}/events/{{event_id}}"
UNIT = f"{VERSION}/units/{{unit}}"
WEBHOOK = "/v1/webhooks/{webhook_id}"
OPERATION = "/v1/operations/{operation_id}"
BATCH = "/v1/batches/{batch_id}"

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
AUTUMN, SPRING = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2027, 2, 3, 9, tzinfo=UTC)

type Looks = Callable[[str, Response], None]


JSON = "application/json"


def media_type_of(answer: Response) -> str:
    return answer.headers.get("content-type", "").partition(";")[0]


@dataclass(frozen=True)
class Example:
    """A body of the document."""

    name: str
    media_type: str
    value: Any

    def sent(self) -> dict[str, Any]:
        """As the client sends it; the name of an example of a form is that of its file."""
        if self.media_type == JSON:
            return {"json": self.value}
        texts = {name: text for name, text in self.value.items() if name != "file"}
        files = self.value["file"] if isinstance(self.value["file"], list) else [self.value["file"]]
        return {"files": [("file", (self.name, file.encode())) for file in files], "data": texts}


def examples_in(operation: dict[str, Any]) -> list[Example]:
    """Those of an operation of the document, in its order."""
    return [
        Example(name, media_type, example["value"])
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        for name, example in content.get("examples", {}).items()
    ]


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """`POST /v1/plans` and what the document says of it, for all that it has under /v1."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1/"):
                yield f"{method.upper()} {path}", operation


def writes(app: FastAPI) -> set[str]:
    """The names of all operations that are no GET, as the app has them."""
    return {
        f"{method} {context.path_format}"
        for context in iter_route_contexts(app.routes)
        for method in (context.methods or set()) - {"GET", "HEAD"}
    }


@dataclass
class Season:
    """Makes the calls, one after the other, about what `ids` says."""

    app: FastAPI
    client: TestClient
    database: Database
    looks: Looks
    ids: dict[str, str] = field(default_factory=dict)
    sent: set[tuple[str, str]] = field(default_factory=set)
    """Operations and the names of their examples."""
    now: datetime = AUTUMN

    def __post_init__(self) -> None:
        self.app.dependency_overrides[time_of_request] = lambda: self.now
        self.examples = {name: examples_in(said) for name, said in operations(self.app)}

    def call(self, name: str, example: str | None = None, /, **ids: str) -> Any:
        """The answer. `example`: its name, the first where left out; `ids` hold from here on."""
        found = self.examples[name]
        if example is not None:
            found = [own for own in found if own.name == example]
            assert found, f"{name} has no example {example!r}"
        if not found:
            return self.send(name, **ids)
        self.sent.add((name, found[0].name))
        return self.send(name, found[0].sent(), **ids)

    def call_with_each(self, name: str, **ids: str) -> list[Any]:
        """The same with every example; once where it has none."""
        names: list[str | None] = [example.name for example in self.examples[name]]
        return [self.call(name, own, **ids) for own in names or [None]]

    def send(self, name: str, body: dict[str, Any] | None = None, /, **ids: str) -> Any:
        """The answer to a body of our own."""
        self.ids |= ids
        method, path = name.split()
        address = re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], path)
        answer = self.client.request(method, address, headers={"If-Match": "*"}, **(body or {}))
        assert answer.status_code < 300, f"{name}: {answer.text}"
        self.looks(name, answer)
        return answer.json() if media_type_of(answer) == JSON else None


def a_season(season: Season) -> None:
    """Everything but what is deleted in the end."""
    _one_shots(season)
    _keys_and_webhooks(season)
    _facts(season)
    _units(season)
    _versions(season)
    _correction(season)
    _adjustments(season)
    season.now = SPRING
    _requests(season)
    _events(season)
    _retry(season)
    _operations(season)
    _batches(season)


def its_end(season: Season) -> None:
    """What was made is deleted, and a person erased."""
    season.call("DELETE /v1/people/{rep}", rep="r1")
    season.call(f"DELETE {PLAN}", plan_id=season.ids["other_plan_id"])
    season.call(f"DELETE {WEBHOOK}")
    season.call("DELETE /v1/keys/{key_id}")


def _batches(season: Season) -> None:
    """Of all plans; one has no inputs, so there is something to try again."""
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    season.send("POST /v1/plans", {"json": {"name": "nothing yet", "period": period}})
    batch = season.call("POST /v1/batches")["id"]
    done(season.client, f"/v1/operations/{batch}")
    season.call(f"POST {BATCH}/retry", batch_id=batch)
    done(season.client, f"/v1/operations/{batch}")


def _operations(season: Season) -> None:
    with long_solves():
        operation = begun(season.client, f"/v1/plans/{season.ids['plan_id']}/versions")
        season.call(f"POST {OPERATION}/cancel", operation_id=operation.rpartition("/")[2])


def _one_shots(season: Season) -> None:
    for name in sorted(STORES_NOTHING):
        if name.startswith("POST /v1/allocations"):
            season.call_with_each(name)


def _keys_and_webhooks(season: Season) -> None:
    *_, own = season.call_with_each("POST /v1/keys")
    season.send("POST /v1/keys", {"json": {"name": "an administrator's", "role": "admin"}})
    season.call("POST /v1/keys/{key_id}/rotate", key_id=own["id"])
    season.call("POST /v1/webhooks")
    told = {"url": "https://receiver.invalid/", "events": ["*"]}
    webhook = season.send("POST /v1/webhooks", {"json": told})["id"]
    season.call(f"POST {WEBHOOK}/rotate", webhook_id=webhook)
    season.call(f"POST {WEBHOOK}/test")
    season.call(f"POST {WEBHOOK}/disable")
    season.call(f"POST {WEBHOOK}/enable")


def _a_plan(season: Season) -> str:
    plan: str = season.call("POST /v1/plans")["id"]
    season.call(f"PUT {PLAN}/inputs", plan_id=plan)
    return plan


def _a_version(season: Season) -> None:
    """The next calls are about it."""
    season.ids["number"] = str(season.call(f"POST {PLAN}/versions")["number"])


def _facts(season: Season) -> None:
    """Of another plan, which has targets of a product in the end."""
    season.ids["other_plan_id"] = _a_plan(season)
    season.call_with_each(f"PATCH {PLAN}")
    season.call_with_each(f"PATCH {PLAN}/inputs")
    season.call_with_each(f"POST {PLAN}/inputs/files")
    season.call_with_each(f"PUT {PLAN}/inputs")
    _a_version(season)
    later = {"start": "2028-01-01", "end": "2028-12-31"}
    renamed = season.client.get(f"/v1/plans/{season.ids['other_plan_id']}").json()["name"]
    plan = season.send("POST /v1/plans", {"json": {"name": renamed, "period": later}})["id"]
    season.call(f"POST {PLAN}/inputs/roll-forward", plan_id=plan)
    season.call(f"DELETE {PLAN}")


def _units(season: Season) -> None:
    _a_plan(season)
    _a_version(season)
    season.call(f"POST {UNIT}/freeze", unit="west")
    season.call(f"POST {UNIT}/unfreeze")
    season.call(f"POST {UNIT}/freeze")
    season.call_with_each(f"PATCH {UNIT}/quotas")
    season.call_with_each(f"POST {UNIT}/solve")
    for step in ("sign-off", "reopen", "sign-off"):
        season.call(f"POST {UNIT}/{step}")
    season.call(f"POST {VERSION}/assemble")
    season.send(f"POST {UNIT}/freeze", unit="east")
    season.call(f"POST {VERSION}/assemble", "One unit is not waited for")


def _versions(season: Season) -> None:
    plan = _a_plan(season)
    _a_version(season)
    for step in ("submit", "withdraw", "submit", "reject", "submit", "approve", "publish"):
        season.call(f"POST {VERSION}/{step}")
    for name in sorted(STORES_NOTHING):
        if name.startswith(f"POST {VERSION}"):
            season.call_with_each(name)
    season.call_with_each(f"POST {PLAN}/versions")
    season.call_with_each(f"POST {PLAN}/scenarios")
    whole, part, *_ = season.call_with_each(f"POST {PLAN}/versions/import")
    season.call(f"POST {VERSION}/repair", number=str(whole["number"]))
    season.call(f"POST {VERSION}/gaps/sign", number=str(part["number"]))
    season.ids |= {"plan_id": plan, "number": "1"}


def _adjustments(season: Season) -> None:
    adjusted = season.call(f"PATCH {VERSION}/quotas")
    season.call(f"PATCH {VERSION}/quotas", "A lock is released", number=str(adjusted["number"]))
    row = {"rep": "r1", "quota": 280000, "reason": "nobody can carry it"}
    body = {"funding": "unfunded", "adjustments": [row]}
    adjusted = season.send(f"PATCH {VERSION}/quotas", {"json": body}, number="1")
    season.ids["number"] = str(adjusted["number"])
    season.call(f"POST {VERSION}/gaps/{{unit}}/sign", unit="west")
    season.call(f"DELETE {VERSION}/locks/{{rep}}", rep="r1")
    season.ids["number"] = "1"


def _ask(season: Season, example: str | None = None) -> None:
    season.ids["request_id"] = season.call(f"POST {PLAN}/change-requests", example)["id"]


def _correction(season: Season) -> None:
    """Before anything else is decided, and in the autumn: it is all solved again."""
    _ask(season, "The potential was wrong")
    season.call(f"POST {REQUEST}/accept", "The input is corrected")


def _requests(season: Season) -> None:
    _ask(season)
    season.call(f"POST {REQUEST}/counter")
    season.call(f"POST {REQUEST}/accept")
    _ask(season)
    season.call(f"POST {REQUEST}/accept", "Help instead of money")
    _ask(season)
    season.call(f"POST {REQUEST}/escalate")
    season.call(f"POST {REQUEST}/reject")
    _ask(season)
    season.call(f"POST {REQUEST}/withdraw")
    season.call(f"DELETE {REQUEST}/notes")
    _ask(season)


def _events(season: Season) -> None:
    for step in ("withdraw", "reject", "accept"):
        season.ids["event_id"] = season.call(f"POST {PLAN}/events")["id"]
        season.call(f"POST {EVENT}/{step}")
    for example in season.examples[f"POST {PLAN}/events"][1:]:
        season.ids["event_id"] = season.call(f"POST {PLAN}/events", example.name)["id"]


def _retry(season: Season) -> None:
    """Of a delivery that failed and will be tried again tomorrow."""
    with season.database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        Webhooks(session, DEFAULT_WORKSPACE).relay(season.now + timedelta(days=1))
        session.flush()
        session.execute(sa.update(WebhookDelivery).values(attempts=1, last_attempt_at=season.now))
    address = WEBHOOK.format(**season.ids)
    [delivery, *_] = season.client.get(f"{address}/deliveries").json()["items"]
    season.call(f"POST {WEBHOOK}/deliveries/{{delivery_id}}/retry", delivery_id=delivery["id"])
