"""Webhooks: what happened is told outside, signed, in order, and at least once."""

import ipaddress
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Role, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.outbox import OutboxEvent, announce
from service.kit.settings import Settings
from service.webhooks import sending
from service.webhooks.delivering import LEASE, Deliverer, delivering
from service.webhooks.domain import KINDS, is_public, url_fault, wait_after
from service.webhooks.repository import Webhooks
from service.webhooks.tables import Webhook
from tests.service.allocations.plans import a_plan, a_version
from tests.service.apps import serving
from tests.service.callers import Callers
from tests.service.conftest import LOOPBACK
from tests.service.steps import at_once, publish
from tests.service.webhooks.receiver import Receiver, receiving

ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, webhooks_to_private_addresses=True)


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    with serving(settings) as app:
        yield app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Post:
    """A deliverer whose clock the test turns."""

    def __init__(self, database: Database, *, private_allowed: bool = True) -> None:
        self.now = utc_now()
        self.deliverer = Deliverer(
            database, private_allowed=private_allowed, clock=lambda: self.now
        )

    def go(self, later: timedelta = timedelta(0)) -> None:
        """Send all that is due by then."""
        self.now += later
        for workspace_id, webhook_id in self.deliverer.due():
            self.deliverer.send_all(workspace_id, webhook_id)


@pytest.fixture
def post(app: FastAPI) -> Post:
    return Post(app.state.database)


def a_webhook(client: TestClient, url: str, *events: str) -> dict[str, Any]:
    answer = client.post("/v1/webhooks", json={"url": url, "events": list(events) or ["*"]})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


def happens(database: Database, *kinds: str, workspace_id: str = DEFAULT_WORKSPACE) -> None:
    """Each in a transaction of its own."""
    for kind in kinds:
        with database.of(workspace_id).sessions.begin() as session:
            announce(session, workspace_id, kind, {"plan": "plan_1"}, now=utc_now())


def state(client: TestClient) -> dict[str, Any]:
    """Of the only webhook."""
    [webhook] = client.get("/v1/webhooks").json()["items"]
    return {name: webhook[name] for name in ("waiting", "attempts", "last_error")}


