"""One contestant on one case, in a process of its own: `python -m benchmarks.race NAME FOLDER`.

The process reads the case, solves, and reports CPU time and memory; the parent compares answers.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.answer import TIME_LIMIT, Answer, GaveUp
from benchmarks.arrays import Arrays
from benchmarks.cells import Cells
from benchmarks.contestants import CONTESTANTS
from benchmarks.histories import Histories
from benchmarks.table import Table
from solver.errors import SolverError

_QUICK: Final = 0.2
_REPEATS: Final = 15
_CASE, _ANSWER, _RUN = "case.npz", "answer.npz", "run.json"
_NAN: Final = float("nan")


@dataclass(frozen=True, slots=True)
class Run:
    """What one process measured; no time where there was no answer."""

    cpu: float | None
    """CPU seconds of one solve, all threads; of quick ones the median, the first left out."""
    peak: float
    """Most memory the process and the programs it started ever held, MB (10^6 bytes)."""
    before: float
    """Most memory before the solve: the interpreter, the libraries, the arrays."""
    failure: str = ""
    """Why there is no answer."""


def run(
    name: str, case: Arrays | Table | Cells | Histories, folder: Path
) -> tuple[Run, Answer | None]:
    """Let a contestant run in its own process. There is no answer where it gave up."""
    case.save(folder / _CASE)
    process = subprocess.Popen(  # noqa: S603 - our own module with our own arguments
        [sys.executable, "-m", "benchmarks.race", name, str(folder)],
        stdout=subprocess.DEVNULL,  # some libraries talk
        start_new_session=True,  # so that whatever it starts ends with it
    )
    # A model is built before a solver looks at its watch, hence the margin.
    deadline = time.monotonic() + 2 * TIME_LIMIT
    started = 0.0
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02 if CONTESTANTS[name].spawns else 0.5)
        if CONTESTANTS[name].spawns:
            started = max(started, _memory_of_started(process.pid))
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return Run(None, _NAN, _NAN, f"> {2 * TIME_LIMIT:.0f} s"), None
    if process.returncode:
        return Run(None, _NAN, _NAN, f"ended with {process.returncode}"), None
    done = Run(**json.loads((folder / _RUN).read_text()))
    done = replace(done, peak=done.peak + started)
    if done.cpu is None:
        return done, None
    with np.load(folder / _ANSWER) as parts:
        return done, Answer(parts["quota"], float(parts["largest"]), parts["units"], parts["cells"])


def main(name: str, folder: Path) -> None:
    contestant = CONTESTANTS[name]
    case = contestant.case.load(folder / _CASE)
    for library in contestant.libraries:
        import_module(library)
    before = peak_memory()
    try:
        cpu, answer = timed(lambda: contestant.solve(case))
    except (GaveUp, SolverError) as reason:
        done = Run(None, peak_memory(), before, str(reason) or type(reason).__name__)
    else:
        done = Run(cpu, peak_memory(), before)
        np.savez(folder / _ANSWER, **asdict(answer))
    (folder / _RUN).write_text(json.dumps(asdict(done)))


def timed[Result](work: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds and the result. Quick work is repeated: its first time pays for warming up."""
    times = []
    while True:
        start = _cpu()
        result = work()
        times.append(_cpu() - start)
        if times[0] > _QUICK or len(times) > _REPEATS:
            return statistics.median(times[1:] or times), result


def _cpu() -> float:
    """CPU seconds of this process and of those it started and waited for."""
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + started.ru_utime + started.ru_stime


def peak_memory() -> float:
    """The most resident memory of this process so far, in MB; nan where the system does not say."""
    return _peak_memory("self")


def _peak_memory(process: str) -> float:
    try:
        status = Path("/proc", process, "status").read_text()
    except OSError:  # not Linux, or over
        return _NAN
    # getrusage would count what the parent held at the fork.
    peak = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak[0]) * 1024 / 1e6 if peak else _NAN


def _memory_of_started(process: int) -> float:
    """The most that any program started by the process has held so far; 0 while there is none."""
    found = 0.0
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            # Between fork and exec it is a copy of its parent.
            if Path(f"/proc/{child}/exe").readlink() != Path(f"/proc/{process}/exe").readlink():
                found = max(found, np.nan_to_num(_peak_memory(child)))
    return float(found)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
