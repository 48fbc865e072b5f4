"""Which columns of a file are which fields, and how their cells are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.roster.files import cells
from service.roster.files.cells import Parser, shown
from service.roster.files.faults import FileFault
from service.roster.files.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Field:
    """A field, the headers that mean it (the first that is there counts), and its cells."""

    name: str
    headers: tuple[str, ...]
    parse: Parser
    required: bool = False


UNITS: Final = (
    Field("id", ("unit_id", "id"), cells.key, required=True),
    Field("name", ("name",), cells.text),
    Field("parent", ("parent", "parent_id"), cells.key),
    Field("owner", ("owner", "owner_id"), cells.key),
    Field("min", ("min",), cells.amount),
    Field("max", ("max",), cells.amount),
    Field("target", ("target",), cells.amount),
    Field("over_assignment", ("over_assignment",), cells.hedge),
)
REPS: Final = (
    Field("id", ("rep_id", "id"), cells.key, required=True),
    Field("name", ("name",), cells.text),
    Field("unit", ("unit", "unit_id", "team_id"), cells.key),
    Field("team", ("team",), cells.key),
    Field("region", ("region",), cells.key),
    Field("vacant", ("vacant",), cells.yes_or_no),
    Field("baseline", ("baseline",), cells.number),
    Field("reach", ("reach",), cells.number),
    Field("sigma", ("sigma",), cells.spread),
    Field("potential", ("potential",), cells.number),
    Field("capacity", ("capacity",), cells.number),
    Field("margin", ("margin",), cells.margin),
    Field("min", ("min",), cells.amount),
    Field("max", ("max",), cells.amount),
    Field("fixed", ("fixed",), cells.amount),
    Field("last_year", ("last_year",), cells.number),
    Field("fte", ("fte",), cells.positive),
    Field("hired", ("hired", "hire_date"), cells.day),
    Field("left", ("left", "leave_date"), cells.day),
    Field("status", ("status",), cells.text),
)
TERRITORIES: Final = (
    Field("id", ("territory_id", "id"), cells.key, required=True),
    Field("potential", ("potential",), cells.number),
    Field("rep", ("rep_id", "rep"), cells.key),
    Field("share", ("share",), cells.share),
    Field("from", ("from",), cells.day),
    Field("to", ("to",), cells.day),
)
ASSIGNMENTS: Final = (
    Field("rep", ("rep_id", "rep"), cells.key, required=True),
    Field("territory", ("territory_id", "territory"), cells.key, required=True),
    Field("share", ("share",), cells.share),
    Field("from", ("from",), cells.day),
    Field("to", ("to",), cells.day),
)
ABSENCES: Final = (
    Field("rep", ("rep_id", "rep"), cells.key, required=True),
    Field("from", ("from",), cells.day, required=True),
    Field("to", ("to",), cells.day),
    Field("share", ("share",), cells.share),
)
HISTORY: Final = (
    Field("rep", ("rep_id", "rep"), cells.key),
    Field("territory", ("territory_id", "territory"), cells.key),
    Field("period", ("period", "month"), cells.month, required=True),
    Field("actual", ("actual",), cells.number, required=True),
    Field("measure", ("measure",), cells.key),
    Field("product", ("product",), cells.key),
    Field("customer_type", ("customer_type",), cells.key),
)
TARGETS: Final = (
    Field("measure", ("measure",), cells.key),
    Field("unit", ("unit", "unit_id"), cells.key),
    Field("product", ("product",), cells.key),
    Field("customer_type", ("customer_type",), cells.key),
    Field("period", ("period",), cells.key),
    Field("amount", ("amount",), cells.amount, required=True),
    Field("base", ("base",), cells.number),
)
MEASURES: Final = (
    Field("id", ("measure", "id"), cells.key, required=True),
    Field("kind", ("kind",), cells.one_of("additive", "ratio")),
    Field("basis", ("basis",), cells.one_of("signed", "invoiced", "collected")),
    Field("counted_in", ("counted_in",), cells.text),
    Field("increment", ("increment",), cells.amount),
    Field("forecast", ("forecast",), cells.number),
    Field("weight", ("weight",), cells.share),
    Field("floor", ("floor",), cells.factor),
    Field("stretch_target", ("stretch_target",), cells.factor),
    Field("lower_is_better", ("lower_is_better",), cells.yes_or_no),
    Field("change", ("change",), cells.one_of("change_points", "growth")),
)
QUOTAS: Final = (
    Field("rep", ("rep_id", "rep"), cells.key, required=True),
    Field("period", ("period", "month"), cells.month, required=True),
    Field("quota", ("quota",), cells.number, required=True),
)


COHORT: Final = "cohort:"
"""What the header of a column of peer groups begins with: `cohort:role`."""
_MOST_COHORTS: Final = 50
_LONGEST_NAME: Final = 128


def cohort_fields(sheet: Sheet | None, faults: list[FileFault]) -> tuple[Field, ...]:
    """A field for each column `cohort:NAME` of the reps' file."""
    if sheet is None:
        return ()
    headers = [name for name in sheet.header if name.startswith(COHORT)]
    reason = f"needs a name of 1 to {_LONGEST_NAME} characters, as in cohort:role"
    faults += [
        FileFault(sheet.file, None, header[:80], None, reason)
        for header in headers
        if not 0 < len(header.removeprefix(COHORT)) <= _LONGEST_NAME
    ]
    if len(headers) > _MOST_COHORTS:
        reason = f"has {len(headers)} columns of cohorts, and at most {_MOST_COHORTS} are read"
        faults.append(FileFault(sheet.file, None, None, None, reason))
    return tuple(Field(header, (header,), cells.peers) for header in headers)


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


def read_table(sheet: Sheet | None, fields: tuple[Field, ...], faults: list[FileFault]) -> Table:
    """The known columns of a sheet; what cannot be read is added to `faults`."""
    if sheet is None:
        return Table("", [], {}, {}, ())
    columns = list(map(list, zip(*sheet.cells, strict=True))) or [[] for _ in sheet.header]
    values, headers = {}, {}
    for field in fields:
        header = next((name for name in field.headers if name in sheet.header), None)
        if header is not None:
            headers[field.name] = header
            column = columns[sheet.header.index(header)]
            values[field.name] = _parsed(column, field, header, sheet, faults)
        elif field.required:
            names = " or ".join(field.headers)
            faults.append(FileFault(sheet.file, None, None, None, f"needs a column {names}"))
    ignored = tuple(name for name in sheet.header if name and name not in headers.values())
    return Table(sheet.file, sheet.lines, values, headers, ignored)


def _parsed(
    column: list[Any], field: Field, header: str, sheet: Sheet, faults: list[FileFault]
) -> list[Any]:
    known: dict[Any, Any] = {"": None}
    reasons: dict[Any, str] = {}
    blank = "is required" if field.required else None
    for cell in set(column):
        if isinstance(cell, str) and not cell.strip():
            known[cell] = None
            if blank:
                reasons[cell] = blank
            continue
        try:
            known[cell] = field.parse(cell)
        except ValueError as reason:
            known[cell], reasons[cell] = None, str(reason)
    if reasons:
        faults += [
            FileFault(sheet.file, line, header, shown(cell)[:80] or None, reasons[cell])
            for cell, line in zip(column, sheet.lines, strict=True)
            if cell in reasons
        ]
    return [known[cell] for cell in column]
