"""Who was or will be away, out of a file of its own: one line an absence, nothing about why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.roster.files.faults import FileFault
from service.roster.files.table import Table

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AbsenceRows:
    """The absences of each rep by id, and the lines they came from."""

    table: Table
    rows: dict[str, list[Row]]
    lines: dict[str, list[int]]


def absence_rows(
    table: Table, reps: set[Any], left: frozenset[str], faults: list[FileFault]
) -> AbsenceRows:
    """Those of the reps who are still there; an id that is no rep's is a fault."""
    found = AbsenceRows(table, {}, {})
    columns = (table.column(name) for name in ("rep", "from", "to", "share"))
    for line, rep, first, last, share in zip(table.lines, *columns, strict=True):
        if rep is None or rep in left:
            continue
        if rep not in reps:
            header = table.headers.get("rep")
            faults.append(FileFault(table.file, line, header, str(rep), "names no rep of reps"))
            continue
        found.rows.setdefault(rep, []).append({"from": first, "to": last, "share": share})
        found.lines.setdefault(rep, []).append(line)
    return found
