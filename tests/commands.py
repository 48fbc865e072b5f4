"""The `fairquota` command as a process of its own, as somebody at a keyboard runs it."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FAIRQUOTA = Path(sys.executable).with_name("fairquota")


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if "FAIRQUOTA" not in name}
    calm = {"FAIRQUOTA_LOG_LEVEL": "error", "FAIRQUOTA_ANSWER_WITHIN": "600", "COLUMNS": "120"}
    return plain | calm | more


@contextmanager
def ctrl_c_is_heard() -> Iterator[None]:
    """As in a terminal. A runner in parallel, or one in the background, ignores it, and then so
    would every command that it starts.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def started(
    *arguments: str, until: str = "Ctrl-C stops it", **more: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running command and what it said up to a line; a server's tells its address before."""
    with ctrl_c_is_heard():
        running = subprocess.Popen(  # noqa: S603 - our own command
            [FAIRQUOTA, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(**more),
        )
    with running as process:
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                if until in line:
                    break
            yield process, said
        finally:
            if process.poll() is None:
                process.kill()


def workers_of(pid: int) -> list[int]:
    """The processes that carry out operations for a service, whichever thread of it started them,
    or for a `fairquota worker`.
    """
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    return [own for own in map(int, children) if b"spawn_main" in _command_of(own)]


def _command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def address_in(said: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", said)
    assert found, said
    return found[0]


def on_a_terminal(*arguments: object, **more: str) -> str:
    """Everything the command shows to somebody at a terminal, stderr included."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - our own command
        [FAIRQUOTA, *map(str, arguments)], stdout=theirs, stderr=theirs, env=environment(**more)
    ):
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
    os.close(ours)
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side has closed, which Linux tells as an error
        return b""
