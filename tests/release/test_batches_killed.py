"""Batches whose workers are killed, again and again: every plan has its version once.

Two callers have the same thirty plans solved and submitted, batch after batch, try again what
failed and cancel some. Two workers carry that out, and one or both of them are killed, with their
service or without, or frozen until others have done their work; or PostgreSQL, or all connections
to it. Two of three times that is while a version is stored or committed. `FAIRQUOTA_ROUNDS` says
how often; what came out is in docs/reliability.md.
"""

import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx2
import sqlalchemy as sa

from service.kit import migrations
from tests.release.afterwards import all_is_there, each_once, holds
from tests.release.batching import Batches
from tests.release.callers import MOST_SECONDS, Told
from tests.release.crews import SIZE, Crew, Fleet, OnALaptop, freeze, kill, working
from tests.release.running import (
    PostgreSQL,
    Service,
    do,
    let_claims_run_out,
    own_postgresql,
    services_url,
)

ROUNDS = int(os.environ["FAIRQUOTA_ROUNDS"])
CALLERS = 2
SEED = 20_261_123
_SOLVED_WITHIN = 0.2
"""Seconds that a plan takes, about."""
_SERVE_AND_WORK = {"FAIRQUOTA_WORKERS": str(SIZE)}
_ONLY_SERVE = {"FAIRQUOTA_WORKERS": "0"}

type Fault = Callable[[random.Random], str]
"""Ends something at once; says what, and when."""


def test_on_a_laptop(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    migrations.upgrade(url)
    crew = OnALaptop(Service(url, tmp_path, _SERVE_AND_WORK))

    _through(crew, url, _killing(crew))


def test_in_a_fleet(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        crew = Fleet(Service(services_url(url), tmp_path, _ONLY_SERVE))

        _through(crew, url, _killing(crew))


def test_postgresql_under_a_fleet(tmp_path: Path) -> None:
    """Its processes live on: nobody else may store what they carry out."""
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        crew = Fleet(Service(services_url(url), tmp_path, _ONLY_SERVE))

        _through(crew, url, _cutting(crew, postgresql))


def test_frozen_in_a_fleet(tmp_path: Path) -> None:
    with own_postgresql() as postgresql:
        url = postgresql.owners_url
        crew = Fleet(Service(services_url(url), tmp_path, _ONLY_SERVE))
        told = Told()

        _through(crew, url, _freezing_on_postgresql(crew, url, told), told)


def test_frozen_on_a_laptop(tmp_path: Path) -> None:
    """With the lock of writers it keeps everybody from writing, and nobody from reading."""
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    migrations.upgrade(url)
    crew = Fleet(Service(url, tmp_path, _ONLY_SERVE))
    told = Told()

    _through(crew, url, _freezing_on_sqlite(crew, url, told), told)


def _killing(crew: Crew) -> Fault:
    def end(chance: random.Random) -> str:
        killed = chance.choice(("a worker", "both workers", "the service", "all"))
        pid, when = _moment(crew, chance)
        workers = [pid] if killed == "a worker" else crew.workers()
        if killed in ("the service", "all"):
            crew.service.kill()
        if killed != "the service":
            kill(*workers)
        crew.start_again()
        return f"{killed}, {when}"

    return end


def _cutting(crew: Crew, postgresql: PostgreSQL) -> Fault:
    def end(chance: random.Random) -> str:
        cut = chance.choice(("PostgreSQL", "connections"))
        _, when = _moment(crew, chance)
        if cut == "PostgreSQL":
            postgresql.restart_at_once()
        else:
            _end_connections(postgresql.owners_url)
        return f"{cut}, {when}"

    return end


def _freezing_on_postgresql(crew: Crew, url: str, told: Told) -> Fault:
    def hold(chance: random.Random) -> str:
        pid, when = _moment(crew, chance, freeze)
        if crew.service.stage(pid) and chance.randrange(4):
            # as after two minutes; until then whoever comes to the same plan waits half a minute
            _end_connections(url, "idle in transaction%%")
            when += ", forgotten"
        let_claims_run_out(url, but_for_locked=True)
        assert told.wait_for_more(5, MOST_SECONDS, "plans"), crew.service.said()
        return f"{_thawed_or_killed(crew, pid, chance)}, {when}"

    return hold


def _freezing_on_sqlite(crew: Crew, url: str, told: Told) -> Fault:
    def hold(chance: random.Random) -> str:
        pid, when = _moment(crew, chance, freeze)
        if _is_locked(url):
            when += ", with the lock"
            _reads(crew.service.address)
        else:
            let_claims_run_out(url)
            assert told.wait_for_more(5, MOST_SECONDS, "plans"), crew.service.said()
        return f"{_thawed_or_killed(crew, pid, chance)}, {when}"

    return hold


def _moment(
    crew: Crew, chance: random.Random, then: Callable[[int], None] | None = None
) -> tuple[int, str]:
    """Wait until a worker stores or commits a version, or for any moment, do what is to be done
    `then` to the one that is furthest; answers which one it is and what it was doing.
    """
    pause = threading.Event()
    while not (workers := crew.workers()):
        pause.wait(0.01)
    if chance.randrange(3):
        crew.service.wait_for_a_version(chance, *workers)
    else:
        pause.wait(chance.uniform(0, _SOLVED_WITHIN))
    pid = max(workers, key=crew.service.stage)
    if then is not None:
        then(pid)
    return pid, crew.service.stage(pid).name.lower()


def _thawed_or_killed(crew: Crew, pid: int, chance: random.Random) -> str:
    if chance.choice((True, False)):
        os.kill(pid, signal.SIGCONT)
        return "thawed"
    kill(pid)
    crew.start_again()
    return "killed"


def _end_connections(owners_url: str, states: str = "%%") -> None:
    do(
        owners_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - our own words
        f"WHERE application_name = 'fairquota' AND state LIKE '{states}'",
    )


def _is_locked(url: str) -> bool:
    """For longer than any transaction takes whose process is not frozen."""
    with closing(sqlite3.connect(sa.make_url(url).database or "", timeout=2)) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        own.rollback()
        return False


def _reads(address: str) -> None:
    for path in ("/healthz", "/v1/operations"):
        assert httpx2.get(f"{address}{path}", timeout=60).status_code == 200


def _through(crew: Crew, owners_url: str, fault: Fault, told: Told | None = None) -> None:
    told, stop, chance = told or Told(), threading.Event(), random.Random(SEED)
    happened: Counter[str] = Counter()
    began = time.monotonic()
    with working(crew):
        first, *callers = [
            Batches(crew.service.address, told, stop, random.Random(SEED + number))
            for number in range(CALLERS + 1)
        ]
        first.make_plans()
        for caller in callers:
            caller.start()
        try:
            for _ in range(ROUNDS):
                assert told.wait_for_more(chance.randint(1, 12), MOST_SECONDS, "plans"), told
                happened[fault(chance)] += 1
                let_claims_run_out(owners_url, but_for_locked=True)
        finally:
            stop.set()
            for caller in callers:
                caller.join()
        assert told.odd == []
        all_is_there(crew.service.address, told)
    each_once(owners_url, told)
    holds(owners_url)
    seconds = time.monotonic() - began
    versions = sum(map(len, told.versions.values()))
    print(  # noqa: T201 - what docs/reliability.md tells
        f"\n{ROUNDS} times in {seconds:.0f} s, {dict(sorted(happened.items()))}: "
        f"{dict(sorted(told.counts.items()))}, {versions} versions; none lost, broken or made twice"
    )
