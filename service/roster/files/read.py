"""Files as inputs: nothing of them, or all, or the good rows only; and what was made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from service.roster.domain import Inputs, InvalidInputs, read_inputs
from service.roster.files.body import Body, body_of
from service.roster.files.columns import MEASURES, QUOTAS, TABLES, TARGETS
from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.left_out import good_rows
from service.roster.files.sheets import KINDS, Tables, read_tables, tables_of, workbook_tables
from service.roster.files.sources import Source
from service.roster.files.table import NOTHING, Findings, Table, read_table
from solver.problem import AMOUNT_LIMIT

type Row = dict[str, Any]

_FACTS: Final = tuple(table.name for table in TABLES if table not in {TARGETS, MEASURES, QUOTAS})
"""Read from all files; the others where they are asked for."""
_ROUNDS: Final = 20
"""Rows that are left out bring other faults to light; after so many times it is another plan."""


@dataclass(frozen=True, slots=True)
class FileInputs:
    """What the files say, and what was made of what is not plain in them."""

    inputs: Inputs
    notes: tuple[str, ...]
    quotas: tuple[Row, ...] = ()
    """Past quotas (`rep`, `period`, `quota`), where they were asked for."""
    repaired: tuple[FileFault, ...] = ()
    """What was read in another way than it stands there."""
    left_out: tuple[FileFault, ...] = ()
    """With the good rows only: the others."""

    @property
    def told(self) -> tuple[str, ...]:
        """The notes, and a line for each column that was repaired."""
        places = Counter((note.file, note.column) for note in self.repaired)
        first = {(note.file, note.column): note for note in reversed(self.repaired)}
        more = {1: "", 2: " (and 1 more of that column)"}
        return self.notes + tuple(
            f"{first[place]}{more.get(count, f' (and {count - 1} more of that column)')}"
            for place, count in places.items()
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    target: float | str | None
    digits: int
    start: date | None = None
    period: tuple[date, date] | None = None
    forecast: float | str | None = None
    with_quotas: bool = False
    good_rows_only: bool = False
    any_target: bool = False

    @property
    def listed(self) -> bool:
        """Whether files say what the target is, and of which measures."""
        return self.target is None

    @property
    def names(self) -> tuple[str, ...]:
        past = (QUOTAS.name,) if self.with_quotas else ()
        return (*_FACTS, *past, *((TARGETS.name, MEASURES.name) if self.listed else ()))


def read_files(
    path: Path,
    *,
    target: float | str | None,
    digits: int,
    start: date | None = None,
    period: tuple[date, date] | None = None,
    forecast: float | None = None,
    with_quotas: bool = False,
    good_rows_only: bool = False,
    any_target: bool = False,
) -> FileInputs:
    """The inputs in a folder of `reps`, `units`, `territories`, `history` files, or a workbook.

    `target` is the company's; where it is None a file of `targets` tells it, and one of `measures`
    what is planned; otherwise both are not read. `digits`: the minor digits of the currency.
    `start`: first day of the plan's period, the month after the last one of the history where left
    out; who left before it carries no quota. `period`: the plan's, of which targets name months;
    the year after the history where left out. `with_quotas`: read the file of past `quotas` too.
    `good_rows_only`: rows at fault are left out, and what depends on them, and all of it is told.
    `any_target`: where nothing tells a target it is nought, for who only looks at the facts.
    Raises `FileFaults` with every fault by file, line and column.
    """
    asked = _Asked(target, digits, start, period, forecast, with_quotas, good_rows_only, any_target)
    return _read(read_tables(path, asked.names), asked, _no_reps(path.name, folder=path.is_dir()))


def read_sent(
    sources: Sequence[Source],
    *,
    target: float | str | None,
    digits: int,
    period: tuple[date, date],
    forecast: str | None = None,
    good_rows_only: bool = False,
) -> FileInputs:
    """The same of files that were sent: one workbook, or files that are each named like a table.

    `good_rows_only`: rows at fault are left out, and what depends on them, and all of it is told.
    """
    asked = _Asked(target, digits, period[0], period, forecast, good_rows_only=good_rows_only)
    if len(sources) == 1 and _holds_all(sources[0]):
        tables, missing = workbook_tables(sources[0], asked.names), _no_reps(sources[0].name)
    else:
        _refuse_other_kinds(sources)
        tables, missing = tables_of(sources, asked.names), _no_reps("", folder=True)
    return _read(tables, asked, missing)


def _holds_all(source: Source) -> bool:
    named_like_a_table = {name for table in TABLES for name in (table.name, table.chinese)}
    return source.suffix == ".xlsx" and source.stem.strip().lower() not in named_like_a_table


def _refuse_other_kinds(sources: Sequence[Source]) -> None:
    reason = f"is no file of a kind that is read: {', '.join(KINDS)}"
    others = [source.name for source in sources if source.suffix not in KINDS]
    if others:
        raise FileFaults([FileFault(name, None, None, None, reason) for name in others])


def _no_reps(name: str, *, folder: bool = False) -> FileFault:
    """A folder needs a file of reps, a workbook a sheet of them."""
    if folder:
        return FileFault("reps.csv", None, None, None, "is missing: who carries the target?")
    reason = "has no sheet named reps: who carries the target?"
    return FileFault(name, None, None, None, reason)


def _read(found: Tables, asked: _Asked, missing: FileFault) -> FileInputs:
    cells = Findings([], [])
    misfits = [fault for sheet in found.sheets.values() for fault in sheet.refused]
    if misfits and not asked.good_rows_only:
        raise FileFaults(misfits)
    tables = {
        columns.name: read_table(found.sheets.get(columns.name), columns, cells)
        for columns in TABLES
        if columns.name in asked.names
    }
    if "reps" not in found.sheets:
        raise FileFaults([*misfits, *cells.faults, missing])
    if asked.listed and not len(tables[TARGETS.name]):
        if not asked.any_target:
            reason = "is missing, and no target is given"
            no_target = FileFault(TARGETS.name, None, None, None, reason)
            raise FileFaults([*misfits, *cells.faults, no_target])
        asked = replace(asked, target=0)
    kept, left_out, read = _inputs_of(tables, asked, cells.faults, misfits)
    gone = {(fault.file, fault.line) for fault in left_out}
    notes = *_unread(found, kept), *read.body.notes, *(w.detail for w in read.inputs.warnings)
    repaired = [note for sheet in found.sheets.values() for note in sheet.repaired]
    return FileInputs(
        read.inputs,
        notes,
        read.quotas,
        (*repaired, *(note for note in cells.repaired if (note.file, note.line) not in gone)),
        tuple(left_out),
    )


@dataclass(frozen=True, slots=True)
class _Done:
    inputs: Inputs
    body: Body
    quotas: tuple[Row, ...]


def _inputs_of(
    tables: Mapping[str, Table],
    asked: _Asked,
    faults: Sequence[FileFault],
    left_out: list[FileFault],
) -> tuple[Mapping[str, Table], list[FileFault], _Done]:
    """The inputs; where good rows are enough, of what is left without the others."""
    for _ in range(_ROUNDS):
        try:
            return tables, left_out, _done(tables, asked, faults)
        except FileFaults as refused:
            if not asked.good_rows_only:
                raise
            try:
                tables, gone = good_rows(tables, refused.faults)
            except FileFaults as reasons:
                raise FileFaults([*left_out, *reasons.faults]) from None
            left_out, faults = [*left_out, *gone], []
    raise FileFaults(left_out)


def _done(tables: Mapping[str, Table], asked: _Asked, known: Sequence[FileFault]) -> _Done:
    """Raises `FileFaults`: those of cells, which are known, and those between rows."""
    faults = list(known)
    reps = set(tables["reps"].column("id"))
    quotas = _quota_rows(tables.get(QUOTAS.name, NOTHING), reps, faults)
    body = body_of(tables, target=asked.target, forecast=asked.forecast, start=asked.start)
    faults += body.faults
    try:
        inputs = read_inputs(
            body.document, digits=asked.digits, period=asked.period, shares="report"
        )
    except InvalidInputs as error:
        # A cell that could not be read is missing from the body, which was told already.
        told = {(fault.file, fault.line, fault.column) for fault in known}
        others = map(body.places.of, error.faults)
        faults += [own for own in others if (own.file, own.line, own.column) not in told]
        raise FileFaults(faults) from None
    if faults:
        raise FileFaults(faults)
    return _Done(inputs, body, tuple(q for q in quotas if q["rep"] not in body.left))


def _quota_rows(quotas: Table, reps: set[str | None], faults: list[FileFault]) -> list[Row]:
    """Rows whose rep is one of `reps` and whose quota is no less than 0; others are faults."""
    rows = []
    columns = [quotas.column(name) for name in ("rep", "period", "quota")]
    for line, rep, period, quota in zip(quotas.lines, *columns, strict=True):
        if rep is not None and rep not in reps:
            reason = "names no rep of the reps file"
            faults.append(FileFault(quotas.file, line, quotas.headers["rep"], rep, reason))
        elif quota is not None and not 0 <= quota <= AMOUNT_LIMIT:
            reason = f"must be an amount of 0 to {AMOUNT_LIMIT:,}"
            faults.append(FileFault(quotas.file, line, quotas.headers["quota"], str(quota), reason))
        rows.append({"rep": rep, "period": period, "quota": quota})
    return rows


def _unread(found: Tables, tables: Mapping[str, Table]) -> list[str]:
    notes = [
        f"{table.file}: columns not read: {', '.join(table.ignored)}"
        for table in tables.values()
        if table.ignored
    ]
    return [*notes, f"not read: {', '.join(found.unread)}"] if found.unread else notes
