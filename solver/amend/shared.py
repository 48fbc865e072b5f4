"""A change that comes from outside: some people carry more, or less, each by the same part.

It is the problem of `carriers` with one more in it, who hangs on the company, carries the change
before and nothing after: so the same engine shares it out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from solver.amend.carriers import carried
from solver.amend.standing import Standing
from solver.hierarchy import Hierarchy
from solver.problem import UNLIMITED, IntArray


def shared(
    change: int, quota: IntArray, floor: IntArray, cap: IntArray, increment: int = 1
) -> IntArray:
    """(n,) the quotas once these people carry `change` more together, by equal parts of their
    quotas, inside floors and caps. Ties go by position.

    Raises `CannotCarry`, as `shared_inside`.
    """
    count = len(quota)
    alone = Hierarchy(
        rep_row=np.arange(count),
        rep_node=np.zeros(count, dtype=np.int64),
        unit_row=np.array([-1]),
        parent=np.array([-1]),
        depth=np.array([0]),
        first=np.array([0]),
        last=np.array([count]),
    )
    limits = np.array([0]), np.array([UNLIMITED])
    return shared_inside(change, Standing(alone, quota, floor, cap, *limits, increment))


def shared_inside(
    change: int,
    plan: Standing,
    held: Collection[int] = (),
    wanted: Mapping[int, int] | None = None,
) -> IntArray:
    """The same in an organisation whose units keep their ranges; `held` reps carry nothing, some
    have `wanted` quotas.

    Raises `CannotCarry`, whose `could` tells of place 0 what is left of the change.
    """
    h, outside = plan.hierarchy, max(change, 0)
    first = h.first + 1
    first[0] = 0
    wider = Standing(
        hierarchy=replace(
            h,
            rep_row=np.append(0, h.rep_row + 1),
            rep_node=np.append(0, h.rep_node),
            first=first,
            last=h.last + 1,
        ),
        quota=np.append(outside, plan.quota),
        floor=np.append(0, plan.floor),
        cap=np.append(UNLIMITED, plan.cap),
        unit_min=plan.unit_min,
        unit_max=plan.unit_max,
        increment=plan.increment,
    )
    own = {place + 1: quota for place, quota in (wanted or {}).items()}
    fixed = {0: outside - change, **own}
    return carried(wider, 0, fixed, held=[place + 1 for place in held])[1:]
