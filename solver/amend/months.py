"""What a change of quotas does to their months: months that are over keep what they carry.

The change goes to the open months in proportion to what these carry, in whole increments where it
is a multiple of the increment and the months allow it, else in minor units: the largest remainder,
the earlier month first. Where open months carry nothing, they share alike.
"""

from __future__ import annotations

import numpy as np

from solver.problem import BoolArray, IntArray


def moved(cells: IntArray, change: IntArray, first_open: int, increment: int = 1) -> IntArray:
    """(n, k, t) the cells after these changes (n,); each row adds up to what it did and its change.

    `cells` (n, k, t) are what the k lines of each rep carry in the t months, in minor units (k is 1
    where there are no lines). A change takes no more away than the open months carry.
    """
    lines = cells.shape[1]
    found = cells.copy()
    touched = np.flatnonzero(change)
    if len(touched):
        part = np.ascontiguousarray(cells[touched, :, first_open:])
        shape = part.shape
        # month by month, so that the earlier month goes first
        flat = part.transpose(0, 2, 1).reshape(len(touched), -1)
        after = flat + _shares(flat, change[touched], increment)
        after = after.reshape(len(touched), shape[2], lines).transpose(0, 2, 1)
        found[touched, :, first_open:] = after
    return found


def _shares(weight: IntArray, change: IntArray, increment: int) -> IntArray:
    """(n, c) shares of the changes (n,), in proportion to the weights (n, c)."""
    whole = change % increment == 0
    found = np.zeros_like(weight)
    found[whole], fits = _in_steps(weight[whole], change[whole], increment)
    fine = ~whole
    fine[np.flatnonzero(whole)[~fits]] = True
    found[fine], _ = _in_steps(weight[fine], change[fine], 1)
    return found


def _in_steps(weight: IntArray, change: IntArray, step: int) -> tuple[IntArray, BoolArray]:
    """The same in multiples of a step, and for which rows they can be taken from what is there."""
    part = weight.astype(object)  # plain numbers, which no product is too large for
    part[~weight.any(axis=1)] = 1
    steps = (np.abs(change) // step).astype(object)[:, None]
    total = part.sum(axis=1)[:, None]
    product = part * steps
    base = (product // total).astype(np.int64)
    left = (product % total).astype(object)
    down = (change < 0)[:, None]
    room = ~down | (weight >= (base + 1) * step)
    need = (steps[:, 0] - base.sum(axis=1)).astype(np.int64)
    key = np.where(room, (-left / total).astype(np.float64), 1.0)
    order = np.argsort(key, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    given = (rank < need[:, None]) & room
    shares = (base + given) * step * np.where(down, -1, 1)
    return shares, given.sum(axis=1) == need
