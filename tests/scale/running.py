"""A new database of each kind, and the service on it."""

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import sqlalchemy as sa

from service.kit import migrations
from service.kit.db import open_database
from tests.commands import address_in, started
from tests.release.running import own_postgresql, services_url
from tests.scale.processes import Process

_SETTINGS: Final = {
    "FAIRQUOTA_ANSWER_WITHIN": "1",
    "FAIRQUOTA_SOLVE_TIME_LIMIT": "3600",
    "FAIRQUOTA_WORKER_MEMORY": "100000",  # else who is looked at might be replaced
}
_SECONDS: Final = 3600.0
"""Longer than anything takes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database with all tables and no plans."""

    url: str
    """For the service."""
    owners_url: str
    server: Process | None
    """PostgreSQL's own; SQLite is a part of each process."""
    size: Callable[[], int]
    """Of the database in bytes."""


@contextmanager
def new_place(database: str) -> Iterator[Place]:
    """`sqlite` or `postgresql`."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory(prefix="fairquota-scale-") as folder:
            file = Path(folder) / "fairquota.db"
            url = f"sqlite:///{file}"
            migrations.upgrade(url)
            yield Place(url, url, None, lambda: _size_of_sqlite(url, file))
        return
    with own_postgresql() as own:
        url = own.owners_url
        pid, *_ = (own.server.pgdata / "postmaster.pid").read_text().split()
        server = Process(int(pid))
        yield Place(services_url(url), url, server, lambda: _size_of_postgresql(url))


def _size_of_sqlite(url: str, file: Path) -> int:
    with closing(open_database(url)) as database, database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")  # outside a transaction
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def _size_of_postgresql(url: str) -> int:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        size = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
        return int(size.scalar_one())


@dataclass(frozen=True, slots=True)
class Service:
    process: Process
    client: httpx2.Client


@contextmanager
def serving(place: Place, workers: int) -> Iterator[Service]:
    """`fairquota serve`, which starts so many workers."""
    settings = {"FAIRQUOTA_DATABASE_URL": place.url, "FAIRQUOTA_WORKERS": str(workers)}
    with started("serve", "--port", "0", **_SETTINGS, **settings) as (process, said):
        with httpx2.Client(base_url=address_in(said), timeout=_SECONDS) as client:
            yield Service(Process(process.pid), client)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
