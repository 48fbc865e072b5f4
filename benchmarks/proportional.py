"""A plain cascade of a target by past sales: FairQuota, and the library b2b-revenue-forecasting.

Both read the same table and tell everybody's quota and every unit's sum. The library's figure of a
unit is what its people carry before the hedges of the levels below, which are put on top here.
"""

from __future__ import annotations

import numpy as np

from benchmarks.answer import Answer
from benchmarks.table import LEVELS, QUARTERS, Table


def fairquota(case: Table) -> Answer:
    """`solver.solve.solve`, equal growth over what was sold, to whole cents and proven."""
    from solver.hierarchy import exact_sums
    from solver.policy import Policy
    from solver.problem import COMPANY, NOT_SET, Problem, Reps, Units
    from solver.solve import solve

    paths = [tuple(path) for path in case.path[:, 1:].tolist()]
    above: dict[str, str | None] = {}
    for *units, _ in paths:
        above.update(zip(units, (None, *units), strict=False))
    row: dict[str | None, int] = {unit: number for number, unit in enumerate(above)}
    row[None] = COMPANY
    fixed = np.full(len(paths), NOT_SET)
    fixed[case.pinned] = case.pin
    problem = Problem(
        target=case.target,
        reps=Reps.of(
            [ic for *_, ic in paths],
            unit=[row[manager] for *_, manager, _ in paths],
            baseline=case.sold.sum(axis=1),
            fixed=fixed,
        ),
        units=Units.of(
            list(above),
            parent=[row[unit] for unit in above.values()],
        ),
    )
    policy = Policy(fairness="equal_growth", over_assignment=case.hedge ** (len(LEVELS) - 1) - 1)
    allocation = solve(problem, policy)
    h = allocation.hierarchy
    quota = np.empty(len(paths))
    quota[h.rep_row] = allocation.rounded
    sums = exact_sums(allocation.rounded, h.first, h.last)
    of_unit = np.empty(h.nodes)
    of_unit[h.unit_row] = sums
    return Answer(quota, units=of_unit[[row[unit] for unit in case.units.tolist()]])


def b2b(case: Table) -> Answer:
    """`SalesHierarchy.from_dataframe` and `QuotaCascader.cascade_quota`, as its README has it."""
    import pandas as pd
    from b2b_revenue_forecasting.hierarchy import SalesHierarchy
    from b2b_revenue_forecasting.quota_cascader import QuotaCascader

    columns = dict(zip(LEVELS, case.path.T.tolist(), strict=True))
    columns |= dict(zip(QUARTERS, (case.sold.T / 100).tolist(), strict=True))
    hierarchy = SalesHierarchy()
    hierarchy.from_dataframe(
        pd.DataFrame(columns), path_cols=list(LEVELS), metrics_cols=list(QUARTERS)
    )
    pins = dict(zip(case.path[case.pinned, -1].tolist(), (case.pin / 100).tolist(), strict=True))
    quotas = QuotaCascader(hierarchy).cascade_quota(
        "Global_Corp",
        case.target / 100,
        hedge_multiplier=case.hedge,
        new_ic_overrides=pins,
        verbose=False,
    )
    below = {
        unit: case.hedge ** (len(LEVELS) - 1 - depth)
        for depth in range(1, len(LEVELS) - 1)
        for unit in np.unique(case.path[:, depth]).tolist()
    }
    return Answer(
        100 * np.array([quotas[ic] for ic in case.path[:, -1].tolist()]),
        units=100 * np.array([quotas[unit] * below[unit] for unit in case.units.tolist()]),
    )
