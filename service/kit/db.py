"""One database behind two doors: sessions that write and sessions that only read.

SQLite runs in WAL mode with `synchronous=FULL`. A writing transaction starts with BEGIN IMMEDIATE
(a transaction that reads first and writes later could not be retried) and writers of one process
queue at one lock, which keeps the slowest of 32 parallel writers at a twelfth of the wait for
SQLite's own lock. Reads take a snapshot and wait for nobody. PostgreSQL is reached by psycopg 3,
and each transaction there sees the rows of one workspace (`row_security`): that of the caller in a
route, of whom `auth.current_caller` has told the request before, and elsewhere that of
`Database.of`. Who says none sees nothing.

A route takes one of
* `SessionDep`      one transaction, committed before the answer leaves, rolled back on any error;
* `ReadSessionDep`  a consistent snapshot that cannot write;
* `SessionsDep`     the factory, for work that must hold no transaction while it computes: fetch in
                    one `with sessions.begin() as session:`, solve, store in another;
* `ReadingSessionsDep`  the same for work that stores nothing, and so waits for no writer.

Take one of them per route, after the body (see `body.py`). Use cases never commit. A thread that
holds one writing transaction must not open a second.
"""

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, cast

import sqlalchemy as sa
import structlog
from fastapi import Depends, Request
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from service.kit import row_security
from service.kit.errors import DatabaseUnavailable

BUSY_SECONDS = 30
FORGOTTEN_SECONDS = 120
"""After so long without a statement a writing transaction loses its locks on PostgreSQL: whoever
holds them has stopped, or the network to it has. Longer than anybody computes in one.
"""
FORGOTTEN_SOON_SECONDS = 10
"""The same where a lock keeps many from going on, and nobody computes while it is held."""
_BUSY = "Other writes kept the database busy for {seconds} seconds."
_FULL = "The database has no room left, so nothing was stored. It goes on when its disk has room."
_READ_ONLY = "The database takes no writes just now, so nothing was stored. Reading goes on."
_LOST = (
    "The connection to the database was lost. Look whether it was done before you send it again."
)
_REFUSALS = {
    "55P03": _BUSY,
    "SQLITE_BUSY": _BUSY,
    "53100": _FULL,
    "SQLITE_FULL": _FULL,
    "25006": _READ_ONLY,
    "SQLITE_READONLY": _READ_ONLY,
}
"""By what PostgreSQL and SQLite call it."""
# A request holds its session while it hops between threads; were all 40 threads of the server
# waiting for the write lock, its holder could never finish. So fewer than 40 may wait at once,
# and there are connections for all who may hold one.
WRITERS, SOLVERS, READERS = 16, 16, 16
CONNECTIONS = 40


log = structlog.get_logger()


