"""Reps times products times months: reps first, and the same as one large programme."""

from __future__ import annotations

import numpy as np

from benchmarks.answer import Answer, GaveUp
from benchmarks.cells import Cells
from benchmarks.programmes import Rows, highs, members
from solver.problem import FloatArray


def reps_first(case: Cells) -> Answer:
    """FairQuota: the tree engine, then the table nearest to the seed; both in whole money."""
    from solver.rounding.on_the_tree import round_quotas
    from solver.spread.table import spread
    from solver.tree import equalise

    company = case.company
    scale = company.scale
    levels = equalise(company.hierarchy, company.bounds, scale.anchor, scale.yardstick)
    quota = round_quotas(company.hierarchy, company.bounds, levels.quota, 1)
    table = spread(case.seed, quota, case.columns, low=case.low, high=case.high)
    return Answer(quota.astype(float), cells=table.cells.astype(float))


def before_rounding(case: Cells) -> Answer:
    """The same without rounding either: what the programme answers, too."""
    from solver.spread.fit import fit
    from solver.tree import equalise

    company = case.company
    scale = company.scale
    quota = equalise(company.hierarchy, company.bounds, scale.anchor, scale.yardstick).quota
    low, high, columns = (each.astype(float) for each in (case.low, case.high, case.columns))
    table = fit(case.seed, quota, columns, low, high)
    if not table.close:
        raise GaveUp("the fair quotas cannot be spread")
    return Answer(quota, cells=table.cells)


def one_programme(case: Cells) -> Answer:
    """minimise 0.9 n t + 0.1 sum (p + m)   over all cells x = s (1 + p - m) at once

        sum_j x_ij = c_i + R_i (e + f_i - g_i),  f_i + g_i <= t      e: the even level
        sum_i x_ij = columns_j,  the ranges of units,  limits of reps and cells

    The same worst deviation of a rep as the tree engine's plan, and the least money moved from the
    seed. Columns lie near 1, rows are scaled by what they are about. Fed to HiGHS as arrays.
    """
    import highspy

    company, scale, bounds = case.company, case.company.scale, case.company.bounds
    even = scale.anchor + scale.yardstick * company.even_level
    rep, column = np.nonzero(case.some)
    n, k, e = len(even), case.seed.shape[1], len(rep)
    size = case.seed[rep, column]
    lp = highspy.HighsLp()
    lp.num_col_ = 2 * e + 2 * n + 1
    lp.col_cost_ = np.concatenate((np.full(2 * e, 0.1), np.zeros(2 * n), [0.9 * n]))
    cells = [each[rep, column] / size - 1 for each in (case.low, case.high)]
    reps = (bounds.lowest - even) / scale.yardstick
    most = (np.minimum(bounds.highest, bounds.total) - even) / scale.yardstick
    parts = [(cells[0], cells[1]), (-cells[1], -cells[0]), (reps, most), (-most, -reps)]
    lp.col_lower_ = np.concatenate([*(np.maximum(low, 0) for low, _ in parts), [0]])
    lp.col_upper_ = np.concatenate([*(np.maximum(high, 0) for _, high in parts), [np.inf]])
    rows = _rows(case, even, rep, column)
    lp.num_row_ = len(rows.lower)
    point = highs(lp, rows, "choose")
    x = np.zeros((n, k))
    x[rep, column] = size * (1 + point[:e] - point[e : 2 * e])
    return Answer(x.sum(axis=1), cells=x)


def _rows(case: Cells, even: FloatArray, rep: np.ndarray, column: np.ndarray) -> Rows:
    """Of each rep the sum of the cells and the distance; of each column and unit the sum."""
    company, yardstick, bounds = case.company, case.company.scale.yardstick, case.company.bounds
    n, k, e = len(even), case.seed.shape[1], len(rep)
    size = case.seed[rep, column]
    f, g, t = 2 * e + np.arange(n), 2 * e + n + np.arange(n), 2 * e + 2 * n
    node = company.limited[1:]  # the company's sum is that of the columns
    of_node, member = members(company, node)
    count = np.bincount(of_node, minlength=len(node))
    money = np.bincount(of_node, even[member], len(node))
    scale = np.bincount(of_node, yardstick[member], len(node)) / np.maximum(count, 1)
    at_rep, at_column, at_node = np.arange(n), 2 * n + np.arange(k), 2 * n + k
    whole = case.columns / np.maximum(np.bincount(column, minlength=k), 1)
    by_rep, by_column = size / yardstick[rep], size / whole[column]
    weight = yardstick[member] / scale[of_node]
    entries = [
        (rep, np.arange(e), by_rep), (rep, e + np.arange(e), -by_rep),
        (at_rep, f, -np.ones(n)), (at_rep, g, np.ones(n)),
        (n + at_rep, f, np.ones(n)), (n + at_rep, g, np.ones(n)),
        (n + at_rep, np.full(n, t), -np.ones(n)),
        (at_column[column], np.arange(e), by_column),
        (at_column[column], e + np.arange(e), -by_column),
        (at_node + of_node, f[member], weight), (at_node + of_node, g[member], -weight),
    ]  # fmt: skip
    row, place, value = (np.concatenate(each) for each in zip(*entries, strict=True))
    order = np.lexsort((place, row))
    reps = (even - case.seed.sum(axis=1)) / yardstick
    columns = (case.columns - case.seed.sum(axis=0)) / whole
    least = (bounds.unit_min[node] - money) / scale
    most = np.where(bounds.unit_max[node] < bounds.total, bounds.unit_max[node], np.inf) - money
    free = np.full(n, -np.inf)
    return Rows(
        start=np.append(0, np.cumsum(np.bincount(row, minlength=2 * n + k + len(node)))).astype(
            np.int32
        ),
        column=place[order].astype(np.int32),
        value=value[order],
        lower=np.concatenate((reps, free, columns, least)),
        upper=np.concatenate((reps, np.zeros(n), columns, most / scale)),
    )
