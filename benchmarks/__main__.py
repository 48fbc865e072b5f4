"""`make bench`: run everything, print the page, and keep it as docs/benchmarks.md.

make bench ARGS=--quick                                        everything, on tiny companies
make bench ARGS='--sizes 1000 --contestants tree split'        a part of it

What is measured is noted in a scratch folder, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import page
from benchmarks.contestants import CONTESTANTS
from benchmarks.instances import Instance, company
from benchmarks.notebook import Notebook
from benchmarks.plan import Plan
from benchmarks.plan import run as run_plan
from benchmarks.request import Breakdown, break_down, with_baselines, with_history
from benchmarks.season import Season
from benchmarks.season import run as run_season
from benchmarks.sections import across, cascades, engines, estimate, spread, whole
from benchmarks.stages import Stages
from benchmarks.stages import run as run_stages

_ROOT = Path(__file__).parents[1]
_QUICK = {
    "sizes": [200], "across": [200], "cascades": [200], "spreads": [200], "whole": [200],
    "estimates": [200], "plans": [200], "seasons": [200], "requests": 200, "rows": [1, 2],
    "companies": 1, "turns": 1, "rounds": 1,
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    chosen = _chosen(arguments)
    command = shlex.join(["python", "-m", "benchmarks", *arguments]) if arguments else "make bench"
    code = [_ROOT / name for name in ("benchmarks", "solver", "service")]
    notebook = Notebook.open(chosen.scratch, *code)
    with tempfile.TemporaryDirectory() as name:
        text = "\n".join([page.head(command), *_sections(chosen, notebook, Path(name))]) + "\n"
    chosen.out.write_text(text)
    notebook.close()
    print(text)


def _sections(chosen: Any, notebook: Notebook, folder: Path) -> list[str]:
    """Everything is measured before anything is written."""
    names, companies = chosen.contestants, chosen.companies
    of_engines = engines.measure(
        notebook, folder,
        sizes=chosen.sizes, contestants=names, companies=companies, turns=chosen.turns,
    )  # fmt: skip
    of_rows = across.measure(
        notebook, folder, sizes=chosen.across, counts=chosen.rows, contestants=names
    )
    of_cascades = cascades.measure(
        notebook, folder, sizes=chosen.cascades, contestants=names, companies=companies
    )
    of_spreads = spread.measure(
        notebook, folder, sizes=chosen.spreads, contestants=names, companies=companies
    )
    of_estimates = estimate.measure(
        notebook, folder, sizes=chosen.estimates, contestants=names, companies=companies
    )
    stages = {
        reps: notebook.noted(f"stages-{reps}", Stages, partial(run_stages, reps, seed=0))
        for reps in chosen.whole
    }
    plans = {
        reps: notebook.noted(f"plan-{reps}", Plan, partial(run_plan, reps, seed=0))
        for reps in chosen.plans
    }
    seasons = {
        reps: notebook.noted(f"season-{reps}", Season, partial(run_season, reps))
        for reps in chosen.seasons
    }
    requests = _requests(notebook, chosen.requests, chosen.rounds, folder)
    return [
        *engines.lines(of_engines),
        *across.lines(of_rows),
        *cascades.lines(of_cascades),
        *spread.lines(of_spreads),
        *estimate.lines(of_estimates),
        *whole.stage_lines(stages),
        *whole.plan_lines(plans),
        *whole.season_lines(seasons),
        *whole.request_lines(requests),
    ]


def _requests(notebook: Notebook, reps: int, rounds: int, folder: Path) -> dict[str, Breakdown]:
    def measured(body: Callable[[Instance], dict[str, Any]]) -> Breakdown:
        return break_down(body(company(reps, seed=0)), folder, rounds)

    kinds = {"baselines given": with_baselines, "a year of history each": with_history}
    return {
        f"{reps:,} reps, {kind}": notebook.noted(
            f"request-{reps}-{rounds}-{kind.replace(' ', '-')}",
            Breakdown,
            partial(measured, body),
        )
        for kind, body in kinds.items()
    }


def _chosen(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sizes = [1_000, 10_000, 100_000]
    more = [*sizes, 1_000_000]
    add = parser.add_argument
    add("--quick", action="store_true", help="everything, on tiny companies")
    add("--sizes", nargs="*", type=int, default=more, help="of the engines' companies")
    add("--across", nargs="*", type=int, default=sizes, help="of companies with rules across")
    add("--rows", nargs="*", type=int, default=[1, 2, 4, 8], help="numbers of such rules")
    add("--cascades", nargs="*", type=int, default=sizes, help="of plain cascades")
    add("--spreads", nargs="*", type=int, default=[1_000, 5_000], help="of products and months")
    add("--estimates", nargs="*", type=int, default=sizes, help="of companies with three years")
    add("--plans", nargs="*", type=int, default=sizes, help="of whole plans")
    add("--seasons", nargs="*", type=int, default=[10_000, 100_000], help="of stored plans")
    add("--whole", nargs="*", type=int, default=more, help="of companies for the whole solver")
    add("--requests", type=int, default=10_000, help="reps in a request")
    add("--contestants", nargs="+", choices=CONTESTANTS, default=[*CONTESTANTS])
    add("--companies", type=int, default=3, help="of each size")
    add("--turns", type=int, default=1, help="of everybody on each company")
    add("--rounds", type=int, default=7, help="of each request")
    add("--out", type=Path, default=Path("docs/benchmarks.md"))
    add("--scratch", type=Path, default=Path(".venv-bench/measured"))
    if "--quick" in arguments:
        parser.set_defaults(**_QUICK, out=Path(".venv-bench/benchmarks.md"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
