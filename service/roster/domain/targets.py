"""What is to be sold: one `target`, or `targets` at several levels, which have to agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from service.kit.money import InvalidMoney, from_minor, to_minor
from service.roster.domain.columns import NONE, BoolArray, IntArray, Reps, Units
from service.roster.domain.reading import Findings, Path, Rows
from solver.errors import InvalidProblem
from solver.problem import Units as Organisation
from solver.targets import Disagreement, Target, agree

_NOT_YET: Final = {
    "product": "quotas are not told by product",
    "customer_type": "quotas are not told by kind of customer",
    "period": "targets are those of the whole period",
}
_ANY_YEAR: Final = range(12)


def read_targets(
    body: Mapping[str, Any], rows: Rows, units: Units, unit_rows: Rows, reps: Reps
) -> tuple[int, IntArray]:
    """The company's target of a measure, and (m,) those of its units, `NONE` where there is none.

    `rows` are those of `targets` of this measure. They and the targets of `units` are one list;
    where it does not agree, a fault at one of those that cannot hold together names the others.
    """
    found = rows.found
    if body.get("targets") is None:
        return _one_target(body.get("target"), rows.digits, found), units.target
    if body.get("target") is not None:
        found.add(("target",), "stands beside `targets`: send one of the two")
    amounts = rows.amounts("amount")
    rows.refuse(_given(rows, "base"), "base", "is for ratios")
    for name, reason in _NOT_YET.items():
        rows.refuse(_given(rows, name), name, f"is not available yet: {reason}")
    if found.faults:
        return 0, units.target
    of_rows = zip(amounts.tolist(), rows.column("unit"), strict=True)
    listed = [
        *(_Listed(Target(*each), rows.path(k)) for k, each in enumerate(of_rows)),
        *(
            _Listed(Target(int(units.target[k]), units.id[k]), unit_rows.path(k), "target")
            for k in np.flatnonzero(units.target != NONE).tolist()
        ),
    ]
    return _agreed(listed, units, reps, found, rows.digits)


def _given(rows: Rows, name: str) -> BoolArray:
    return np.array([value is not None for value in rows.column(name)], np.bool_)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A target and where it stands."""

    target: Target
    path: Path
    amount: str = "amount"
    """The field of the amount."""

    def told(self, digits: int) -> str:
        whose = "the company" if self.target.unit is None else self.target.unit
        return f"{from_minor(self.target.amount, digits)} for {whose}"


def _agreed(
    listed: Sequence[_Listed], units: Units, reps: Reps, found: Findings, digits: int
) -> tuple[int, IntArray]:
    organisation = Organisation.of(units.id, parent=units.parent)
    try:
        told = agree([each.target for each in listed], organisation, reps.unit, _ANY_YEAR)
    except InvalidProblem as error:
        for fault in error.faults:
            row = () if fault.row is None else listed[fault.row].path
            found.add((*row, fault.field), fault.reason)
        return 0, units.target
    if isinstance(told, Disagreement):
        _name(told, listed, found, digits)
        return 0, units.target
    limited = (units.min != NONE) | (units.max != NONE)
    place = {unit: k for k, unit in enumerate(units.id)}
    target = units.target.copy()
    for each in listed:
        if (unit := each.target.unit) is not None:
            target[place[unit]] = told.of_units[unit]
            if limited[place[unit]]:
                found.add((*each.path, "unit"), "has min or max, and a target is both at once")
    return told.total, target


def _name(told: Disagreement, listed: Sequence[_Listed], found: Findings, digits: int) -> None:
    """A fault at a target that would have to change, with what it does not agree with."""
    changes = dict(told.mended)
    subject = next((k for k in told.targets if k in changes), told.targets[0])
    others = [listed[k].told(digits) for k in told.targets if k != subject]
    *most, last = others
    detail = f"does not agree with {', '.join(most)}{' and ' if most else ''}{last}"
    if len(changes) == 1:
        detail += f"; {from_minor(changes[subject], digits)} would"
    each = listed[subject]
    found.add((*each.path, each.amount), detail, from_minor(each.target.amount, digits))


def _one_target(value: Any, digits: int, found: Findings) -> int:
    if value is None:
        found.add(("target",), "is required, or `targets`")
        return 0
    try:
        target = to_minor(value, digits)
    except InvalidMoney as fault:
        found.add(("target",), str(fault), value)
        return 0
    if target < 0:
        found.add(("target",), "must be 0 or more", value)
    return target
