"""What the service carries while it solves: `make release-load`.

A real `fairquota serve` on each database, which waits for its disk, and callers in processes of
their own. First each kind of write alone; then a mix of small writes, beside nothing else, beside
somebody who solves a company of 10,000 reps again and again, beside one with rules across teams,
and beside batches of such companies, with as many workers as there are cores; and the same solves
without writes. Meanwhile one caller asks `GET /healthz` and one reads a plan, thirty times a second
at most. docs/reliability.md says what came out. Linux only.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx2
import numpy as np

from benchmarks.instances import Instance, company
from tests.commands import address_in, started
from tests.load.callers import Seen
from tests.load.measuring import BatchBeside, Beside, Desk, Measured, disk
from tests.load.solved import rules_across, store
from tests.release.running import own_postgresql, services_url

_OF_A_BATCH = 8
"""Plans."""
_HEAD = (
    "database", "writes", "beside", "writes/s", "p50, ms", "p99, ms", "refused", "solves, s each",
    "ping p50", "p99", "read p50", "p99", "CPU of the service", "of the callers",
)  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    chosen = _chosen(arguments)
    tree = company(chosen.reps, seed=0)
    _say(
        f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}; "
        f"{chosen.connections} connections write, {chosen.seconds:g} s for each line; "
        f"{chosen.reps:,} reps are solved\n"
    )
    _say(f"| {' | '.join(_HEAD)} |\n{'|---' * len(_HEAD)}|")
    with tempfile.TemporaryDirectory(prefix="fairquota-load-") as folder:
        sqlite = _measure("SQLite", f"sqlite:///{folder}/fairquota.db", tree, chosen)
        disk_of_folder = disk(Path(folder))
    with own_postgresql() as postgresql:
        postgres = _measure("PostgreSQL", services_url(postgresql.owners_url), tree, chosen)
    _say(f"\n{disk_of_folder}. Peak memory of the service: {sqlite:.0f} MB, {postgres:.0f} MB")


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement")
    parser.add_argument("--reps", type=int, default=10_000, help="of the company that is solved")
    parser.add_argument("--connections", type=int, default=16, help="that write at once")
    return parser.parse_args(arguments)


def _measure(database: str, url: str, tree: Instance, chosen: argparse.Namespace) -> float:
    """All lines of a database; answers the peak of memory in MB."""
    settings = {"FAIRQUOTA_DATABASE_URL": url, "FAIRQUOTA_CALLS_PER_MINUTE": "0"}
    settings["FAIRQUOTA_WORKERS"] = str(os.cpu_count())
    with started("serve", "--port", "0", **settings) as (process, said):
        with httpx2.Client(base_url=address_in(said), timeout=60) as client:
            plan, *plans = (store(client, tree) for _ in range(1 + _OF_A_BATCH))
            versions = f"{plan}/versions"
            solves = (
                Beside("a tree", versions, {}),
                Beside("rules across", versions, {"policy": rules_across(tree)}),
                BatchBeside("a batch", [own.rpartition("/")[2] for own in plans]),
            )
            for beside in solves:  # whatever is loaded at the first need
                beside.solve(client)
            desk = Desk(process.pid, client, chosen.connections, chosen.seconds)
            for kind in ("plan", "key", "inputs", "adjust"):
                _say(_row(database, kind, "–", desk.measure(kind)))
            for writes in (None, "mix"):
                _say(_row(database, writes or "–", "–", desk.measure(writes)))
                for beside in solves:
                    told = desk.measure(writes, beside)
                    _say(_row(database, writes or "–", beside.name, told))
            peak = desk.peak_of_memory()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    return peak


def _row(database: str, writes: str, beside: str, told: Measured) -> str:
    count = len(told.writes.milliseconds) if told.writes else 0
    cells = (
        database, writes, beside,
        f"**{count / told.seconds:.0f}**" if count else "–", *_percentiles(told.writes),
        str(sum(seen.refused for seen in told.all_seen)),
        f"{len(told.solved)}, {statistics.median(told.solved):.2f}" if told.solved else "–",
        *_percentiles(told.ping), *_percentiles(told.read),
        f"{told.cpu / told.seconds:.0%}",
        f"{sum(seen.cpu for seen in told.all_seen) / told.seconds:.0%}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _percentiles(seen: Seen | None) -> list[str]:
    """The median and the 99th of a hundred."""
    if seen is None or not seen.milliseconds:
        return ["–", "–"]
    return [f"{own:.0f}" for own in np.percentile(seen.milliseconds, (50, 99))]


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what docs/reliability.md tells


if __name__ == "__main__":
    main(sys.argv[1:])
