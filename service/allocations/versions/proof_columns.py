"""What only the proof of a plan needs, as columns of its rows."""

from typing import Any, Final

from service.allocations.versions.domain.content import Row
from solver.certificate import AcrossTheTree, Certificate
from solver.problem import COMPANY, UNLIMITED, IntArray

PROOF_COLUMNS: Final = ("anchor", "yardstick", "unrounded", "rules")


def proof_facts(plan: Certificate) -> Row:
    """Members of the manifest; None where no rule crosses the units."""
    across = plan.across and {
        "level": plan.company_level,
        "largest": plan.across.largest,
        "price": float(plan.across.node_price[0]),
    }
    return {"across": across}


def add_to_units(rows: list[Row], plan: Certificate) -> None:
    """`rows`: one per unit in layout order, with `id`."""
    columns: dict[str, list[Any]] = {
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


def add_to_quotas(rows: list[Row], plan: Certificate) -> None:
    """`rows`: one per rep in layout order."""
    columns: dict[str, list[Any]] = {
        "anchor": plan.anchor.tolist(),
        "yardstick": plan.yardstick.tolist(),
        "unrounded": plan.unrounded.tolist(),
    }
    if plan.across:
        columns["rules"] = _entries(plan.across)
    _add(rows, columns)


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


def _limits(column: IntArray) -> list[int | None]:
    return [None if amount >= UNLIMITED else amount for amount in column.tolist()]