class Base(DeclarativeBase):
    """All tables; constraints have names, so that migrations can find them again."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""A number that the database gives, each larger than those before; SQLite counts INTEGER only."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone, so it is checked going in and added coming out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        moment = cast("datetime", value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def by_value(states: type[StrEnum]) -> sa.Enum:
    """The type of a column with one of these states, stored as its value."""
    return sa.Enum(
        states,
        native_enum=False,
        length=20,
        values_callable=lambda kind: [own.value for own in kind],
    )


@dataclass(frozen=True, slots=True)
class Database:
    """An open database; `sessions` write, `reading` only reads. Both leave objects usable."""

    engine: sa.Engine
    sessions: sessionmaker[Session]
    reading: sessionmaker[Session]
    _background: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def in_the_background(self, work: Callable[[], None]) -> None:
        """Do it soon in a thread of its own, one work after the other; failures are only logged.

        For what nobody waits for and what may be lost. `close` waits for all of it.
        """
        in_context = copy_context().run  # whose log lines tell of which request
        self._background.submit(in_context, _logging_failures, work)

    def of(self, workspace_id: str | None, told: Mapping[str, object] | None = None) -> Self:
        """The same database, whose transactions see one workspace; `row_security` says of what.

        `told`: what else its sessions have in their `info`.
        """
        info = {**(told or {}), _WORKSPACE: workspace_id}
        return replace(self, sessions=_with(info, self.sessions), reading=_with(info, self.reading))

    def close(self) -> None:
        self._background.shutdown()
        self.engine.dispose()


def _logging_failures(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.exception("background_work_failed")


_WORKSPACE = "workspace"


def _with(info: Mapping[str, object], sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    own = copy(sessions)
    own.kw = {**sessions.kw, "info": info}
    return own


def _enter_its_workspace(session: Session, _transaction: object, connection: sa.Connection) -> None:
    if workspace_id := session.info.get(_WORKSPACE):
        row_security.enter(connection, workspace_id)


def _enter_to_write(session: Session, _transaction: object, connection: sa.Connection) -> None:
    """The same, and wait not for ever for a lock, or for whoever holds one and says no more."""
    limits = {
        "lock_timeout": f"{BUSY_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{FORGOTTEN_SECONDS}s",
    }
    row_security.enter(connection, session.info.get(_WORKSPACE), limits)


def forget_soon(session: Session) -> None:
    """Of this transaction: it is about to lock what many wait for."""
    if session.get_bind().dialect.name == "postgresql":
        limit = {"idle_in_transaction_session_timeout": f"{FORGOTTEN_SOON_SECONDS}s"}
        row_security.enter(session.connection(), None, limit)


def open_database(url: str, *, foreign_keys: bool = True) -> Database:
    """Connect lazily to `sqlite:///file` or `postgresql://…`.

    `foreign_keys=False` is for migrations, which on SQLite rebuild tables.
    """
    address = sa.make_url(url)
    backend = address.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"the database must be sqlite:///… or postgresql://…, not {backend}")
    if backend == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise ValueError("the database must be a file, for example sqlite:///fairquota.db")
        engine = sa.create_engine(
            address,
            pool_size=WRITERS,
            max_overflow=CONNECTIONS - WRITERS,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            hide_parameters=True,  # else what people sent would stand in logs of errors
        )
        _prepare_sqlite(engine, foreign_keys=foreign_keys)
        _stay_with_the_file(engine, Path(address.database or "").absolute())
        reads = engine.execution_options(reads_only=True)
    else:
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(
            address,
            pool_size=WRITERS,
            max_overflow=CONNECTIONS - WRITERS,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "fairquota"},
            hide_parameters=True,
        )
        reads = engine.execution_options(
            postgresql_readonly=True, isolation_level="REPEATABLE READ"
        )
    _say_what_is_wrong(engine)
    sessions = sessionmaker(engine, expire_on_commit=False)
    reading = sessionmaker(reads, expire_on_commit=False)
    if backend == "postgresql":
        sa.event.listen(reading, "after_begin", _enter_its_workspace)
        sa.event.listen(sessions, "after_begin", _enter_to_write)
    return Database(engine=engine, sessions=sessions, reading=reading)


def _prepare_sqlite(engine: sa.Engine, *, foreign_keys: bool) -> None:
    writing = threading.Lock()

    @sa.event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "recursive_triggers=ON",  # else REPLACE removes rows past those that refuse it
            "secure_delete=ON",  # of somebody who was erased nothing stays in unused pages
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        ):
            connection.cursor().execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("reads_only"):
            connection.exec_driver_sql("PRAGMA query_only=ON")
            connection.exec_driver_sql("BEGIN")
            return
        entry = connection.connection.record_info
        if entry is not None and "writes" not in entry:
            if not writing.acquire(timeout=BUSY_SECONDS):
                raise DatabaseUnavailable(_BUSY.format(seconds=BUSY_SECONDS))
            entry["writes"] = True
        connection.exec_driver_sql("PRAGMA query_only=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @sa.event.listens_for(engine, "checkin")
    def release(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        if entry.record_info is not None and entry.record_info.pop("writes", False):
            writing.release()


def _stay_with_the_file(engine: sa.Engine, path: Path) -> None:
    """Never write into a file that was deleted or replaced: nobody would find it there again.

    An open SQLite connection does not notice. Where the file is gone, DatabaseUnavailable is raised
    instead of making an empty one; where another took its place, connections move to that one.
    """
    known = False

    def present() -> tuple[int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    @sa.event.listens_for(engine, "do_connect")
    def look_first(*_arguments: object) -> None:
        if known and present() is None:
            raise _gone()

    @sa.event.listens_for(engine, "connect")
    def remember(_connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        nonlocal known
        entry.info["file"] = present()
        known = known or entry.info["file"] is not None

    @sa.event.listens_for(engine, "checkout")
    def compare(_connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        now = present()
        if known and now is None:
            raise _gone()
        if now != entry.info["file"]:
            raise sa.exc.DisconnectionError("another file has taken its place")


def _say_what_is_wrong(engine: sa.Engine) -> None:
    """What is a fault neither of the service nor of a row, so that nobody takes it for one."""

    @sa.event.listens_for(engine, "handle_error")
    def say(context: sa.ExceptionContext) -> None:
        reason = context.original_exception
        told = getattr(reason, "sqlstate", None) or getattr(reason, "sqlite_errorname", None) or ""
        known = next((own for name, own in _REFUSALS.items() if told.startswith(name)), None)
        if known is _READ_ONLY:
            context.is_disconnect = True  # a new connection may write again, this one may never
        elif known is None and context.is_disconnect and not context.is_pre_ping:
            known = _LOST
        if known is not None:
            log.error("database_refused", reason=told or type(reason).__name__)
            raise DatabaseUnavailable(known.format(seconds=BUSY_SECONDS)) from reason


def _gone() -> DatabaseUnavailable:
    return DatabaseUnavailable("The database file was deleted or moved while the service runs.")


async def database_of(request: Request) -> Database:
    # async, as all that only looks something up: for a plain function FastAPI waits for a thread
    return cast("Database", request.app.state.database)


DatabaseDep = Annotated[Database, Depends(database_of)]
"""Without a workspace: for what is done before a caller is known."""


def work_in(request: Request, workspace_id: str) -> None:
    """The request's sessions see this workspace from now on."""
    request.state.workspace_id = workspace_id


