"""Webhooks: what happened is told outside, signed, in order, and at least once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Role, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from service.kit.settings import Settings
from service.webhooks.delivering import LEASE, delivering
from service.webhooks.domain import SCHEDULE, Outcome
from service.webhooks.repository import Webhooks
from service.webhooks.tables import Webhook
from service.webhooks.usecases import settle
from tests.service.allocations.plans import a_plan, a_version
from tests.service.callers import Callers
from tests.service.steps import at_once, publish
from tests.service.webhooks.post import Post, a_webhook, address, happens, state, trail
from tests.service.webhooks.receiver import Receiver, receiving


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
        post.go(SCHEDULE[0] - timedelta(seconds=1))
        assert len(receiver.received) == 1
        assert state(client) == {"waiting": 3, "attempts": 1, "last_error": "It answered 500."}
        post.go(timedelta(seconds=1))
        assert state(client)["attempts"] == 2
        post.go(SCHEDULE[1])

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

    def test_a_killed_process_loses_nothing(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        """It dies after it claimed: what it left in the database is all that is known of it."""
        a_webhook(client, receiver.url)
        happens(database, "version.submitted", "version.published")
        [due] = post.deliverer.due()
        with database.sessions.begin() as session:
            assert Webhooks(session, due.workspace_id).claim(due.webhook_id, post.now, LEASE)
        another = Post(database)
        another.now = post.now

        another.go()
        assert receiver.received == []  # it might be alive
        another.go(LEASE)

        assert receiver.kinds == ["version.submitted", "version.published"]

    def test_who_comes_back_when_another_has_taken_over_undoes_nothing(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        webhook = a_webhook(client, receiver.url)
        happens(database, "version.published")
        [due] = post.deliverer.due()
        with database.sessions.begin() as session:
            slow = Webhooks(session, due.workspace_id).claim(due.webhook_id, post.now, LEASE)
        assert slow
        post.go(LEASE)

        with database.sessions.begin() as session:
            settle(session, due.workspace_id, slow, Outcome(error="Too late."), now=post.now)

        [delivery] = client.get(f"{address(webhook)}/deliveries").json()["items"]
        assert (delivery["status"], delivery["attempts"]) == ("delivered", 1)
        assert delivery["last_error"] is None

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

    def test_who_has_much_to_be_told_takes_turns_with_the_others(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        place = f"http://127.0.0.1:{receiver.port}"
        a_webhook(client, f"{place}/busy", "version.submitted")
        a_webhook(client, f"{place}/other", "version.published")
        happens(database, *["version.submitted"] * 3, "version.published")
        with post.deliverer.lanes() as lanes:  # of one thread each
            with receiver.keeping_senders_waiting():
                post.deliverer.start_what_is_due(lanes)
            arrived = [receiver.arrivals.get(timeout=20).path for _ in range(4)]

        assert arrived == ["/busy", "/other", "/busy", "/busy"]

    def test_one_that_failed_and_keeps_its_sender_waiting_delays_nobody_else(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        with receiving() as dead:
            a_webhook(client, dead.url, "version.submitted")
            a_webhook(client, receiver.url, "version.published")
            happens(database, "version.submitted", "version.published")
            dead.answers.append(500)
            post.go()
            receiver.arrivals.get(timeout=20)
            happens(database, "version.published")
            post.now += SCHEDULE[0] + timedelta(seconds=1)  # so the dead one comes first
            with post.deliverer.lanes() as lanes, dead.keeping_senders_waiting():
                post.deliverer.start_what_is_due(lanes)  # of one thread each
                receiver.arrivals.get(timeout=10)  # sooner than a sender gives up waiting

            assert len(dead.received) == 2

    def test_one_that_is_removed_while_it_is_sent_to_is_forgotten(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        webhook = a_webhook(client, receiver.url)
        happens(database, "version.submitted", "version.published")
        with ThreadPoolExecutor(1) as pool:
            with receiver.keeping_senders_waiting():
                sent = pool.submit(post.go)
                receiver.arrivals.get(timeout=20)
                removed = client.delete(address(webhook))
            sent.result()

        post.go()

        assert removed.status_code == 204
        assert len(receiver.received) == 1
        assert post.deliverer.due() == []

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


class TestWebhooks:
    def test_the_secret_is_shown_once(
        self, client: TestClient, database: Database, receiver: Receiver
    ) -> None:
        answer = client.post("/v1/webhooks", json={"url": receiver.url, "events": ["*"]})
        secret = answer.json()["secret"]

        assert secret.startswith("whsec_")
        assert answer.headers["cache-control"] == "no-store"
        assert secret not in client.get("/v1/webhooks").text
        assert [action for action, _, _ in trail(database)] == ["webhook.create"]

    def test_one_that_is_removed_gets_nothing_more(
        self, client: TestClient, database: Database, receiver: Receiver, post: Post
    ) -> None:
        webhook = a_webhook(client, receiver.url)
        happens(database, "version.published")
        receiver.answers.append(500)
        post.go()

        removed = client.delete(f"/v1/webhooks/{webhook['id']}")
        post.go(SCHEDULE[0])

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
