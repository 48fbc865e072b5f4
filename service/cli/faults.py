"""What is wrong in files, and in what they say, told as a command tells it."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.cli.failure import listed
from service.kit.errors import InvalidInput
from service.roster.files import FileFaults


@contextmanager
def faults_listed() -> Iterator[None]:
    """All faults as one `Failure`."""
    try:
        yield
    except FileFaults as faults:
        raise listed([str(fault) for fault in faults.faults]) from faults
    except InvalidInput as faults:
        told = [f"{_in_a_file(fault.pointer)}: {fault.detail}" for fault in faults.faults]
        raise listed(told) from faults


def _in_a_file(pointer: str) -> str:
    """A pointer as people write it: `policy.yaml/groups/0/max`."""
    return pointer.lstrip("/").replace("~1", "/").replace("~0", "~")
