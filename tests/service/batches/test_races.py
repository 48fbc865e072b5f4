"""Batches that are cancelled, tried again or forgotten just when a part is being stored, or its
process has fallen behind; on both databases.
"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit import db
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.errors import DatabaseUnavailable
from service.operations import claiming
from service.operations.carrying import Carrier
from service.operations.domain import MOST_TRIES, OperationGivenUp
from service.operations.repository import KEPT_FOR, LEASE, Ending, Operations
from service.operations.tables import Operation
from tests.service.batches.test_batches import items_of, plans, started
from tests.service.operations.following import done
from tests.service.steps import at_once

DIED = {"token": "0" * 32, "claimed_until": utc_now(), "tries": 1}
"""What a process leaves that is killed."""


@pytest.fixture(autouse=True)
def _looks_only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_until_it_stops(carrier: Carrier) -> None:
        await carrier._woken.wait()

    monkeypatch.setattr(Carrier, "work", only_until_it_stops)


@pytest.fixture
def batch(client: TestClient) -> str:
    """The path of one with three plans that nobody has begun."""
    return started(client, plans=plans(client, "BU0", "BU1", "BU2"))


def set_part(database: Database, place: int, **values: Any) -> None:
    """As if a process had left it so."""
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        session.execute(sa.update(Operation).where(Operation.place == place).values(values))


def look(client: TestClient, carrier: Carrier) -> None:
    assert client.portal is not None
    client.portal.call(carrier.take_over)


def test_a_plan_whose_version_is_stored_when_the_batch_is_cancelled_is_told_of_and_counted(
    client: TestClient, database: Database, batch: str
) -> None:
    set_part(database, 1, action="version.solve", subject="plan_1/versions/7", **DIED)

    told = client.post(f"{batch}/cancel").json()

    assert (told["done"], told["cancelled"]) == (True, True)
    assert (told["progress"]["finished"], told["progress"]["failed"]) == (1, 0)
    assert client.get(batch).json()["progress"] == told["progress"]
    items = items_of(client, batch)
    assert [own["cancelled"] for own in items] == [True, False, True]
    assert [(own["done"], own["version"]) for own in items] == [
        (True, None),
        (True, 7),
        (True, None),
    ]
    part = client.get(f"/v1/operations/{items[1]['operation']}").json()
    assert part["problem"]["type"] == "/problems/result-not-kept"


def test_when_somebody_is_erased_a_batch_ends_and_tells_of_what_it_had_stored(
    client: TestClient, database: Database, batch: str
) -> None:
    set_part(database, 1, action="version.solve", subject="plan_1/versions/7", **DIED)

    assert client.delete("/v1/people/ann").status_code == 200

    told = client.get(batch).json()
    assert (told["done"], told["cancelled"], told["progress"]["failed"]) == (True, False, 2)
    items = items_of(client, batch)
    assert [own["version"] for own in items] == [None, 7, None]
    ended = {own["problem"]["type"] for own in items if own["problem"]}
    assert ended == {"/problems/ended-by-erasure"}


@pytest.fixture
def given_up(client: TestClient, database: Database) -> str:
    """The path of a batch with one plan, whose workers were killed again and again."""
    batch = started(client, plans=plans(client, "BU0"))
    set_part(database, 0, **DIED | {"tries": MOST_TRIES})
    return batch


def test_what_was_given_up_is_done_when_it_is_tried_again(
    client: TestClient, app: FastAPI, given_up: str
) -> None:
    look(client, Carrier(app))
    (item,) = items_of(client, given_up, failed=True)
    assert item["problem"]["type"] == "/problems/operation-given-up"

    client.post(f"{given_up.replace('/operations/', '/batches/')}/retry").raise_for_status()
    look(client, Carrier(app))

    assert done(client, given_up)["progress"]["failed"] == 0
    assert items_of(client, given_up)[0]["version"] == 1


def test_a_process_that_fell_behind_gives_up_nothing_that_is_tried_again_since(
    client: TestClient, app: FastAPI, given_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one gave it up first, and somebody has it tried again, before this one goes on."""
    retry = f"{given_up.replace('/operations/', '/batches/')}/retry"
    slow, quick = Carrier(app), Carrier(app)
    claim = claiming._claim_first

    def frozen_after_it(*what: Any) -> Any:
        found = claim(*what)
        monkeypatch.setattr(claiming, "_claim_first", claim)
        assert isinstance(found, claiming._Ended)
        assert isinstance(found.problem, OperationGivenUp)
        quick._turns.claim(1, everywhere=True)
        client.post(retry).raise_for_status()
        return found

    monkeypatch.setattr(claiming, "_claim_first", frozen_after_it)
    (left,) = slow._turns.claim(1, everywhere=True)

    assert left.held.id == items_of(client, given_up)[0]["operation"]
    assert items_of(client, given_up)[0]["problem"] is None


def test_of_two_who_try_again_at_once_one_is_told_that_it_is_under_way(
    client: TestClient, app: FastAPI, given_up: str
) -> None:
    look(client, Carrier(app))
    path = f"{given_up.replace('/operations/', '/batches/')}/retry"

    answers = at_once(lambda _: client.post(path).status_code, range(2))

    assert sorted(answers) == [202, 409]
    look(client, Carrier(app))
    assert done(client, given_up)["result"]["items"][0]["version"] == 1


@pytest.mark.parametrize("owners_url", ["postgresql"], indirect=True)
def test_a_process_frozen_while_it_ends_a_plan_holds_up_the_others_for_seconds(
    client: TestClient, database: Database, batch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has locked the whole batch. On SQLite it holds up all who write."""
    monkeypatch.setattr(db, "FORGOTTEN_SOON_SECONDS", 0.1)
    for place, token in enumerate(("frozen", "alive")):
        set_part(database, place, token=token, claimed_until=utc_now() + LEASE)
    ending, sessions = Ending(201, body=b"{}"), database.of(DEFAULT_WORKSPACE).sessions
    frozen = sessions()
    Operations(frozen, DEFAULT_WORKSPACE).finish("frozen", ending, utc_now())

    with sessions.begin() as session:
        assert Operations(session, DEFAULT_WORKSPACE).finish("alive", ending, utc_now())

    with pytest.raises(DatabaseUnavailable):
        frozen.commit()
    assert [own["done"] for own in items_of(client, batch)] == [False, True, False]


def test_parts_are_kept_as_long_as_their_batch(
    client: TestClient, database: Database, batch: str
) -> None:
    """It was tried again after some days."""
    long_ago = utc_now() - KEPT_FOR - timedelta(hours=1)
    set_part(database, 0, done_at=long_ago, status=201, action="version.solve", subject="p/v/1")

    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        Operations(session, DEFAULT_WORKSPACE).forget_old(utc_now())
    assert len(items_of(client, batch)) == 3

    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        session.execute(sa.update(Operation).values(done_at=long_ago))
        Operations(session, DEFAULT_WORKSPACE).forget_old(utc_now())
    assert client.get(batch).status_code == 404
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Operation)) == 0
