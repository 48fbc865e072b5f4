"""What is wrong in files, and in what they say, told as a command tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.cli.failure import listed
from service.kit.errors import InvalidInput
from service.roster.files import FileFaults

_OPTIONS: Final = frozenset({"/currency", "/increment", "/period", "/target"})
"""What a command takes as an option, and the API as a member."""


@contextmanager
def faults_listed() -> Iterator[None]:
    """All faults as one `Failure`."""
    try:
        yield
    except FileFaults as faults:
        raise listed([str(fault) for fault in faults.faults]) from faults
    except InvalidInput as faults:
        told = [f"{_as_written(fault.pointer)}: {fault.detail}" for fault in faults.faults]
        raise listed(told) from faults


def _as_written(pointer: str) -> str:
    """A pointer as people write it: `policy.yaml/groups/0/max`, or `--period`."""
    if pointer in _OPTIONS:
        return f"--{pointer[1:]}"
    return pointer.lstrip("/").replace("~1", "/").replace("~0", "~")
