"""Whether a certificate can be read at all: columns of the right lengths and types, in order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from solver.certificate.claim import AcrossTheTree, Certificate
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, as_laid_out
from solver.policy import COEFFICIENT_LIMIT
from solver.problem import AMOUNT_LIMIT, UNLIMITED


def layout_of(certificate: Certificate) -> Hierarchy | None:
    """The layout that the columns stand in; None where they cannot be read."""
    c: Any = certificate  # whatever its types say
    if not (_has_columns(c) and (c.across is None or _is_readable(c.across, c))):
        return None
    return as_laid_out(c.unit, c.parent)


def _has_columns(c: Any) -> bool:
    if not (isinstance(c.quota, np.ndarray) and isinstance(c.parent, np.ndarray)):
        return False
    reps, units = c.quota.shape, c.parent.shape
    shapes: list[tuple[Any, tuple[int, ...], type]] = [
        *((column, units, np.int64) for column in (c.parent, c.unit_min, c.unit_max)),
        *((column, reps, np.int64) for column in (c.unit, c.floor, c.cap, c.quota)),
        *((column, reps, np.float64) for column in (c.anchor, c.yardstick, c.unrounded)),
        (c.unit_level, units, np.float64),
    ]
    return (
        len(reps) == len(units) == 1
        and reps[0] > 0
        and all(_is_column(column, shape, kind) for column, shape, kind in shapes)
        and _is_amount(c.total, 0)
        and _is_amount(c.increment, 1)
        and _is_number(c.company_level)
        and _has_response(c)
        and bool(np.all(c.floor >= 0) and np.all(c.unit_min >= 0) and np.all(c.yardstick > 0))
    )


def _has_response(c: Any) -> bool:
    if not isinstance(c.response, str):
        return False
    lognormal = c.response == "lognormal" and c.across is None and bool(np.all(c.anchor > 0))
    return c.response == "linear" or lognormal


def _is_readable(across: Any, c: Any) -> bool:
    if not isinstance(across, AcrossTheTree):
        return False
    coupling: Any = across.coupling
    return (
        isinstance(coupling, Coupling)
        and _is_coupling(coupling, len(c.quota))
        and _is_column(across.row_level, (len(coupling.name),), np.float64)
        and _is_column(across.row_price, (len(coupling.name),), np.float64)
        and _is_column(across.node_price, (len(c.parent) + 1,), np.float64)
        and _is_number(across.largest)
    )


def _is_coupling(coupling: Any, reps: int) -> bool:
    """Whether these are rows as `solver.coupled.coupling.couple` lays them out."""
    if not (_are_names(coupling) and _is_amount(coupling.reps, reps) and coupling.reps == reps):
        return False
    rules = len(coupling.name)
    entries: tuple[int, ...] = getattr(coupling.rep, "shape", ())
    columns: list[tuple[Any, tuple[int, ...], type]] = [
        (coupling.start, (rules + 1,), np.int64),
        (coupling.min, (rules,), np.int64),
        (coupling.max, (rules,), np.int64),
        (coupling.rep, entries, np.int64),
        (coupling.coefficient, entries, np.float64),
    ]
    if len(entries) != 1 or not all(_is_column(*column) for column in columns):
        return False
    start, rep, size = coupling.start, coupling.rep, np.abs(coupling.coefficient)
    if start[0] != 0 or start[-1] != entries[0] or np.any(start[1:] < start[:-1]):
        return False
    row = np.repeat(np.arange(rules), np.diff(start))
    ascending = (rep[1:] > rep[:-1]) | (row[1:] > row[:-1])
    return bool(
        np.all((rep >= 0) & (rep < reps))
        and np.all(ascending)
        and np.all((size > 0) & (size <= COEFFICIENT_LIMIT))
        and np.all((coupling.min >= -UNLIMITED) & (coupling.max <= UNLIMITED))
    )


def _are_names(coupling: Any) -> bool:
    """Whether the rows have names, in order and none twice."""
    names, peers = coupling.name, coupling.peers
    if not (isinstance(names, tuple) and isinstance(peers, tuple) and len(names) == len(peers) > 0):
        return False
    if not all(isinstance(name, str) for name in names):
        return False
    if not all(peer is None or isinstance(peer, str) for peer in peers):
        return False
    keys = [(name, peer or "") for name, peer in zip(names, peers, strict=True)]
    return all(key < other for key, other in pairwise(keys))


def _is_column(column: Any, shape: tuple[int, ...], kind: type) -> bool:
    if not isinstance(column, np.ndarray):
        return False
    return column.dtype == kind and column.shape == shape and bool(np.isfinite(column).all())


def _is_number(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isfinite(value))


def _is_amount(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and bool(least <= value <= AMOUNT_LIMIT)
