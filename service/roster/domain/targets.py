"""What is to be sold: one `target`, or `targets` of units, products, customers and months, which
have to agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from service.kit.money import InvalidMoney, from_minor, to_minor
from service.roster.domain.columns import NONE, BoolArray, IntArray, Reps, Targets, Units
from service.roster.domain.periods import InvalidPart, read_part
from service.roster.domain.reading import Findings, Path, Rows
from solver.errors import InvalidProblem
from solver.problem import Units as Organisation
from solver.targets import Disagreement, Target, agree

ANY_YEAR: Final = range(12)
"""Where no target names months it does not matter which there are."""


@dataclass(frozen=True, slots=True)
class Organised:
    """Whom targets are for."""

    units: Units
    rows: Rows
    """Of the units, whose `target` is one of the targets."""
    reps: Reps


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be sold: targets that agree."""

    total: int
    of_units: IntArray
    """(m,) `NONE` where there is none."""
    parts: Targets = field(default_factory=lambda: Targets.of({}, 0))
    """As they stand in the list; whole-year targets of units are no parts."""


def read_targets(
    body: Mapping[str, Any], rows: Rows, whom: Organised, months: range | None
) -> Asked:
    """The company's target of a measure, those of its units, and those of parts of the business.

    `rows` are those of `targets` of this measure. They and the targets of `units` are one list;
    where it does not agree, a fault at one of those that cannot hold together names the others.
    `months` are those of the plan, None where nothing tells them.
    """
    found, nothing = rows.found, Asked(0, whom.units.target)
    if body.get("targets") is None:
        return Asked(_one_target(body.get("target"), rows.digits, found), whom.units.target)
    if body.get("target") is not None:
        found.add(("target",), "stands beside `targets`: send one of the two")
    amounts = rows.amounts("amount")
    rows.refuse(_given(rows, "base"), "base", "is for ratios")
    spans = [*_spans(rows, months)]
    if found.faults:
        return nothing
    columns = (rows.column(name) for name in ("unit", "product", "customer_type"))
    of_rows = zip(amounts.tolist(), *columns, spans, strict=True)
    units = whom.units
    listed = [
        *(_Listed(Target(*each), rows.path(k)) for k, each in enumerate(of_rows)),
        *(
            _Listed(Target(int(units.target[k]), units.id[k]), whom.rows.path(k), "target")
            for k in np.flatnonzero(units.target != NONE).tolist()
        ),
    ]
    return _agreed(listed, whom, found, rows.digits, months or ANY_YEAR) or nothing


def _spans(rows: Rows, months: range | None) -> Iterator[range | None]:
    """The months of each row; what names none is a fault."""
    for row, text in enumerate(rows.column("period")):
        span = None
        if text is not None and months is None:
            reason = "is required: a target names months, and there is no history to follow"
            rows.found.add(("period",), reason)
        elif text is not None:
            try:
                span = read_part(text, months or ANY_YEAR)
            except InvalidPart as reason:
                rows.found.add((*rows.path(row), "period"), str(reason), text)
        yield span


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
        return f"{from_minor(self.target.amount, digits)} for {self.target.name}"


def _agreed(
    listed: Sequence[_Listed], whom: Organised, found: Findings, digits: int, months: range
) -> Asked | None:
    units = whom.units
    organisation = Organisation.of(units.id, parent=units.parent)
    try:
        told = agree([each.target for each in listed], organisation, whom.reps.unit, months)
    except InvalidProblem as error:
        for fault in error.faults:
            row = () if fault.row is None else listed[fault.row].path
            found.add((*row, fault.field), fault.reason)
        return None
    if isinstance(told, Disagreement):
        _name(told, listed, found, digits)
        return None
    limited = (units.min != NONE) | (units.max != NONE)
    place = {unit: k for k, unit in enumerate(units.id)}
    target = units.target.copy()
    for each in listed:
        if (unit := each.target.unit) in told.of_units and each.target.is_of_units:
            target[place[unit]] = told.of_units[unit]
            if limited[place[unit]]:
                found.add((*each.path, "unit"), "has min or max, and a target is both at once")
    return Asked(told.total, target, _table(told.margins, place))


def _table(parts: Sequence[Target], place: Mapping[str, int]) -> Targets:
    def months(end: int) -> IntArray:
        return np.array([part.months[end] if part.months else NONE for part in parts], np.int64)

    return Targets(
        unit=np.array([NONE if p.unit is None else place[p.unit] for p in parts], np.int64),
        product=tuple(part.product for part in parts),
        customer_type=tuple(part.customer_type for part in parts),
        first=months(0),
        last=months(-1),
        amount=np.array([part.amount for part in parts], np.int64),
    )


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
