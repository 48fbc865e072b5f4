"""`make bench`: run everything, print the page, and keep it as docs/benchmarks.md.

make bench ARGS='--sizes 1000 --whole 1000 --requests 1000 --out bench.md'    a quick look
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.contestants import CONTESTANTS, Arrays
from benchmarks.instances import company
from benchmarks.race import run
from benchmarks.report import Entry, page
from benchmarks.request import Breakdown, break_down, with_baselines, with_history
from benchmarks.stages import run as run_stages
from benchmarks.verdict import judge

_SLOW: Final = 50_000
"""From here on each contestant has one turn a company, and the natural LP one company."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--whole", nargs="+", type=int, default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=[*CONTESTANTS])
    parser.add_argument("--companies", type=int, default=3, help="of each size")
    parser.add_argument("--turns", type=int, default=3, help="of everybody on each company")
    parser.add_argument("--rounds", type=int, default=7, help="of each request")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"))
    chosen = parser.parse_args(arguments)
    command = shlex.join(["python", "-m", "benchmarks", *arguments]) if arguments else "make bench"
    with tempfile.TemporaryDirectory() as folder:
        entries = [
            entry
            for reps in chosen.sizes
            for entry in _race(
                reps, chosen.contestants, chosen.companies, chosen.turns, Path(folder)
            )
        ]
        stages = {reps: run_stages(reps, seed=0) for reps in chosen.whole}
        requests = _requests(chosen.requests, chosen.rounds, Path(folder))
    text = page(command, entries, stages, requests)
    chosen.out.write_text(text)
    print(text)


def _race(
    reps: int, names: Sequence[str], companies: int, turns: int, folder: Path
) -> Iterator[Entry]:
    """Everybody on every company, taking turns."""
    for seed in range(companies):
        instance = company(reps, seed)
        tree = judge(instance, CONTESTANTS["tree"].solve(Arrays.of(instance)))
        for _ in range(turns if reps < _SLOW else 1):
            for name in names:
                if name == "natural" and reps >= _SLOW and seed > 0:
                    continue
                measured, quota = run(name, instance, folder)
                print(f"{reps:>9,} reps, company {seed}: {name}: {measured}", file=sys.stderr)
                verdict = None if quota is None else judge(instance, quota)
                yield Entry(reps, seed, name, measured, verdict, tree)


def _requests(reps: int, rounds: int, folder: Path) -> dict[str, Breakdown]:
    instance = company(reps, seed=0)
    return {
        f"{reps:,} reps, baselines given": break_down(with_baselines(instance), folder, rounds),
        f"{reps:,} reps, a year of history each": break_down(
            with_history(instance), folder, rounds
        ),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
