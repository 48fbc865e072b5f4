"""The whole solver and one request, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from benchmarks import tables
from benchmarks.plan import COUNTRY, Plan
from benchmarks.request import Breakdown
from benchmarks.season import SOLVE, Season
from benchmarks.stages import Stages


def stage_lines(stages: Mapping[int, Stages]) -> Iterable[str]:
    if not stages:
        return
    yield "## The whole solver\n"
    yield (
        "`solver.solve.solve` from a problem to an allocation (the first five steps), then what an "
        "answer reads off it.\n"
    )
    of_all = stages.values()
    yield from tables.head("step", *(f"{reps:,} reps" for reps in stages))
    for step in next(iter(of_all)).steps:
        yield tables.row(step, *(tables.seconds(of.steps[step]) for of in of_all))
    yield tables.row("**`solve` in one call**", *(tables.seconds(of.solve) for of in of_all))
    lps = ("–" if of.lp is None else tables.seconds(of.lp) for of in of_all)
    yield tables.row("cross-check of `engine: lp`, on top", *lps)
    yield tables.row("memory with the problem, before", *(f"{of.before:.0f} MB" for of in of_all))
    yield tables.row("peak memory, reasons included", *(f"{of.peak:.0f} MB" for of in of_all))
    yield ""


def plan_lines(plans: Mapping[int, Plan]) -> Iterable[str]:
    if not plans:
        return
    yield "## A whole plan\n"
    yield _PLAN.format(country=COUNTRY)
    yield from tables.head("step", *(f"{reps:,} reps" for reps in plans))
    of_all = plans.values()
    yield tables.row("rows of history", *(f"{of.rows:,}" for of in of_all))
    for step in next(iter(of_all)).steps:
        yield tables.row(step, *(_part(of, step) for of in of_all))
    whole = (tables.seconds(sum(of.steps.values())) for of in of_all)
    yield tables.row("**all of it**", *whole)
    yield tables.row("memory with the history, before", *(f"{of.before:.0f} MB" for of in of_all))
    yield tables.row("peak memory", *(f"{of.peak:.0f} MB" for of in of_all))
    yield ""


def _part(of: Plan, step: str) -> str:
    return f"{tables.seconds(of.steps[step])}, {of.steps[step] / sum(of.steps.values()):.0%}"


_PLAN: Final = """\
The same organisations with three years of months for everybody (`benchmarks/histories.py`), from
these rows to all that a plan's page shows: expected sales, quotas in whole money, months by the
learned season and the working days of {country}, proof, reasons, prices, risk and fairness report.
Each step once, libraries loaded before; beside its time stands its share of all of it. Of a small
company most of the estimate is the smoothing of its total, which takes as long for any number of
reps.
"""


def season_lines(seasons: Mapping[int, Season]) -> Iterable[str]:
    if not seasons:
        return
    yield "## A season of one plan\n"
    yield _SEASON
    yield from tables.head("step", *(f"{reps:,} reps" for reps in seasons))
    of_all = seasons.values()
    for step in next(iter(of_all)).steps:
        name = f"**{step}**" if step == SOLVE else step
        yield tables.row(name, *(_against_solve(of, step) for of in of_all))
    yield tables.row("peak memory once it is solved", *(f"{of.solved:.0f} MB" for of in of_all))
    yield tables.row("peak memory", *(f"{of.peak:.0f} MB" for of in of_all))
    yield ""


def _against_solve(of: Season, step: str) -> str:
    ratio = of.steps[step] / of.steps[SOLVE]
    return f"{tables.seconds(of.steps[step])}, **{ratio:.2g}**"


_SEASON: Final = """\
The same organisations with a period of twelve even months as a stored plan, on SQLite, each step
one request through the whole app (`benchmarks/season.py`). Beside its CPU seconds stands the ratio
to those of a new solve of the same plan, stored as a version: whoever has no amendments would solve
again. A new target changes everybody, and so does the import, which solves as well; a check of a
version proves the solve and replays all that was decided since.
"""


def request_lines(requests: Mapping[str, Breakdown]) -> Iterable[str]:
    yield "## One request\n"
    yield (
        "`POST /v1/allocations` from the body's bytes to the answer's, through the whole app "
        "without a socket; below it the steps, called one by one.\n"
    )
    of_all = requests.values()
    yield from tables.head("step", *requests)
    yield tables.row("body", *(f"{of.asked / 1e6:.1f} MB" for of in of_all))
    yield tables.row("answer", *(f"{of.answered / 1e6:.1f} MB" for of in of_all))
    yield tables.row("**the whole request**", *(tables.seconds(of.whole) for of in of_all))
    for step in next(iter(of_all)).steps:
        yield tables.row(step, *(tables.seconds(of.steps[step]) for of in of_all))
    yield tables.row(
        "`json.loads` and `json.dumps` of the same",
        *(tables.seconds(of.json_only) for of in of_all),
    )
    yield tables.row(
        "whole request over that", *(f"**{of.whole / of.json_only:.1f}**" for of in of_all)
    )
    yield tables.row("`orjson` of the same", *(tables.seconds(of.orjson_only) for of in of_all))
