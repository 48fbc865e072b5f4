"""Operations whose server is killed, again and again: each comes to its end, and is done once.

Every solve becomes an operation before it begins, and a worker carries it out. Killed are, at any
moment, the service, its worker, both, or PostgreSQL. `FAIRQUOTA_ROUNDS` says how often; what came
out is in docs/reliability.md.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
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
_SOLVED_WITHIN = 0.5
"""Seconds from a request to the end of its operation, about."""


def test_the_service_on_sqlite(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    migrations.upgrade(url)
    service = Service(url, tmp_path, AT_ONCE)

    _kill(service, url, _ends_processes(service))


def test_the_service_on_postgresql(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        service = Service(services_url(url), tmp_path, AT_ONCE)

        _kill(service, url, _ends_processes(service))


def test_postgresql_under_the_service(tmp_path: Path) -> None:
    """Its processes live on: nobody else may store what they carry out."""
    with own_postgresql() as postgresql:
        service = Service(services_url(postgresql.owners_url), tmp_path, AT_ONCE)

        _kill(service, postgresql.owners_url, lambda _: postgresql.restart_at_once())


def _ends_processes(service: Service) -> Callable[[random.Random], None]:
    def end(chance: random.Random) -> None:
        killed = chance.choice(("service", "worker", "both"))
        workers = service.workers()
        if killed != "worker":
            service.kill()
        if killed != "service":
            for pid in workers:
                with suppress(ProcessLookupError):  # it has ended as its service has
                    os.kill(pid, signal.SIGKILL)
        if killed != "worker":
            service.start()

    return end


def _kill(service: Service, owners_url: str, end: Callable[[random.Random], None]) -> None:
    told, stop, chance = Told(), threading.Event(), random.Random(SEED)
    pause = threading.Event()
    began = time.monotonic()
    with serving(service):
        callers = [Follower(service.address, told, stop) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            for _ in range(ROUNDS):
                assert told.wait_for_more(chance.randint(1, 6), MOST_SECONDS), service.said()
                pause.wait(chance.uniform(0, _SOLVED_WITHIN))
                end(chance)
                let_claims_run_out(owners_url)
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
