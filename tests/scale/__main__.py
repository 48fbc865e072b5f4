"""How much one machine carries: `make release-scale`.

A real `fairquota serve` with its workers on each database, which waits for its disk, and batches:
many plans of a team, some of a large company, one of a million reps. Each line of the first table
is one batch in a new database; whatever has to be loaded is loaded before. The large plan is then
read in every format. Peaks of memory (VmHWM) are looked at anew for each step.
docs/guide/scaling.md says what came out. It ends with 1 where something took more memory than the
guide says that it may. Linux only.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tests.scale.batches import Batch, carried_out
from tests.scale.running import new_place
from tests.scale.steps import Step

DATABASES: Final = ("sqlite", "postgresql")
_BATCHES: Final = (
    "database", "plans x reps", "workers", "s", "plans/s", "quotas/s",
    "CPU ms per plan: workers", "service", "database", "peak of a worker, MB", "of the service",
    "database, MB", "bytes per quota",
)  # fmt: skip
_STEPS: Final = (
    "database", "reps", "step", "s", "CPU s", "answered, MB", "the service before, MB",
    "at its peak",
)  # fmt: skip
_MB: Final = 1_000_000
WORKER_MB: Final = (300, 4_500)
"""What a worker may take: whatever it solves, and so much more for a million reps of one plan."""
FILE_MB: Final = 100
"""What the service may take more while it writes a file of quotas, however many they are."""


@dataclass(frozen=True, slots=True)
class Case:
    """A batch of so many plans of so many reps, and how many workers there are."""

    plans: int
    reps: int
    workers: int

    @classmethod
    def of(cls, text: str) -> Self:
        """`10000x30`, or with two workers `10000x30@2`."""
        size, _, workers = text.partition("@")
        plans, reps = size.split("x")
        return cls(int(plans), int(reps), int(workers or 1))


_CASES: Final = ("10000x30", "10000x30@2", "100x10000", "100x10000@2", "1x1000000")


def main(arguments: Sequence[str]) -> int:
    chosen = _chosen(arguments)
    _say(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}\n")
    _say(_head(_BATCHES))
    steps: list[str] = []
    faults: list[str] = []
    for database in chosen.databases:
        for case in map(Case.of, chosen.cases):
            with new_place(database) as place:
                batch = carried_out(place, case.plans, case.reps, case.workers)
            _say(_of_batch(database, case, batch))
            steps += [_of_step(database, case, step) for step in batch.steps]
            faults += _beyond(case, batch)
    if steps:
        _say("\n".join(["", _head(_STEPS), *steps]))
    _say("\n".join(["", *faults]) if faults else "\nEverything stayed within its memory.")
    return 1 if faults else 0


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.scale")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    parser.add_argument(
        "--cases", nargs="+", default=_CASES, metavar="PLANSxREPS[@WORKERS]", help="10000x30@2"
    )
    return parser.parse_args(arguments)


def _of_batch(database: str, case: Case, batch: Batch) -> str:
    quotas, after, before = case.plans * case.reps, batch.after, batch.before
    used = (
        after.workers - before.workers, after.service - before.service,
        after.database - before.database,
    )  # fmt: skip
    return _row(
        database, f"{case.plans:,} x {case.reps:,}", str(case.workers), f"{batch.seconds:.1f}",
        f"**{case.plans / batch.seconds:,.3g}**", f"{quotas / batch.seconds:,.0f}",
        *(f"{1000 * own / case.plans:,.3g}" for own in used),
        f"{batch.peak_of_worker:,.0f}", f"{batch.peak_of_service:,.0f}",
        f"{batch.grew / _MB:,.1f}", f"{batch.grew / quotas:,.0f}",
    )  # fmt: skip


def _of_step(database: str, case: Case, step: Step) -> str:
    return _row(
        database, f"{case.reps:,}", step.name, f"{step.seconds:.1f}", f"{step.cpu:.1f}",
        f"{step.answered / _MB:,.1f}", f"{step.before:,.0f}", f"{step.peak:,.0f}",
    )  # fmt: skip


def _beyond(case: Case, batch: Batch) -> Iterator[str]:
    """What took more memory than docs/guide/scaling.md says."""
    least, more = WORKER_MB
    may = least + more * case.reps / 1_000_000
    if batch.peak_of_worker > may:
        yield f"A worker took {batch.peak_of_worker:,.0f} MB for {case}; it may take {may:,.0f}."
    for step in batch.steps:
        if step.grows is None:
            continue
        may = FILE_MB + step.grows * case.reps / 1_000_000
        if (took := step.peak - step.before) > may:
            yield f"{step.name} took {took:,.0f} MB; it may take {may:,.0f}."


def _head(names: Sequence[str]) -> str:
    return f"{_row(*names)}\n{'|---' * len(names)}|"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what docs/guide/scaling.md tells


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
