"""Killed in the middle of version commits, again and again; nothing is lost, broken or done twice.

Callers send requests again with their keys until they are answered. `FAIRQUOTA_ROUNDS` says how
often something is killed; docs/reliability.md says what came out.
"""

import os
import random
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from service.kit import migrations
from tests.commands import FAIRQUOTA, environment
from tests.release.callers import MOST_SECONDS, Caller, Told
from tests.release.running import (
    PostgreSQL,
    Service,
    let_claims_run_out,
    own_postgresql,
    services_url,
    serving,
)

ROUNDS = int(os.environ["FAIRQUOTA_ROUNDS"])
CALLERS = 4
SEED = 20_261_123


def test_the_service_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    migrations.upgrade(url)
    service = Service(url, tmp_path)

    _kill(service, url, _restarting(service, url))


def test_the_service_on_postgresql(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        service = Service(services_url(url), tmp_path)

        _kill(service, url, _restarting(service, url))


def test_postgresql_under_the_service(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        service = Service(services_url(postgresql.owners_url), tmp_path)

        _kill(service, postgresql.owners_url, _restarting_postgresql(postgresql))


def _restarting(service: Service, owners_url: str) -> Callable[[], None]:
    def restart() -> None:
        service.kill()
        let_claims_run_out(owners_url)
        service.start()

    return restart


def _restarting_postgresql(postgresql: PostgreSQL) -> Callable[[], None]:
    def restart() -> None:
        postgresql.restart_at_once()
        let_claims_run_out(postgresql.owners_url)

    return restart


def _kill(service: Service, owners_url: str, restart: Callable[[], None]) -> None:
    """`restart` ends something at once and starts it again, in as many rounds as wanted."""
    told, stop, chance = Told(), threading.Event(), random.Random(SEED)
    began = time.monotonic()
    with serving(service):
        callers = [Caller(service.address, told, stop) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            for _ in range(ROUNDS):
                # in the middle of what comes after that answer
                assert told.wait_for_more(chance.randint(1, 12), MOST_SECONDS), service.said()
                restart()
            assert told.wait_for_more(CALLERS, MOST_SECONDS), service.said()
        finally:
            stop.set()
            let_claims_run_out(owners_url)
            for caller in callers:
                caller.join(MOST_SECONDS)
        assert told.odd == []
        _all_is_there(service.address, told)
    _holds(owners_url)
    seconds = time.monotonic() - began
    versions = sum(map(len, told.versions.values()))
    print(  # noqa: T201 - what docs/reliability.md tells
        f"\n{ROUNDS} times in {seconds:.0f} s: {dict(sorted(told.counts.items()))}, "
        f"{len(told.versions)} plans, {versions} versions; none lost, broken or made twice"
    )


def _all_is_there(address: str, told: Told) -> None:
    """Every plan and version that was told, as it was told, and no other one."""
    with httpx2.Client(base_url=address, timeout=60) as client:
        plans = _all_of(client, "/v1/plans")
        assert {f"/v1/plans/{plan['id']}" for plan in plans} == set(told.versions)
        for plan, versions in told.versions.items():
            found = {own["number"]: own for own in _all_of(client, f"{plan}/versions")}
            assert sorted(found) == sorted(versions) == [*range(1, len(versions) + 1)]
            for number, known in versions.items():
                assert known in (None, found[number]["hash"])
            if last := told.published.get(plan):
                assert found[last]["status"] == "published"
            verified = client.get(f"{plan}/verify").json()
            assert verified["valid"], verified


def _all_of(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=params).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def _holds(owners_url: str) -> None:
    """As whoever runs the service would check it, with nothing running."""
    done = subprocess.run(  # noqa: S603 - our own command
        [FAIRQUOTA, "db", "verify"],
        env=environment(FAIRQUOTA_DATABASE_URL=owners_url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
