"""The good rows only: what is left of tables without some rows, and without what hangs on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.organisation import column_of_units
from service.roster.files.table import NOTHING, Table
from solver.problem import DEPTH_LIMIT

_NAMES: Final = (
    ("units", "parent", "units"),
    ("territories", "rep", "reps"),
    ("assignments", "rep", "reps"),
    ("assignments", "territory", "territories"),
    ("absences", "rep", "reps"),
    ("history", "rep", "reps"),
    ("history", "territory", "territories"),
    ("history", "measure", "measures"),
    ("targets", "unit", "units"),
    ("targets", "measure", "measures"),
)
"""Table, field, and the table whose ids stand there."""

_AIMS: Final = frozenset({"targets", "measures"})

type Tables = Mapping[str, Table]


def good_rows(
    tables: Tables, faults: Sequence[FileFault]
) -> tuple[dict[str, Table], list[FileFault]]:
    """The tables without the rows at fault, and every row that was left out, with the reason.

    A row that names one that is gone goes as well, and so on. Raises `FileFaults` where a fault is
    not of a row, and leaving rows out would not mend it; or is of what is to be reached: without
    that row it would be another plan.
    """
    names = {table.file: name for name, table in tables.items() if table.file}
    if any(fault.line is None or names[fault.file] in _AIMS for fault in faults):
        raise FileFaults(faults)
    left, told = dict(tables), list(faults)
    bad: dict[str, set[int]] = defaultdict(set)
    for fault in faults:
        bad[names[fault.file]].add(fault.line or 0)
    for _ in range(DEPTH_LIMIT + len(tables)):
        if not bad:
            return left, told
        gone = {name: _taken_out(left, name, lines) for name, lines in bad.items()}
        told += (more := _hanging_on(left, gone))
        bad = defaultdict(set)
        for fault in more:
            bad[names[fault.file]].add(fault.line or 0)
    raise FileFaults(told)


def _taken_out(left: dict[str, Table], name: str, lines: set[int]) -> dict[str, str]:
    """Take rows out of a table; answers the ids that it has no longer, and where they stood."""
    before = left[name]
    left[name] = before.without(lines)
    kept = set(left[name].column("id"))
    return {
        key: f"{before.file}:{line}"
        for key, line in zip(before.column("id"), before.lines, strict=True)
        if line in lines and key is not None and key not in kept
    }


def _hanging_on(left: Tables, gone: Mapping[str, Mapping[str, str]]) -> list[FileFault]:
    """A line for each row that names what is gone."""
    names = list(_NAMES)
    if len(left.get("units", NOTHING)) or gone.get("units"):
        names.append(("reps", column_of_units(left["reps"]), "units"))
    found: dict[tuple[str, int], FileFault] = {}
    for name, field, other in names:
        table, lost = left.get(name, NOTHING), gone.get(other)
        if not lost or field not in table.values:
            continue
        for key, line in zip(table.column(field), table.lines, strict=True):
            if key in lost:
                reason = f"depends on {lost[key]}, which was left out"
                fault = FileFault(table.file, line, table.headers[field], key, reason)
                found.setdefault((table.file, line), fault)
    return list(found.values())
