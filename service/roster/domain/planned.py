"""What a body plans: its targets and its history, measure by measure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from service.kit.errors import pointer
from service.roster.domain.columns import NONE, History, IntArray, Targets
from service.roster.domain.definitions import Definitions
from service.roster.domain.measures import REVENUE, Further, Measures, Ratio, Standards
from service.roster.domain.reading import Findings, Rows
from service.roster.domain.targets import ANY_YEAR, Organised, read_targets

_PARTS: Final = ("product", "customer_type", "period")
_OF_THE_PLAN: Final = ("increment", "forecast")
"""What the plan itself says of its main measure."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The measures, and what is to be sold of the main one."""

    measures: Measures
    """Without any history."""
    target: int
    of_units: IntArray
    """(m,) the targets of units, or `NONE`."""
    parts: Targets
    """The targets of parts of the business."""

    def with_history(
        self, history: History, of_rows: Sequence[str], warnings: Findings
    ) -> tuple[Measures, History]:
        """The measures with their history, and that of the main one; `of_rows` are the measures of
        the rows. Rows of measures that have no target count for nothing.
        """
        measures, named = self.measures, set(of_rows)
        if not named - {measures.main.id}:
            return measures, history
        keys = np.array(of_rows, dtype=np.str_)

        def rows_of(key: str) -> History:
            return history.taken(np.flatnonzero(keys == key))

        planned = {measures.main.id, *(each.measure.id for each in measures.further)}
        if unread := sorted(named - planned):
            count = sum(map(of_rows.count, unread))
            rows = "1 row is" if count == 1 else f"{count:,} rows are"
            which = f"{', '.join(unread)}, which {'have' if len(unread) > 1 else 'has'} no target"
            warnings.add(("history",), f"{rows} of {which}, and not read")
        further = [replace(each, history=rows_of(each.measure.id)) for each in measures.further]
        return replace(measures, further=tuple(further)), rows_of(measures.main.id)


def read_planned(  # noqa: PLR0917 -- one table after the other
    body: Mapping[str, Any],
    definitions: Definitions,
    rows: Rows,
    unit_of_row: IntArray,
    whom: Organised,
    months: range | None,
) -> Planned:
    """The targets and standards of a body. `rows` are those of `targets`, and `unit_of_row` the
    rows of the units that they name; `months` are those of the plan, None where nothing tells them.
    """
    found = rows.found
    shape_is_sound = not found.faults
    keys = np.array(definitions.of_rows(rows, REVENUE), dtype=np.str_)
    kinds = {key: definitions[key].kind for key in set(keys.tolist()) if key in definitions}
    main = _main(sorted(key for key, kind in kinds.items() if kind == "additive"), found)
    if shape_is_sound:
        _check_listed(definitions, main, kinds, found)
    asked = read_targets(body, rows.taken(np.flatnonzero(keys == main)), whom, months)
    amounts = [asked.total, *asked.of_units[asked.of_units != NONE], *asked.parts.amount]
    _check_whole(definitions, main, amounts, rows)
    further, ratios = [], []
    for key in sorted(kinds.keys() - {main}):
        own = np.flatnonzero(keys == key)
        if kinds[key] == "additive":
            further.append(_further(definitions, key, rows.taken(own), whom))
        else:
            ratios.append(_ratio(definitions, key, rows.taken(own), unit_of_row[own]))
    measures = Measures(definitions[main], tuple(further), tuple(ratios))
    return Planned(measures, asked.total, asked.of_units, asked.parts)


def _main(additive: Sequence[str], found: Findings) -> str:
    """Of the additive measures that targets name."""
    if REVENUE in additive or not additive:
        return REVENUE
    if len(additive) == 1:
        return additive[0]
    names = f"{', '.join(additive[:-1])} and {additive[-1]}"
    found.add(
        ("targets",),
        f"name {names} and no revenue, so that it is not known whose the limits and expected sales "
        "of reps and units are: add revenue, or make a plan for each",
    )
    return additive[0]


def _check_listed(
    definitions: Definitions, main: str, planned: Collection[str], found: Findings
) -> None:
    """Listed measures need a target; the main one states nothing that the plan states."""
    for key in definitions.stated:
        if key != main and key not in planned:
            place = definitions.place(key, "id")
            found.add(place, "has no target: add a row to `targets`, or do not list it", key)
    if main in definitions.stated:
        for name in _OF_THE_PLAN:
            if (value := getattr(definitions[main], name)) is not None:
                detail = f"of the main measure is the plan's own: state it as the plan's `{name}`"
                found.add(definitions.place(main, name), detail, value)


def _check_whole(definitions: Definitions, main: str, amounts: Sequence[int], rows: Rows) -> None:
    counted_in, one = definitions[main].counted_in, 10**rows.digits
    if counted_in is not None and any(amount % one for amount in amounts):
        place = ("targets",) if rows.rows else ("target",)
        rows.found.add(place, f"must be whole: {main} is counted in {counted_in}")


def _further(definitions: Definitions, key: str, rows: Rows, whom: Organised) -> Further:
    """Its targets have to agree among themselves; limits of units are the main measure's."""
    measure = definitions[key]
    known = len(rows.found.faults)
    found = Findings(rows.found.faults)
    own = Rows(rows.rows, rows.path, measure.digits(rows.digits), found)
    _refuse_parts(own, f"{key} is not")
    none = np.full(len(whom.units), NONE)
    bare = replace(whom.units, min=none, max=none, target=none)
    nowhere = Rows([], own.path, own.digits, found)
    asked = read_targets({"targets": own.rows}, own, Organised(bare, nowhere, whom.reps), ANY_YEAR)
    for fault in found.faults[known:]:
        rows.found.take(replace(fault, detail=f"{key}: {fault.detail}"))
    return Further(measure, asked.total, asked.of_units, History.of({}, 0))


def _ratio(definitions: Definitions, key: str, rows: Rows, unit: IntArray) -> Ratio:
    """Its standards as they are stated; a change may be negative, a standard not."""
    measure = definitions[key]
    _refuse_parts(rows, f"{key} is a ratio")
    amount = rows.measures("amount", signed=measure.change is not None)
    base = rows.measures("base")
    if measure.change is None:
        reason = "is what a change starts from, and `measures` states no `change` of this one"
        rows.refuse(~np.isnan(base), "base", reason)
    first: dict[int, int] = {}
    for row, of in enumerate(unit.tolist()):
        if first.setdefault(of, row) != row:
            before = pointer(rows.path(first[of]))
            rows.found.add((*rows.path(row), "unit"), f"has a {key} already in {before}")
    return Ratio(measure, Standards(unit=unit, amount=amount, base=base))


def _refuse_parts(rows: Rows, why: str) -> None:
    for name in _PARTS:
        given = np.array([value is not None for value in rows.column(name)], np.bool_)
        rows.refuse(given, name, f"is for targets of the main measure, and {why}")
