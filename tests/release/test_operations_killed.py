"""Operations whose server is killed, again and again: each comes to its end, and is done once.

Every solve becomes an operation before it begins. Every second kill waits for a version that is
being stored or committed, the others come at any moment. `FAIRQUOTA_ROUNDS` says how often
something is killed; docs/reliability.md says what came out.
"""

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

from service.kit import migrations
from tests.release.afterwards import all_is_there, holds
from tests.release.callers import MOST_SECONDS, Follower, Told
from tests.release.running import (
    Service,
    let_claims_run_out,
    own_postgresql,
    services_url,
    serving,
)

ROUNDS = int(os.environ["FAIRQUOTA_ROUNDS"])
CALLERS = 4
SEED = 20_261_123
AT_ONCE = {"FAIRQUOTA_ANSWER_WITHIN": "0"}
_SOLVED_WITHIN = 0.3
"""Seconds from a request to the end of its operation, about."""


def test_the_service_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    migrations.upgrade(url)
    service = Service(url, tmp_path, AT_ONCE)

    _kill(service, url, _restarting(service, url))


def test_the_service_on_postgresql(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        service = Service(services_url(url), tmp_path, AT_ONCE)

        _kill(service, url, _restarting(service, url))


def test_postgresql_under_the_service(tmp_path: Path) -> None:
    """Its process lives on: nobody else may carry out what it carries out."""
    with own_postgresql() as postgresql:
        service = Service(services_url(postgresql.owners_url), tmp_path, AT_ONCE)

        _kill(service, postgresql.owners_url, postgresql.restart_at_once)


def _restarting(service: Service, owners_url: str) -> Callable[[], None]:
    def restart() -> None:
        service.kill()
        let_claims_run_out(owners_url)
        service.start()

    return restart


def _kill(service: Service, owners_url: str, restart: Callable[[], None]) -> None:
    told, stop, chance = Told(), threading.Event(), random.Random(SEED)
    pause = threading.Event()
    began = time.monotonic()
    with serving(service):
        callers = [Follower(service.address, told, stop) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            for number in range(ROUNDS):
                assert told.wait_for_more(chance.randint(1, 6), MOST_SECONDS), service.said()
                if number % 2:
                    service.wait_for_a_version(chance)
                else:
                    pause.wait(chance.uniform(0, _SOLVED_WITHIN))
                restart()
            assert told.wait_for_more(CALLERS, MOST_SECONDS, "ended"), service.said()
        finally:
            stop.set()
            for caller in callers:
                caller.join(MOST_SECONDS)
        assert told.odd == []
        all_is_there(service.address, told)
    holds(owners_url)
    seconds = time.monotonic() - began
    versions = sum(map(len, told.versions.values()))
    print(  # noqa: T201 - what docs/reliability.md tells
        f"\n{ROUNDS} times in {seconds:.0f} s: {dict(sorted(told.counts.items()))}, "
        f"{len(told.versions)} plans, {versions} versions; none lost, broken or made twice"
    )
