"""What happens and is sent in these tests, and what is told of it."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.outbox import announce
from service.webhooks.delivering import Deliverer


class Post:
    """A deliverer whose clock the test turns."""

    def __init__(self, database: Database, *, private_allowed: bool = True) -> None:
        self.now = utc_now()
        self.deliverer = Deliverer(
            database, private_allowed=private_allowed, clock=lambda: self.now, side_by_side=1
        )

    def catch_up(self) -> None:
        """With the clock of the service, which asks for a moment that may be later by now."""
        self.now = max(self.now, utc_now())

    def go(self, later: timedelta = timedelta(0)) -> None:
        """Send all that is due by then."""
        self.now += later
        for due in self.deliverer.due():
            while self.deliverer.send_next(due):
                pass


def a_webhook(client: TestClient, url: str, *events: str) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


def address(webhook: dict[str, Any]) -> str:
    return f"/v1/webhooks/{webhook['id']}"


def happens(database: Database, *kinds: str, workspace_id: str = DEFAULT_WORKSPACE) -> None:
    """Each in a transaction of its own."""
    for kind in kinds:
        with database.of(workspace_id).sessions.begin() as session:
            announce(session, workspace_id, kind, {"plan": "plan_1"}, now=utc_now())


def state(client: TestClient) -> dict[str, Any]:
    """Of the only webhook."""
    [webhook] = client.get("/v1/webhooks").json()["items"]
    return {name: webhook[name] for name in ("waiting", "attempts", "last_error")}


def trail(database: Database) -> list[tuple[str, str, str]]:
    """What was done, to what and by whom."""
    with database.reading.begin() as session:
        query = "SELECT action, subject, actor FROM audit_entry ORDER BY sequence"
        return [
            (action, subject, actor) for action, subject, actor in session.execute(sa.text(query))
        ]
