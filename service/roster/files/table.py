"""The cells of a sheet as values by field: every one read, repaired and told, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from service.roster.files import rows as limits
from service.roster.files.cells import shown
from service.roster.files.columns import COHORT, PEERS, Columns, Field, Words
from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.sheets import Sheet

_MOST_COHORTS: Final = 50
_LONGEST_NAME: Final = 128
_COHORT_WORDS: Final = Words("The peer group", "所属对比组")
_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Table:
    """The values of a sheet by field; None where a cell is blank or could not be read."""

    file: str
    lines: list[int]
    values: Mapping[str, list[Any]]
    headers: Mapping[str, str]
    """The header that each field was read from."""
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, field: str) -> list[Any]:
        return self.values.get(field) or [None] * len(self.lines)

    def without(self, lines: AbstractSet[int]) -> Table:
        """The other rows."""
        kept = [row for row, line in enumerate(self.lines) if line not in lines]
        values = {name: [column[row] for row in kept] for name, column in self.values.items()}
        return Table(
            self.file, [self.lines[row] for row in kept], values, self.headers, self.ignored
        )


NOTHING: Final = Table("", [], {}, {}, ())


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found while cells were read."""

    faults: list[FileFault]
    repaired: list[FileFault]
    """What was read in another way than it stands there."""


def cohort_fields(sheet: Sheet, found: Findings) -> tuple[Field, ...]:
    """A field for each column `cohort:NAME` of the reps' file."""
    headers = [name for name in sheet.header if name.startswith(COHORT)]
    reason = f"needs a name of 1 to {_LONGEST_NAME} characters, as in cohort:role"
    found.faults.extend(
        FileFault(sheet.file, None, header[:_SHOWN], None, reason)
        for header in headers
        if not 0 < len(header.removeprefix(COHORT)) <= _LONGEST_NAME
    )
    if len(headers) > _MOST_COHORTS:
        reason = f"has {len(headers)} columns of cohorts, and at most {_MOST_COHORTS} are read"
        found.faults.append(FileFault(sheet.file, None, None, None, reason))
    return tuple(Field(header, (header,), (), PEERS, _COHORT_WORDS, "") for header in headers)


def read_table(sheet: Sheet | None, table: Columns, found: Findings) -> Table:
    """The known columns of a sheet; what cannot be read is added to the faults."""
    if sheet is None:
        return NOTHING
    cohorts = cohort_fields(sheet, found) if table.name == "reps" else ()
    columns = list(map(list, zip(*sheet.cells, strict=True))) or [[] for _ in sheet.header]
    values: dict[str, list[Any]] = {}
    headers: dict[str, str] = {}
    for field in (*table.fields, *cohorts):
        free = set(sheet.header) - set(headers.values())
        header = next((name for name in field.all_headers if name in free), None)
        if header is not None:
            headers[field.name] = header
            column = columns[sheet.header.index(header)]
            values[field.name] = _parsed(column, field, header, sheet, found)
        elif field.required:
            found.faults.append(_missing(sheet, field))
    ignored = tuple(name for name in sheet.header if name and name not in headers.values())
    return Table(sheet.file, sheet.lines, values, headers, ignored)


def _missing(sheet: Sheet, field: Field) -> FileFault:
    names = " or ".join((*field.headers, *field.chinese[:1]))
    return FileFault(sheet.file, None, None, None, f"needs a column {names}")


def _parsed(
    column: list[Any], field: Field, header: str, sheet: Sheet, found: Findings
) -> list[Any]:
    known: dict[Any, Any] = {"": None}
    refused: dict[Any, str] = {}
    repaired: dict[Any, str] = {}
    for cell in set(column):
        if isinstance(cell, str) and not cell.strip():
            known[cell] = None
            if field.required:
                refused[cell] = "is required"
            continue
        try:
            known[cell] = field.kind.parse(cell)
        except ValueError as reason:
            known[cell], plain = _repaired(shown(cell), field)
            if plain is None:
                refused[cell] = str(reason)
            else:
                repaired[cell] = f"was read as {plain}"
    cells = [*zip(column, sheet.lines, strict=True)] if refused or repaired else []
    faults = _notes(cells, refused, header, sheet.file)
    found.faults.extend(islice(faults, max(0, limits.MOST_FAULTS - len(found.faults))))
    if next(faults, None) is not None:
        raise FileFaults(found.faults)
    found.repaired.extend(_notes(cells, repaired, header, sheet.file))
    return [known[cell] for cell in column]


def _notes(
    cells: Sequence[tuple[Any, int]], reasons: Mapping[Any, str], header: str, file: str
) -> Iterator[FileFault]:
    """One for each of the cells for which there is a reason."""
    for cell, line in cells if reasons else ():
        if cell in reasons:
            yield FileFault(file, line, header, shown(cell)[:_SHOWN] or None, reasons[cell])


def _repaired(text: str, field: Field) -> tuple[Any, str | None]:
    """The value of a cell in its plain spelling, and that spelling; None where there is none."""
    plain = field.kind.plain(text)
    if plain == text:
        return None, None
    try:
        return field.kind.parse(plain), plain
    except ValueError:
        return None, None
