"""How much memory a process has, and how much it may have.

A process that asks for more than it may is refused (MemoryError), and what it was at ends as a
problem; without a bound the kernel kills whatever process it likes.
"""

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

_MEGABYTE: Final = 1 << 20
_KILLED_BEFORE_OTHERS: Final = 500
"""Of at most 1000, as Linux has it."""


def bound_memory(megabytes: int) -> None:
    """Of this process from now on, as far as it can be written to: what libraries have on disk is
    not counted, nor is what is reserved and not in use. 0: no bound.
    """
    if megabytes:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * _MEGABYTE, hard))


def lift_bound() -> None:
    """To say what happened and to end in order takes memory, too."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def die_before_others() -> None:
    """Where the machine has no memory left, and Linux has to choose."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_KILLED_BEFORE_OTHERS))


def megabytes_in_use() -> int:
    """Of this process, now; where the system does not say, the most that it had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // _MEGABYTE
    return pages * os.sysconf("SC_PAGE_SIZE") // _MEGABYTE
