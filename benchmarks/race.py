"""One contestant on one company, in a process of its own: `python -m benchmarks.race NAME FOLDER`.

The process reads the arrays, solves, and reports CPU time and memory; the parent compares answers.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.contestants import CONTESTANTS, TIME_LIMIT, Arrays, TimeIsUp
from benchmarks.instances import Instance
from solver.problem import FloatArray

_QUICK: Final = 0.2
_REPEATS: Final = 15
_ARRAYS, _ANSWER = "arrays.npz", "quota.npy"


@dataclass(frozen=True, slots=True)
class Run:
    """What one process measured; no times where the limit came first."""

    cpu: float | None
    """CPU seconds of one solve, all threads; of quick ones the median, the first left out."""
    peak: float
    """Most memory the process ever held, MB (10^6 bytes)."""
    before: float
    """Most memory before the solve: the interpreter, the libraries, the arrays."""


def run(name: str, instance: Instance, folder: Path) -> tuple[Run, FloatArray | None]:
    """Let a contestant run in its own process. The quotas are None where the limit came first."""
    arrays, answer = folder / _ARRAYS, folder / _ANSWER
    answer.unlink(missing_ok=True)
    Arrays.of(instance).save(arrays)
    command = [sys.executable, "-m", "benchmarks.race", name, str(folder)]
    try:
        # A model is built before HiGHS looks at its watch, hence the margin.
        done = subprocess.run(  # noqa: S603 - our own module with our own arguments
            command, check=True, stdout=subprocess.PIPE, timeout=2 * TIME_LIMIT
        )
    except subprocess.TimeoutExpired:
        return Run(None, float("nan"), float("nan")), None
    return Run(**json.loads(done.stdout)), np.load(answer) if answer.exists() else None


def main(name: str, folder: Path) -> None:
    case = Arrays.load(folder / _ARRAYS)
    contestant = CONTESTANTS[name]
    import_module(contestant.library)
    before = peak_memory()
    try:
        cpu, quota = timed(lambda: contestant.solve(case))
        np.save(folder / _ANSWER, quota)
    except TimeIsUp:
        cpu = None
    print(json.dumps(asdict(Run(cpu, peak_memory(), before))))


def timed[Answer](work: Callable[[], Answer]) -> tuple[float, Answer]:
    """CPU seconds and the answer. Quick work is repeated: its first time pays for warming up."""
    times = []
    while True:
        start = time.process_time()
        answer = work()
        times.append(time.process_time() - start)
        if times[0] > _QUICK or len(times) > _REPEATS:
            return statistics.median(times[1:] or times), answer


def peak_memory() -> float:
    """The most resident memory of this process so far, in MB; nan where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # not Linux
        return float("nan")
    # getrusage would count what the parent held at the fork.
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kibibytes) * 1024 / 1e6


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
