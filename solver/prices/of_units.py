"""The prices of many units in one pass, where rules cut across the tree.

A unit whose range gives way takes one unit of money from those around it, or gives them one. As
long as exactly the same is held, what that does is a matter of the sums of two blocks, of the rows
and of t*, so all units are asked together. Where something else comes to be held or is let go, this
pass has no answer for the unit, and `sensitivity` has to be asked for it alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.prices.linkage import KEPT, Linkage
from solver.prices.sensitivity import STILL
from solver.problem import BoolArray, FloatArray, IntArray
from solver.watch import Watch

_AT_ONCE: Final = 4_000_000
"""Reps and nodes times units: about so many numbers are held in memory."""


def levels_around(
    linkage: Linkage, node: IntArray, side: IntArray, top: FloatArray, watch: Watch
) -> FloatArray:
    """(u,) how the level of the node above each unit moves when the unit's range gives way by one.

    `linkage`: what is held for sure, each of the units among it. `side` (u,): 1 for a maximum, -1
    for a minimum; `top` (u,): how t* moves. nan where this pass does not tell. `watch` is
    looked at now and then.
    """
    if not linkage.plan.firm:
        return np.full(len(node), np.nan)
    size = len(linkage.weight) + len(linkage.total)
    parts = np.array_split(np.arange(len(node)), 1 + len(node) * size // _AT_ONCE)
    levels = []
    for k in parts:
        watch.look()
        levels.append(_levels_around(linkage, node[k], side[k], top[k]))
    return np.concatenate(levels)


def _levels_around(linkage: Linkage, node: IntArray, side: IntArray, top: FloatArray) -> FloatArray:
    above, each = linkage.plan.hierarchy.parent[node], np.arange(len(node))
    sums, asked = _moved_by_top(linkage, top)
    asked[node, each] += side
    asked[linkage.block[above], each] -= side
    prices = linkage.prices(sums, asked)
    level = linkage.levels(asked, prices)
    able = ~np.any((linkage.total == 0)[:, None] & (np.abs(asked) > KEPT), axis=0)
    scale = 1.0 + np.abs(sums) + np.abs(asked).max(axis=0)
    kept = np.all(np.abs(linkage.missed(sums, asked, prices)) <= KEPT * scale, axis=0)
    same = able & kept & ~_passed(linkage, level, prices, top)
    return np.where(same, level[above, each], np.nan)


def _moved_by_top(linkage: Linkage, top: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(h, u) and (m + 1, u): what those who stand at t* leave the free of rows and blocks to do."""
    sums, asked = [], []
    for sign in (1.0, -1.0):
        moves = linkage.plan.still._replace(top=sign)
        bound = linkage.bound(moves)
        sums.append(-(linkage.rows @ bound))
        asked.append(linkage.asked(moves, bound))
    which = (top < 0).astype(np.int64)
    return np.array(sums)[which].T * np.abs(top), np.array(asked)[which].T * np.abs(top)


def _passed(linkage: Linkage, level: FloatArray, prices: FloatArray, top: FloatArray) -> BoolArray:
    """(u,) whether some free rep who stands at a limit would pass it."""
    plan = linkage.plan
    rep = np.flatnonzero(plan.weak & (plan.at_cap | plan.at_floor | plan.at_top))
    cap, floor, ceiling = (at[rep][:, None] for at in (plan.at_cap, plan.at_floor, plan.at_top))
    pull = level[plan.hierarchy.rep_node[rep]] + linkage.rows[:, rep].T @ prices
    end = np.minimum(np.where(ceiling, top, np.inf), np.where(cap, 0.0, np.inf))
    end = np.where(floor, np.maximum(end, 0.0), end)
    small = STILL * np.abs(pull).max(axis=0, initial=0.0)
    rises, falls = (cap | ceiling) & (pull > end + small), floor & (pull < -small)
    return np.asarray((rises | falls).any(axis=0))
