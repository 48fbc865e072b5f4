"""A change that comes from outside: some people carry more, or less, each by the same part.

It is the problem of `carriers` with one more in it, who carries the change before and nothing
after: so the same engine shares it out.
"""

from __future__ import annotations

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

    Raises `CannotCarry`, whose `could` tells of place n what is left of the change.
    """
    count = len(quota) + 1
    outside = max(change, 0)
    plan = Standing(
        hierarchy=Hierarchy(
            rep_row=np.arange(count),
            rep_node=np.zeros(count, dtype=np.int64),
            unit_row=np.array([-1]),
            parent=np.array([-1]),
            depth=np.array([0]),
            first=np.array([0]),
            last=np.array([count]),
        ),
        quota=np.append(quota, outside),
        floor=np.append(floor, 0),
        cap=np.append(cap, UNLIMITED),
        unit_min=np.array([0]),
        unit_max=np.array([UNLIMITED]),
        increment=increment,
    )
    return carried(plan, 0, {count - 1: outside - change})[:-1]
