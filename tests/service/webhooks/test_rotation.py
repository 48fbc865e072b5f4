"""A webhook's secret is changed without a delivery that its receiver cannot check."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from standardwebhooks.webhooks import WebhookVerificationError
from starlette.testclient import TestClient

from service.kit.db import Database
from tests.service.steps import at_once
from tests.service.webhooks.post import Post, a_webhook, address, happens, trail
from tests.service.webhooks.receiver import Received, Receiver


def rotated(client: TestClient, webhook: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = client.post(f"{address(webhook)}/rotate", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    changed: dict[str, Any] = answer.json()
    return changed


def fits(received: Received, secret: str) -> bool:
    try:
        received.checked(secret)
    except WebhookVerificationError:
        return False
    return True


def test_for_a_day_deliveries_are_signed_with_both_secrets(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    old, new = webhook["secret"], rotated(client, webhook)["secret"]
    happens(database, "version.submitted")
    post.go(timedelta(hours=23))
    happens(database, "version.published")
    post.go(timedelta(hours=2))

    during, after = (own.headers["webhook-signature"].split(" ") for own in receiver.received)
    assert (len(during), len(after)) == (2, 1)
    assert new != old
    shown = client.get("/v1/webhooks").text + str(trail(database))
    assert old not in shown
    assert new not in shown
    assert trail(database)[-1] == ("webhook.rotate", webhook["id"], "local")


def test_receivers_take_either_secret_as_long_as_both_are_live(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    secrets = [webhook["secret"], rotated(client, webhook)["secret"]]
    happens(database, "version.submitted")
    post.go()
    secrets.append(rotated(client, webhook)["secret"])
    happens(database, "version.approved")
    post.go()
    secrets.append(rotated(client, webhook, overlap=0)["secret"])
    post.catch_up()
    happens(database, "version.published")
    post.go()

    assert [[fits(received, secret) for secret in secrets] for received in receiver.received] == [
        [True, True, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]


def test_what_is_under_way_has_the_old_signature_and_what_follows_has_both(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted", "version.published")
    with ThreadPoolExecutor(1) as pool:
        with receiver.keeping_senders_waiting():
            sent = pool.submit(post.go)
            receiver.arrivals.get(timeout=20)
            new = rotated(client, webhook)["secret"]
        sent.result()

    under_way, next_one = receiver.received
    assert [fits(under_way, own) for own in (webhook["secret"], new)] == [True, False]
    assert [fits(next_one, own) for own in (webhook["secret"], new)] == [True, True]


def test_of_two_who_rotate_at_once_both_have_a_secret_that_is_live(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)

    changed = at_once(lambda _: rotated(client, webhook), range(2))
    happens(database, "version.published")
    post.go()

    [received] = receiver.received
    assert all(fits(received, own["secret"]) for own in changed)
    assert not fits(received, webhook["secret"])


def test_an_overlap_is_some_seconds_of_at_most_a_week(client: TestClient) -> None:
    webhook = a_webhook(client, "http://127.0.0.1:9/")

    for overlap in (-1, 7 * 86400 + 1, 1.5, "1 day"):
        refused = client.post(f"{address(webhook)}/rotate", json={"overlap": overlap})

        assert refused.status_code == 422
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/overlap"]
