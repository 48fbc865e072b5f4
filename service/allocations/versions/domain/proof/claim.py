"""The solver's certificate in the rows of a proof, for `solver.certificate.check`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import AcrossPart, Manifest
from service.allocations.versions.domain.written.rows import QuotaRow, RuleRow, UnitRow
from solver.certificate import AcrossTheTree, Certificate
from solver.coupled.coupling import Coupling
from solver.problem import COMPANY, UNLIMITED, FloatArray, IntArray


def certificate_of(
    manifest: Manifest,
    units: Sequence[UnitRow],
    rules: Sequence[RuleRow],
    quotas: Sequence[QuotaRow],
) -> Certificate:
    """Raises `UnreadableProof` where the rows do not fit together."""
    place: dict[str | None, int] = {None: COMPANY}
    parent = []
    for number, unit in enumerate(units):
        if unit["parent"] not in place or unit["id"] in place:
            raise UnreadableProof(f"unit {unit['id']} stands twice or before its parent")
        parent.append(place[unit["parent"]])
        place[unit["id"]] = number
    lost = next((row["rep"] for row in quotas if row["unit"] not in place), None)
    if lost is not None:
        raise UnreadableProof(f"the unit of rep {lost} is missing")
    if len({row["rep"] for row in quotas}) < len(quotas):
        raise UnreadableProof("a rep has two quotas")
    across = manifest.get("across")
    return Certificate(
        total=manifest["assigned"],
        increment=manifest["increment"],
        company_level=across["level"] if across else manifest["level"],
        parent=np.array(parent, dtype=np.int64),
        unit_min=_ints(unit["min"] for unit in units),
        unit_max=_ints(unit["max"] for unit in units),
        unit_level=_floats(unit["level"] for unit in units),
        unit=np.array([place[row["unit"]] for row in quotas], dtype=np.int64),
        floor=_ints(row["floor"] for row in quotas),
        cap=_ints(row["cap"] for row in quotas),
        anchor=_floats(row["anchor"] for row in quotas),
        yardstick=_floats(row["yardstick"] for row in quotas),
        unrounded=_floats(row["unrounded"] for row in quotas),
        quota=_ints(row["quota"] for row in quotas),
        response=manifest.get("response", "linear"),
        across=_across(across, units, rules, quotas),
    )


def _across(
    across: AcrossPart | None,
    units: Sequence[UnitRow],
    rules: Sequence[RuleRow],
    quotas: Sequence[QuotaRow],
) -> AcrossTheTree | None:
    if not rules and across is None:
        return None
    if not rules or across is None:
        raise UnreadableProof(
            "rules across the tree and what proves a plan with them belong together"
        )
    prices = [unit.get("largest_price") for unit in units]
    if None in prices:
        raise UnreadableProof("a unit has no price of the largest stretch")
    return AcrossTheTree(
        coupling=_coupling(rules, quotas),
        row_level=_floats(rule["level"] for rule in rules),
        largest=across["largest"],
        node_price=_floats([across["price"], *(price for price in prices if price is not None)]),
        row_price=_floats(rule["largest_price"] for rule in rules),
    )


def _coupling(rules: Sequence[RuleRow], quotas: Sequence[QuotaRow]) -> Coupling:
    """The rows, put together from the entries that stand with the reps."""
    entries = [row.get("rules", []) for row in quotas]
    flat = np.array([entry for own in entries for entry in own], dtype=np.float64).reshape(-1, 2)
    number = flat[:, 0]
    if np.any(number != np.floor(number)) or np.any((number < 0) | (number >= len(rules))):
        raise UnreadableProof("a rep has a coefficient in a rule that is not listed")
    order = np.argsort(number, kind="stable")
    rep = np.repeat(np.arange(len(quotas)), [len(own) for own in entries])
    return Coupling(
        name=tuple(rule["rule"] for rule in rules),
        peers=tuple(rule["peers"] for rule in rules),
        start=np.searchsorted(number[order], np.arange(len(rules) + 1)),
        rep=rep[order],
        coefficient=flat[order, 1],
        min=_ints((rule["min"] for rule in rules), none=-UNLIMITED),
        max=_ints(rule["max"] for rule in rules),
        tolerance=np.full(len(rules), np.nan),  # what the limits of a parity are made from:
        even=np.full((len(rules), 2), np.nan),  # see `stated_rules.with_tolerances`
        reps=len(quotas),
    )


def _ints(values: Iterable[int | None], none: int = UNLIMITED) -> IntArray:
    return np.array([none if value is None else value for value in values], dtype=np.int64)


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)