def told_sessions(state: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What a request's sessions have in their `info`; `state` is that of its scope."""
    told: MutableMapping[str, Any] = state.setdefault("told_sessions", {})
    return told


async def database_of_caller(request: Request) -> Database:
    state = request.state
    workspace_id = getattr(state, "workspace_id", None)
    return (await database_of(request)).of(workspace_id, getattr(state, "told_sessions", None))


_CallersDatabaseDep = Annotated[Database, Depends(database_of_caller)]


def open_session(database: _CallersDatabaseDep) -> Iterator[Session]:
    with database.sessions.begin() as session:
        yield session


def open_read_session(database: _CallersDatabaseDep) -> Iterator[Session]:
    with database.reading.begin() as session:
        yield session


async def lend_sessions(database: _CallersDatabaseDep) -> AsyncIterator[sessionmaker[Session]]:
    yield database.sessions


async def lend_reading_sessions(
    database: _CallersDatabaseDep,
) -> AsyncIterator[sessionmaker[Session]]:
    yield database.reading


# scope="function" ends the transaction before the answer is sent, not after it
SessionDep = Annotated[Session, Depends(open_session, scope="function", max_concurrency=WRITERS)]
ReadSessionDep = Annotated[
    Session, Depends(open_read_session, scope="function", max_concurrency=READERS)
]
SessionsDep = Annotated[
    sessionmaker[Session], Depends(lend_sessions, scope="function", max_concurrency=SOLVERS)
]
ReadingSessionsDep = Annotated[
    sessionmaker[Session],
    Depends(lend_reading_sessions, scope="function", max_concurrency=SOLVERS),
]
