"""What a receiver does not take is tried for a while, given up, listed, and sent again if asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from service.webhooks.delivering import LEASE
from service.webhooks.domain import KEPT_FOR, SCHEDULE, Outcome, asked_to_wait
from service.webhooks.repository import Claimed, Webhooks
from service.webhooks.usecases import settle
from tests.service.scraped import Scrape
from tests.service.steps import at_once
from tests.service.webhooks.post import Post, a_webhook, address, happens, state, trail
from tests.service.webhooks.receiver import Receiver


def deliveries(client: TestClient, webhook: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{address(webhook)}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def claimed(database: Database, post: Post) -> Claimed:
    """The next delivery, in the hands of somebody who has yet to say what came of it."""
    [due] = post.deliverer.due()
    with database.sessions.begin() as session:
        claim = Webhooks(session, due.workspace_id).claim(due.webhook_id, post.now, LEASE)
    assert claim
    return claim


def settled(database: Database, post: Post, claim: Claimed, *outcomes: Outcome) -> None:
    with database.sessions.begin() as session:
        for outcome in outcomes:
            settle(session, DEFAULT_WORKSPACE, claim, outcome, now=post.now)


REFUSED = Outcome(500, "It answered 500.", "out of order")
IN_VAIN = [REFUSED] * 11


def given_up(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> tuple[dict[str, Any], str]:
    """A webhook, and where to ask for the delivery that it has given up."""
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted")
    settled(database, post, claimed(database, post), *IN_VAIN)
    [delivery] = deliveries(client, webhook, status="given_up")
    return webhook, f"{address(webhook)}/deliveries/{delivery['id']}/retry"


def test_it_is_tried_for_three_days_and_then_given_up_for_the_next_one(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    began = post.now
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted")
    receiver.answers.extend([(500, b"out of order")] * 11)
    post.go()
    for wait in SCHEDULE:
        post.go(wait)
    happens(database, "version.published")
    post.go()

    published, submitted = deliveries(client, webhook)
    assert receiver.kinds == ["version.submitted"] * 11 + ["version.published"]
    assert timedelta(days=3) < post.now - began < timedelta(days=4)
    assert (published["status"], published["last_status"]) == ("delivered", 204)
    assert {name: own for name, own in submitted.items() if not name.endswith("_at")} == {
        "id": receiver.received[0].id,
        "type": "version.submitted",
        "status": "given_up",
        "attempts": 11,
        "last_status": 500,
        "last_error": "It answered 500.",
        "last_excerpt": "out of order",
    }
    assert submitted["given_up_at"] == submitted["last_attempt_at"] > submitted["happened_at"]
    assert submitted["next_attempt_at"] is None
    [shown] = client.get("/v1/webhooks").json()["items"]
    assert (shown["waiting"], shown["given_up"]) == (0, 1)
    assert trail(database)[-1] == (
        "delivery.give_up", f"{webhook['id']}/deliveries/{submitted['id']}", "webhooks",
    )  # fmt: skip


def test_metrics_tell_what_was_announced_what_waits_and_what_was_given_up(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    given_up(client, database, receiver, post)
    happens(database, "version.submitted", "version.published")
    post.deliverer.due()  # which turns announcements into deliveries
    happens(database, "version.submitted")

    told = Scrape(client.get("/metrics").text)

    assert told.sum("fairquota_outbox_events_waiting") == 1
    assert told.sum("fairquota_webhook_deliveries", status="waiting") == 2
    assert told.sum("fairquota_webhook_deliveries", status="given_up") == 1


def test_who_asks_has_it_sent_once_more(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook, retry = given_up(client, database, receiver, post)

    asked = client.post(retry)
    post.go()
    again = client.post(retry)

    assert (asked.status_code, asked.json()["status"]) == (200, "waiting")
    assert receiver.kinds == ["version.submitted"]
    assert deliveries(client, webhook, status="given_up") == []
    assert (again.status_code, again.json()["type"]) == (409, "/problems/delivery-was-taken")
    assert [action for action, _, _ in trail(database)[-2:]] == [
        "delivery.give_up",
        "delivery.retry",
    ]


def test_if_that_fails_it_is_given_up_again_and_later_ones_do_not_wait(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook, retry = given_up(client, database, receiver, post)
    client.post(retry)
    happens(database, "version.published")
    receiver.answers.append(400)

    post.go()
    post.go()

    published, submitted = deliveries(client, webhook)
    assert (submitted["status"], submitted["attempts"]) == ("given_up", 12)
    assert published["status"] == "delivered"


def test_of_many_who_ask_at_once_all_are_told_that_it_waits_and_it_is_sent_once(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    _, retry = given_up(client, database, receiver, post)

    answers = at_once(lambda _: client.post(retry), range(4))
    post.go()
    post.go()

    assert {(own.status_code, own.json()["status"]) for own in answers} == {(200, "waiting")}
    assert len(receiver.received) == 1
    assert [action for action, _, _ in trail(database)].count("delivery.retry") == 1


def test_one_that_was_given_up_while_it_was_taken_is_delivered(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    """By somebody whose claim ran out before the answer came."""
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.published")
    slow = claimed(database, post)
    settled(database, post, slow, *IN_VAIN)
    [lost] = deliveries(client, webhook, status="given_up")

    settled(database, post, slow, Outcome(204))

    [taken] = deliveries(client, webhook)
    assert (lost["id"], lost["attempts"]) == (taken["id"], 11)
    assert (taken["status"], taken["given_up_at"]) == ("delivered", None)


def test_one_that_waits_for_its_next_attempt_is_sent_at_once_if_asked(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.published")
    receiver.answers.extend([500, 500])
    post.go()
    post.go(SCHEDULE[0])
    [delivery] = deliveries(client, webhook, status="waiting")
    assert delivery["next_attempt_at"] > delivery["last_attempt_at"]

    client.post(f"{address(webhook)}/deliveries/{delivery['id']}/retry")
    post.go()

    assert len(receiver.received) == 3
    assert state(client)["waiting"] == 0


def test_a_receiver_that_takes_one_again_is_sent_the_others_at_once(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    _, retry = given_up(client, database, receiver, post)
    happens(database, "version.approved", "version.published")
    settled(database, post, claimed(database, post), *[REFUSED] * 4)  # half an hour to wait

    client.post(retry)
    post.go()

    assert receiver.kinds == ["version.submitted", "version.approved", "version.published"]


def test_the_list_is_read_in_pages_and_by_status(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook, other = a_webhook(client, receiver.url), a_webhook(client, receiver.url)
    happens(database, "version.submitted", "version.approved", "version.published")
    receiver.answers.extend([204, 500])
    post.go()
    page = f"{address(webhook)}/deliveries"

    first = client.get(page, params={"limit": 2}).json()
    last = client.get(page, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    foreign = client.get(f"{address(other)}/deliveries", params={"cursor": first["next_cursor"]})

    ids = [own["id"] for own in first["items"] + last["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), last["next_cursor"]) == (3, None)
    assert foreign.status_code == 422
    waiting = deliveries(client, webhook, status="waiting")
    delivered = deliveries(client, webhook, status="delivered")
    assert (len(waiting), len(delivered)) == (2, 1)
    assert client.get(page, params={"status": "lost"}).status_code == 422


@pytest.mark.parametrize("what", ["deliveries", "deliveries/msg_1/retry"])
def test_of_what_is_not_there_nothing_is_told(
    client: TestClient, receiver: Receiver, what: str
) -> None:
    call = client.get if what == "deliveries" else client.post
    webhook = a_webhook(client, receiver.url)

    assert call(f"/v1/webhooks/whk_none/{what}").status_code == 404
    if what != "deliveries":
        assert call(f"{address(webhook)}/{what}").json()["type"] == "/problems/delivery-not-found"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("999999999", 86_400),
        ("Mon, 23 Nov 2026 12:10:00 GMT", 600),
        ("Mon, 23 Nov 2026 12:10:00 -0000", 600),
        ("Sun, 22 Nov 2026 12:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("tomorrow", 0),
        ("-3", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_receiver_asks_for_time_in_seconds_or_by_a_date(asked: str | None, seconds: int) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    assert asked_to_wait(asked, now) == timedelta(seconds=seconds)


def test_it_has_the_time_that_it_asks_for_where_it_would_have_less(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook = a_webhook(client, receiver.url)
    happens(database, "version.submitted")
    receiver.answers.extend([503, 503])
    receiver.headers["Retry-After"] = "25"
    post.catch_up()

    waits = []
    for later in (timedelta(0), timedelta(seconds=25)):
        post.go(later)
        [delivery] = deliveries(client, webhook)
        waits.append(datetime.fromisoformat(delivery["next_attempt_at"]) - post.now)

    assert waits == [timedelta(seconds=25), timedelta(seconds=30)]


def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(
    client: TestClient, database: Database, receiver: Receiver, post: Post
) -> None:
    webhook, _ = given_up(client, database, receiver, post)
    happens(database, *["version.published"] * 250)
    post.go()
    client.post(f"{address(webhook)}/disable")
    happens(database, "version.submitted")
    post.go()

    post.go(KEPT_FOR - timedelta(minutes=1))
    assert len(deliveries(client, webhook, limit=1000)) == 252
    post.go(timedelta(hours=1))

    [left] = deliveries(client, webhook)
    assert left["status"] == "waiting"
    with database.sessions.begin() as session:
        assert session.scalars(sa.select(OutboxEvent.id)).all() == [left["id"]]
