"""Killed in the middle of version commits, again and again; nothing is lost, broken or done twice.

Callers send requests again with their keys until they are answered. Each kill waits for a version
that is being stored, every second one until the database is asked to commit it. `FAIRQUOTA_ROUNDS`
says how often something is killed; docs/reliability.md says what came out.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from service.kit import migrations
from tests.release.afterwards import all_is_there, holds
from tests.release.callers import MOST_SECONDS, Caller, Told
from tests.release.running import (
    PostgreSQL,
    Service,
    let_claims_run_out,
    own_postgresql,
    services_url,
    serving,
)
from tests.release.watched import Stage

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

        _kill(service, postgresql.owners_url, _restarting_postgresql(service, postgresql))


def _restarting(service: Service, owners_url: str) -> Callable[[], Stage]:
    def restart() -> Stage:
        stage = service.kill()
        let_claims_run_out(owners_url)
        service.start()
        return stage

    return restart


def _restarting_postgresql(service: Service, postgresql: PostgreSQL) -> Callable[[], Stage]:
    def restart() -> Stage:
        stage = service.stage()
        postgresql.restart_at_once()
        let_claims_run_out(postgresql.owners_url)
        return stage

    return restart


def _kill(service: Service, owners_url: str, restart: Callable[[], Stage]) -> None:
    """`restart` ends something at once, starts it again, and says how far a version had come then;
    in as many rounds as wanted.
    """
    told, stop, chance = Told(), threading.Event(), random.Random(SEED)
    killed: Counter[Stage] = Counter()
    began = time.monotonic()
    with serving(service):
        callers = [Caller(service.address, told, stop) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            for _ in range(ROUNDS):
                assert told.wait_for_more(chance.randint(1, 12), MOST_SECONDS), service.said()
                service.wait_for_a_version(chance)
                killed[restart()] += 1
            assert told.wait_for_more(CALLERS, MOST_SECONDS), service.said()
        finally:
            stop.set()
            let_claims_run_out(owners_url)
            for caller in callers:
                caller.join(MOST_SECONDS)
        assert told.odd == []
        all_is_there(service.address, told)
    holds(owners_url)
    seconds = time.monotonic() - began
    versions = sum(map(len, told.versions.values()))
    print(  # noqa: T201 - what docs/reliability.md tells
        f"\n{ROUNDS} times in {seconds:.0f} s, {killed[Stage.STORING]} while a version was stored, "
        f"{killed[Stage.COMMITTING]} while it was committed: {dict(sorted(told.counts.items()))}, "
        f"{len(told.versions)} plans, {versions} versions; none lost, broken or made twice"
    )