class TestDelivering:
    def test_a_publication_is_told_with_its_head_and_signed(
        self, client: TestClient, receiver: Receiver, post: Post
    ) -> None:
        webhook = a_webhook(client, receiver.url, "version.published")
        plan = a_plan(client)
        a_version(client, plan)
        published = publish(client, f"{plan}/versions/1").json()

        post.go()

        [received] = receiver.received
        said = received.checked(webhook["secret"])
        assert (said["type"], received.path) == ("version.published", "/hook?from=fairquota")
        assert (said["data"]["hash"], said["data"]["number"]) == (published["head"], 1)
        assert said["timestamp"].endswith("Z")
        assert received.headers["webhook-id"].startswith("msg_")
        with pytest.raises(WebhookVerificationError):
            received.checked("whsec_" + "A" * 43 + "=")

    def test_only_what_was_asked_for_and_what_happens_from_then_on(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        happens(database, "version.published")
        a_webhook(client, receiver.url, "version.published", "event.accepted")
        happens(database, "version.submitted", "event.accepted", "version.published")

        post.go()

        assert receiver.kinds == ["event.accepted", "version.published"]

    def test_what_is_not_taken_is_sent_again_later_and_nothing_overtakes_it(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        a_webhook(client, receiver.url)
        happens(database, "version.submitted", "version.approved", "version.published")
        receiver.answers.extend([500, 503])

        post.go()
        post.go(wait_after(1) - timedelta(seconds=1))
        assert len(receiver.received) == 1
        assert state(client) == {"waiting": 3, "attempts": 1, "last_error": "It answered 500."}
        post.go(timedelta(seconds=1))
        assert state(client)["attempts"] == 2
        post.go(wait_after(2))

        first, again, *rest = receiver.received
        assert receiver.kinds == [
            *["version.submitted"] * 3,
            "version.approved",
            "version.published",
        ]
        assert (first.id, first.body) == (again.id, again.body) == (rest[0].id, rest[0].body)
        assert first.headers["webhook-signature"] != again.headers["webhook-signature"]
        assert state(client) == {"waiting": 0, "attempts": 0, "last_error": None}

    def test_one_that_fails_holds_nobody_else_up(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        with receiving() as gone:
            a_webhook(client, gone.url)
        a_webhook(client, receiver.url)
        happens(database, "version.submitted", "version.published")

        post.go()

        assert receiver.kinds == ["version.submitted", "version.published"]
        first, second = client.get("/v1/webhooks").json()["items"]
        assert (first["waiting"], second["waiting"]) == (2, 0)
        assert first["last_error"] == "It could not be reached: the connection was refused."

    def test_a_redirect_is_not_followed(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        a_webhook(client, receiver.url)
        happens(database, "version.published")
        receiver.answers.append(302)

        post.go()

        assert (len(receiver.received), state(client)["last_error"]) == (1, "It answered 302.")

    def test_whoever_keeps_the_line_open_is_cut_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sending, "DEADLINE", 0.1)
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            ThreadPoolExecutor(1) as pool,
        ):
            slow = pool.submit(_say_yes_without_end, listener)
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(sending.NotDelivered, match="did not answer in time"):
                sending.send(url, {}, b"{}", private_allowed=True)
            slow.result().close()

    def test_a_killed_process_loses_nothing(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        """It dies after it claimed: what it left in the database is all that is known of it."""
        a_webhook(client, receiver.url)
        happens(database, "version.submitted", "version.published")
        [(workspace_id, webhook_id)] = post.deliverer.due()
        with database.sessions.begin() as session:
            assert Webhooks(session, workspace_id).claim(webhook_id, post.now, LEASE)
        another = Post(database)
        another.now = post.now

        another.go()
        assert receiver.received == []  # it might be alive
        another.go(LEASE)

        assert receiver.kinds == ["version.submitted", "version.published"]

    def test_of_several_processes_at_once_each_delivery_is_sent_by_one(
        self, client: TestClient, database: Database, receiver: Receiver
    ) -> None:
        for _ in range(2):
            a_webhook(client, receiver.url)
        kinds = ["version.submitted", "version.approved", "version.published"] * 4
        happens(database, *kinds)

        at_once(lambda post: post.go(), [Post(database) for _ in range(4)])
        Post(database).go()

        per_webhook = sorted(received.id for received in receiver.received)
        assert len(per_webhook) == 2 * len(kinds)
        assert len(set(per_webhook)) == len(kinds)
        firsts = list(dict.fromkeys(received.id for received in receiver.received))
        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            happened = session.scalars(sa.select(OutboxEvent.id).order_by(OutboxEvent.sequence))
            assert firsts == [*happened]

    def test_what_happens_in_another_workspace_is_not_told_here(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        with database.of("wsp_other").sessions.begin() as session:
            session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
        a_webhook(client, receiver.url)
        happens(database, "version.submitted", workspace_id="wsp_other")
        happens(database, "version.published")

        post.go()

        assert receiver.kinds == ["version.published"]

    def test_the_thread_delivers_by_itself_and_ends_when_it_is_told_to(
        self,
        client: TestClient,
        database: Database,
        settings: Settings,
        receiver: Receiver,
    ) -> None:
        webhook = a_webhook(client, receiver.url)
        happens(database, "version.published")

        with delivering(database, settings):
            received = receiver.arrivals.get(timeout=20)

        assert received.checked(webhook["secret"])["type"] == "version.published"
        assert not [t for t in threading.enumerate() if t.name.startswith("webhook")]
        assert state(client)["waiting"] == 0  # what was under way was finished


def _say_yes_without_end(listener: socket.socket) -> socket.socket:
    connection, _ = listener.accept()
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    return connection


def test_the_guide_shows_how_to_check_a_delivery(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    guide = (ROOT / "docs" / "guide" / "webhooks.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own page
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.published")
    post.go()
    [received] = receiver.received

    assert names["read"](received.body, received.headers, webhook["secret"])["type"] == (
        "version.published"
    )
    with pytest.raises(WebhookVerificationError):
        names["read"](received.body + b" ", received.headers, webhook["secret"])
    assert all(f"`{kind}`" in guide for kind in KINDS)


class TestWebhooks:
    def test_the_secret_is_shown_once(
        self, client: TestClient, database: Database, receiver: Receiver
    ) -> None:
        answer = client.post("/v1/webhooks", json={"url": receiver.url, "events": ["*"]})
        secret = answer.json()["secret"]

        assert secret.startswith("whsec_")
        assert answer.headers["cache-control"] == "no-store"
        assert secret not in client.get("/v1/webhooks").text
        with database.reading.begin() as session:
            trail = session.execute(sa.text("SELECT action, facts FROM audit_entry")).all()
        assert [action for action, _ in trail] == ["webhook.create"]
        assert secret not in str(trail)

    def test_one_that_is_removed_gets_nothing_more(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        webhook = a_webhook(client, receiver.url)
        happens(database, "version.published")
        receiver.answers.append(500)
        post.go()

        removed = client.delete(f"/v1/webhooks/{webhook['id']}")
        post.go(wait_after(1))

        assert removed.status_code == 204
        assert len(receiver.received) == 1
        assert client.get("/v1/webhooks").json()["items"] == []
        assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 404

    def test_every_fault_is_named(self, client: TestClient) -> None:
        body = {"url": "ftp://example.com", "events": ["version.published", "version.printed"]}

        refused = client.post("/v1/webhooks", json=body)

        assert refused.status_code == 422
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/url", "/events/1"]

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
    def test_are_for_administrators_only(self, callers: Callers, role: Role) -> None:
        scope: dict[str, Any] = {"manager": {"unit": "west"}, "rep": {"rep": "ann"}}
        client = callers(role, **scope.get(role, {}))

        assert client.get("/v1/webhooks").status_code == 403
        assert client.post("/v1/webhooks", json={}).status_code == 403

    def test_of_another_workspace_are_unknown(
        self, client: TestClient, database: Database, receiver: Receiver
    ) -> None:
        with database.of("wsp_other").sessions.begin() as session:
            session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
            session.flush()
            theirs = Webhook(
                id="whk_theirs",
                workspace_id="wsp_other",
                url=receiver.url,
                events=["*"],
                secret="whsec_AAAA",  # noqa: S106 - of nobody
                created_at=utc_now(),
                created_by="Eve",
            )
            session.add(theirs)

        assert client.get("/v1/webhooks").json()["items"] == []
        assert client.delete("/v1/webhooks/whk_theirs").status_code == 404


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/",
            "https://",
            "https://user:secret@example.com/",
            "https://example.com/#top",
            "https://example.com:99999/",
            "https://[::1",
            "https://exämple.com/",
            "https://example.com/a b",
            "https://127.0.0.1/",
            "https://10.1.2.3:8443/x",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://0.0.0.0/",
        ],
    )
    def test_those_that_nobody_outside_has_are_refused(self, url: str) -> None:
        assert url_fault(url, private_allowed=False)

    @pytest.mark.parametrize("url", ["https://crm.example.com/hook?x=1", "https://8.8.8.8:8443/"])
    def test_those_of_the_internet_are_fine(self, url: str) -> None:
        assert url_fault(url, private_allowed=False) is None

    @given(st.ip_addresses(v=4))
    def test_an_ipv4_address_is_as_public_inside_an_ipv6_one_or_not_at_all(
        self, address: ipaddress.IPv4Address
    ) -> None:
        number = int(address)
        mapped = ipaddress.IPv6Address((0xFFFF << 32) | number)
        nat64 = ipaddress.IPv6Address((0x64FF9B << 96) | number)
        six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (number << 80))

        assert is_public(mapped) == is_public(address)
        assert not is_public(nat64)
        assert not is_public(six_to_four)
        assert not is_public(ipaddress.IPv6Address(number))

    def test_of_ipv6_what_was_given_out_is_public_and_nothing_else(self) -> None:
        places = ("2606:4700::1111", "fec0::1", "fc00::1", "fe80::1", "5f00::1", "4000::1", "::1")

        assert [place for place in places if is_public(ipaddress.ip_address(place))] == [places[0]]

    def test_a_name_that_stands_for_a_private_address_is_not_called(
        self, client: TestClient, app: FastAPI, database: Database, receiver: Receiver
    ) -> None:
        a_webhook(client, f"https://localhost:{receiver.port}/")
        happens(database, "version.published")

        Post(app.state.database, private_allowed=False).go()

        assert receiver.received == []
        assert state(client)["last_error"] == "Its name stands for a private address."

    def test_waits_grow_from_seconds_to_hours(self) -> None:
        waits = [wait_after(attempts) for attempts in range(1, 40)]

        assert waits == sorted(waits)
        assert (waits[0], waits[-1]) == (timedelta(seconds=5), timedelta(hours=6))
