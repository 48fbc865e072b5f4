"""Who takes part, by name. A contestant takes a case and answers with a plan.

Reading the limits, building the model and reading the solution are part of the race; nobody is
told anything by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from benchmarks import coupled, estimates, programmes, proportional, spreads
from benchmarks.answer import Answer
from benchmarks.arrays import Arrays
from benchmarks.cells import Cells
from benchmarks.histories import Histories
from benchmarks.table import Table


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who it is, what it does, and the libraries that are loaded before the race begins."""

    label: str
    solve: Callable[[Any], Answer]
    libraries: tuple[str, ...]
    case: type[Arrays | Table | Cells | Histories] = Arrays
    """What it is handed."""
    spawns: bool = False
    """Whether it starts a program of its own, whose time and memory then count, too."""
    learns: bool = False
    """Whether it finds out parameters that others are given."""
    aim: str = "largest"
    """What it makes as small as can be: the measure of `Verdict` that is compared with ours."""


ENGINES: Final[Mapping[str, Contestant]] = {
    "tree": Contestant("**FairQuota's tree engine**", programmes.tree, ("solver.tree",)),
    "split": Contestant(
        "split LP, HiGHS as it comes", programmes.split, ("highspy",), aim="furthest"
    ),
    "split-no-presolve": Contestant(
        "split LP, HiGHS without presolve",
        partial(programmes.split, presolve="off"),
        ("highspy",),
        aim="furthest",
    ),
    "natural-arrays": Contestant(
        "natural LP, arrays and HiGHS", programmes.natural_by_arrays, ("highspy",)
    ),
    "natural": Contestant("natural LP, PuLP and HiGHS", programmes.natural, ("pulp",)),
    "natural-cbc": Contestant(
        "natural LP, PuLP and CBC", programmes.natural_by_cbc, ("pulp", "cbcbox"), spawns=True
    ),
    "natural-cvxpy": Contestant(
        "natural LP, cvxpy and Clarabel", programmes.natural_by_cvxpy, ("cvxpy", "clarabel")
    ),
    "squares-cvxpy": Contestant(
        "least squares, cvxpy and Clarabel", programmes.squares_by_cvxpy, ("cvxpy", "clarabel")
    ),
}
"""Plans of a plain organisation."""

COUPLED: Final[Mapping[str, Contestant]] = {
    "coupled": Contestant(
        "**FairQuota, both stages**",
        coupled.both_stages,
        ("solver.coupled.two_stages", "solver.coupled.formulation", "scipy.sparse"),
    ),
    "squares": Contestant(
        "**FairQuota, second stage**",
        coupled.second_stage,
        ("solver.coupled.squares", "scipy.sparse"),
    ),
    "coupled-cvxpy": Contestant(
        "cvxpy and Clarabel, both stages", coupled.both_stages_by_cvxpy, ("cvxpy", "clarabel")
    ),
    "squares-cvxpy-coupled": Contestant(
        "cvxpy and Clarabel, second stage", coupled.second_stage_by_cvxpy, ("cvxpy", "clarabel")
    ),
}
"""Plans with rules that cut across the organisation."""

CASCADES: Final[Mapping[str, Contestant]] = {
    "cascade": Contestant(
        "**FairQuota**", proportional.fairquota, ("solver.solve", "solver.allocation"), Table
    ),
    "cascade-b2b": Contestant(
        "b2b-revenue-forecasting", proportional.b2b, ("pandas", "b2b_revenue_forecasting"), Table
    ),
}
"""Plain cascades of a target by past sales."""

SPREADS: Final[Mapping[str, Contestant]] = {
    "spread": Contestant(
        "**FairQuota, reps first**",
        spreads.reps_first,
        ("solver.tree", "solver.rounding.on_the_tree", "solver.spread.table"),
        Cells,
    ),
    "spread-unrounded": Contestant(
        "**FairQuota, before rounding**",
        spreads.before_rounding,
        ("solver.tree", "solver.spread.fit"),
        Cells,
    ),
    "spread-split": Contestant(
        "one split LP, HiGHS", spreads.one_programme, ("highspy",), Cells, aim="furthest"
    ),
}
"""Quotas with a table of products and months."""

ESTIMATES: Final[Mapping[str, Contestant]] = {
    "estimate": Contestant(
        "**FairQuota, learned**",
        estimates.learned,
        (
            "solver.estimate",
            "scipy.optimize",
            "statsmodels.genmod.generalized_linear_model",
            "statsmodels.tsa.exponential_smoothing.ets",
        ),
        Histories,
        learns=True,
    ),
    "estimate-given": Contestant(
        "**FairQuota, parameters given**", estimates.given, ("solver.estimate",), Histories
    ),
    "estimate-pandas": Contestant(
        "pandas, parameters given", estimates.by_pandas, ("pandas",), Histories
    ),
}
"""Expected sales from history."""

CONTESTANTS: Final[Mapping[str, Contestant]] = {
    **ENGINES, **COUPLED, **CASCADES, **SPREADS, **ESTIMATES,
}  # fmt: skip
