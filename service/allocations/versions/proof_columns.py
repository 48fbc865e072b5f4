"""What only the proof of a plan needs, as columns of its rows."""

from collections.abc import Collection
from math import isnan
from typing import Any, Final

import numpy as np

from service.allocations.months import Spread, rep_months, unit_months
from service.allocations.versions.domain.written.content import Row
from solver.allocation import Allocation
from solver.certificate import AcrossTheTree, Certificate
from solver.problem import COMPANY, NOT_SET, UNLIMITED, FloatArray, IntArray

PROOF_COLUMNS: Final = (
    "last_year", "potential", "sigma", "anchor", "yardstick", "unrounded", "rules",
    "present", "amended", "solved_months", "solved_lines", "unlocked",
)  # fmt: skip


def proof_facts(plan: Certificate) -> Row:
    """Members of the manifest; None where no rule crosses the units."""
    across = plan.across and {
        "level": plan.company_level,
        "largest": plan.across.largest,
        "price": float(plan.across.node_price[0]),
    }
    return {"across": across}


def add_to_units(rows: list[Row], allocation: Allocation) -> None:
    """`rows`: one per unit in layout order, with `id`. Targets and factors are as they are stated,
    null where they are not.
    """
    plan, stated = allocation.certificate, allocation.problem.units
    order = allocation.hierarchy.unit_row[1:]
    columns: dict[str, list[Any]] = {
        "target": [
            None if target == NOT_SET else target for target in stated.target[order].tolist()
        ],
        "over_assignment": _known(stated.over_assignment[order]),
        "parent": [
            None if above == COMPANY else rows[above]["id"] for above in plan.parent.tolist()
        ],
        "min": plan.unit_min.tolist(),
        "max": _limits(plan.unit_max),
        "level": plan.unit_level.tolist(),
    }
    if plan.across:
        columns["largest_price"] = plan.across.node_price[1:].tolist()
    _add(rows, columns)


def add_to_quotas(rows: list[Row], allocation: Allocation) -> None:
    """`rows`: one per rep in layout order. Baseline and reach to the last digit; what the inputs do
    not tell is null, and potentials are told where they count.
    """
    plan, stated = allocation.certificate, allocation.problem.reps
    order = allocation.hierarchy.rep_row
    columns: dict[str, list[Any]] = {
        "baseline": stated.baseline[order].tolist(),
        "reach": stated.reach[order].tolist(),
        "last_year": _known(stated.last_year[order]),
        "sigma": _known(stated.sigma[order]),
        "anchor": plan.anchor.tolist(),
        "yardstick": plan.yardstick.tolist(),
        "unrounded": plan.unrounded.tolist(),
    }
    if allocation.policy.fairness == "equal_potential_share":
        columns["potential"] = _known(stated.potential[order])
    if plan.across:
        columns["rules"] = _entries(plan.across)
    _add(rows, columns)


def add_months(units: list[Row], quotas: list[Row], spread: Spread | None) -> None:
    """The months of units and reps, and for how much of them somebody is there who is not always:
    months given to everybody follow from that.
    """
    _add(units, {"months": unit_months(spread, len(units))})
    _add(quotas, {"months": rep_months(spread, len(quotas))})
    for row, present in zip(quotas, spread.present if spread else (), strict=False):
        if present is not None:
            row["present"] = present


def add_unlocked(quotas: list[Row], allocation: Allocation, locked: Collection[str]) -> None:
    """The own floor and cap of those whom a lock holds, wide enough for what the lock says."""
    bounds = allocation.bounds
    floors = np.minimum(bounds.floor, bounds.lowest).tolist()
    caps = _limits(np.maximum(bounds.cap, bounds.highest))
    for row, floor, cap in zip(quotas, floors, caps, strict=True):
        if row["rep"] in locked:
            row["unlocked"] = {"floor": floor, "cap": cap}


def rule_rows(plan: Certificate) -> list[Row]:
    """One row per rule across the units."""
    if plan.across is None:
        return []
    coupling, across = plan.across.coupling, plan.across
    columns = (
        coupling.name,
        coupling.peers,
        [None if amount <= -UNLIMITED else amount for amount in coupling.min.tolist()],
        _limits(coupling.max),
        across.row_level.tolist(),
        across.row_price.tolist(),
    )
    names = ("rule", "peers", "min", "max", "level", "largest_price")
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _entries(across: AcrossTheTree) -> list[list[list[float]]]:
    """Of each rep [number of the rule, coefficient] for every rule that names the rep."""
    coupling = across.coupling
    entries: list[list[list[float]]] = [[] for _ in range(coupling.reps)]
    columns = coupling.rep.tolist(), coupling.row.tolist(), coupling.coefficient.tolist()
    for rep, row, coefficient in zip(*columns, strict=True):
        entries[rep].append([row, coefficient])
    return entries


def _add(rows: list[Row], columns: dict[str, list[Any]]) -> None:
    for name, column in columns.items():
        for row, value in zip(rows, column, strict=True):
            row[name] = value


def _known(column: FloatArray) -> list[float | None]:
    return [None if isnan(value) else value for value in column.tolist()]


def _limits(column: IntArray) -> list[int | None]:
    return [None if amount >= UNLIMITED else amount for amount in column.tolist()]
