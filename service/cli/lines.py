"""The lines of business of quotas, and the targets of parts, as files and terminals show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.cli.output import Table
from service.cli.words import whole
from service.kit.spreadsheets import Cell

type Document = dict[str, Any]

_PART: Final = ("unit", "product", "customer_type", "period")
_ELSE: Final = "everything else"


def lines_sheet(document: Document, names: Mapping[str, str | None]) -> Table:
    """A row for each rep and line, with a column for each month of the period."""
    months = list(document["months"] or ())
    rows = [
        (
            row["rep"],
            names.get(row["rep"]),
            row["unit"],
            line["product"],
            line["customer_type"],
            line["quota"],
            *(line["months"][month] for month in months),
        )
        for row in document["quotas"]
        for line in row["lines"] or ()
    ]
    return Table(
        "lines", ("rep", "name", "unit", "product", "customer_type", "quota", *months), rows
    )


def part_targets_sheet(document: Document) -> Table:
    """Targets of parts with what quotas carry of them."""
    rows = [
        tuple(target[name] for name in (*_PART, "amount", "carried", "missed"))
        for target in document["part_targets"]
    ]
    return Table("part targets", (*_PART, "target", "carried", "missed"), rows)


def lines_for_people(document: Document, units: Mapping[str, str]) -> Table:
    """What the company and its teams carry of each line."""
    sums: dict[tuple[str | None, int], float] = {}
    lines = document["lines"] or []
    if not lines:
        return Table("lines", (), ())
    for row in document["quotas"]:
        for line in row["lines"] or ():
            place = lines.index({name: line[name] for name in ("product", "customer_type")})
            for unit in {None, row["unit"]}:
                sums[unit, place] = sums.get((unit, place), 0) + line["quota"]
    teams = dict.fromkeys([None, *(row["unit"] for row in document["quotas"])])
    rows: list[tuple[Cell, ...]] = [
        (
            "company" if unit is None else units.get(unit, unit),
            *(whole(round(sums.get((unit, place), 0), 9)) for place in range(len(lines))),
        )
        for unit in teams
    ]
    columns = ("unit", *map(line_in_words, lines))
    return Table("lines", columns, rows, figures=frozenset(range(1, len(columns))))


def line_in_words(line: Mapping[str, Any]) -> str:
    named = [line[name] for name in ("product", "customer_type") if line[name] is not None]
    return " × ".join(named) or _ELSE


def missed_targets(document: Document) -> Iterator[str]:
    """A sentence for each target of a part that quotas do not meet."""
    for target in document["part_targets"]:
        if target["missed"]:
            of = " × ".join(target[name] for name in _PART if target[name] is not None)
            way = "less" if target["missed"] < 0 else "more"
            lost = whole(abs(target["missed"]))
            yield f"{of}: {whole(target['carried'])}, {lost} {way} than wanted"
