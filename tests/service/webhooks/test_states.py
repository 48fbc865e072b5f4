"""Webhooks are disabled by an administrator or by the receiver, enabled again, and tested."""

from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.db import Database
from service.webhooks.domain import SCHEDULE
from tests.service.webhooks.post import Post, a_webhook, address, happens, trail
from tests.service.webhooks.receiver import Receiver, receiving


def test_a_receiver_that_is_gone_is_called_no_more_until_somebody_enables_it(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted")
    receiver.answers.append(410)
    post.go()
    happens(database, "version.published")
    for wait in SCHEDULE:
        post.go(wait)

    disabled = client.get(address(webhook)).json()
    assert len(receiver.received) == 1
    assert (disabled["status"], disabled["disabled_because"]) == ("disabled", "gone")
    assert (disabled["waiting"], disabled["next_attempt_at"]) == (2, None)
    assert disabled["last_error"] == "It answered 410."

    enabled = client.post(f"{address(webhook)}/enable").json()
    post.go()

    assert (enabled["status"], enabled["disabled_at"]) == ("enabled", None)
    assert receiver.kinds == ["version.submitted", "version.submitted", "version.published"]
    assert trail(database) == [
        ("webhook.create", webhook["id"], "local"),
        ("webhook.disable", webhook["id"], "webhooks"),
        ("webhook.enable", webhook["id"], "local"),
    ]


def test_what_happens_while_one_is_disabled_waits(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    answers = [client.post(f"{address(webhook)}/disable").json() for _ in range(2)]
    happens(database, "version.submitted", "version.published")
    post.go()
    assert receiver.received == []

    for _ in range(2):
        client.post(f"{address(webhook)}/enable")
    post.go()

    assert answers[0] == answers[1]
    assert (answers[0]["status"], answers[0]["disabled_because"]) == ("disabled", "asked")
    assert receiver.kinds == ["version.submitted", "version.published"]
    assert [action for action, _, _ in trail(database)] == [
        "webhook.create",
        "webhook.disable",
        "webhook.enable",
    ]


def test_one_that_waits_for_its_next_attempt_is_sent_when_the_webhook_is_enabled(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.published")
    receiver.answers.append(500)
    post.go()
    client.post(f"{address(webhook)}/disable")
    [waiting] = client.get(f"{address(webhook)}/deliveries").json()["items"]
    retry = client.post(f"{address(webhook)}/deliveries/{waiting['id']}/retry")

    client.post(f"{address(webhook)}/enable")
    post.catch_up()
    post.go()

    assert (retry.status_code, retry.json()["type"]) == (409, "/problems/webhook-is-disabled")
    assert len(receiver.received) == 2


def test_a_test_is_sent_now_and_tells_what_the_receiver_said(
    client: TestClient, database: Database, receiver: Receiver
) -> None:
    webhook = a_webhook(client, receiver.url, "version.published")
    receiver.answers.extend([(200, b'{"ok": true}'), (410, b"we have moved")])

    taken, refused = (client.post(f"{address(webhook)}/test").json() for _ in range(2))

    first, second = receiver.received
    said = first.checked(webhook["secret"])
    assert (said["type"], said["data"]) == ("webhook.test", {"webhook": webhook["id"]})
    assert taken == {
        "id": first.id, "delivered": True, "status": 200, "error": None, "excerpt": '{"ok": true}',
    }  # fmt: skip
    assert refused == {
        "id": second.id, "delivered": False, "status": 410,
        "error": "It answered 410.", "excerpt": "we have moved",
    }  # fmt: skip
    assert client.get(address(webhook)).json()["status"] == "enabled"
    assert client.get(f"{address(webhook)}/deliveries").json()["items"] == []
    assert [action for action, _, _ in trail(database)] == [
        "webhook.create",
        "webhook.test",
        "webhook.test",
    ]


def test_a_test_with_a_key_is_sent_once(client: TestClient, receiver: Receiver) -> None:
    webhook = a_webhook(client, receiver.url)

    first, again = (
        client.post(f"{address(webhook)}/test", headers={"Idempotency-Key": "a test"})
        for _ in range(2)
    )

    assert first.json() == again.json()
    assert len(receiver.received) == 1


def test_what_is_under_way_when_its_webhook_is_disabled_is_settled(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted", "version.published")
    with ThreadPoolExecutor(1) as pool:
        with receiver.keeping_senders_waiting():
            sent = pool.submit(post.go)
            receiver.arrivals.get(timeout=20)
            client.post(f"{address(webhook)}/disable")
        sent.result()

    items = client.get(f"{address(webhook)}/deliveries").json()["items"]
    assert [(own["type"], own["status"]) for own in items] == [
        ("version.published", "waiting"),
        ("version.submitted", "delivered"),
    ]


def test_a_disabled_webhook_can_be_tested_and_nobody_there_is_told(client: TestClient) -> None:
    with receiving() as gone:
        webhook = a_webhook(client, gone.url)
    client.post(f"{address(webhook)}/disable")

    tested = client.post(f"{address(webhook)}/test")

    assert tested.status_code == 200
    assert (tested.json()["delivered"], tested.json()["status"]) == (False, None)
    assert tested.json()["error"] == "It could not be reached: the connection was refused."
    assert client.get(address(webhook)).json()["status"] == "disabled"
    assert client.post("/v1/webhooks/whk_none/test").status_code == 404


def test_a_test_calls_private_addresses_as_little_as_a_delivery_does(
    client: TestClient, app: FastAPI, receiver: Receiver
) -> None:
    webhook = a_webhook(client, receiver.url)
    settings = app.state.settings
    app.state.settings = settings.model_copy(update={"webhooks_to_private_addresses": False})

    tested = client.post(f"{address(webhook)}/test").json()

    assert tested["error"] == "Its name stands for a private address."
    assert receiver.received == []
