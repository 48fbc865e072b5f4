"""The rules across the tree of a solved case: what each sums to, and within which limits.

A parity has one row for each peer group, every other rule has one. Rows hold minor units; sums that
count quotas in parts, as those of margins do, may have decimals of them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from service.kit.money import from_minor
from solver.allocation import Allocation
from solver.coupled.coupling import Coupling, even_share
from solver.problem import UNLIMITED, FloatArray

type Row = dict[str, Any]

_PLACES: Final = 6


def crossing_rules(allocation: Allocation) -> list[Row]:
    """One row per rule, and per peer group of a parity, by name."""
    coupling, coupled = allocation.coupling, allocation.coupled
    if coupling is None or coupled is None:
        return []
    columns = (
        coupling.name,
        coupling.peers,
        np.diff(coupling.start).tolist(),
        [_whole(amount) for amount in coupling.sums(allocation.rounded.astype(float)).tolist()],
        _leasts(coupling),
        [None if most >= UNLIMITED else most for most in coupling.max.tolist()],
        _even_shares(coupling, allocation.assigned),
        _binding(coupling, coupled.price),
    )
    return [
        {
            "rule": rule, "peers": peers, "reps": reps, "sum": total, "min": least, "max": most,
            "even_share": share, "binding": binding,
        }
        for rule, peers, reps, total, least, most, share, binding in zip(*columns, strict=True)
    ]  # fmt: skip


def present_crossing_rule(row: Row, digits: int) -> Row:
    """The API's row of one of `crossing_rules`."""
    return row | {
        name: None if row[name] is None else _amount(row[name], digits)
        for name in ("sum", "min", "max", "even_share")
    }


def _leasts(coupling: Coupling) -> list[int | None]:
    """Sums of whole quotas are never below 0, so that 0 is no limit of theirs."""
    none = np.where(coupling.whole, 0, -UNLIMITED)
    pairs = zip(coupling.min.tolist(), none.tolist(), strict=True)
    return [None if least <= nothing else least for least, nothing in pairs]


def _even_shares(coupling: Coupling, total: int) -> list[float | None]:
    return [
        None if peers is None else _whole(even_share(line, total))
        for peers, line in zip(coupling.peers, coupling.even, strict=True)
    ]


def _binding(coupling: Coupling, price: FloatArray) -> list[list[str]]:
    return [
        [coupling.side(k, "min" if own > 0 else "max")] if own else []
        for k, own in enumerate(price.tolist())
    ]


def _whole(amount: float) -> float:
    rounded = round(amount, _PLACES)
    return int(rounded) if rounded == int(rounded) else rounded


def _amount(minor: float, digits: int) -> float:
    if isinstance(minor, int):
        return from_minor(minor, digits)
    return float(round(minor / 10**digits, _PLACES + digits))
