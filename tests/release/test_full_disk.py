"""The disk of a PostgreSQL is full while the service writes: nothing is stored by halves, and all
goes on by itself when there is room.

Where tables are on that disk, PostgreSQL refuses what it has no room for. Where its write-ahead log
is, it ends itself, and again each time that it is started, until there is room.
"""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.release.afterwards import all_is_there, holds
from tests.release.callers import COMPANY, MOST_SECONDS, PLAN, Caller, Told
from tests.release.running import Service, let_claims_run_out, services_url, serving
from tests.release.small_disk import Held, SmallDisk, small_disk

CALLERS = 4
KEY = {"Idempotency-Key": "large"}


def large() -> dict[str, object]:
    """Inputs that no page has room for, however well they are compressed."""
    chance = random.Random(1)
    notes = {f"note {i}": chance.randbytes(70).hex() for i in range(40)}
    first, *others = COMPANY["reps"]
    return COMPANY | {"reps": [first | {"attributes": notes}, *others]}


@contextmanager
def seasons(service: Service, told: Told) -> Iterator[None]:
    """Callers plan beside what is done here, and in the end were answered to all they sent."""
    stop = threading.Event()
    callers = [Caller(service.address, told, stop) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield
    finally:
        stop.set()
        for caller in callers:
            caller.join(MOST_SECONDS)
    assert told.odd == []


def goes_on(disk: SmallDisk, told: Told) -> bool:
    let_claims_run_out(disk.owners_url)
    return told.wait_for_more(5 * CALLERS, MOST_SECONDS)


def test_with_its_tables_on_it_postgresql_refuses_writes_and_goes_on_reading(
    tmp_path: Path,
) -> None:
    told = Told()
    with small_disk(Held.TABLES) as disk:
        service = Service(services_url(disk.owners_url), tmp_path)
        with serving(service), httpx2.Client(base_url=service.address, timeout=60) as client:
            with seasons(service, told):
                assert told.wait_for_more(5 * CALLERS, MOST_SECONDS), service.said()
                plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
                told.versions[plan] = {}
                client.put(f"{plan}/inputs", json=COMPANY).raise_for_status()
                before = client.get(f"{plan}/inputs").json()

                disk.fill()
                refused = client.put(f"{plan}/inputs", json=large(), headers=KEY)
                read = [client.get(f"{plan}/{what}") for what in ("inputs", "versions", "verify")]
                assert told.wait_for_more(CALLERS, MOST_SECONDS, "put off"), service.said()

                disk.make_room()
                assert goes_on(disk, told), service.said()
                again = client.put(f"{plan}/inputs", json=large(), headers=KEY)
            all_is_there(service.address, told)
        holds(disk.owners_url)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["type"] == "/problems/database-unavailable"
    assert "has no room left" in refused.json()["detail"]
    assert "53100" in service.said()
    assert [answer.status_code for answer in read] == [200, 200, 200]
    assert read[0].json() == before
    assert again.status_code == 200


@pytest.mark.parametrize("held", [Held.LOG, Held.BOTH], ids=["log", "tables-and-log"])
def test_with_its_log_on_it_postgresql_ends_until_there_is_room(held: Held, tmp_path: Path) -> None:
    told = Told()
    with small_disk(held) as disk:
        service = Service(services_url(disk.owners_url), tmp_path)
        with serving(service):
            with seasons(service, told):
                assert told.wait_for_more(5 * CALLERS, MOST_SECONDS), service.said()
                disk.fill()
                disk.end_segment()
                assert told.wait_for_more(10 * CALLERS, MOST_SECONDS, "put off"), service.said()
                disk.make_room()
                assert goes_on(disk, told), service.said()
            all_is_there(service.address, told)
        holds(disk.owners_url)
        assert "PANIC:  could not write to file" in disk.said()
