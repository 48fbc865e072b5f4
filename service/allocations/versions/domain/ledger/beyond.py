"""The limits of the solve that quotas do not keep since they were amended.

An import, an approved exception, or money that nobody carries may leave somebody beyond a floor or
cap, or a unit or the company off its target. Nothing of that is silent: the version lists it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from service.allocations.versions.domain.ledger.replay import Book
from service.allocations.versions.domain.written.content import Row
from solver.allocation import Allocation
from solver.conflict.names import ENDS, End, Names, RepEnd
from solver.infeasibility import Rule

_PLACES: Final = 6


def beyond(plan: Allocation, book: Book) -> list[Row]:
    """One row per limit that is not kept: `rule`, its `limit`, what is `carried`, and the `rep` or
    `unit` that it is about (None: the company, or a rule across units). First the company's target,
    then units, reps and rules across units; floors before caps.
    """
    names = Names(plan.problem, plan.hierarchy, plan.bounds, plan.coupling)
    return [*_of_nodes(plan, book, names), *_of_reps(plan, book, names), *_of_rows(plan, names)]


def _of_nodes(plan: Allocation, book: Book, names: Names) -> Iterator[Row]:
    sums = book.sums
    for end in ENDS:
        low = end == "min"
        limit = plan.bounds.unit_min if low else plan.bounds.unit_max
        for node in np.flatnonzero(sums < limit if low else sums > limit).tolist():
            unit = names.unit(node) if node else None
            yield _row(names.of_node(node, end), int(sums[node])) | {"unit": unit}


def _of_reps(plan: Allocation, book: Book, names: Names) -> Iterator[Row]:
    ends: tuple[tuple[RepEnd, bool], ...] = (("floor", True), ("cap", False))
    for end, low in ends:
        limit = plan.bounds.lowest if low else plan.bounds.highest
        off = book.quota < limit if low else book.quota > limit
        for place in np.flatnonzero(off).tolist():
            rule = names.holding_rep(place, end)
            yield _row(rule, int(book.quota[place])) | {"rep": names.rep(place)}


def _of_rows(plan: Allocation, names: Names) -> Iterator[Row]:
    if plan.coupling is None:
        return
    coupling = plan.coupling
    carried = coupling.exact_sums(plan.rounded)
    for k, miss in enumerate(coupling.misses(plan.rounded)):
        if miss:
            end: End = "min" if miss < 0 else "max"
            limit = int((coupling.min if miss < 0 else coupling.max)[k])
            total = round(float(carried[k]), _PLACES)
            yield {"rule": names.of_row(k, end).name, "limit": limit, "carried": total}


def _row(rule: Rule, carried: int) -> Row:
    return {"rule": rule.name, "limit": int(rule.value), "carried": carried}
