"""Rules that cut across the organisation: FairQuota's engine, and cvxpy with Clarabel.

    first   t* = the smallest possible largest stretch
    then    at t*, the least sum of R_i e_i^2

Both contestants solve these two stages. The second stage also has a race of its own, where both
are told the same t*.
"""

from __future__ import annotations

import time
from typing import Any, Final

import numpy as np

from benchmarks.answer import TIME_LIMIT, Answer, GaveUp
from benchmarks.arrays import Arrays
from benchmarks.convex import Convex
from solver.problem import UNLIMITED

ROOM: Final = 1e-11
"""By how much our second stage may pass t*, as a part of the even level: t* is a float."""
_PEERS_ROOM: Final = 1e-7
"""The same for a solver whose t* is right to about eight digits."""


def both_stages(case: Arrays) -> Answer:
    """FairQuota's engine: `solver.coupled.two_stages.solve_coupled`."""
    from solver.coupled.two_stages import solve_coupled

    found = solve_coupled(case.hierarchy, case.bounds, case.scale, _coupling(case), _watch())
    if found is None:
        raise GaveUp("no plan keeps the rules")
    return Answer(found.levels.quota, found.largest.value)


def second_stage(case: Arrays) -> Answer:
    """The second stage alone: `solver.coupled.squares.least_squares`."""
    from solver.coupled.dual_function import Limits
    from solver.coupled.squares import least_squares

    b, scale = case.bounds, case.scale
    room = ROOM * max(abs(case.largest), abs(case.even_level))
    low = b.lowest.astype(np.float64)
    high = np.minimum(b.highest, scale.anchor + scale.yardstick * (case.largest + room))
    limits = Limits(
        low=low,
        high=np.maximum(high, low),
        node_min=b.unit_min.astype(np.float64),
        node_max=np.where(b.unit_max < UNLIMITED, b.unit_max, np.inf),
        total=float(b.total),
    )
    found = least_squares(case.hierarchy, limits, scale, _coupling(case), _watch())
    return Answer(found.levels.quota)


def _watch() -> Any:
    from solver.watch import Watch

    end = time.monotonic() + TIME_LIMIT
    return Watch(seconds_left=lambda: end - time.monotonic())


def _coupling(case: Arrays) -> Any:
    from solver.coupled.coupling import Coupling

    rows = case.rows
    k = len(rows)
    return Coupling(
        name=tuple(f"row:{number}" for number in range(k)),
        peers=(None,) * k,
        start=rows.start,
        rep=rows.rep,
        coefficient=rows.coefficient,
        min=rows.min,
        max=rows.max,
        tolerance=np.full(k, np.nan),
        even=np.full((k, 2), np.nan),
        reps=len(case.hierarchy.rep_row),
    )


def both_stages_by_cvxpy(case: Arrays) -> Answer:
    """Two programmes over the same constraints."""
    model = Convex.of(case)
    largest = model.minimise_largest()
    model.minimise_squares(largest + _PEERS_ROOM * max(1.0, abs(largest)))
    return Answer(model.quota, largest)


def second_stage_by_cvxpy(case: Arrays) -> Answer:
    """The quadratic programme alone."""
    model = Convex.of(case)
    model.minimise_squares(case.largest + _PEERS_ROOM * max(1.0, abs(case.largest)))
    return Answer(model.quota)
