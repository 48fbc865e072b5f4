"""The files of `fairquota fairness`: sales of the period by rep, and groups of reps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from service.cli.failure import Failure
from service.cli.rep_files import REP, Cells, rows_of, sheet_with
from service.roster.files import FileFault, FileFaults
from service.roster.files.cells import key, month, number, shown

_NO_ATTRIBUTES: Final = frozenset({REP, "name"})

type Period = tuple[date, date] | None


@dataclass(frozen=True, slots=True)
class Rows[Value]:
    """What a file says of the reps of a plan, and how many others stand in it."""

    of_reps: dict[str, Value]
    strangers: int


def read_actuals(path: Path, reps: set[str], period: Period) -> Rows[float]:
    """Sales by rep, in the currency. With a column `period` only the plan's months count, and add
    up. Raises `FileFaults`.
    """
    sheet = sheet_with(path, REP, "actual")
    monthly = "period" in sheet.header
    inside = period and (f"{period[0]:%Y-%m}", f"{period[1]:%Y-%m}")
    sold: dict[str, float] = {}
    strangers: set[str] = set()
    faults: list[FileFault] = []
    for row, line in rows_of(sheet):
        found = Cells(sheet, row, line, faults)
        rep, actual = found.read(REP, key), found.read("actual", number)
        when = found.read("period", month) if monthly else None
        if rep is None or actual is None or (monthly and when is None):
            continue
        if when is not None and inside and not inside[0] <= when <= inside[1]:
            continue
        if rep not in reps:
            strangers.add(rep)
        elif rep in sold and not monthly:
            faults.append(FileFault(sheet.file, line, REP, rep, "stands twice"))
        else:
            sold[rep] = sold.get(rep, 0.0) + actual
    if faults:
        raise FileFaults(faults)
    return Rows(sold, len(strangers))


def read_cohorts(
    path: Path, reps: set[str], bands: Mapping[str, list[float]]
) -> Rows[dict[str, Any]]:
    """The attributes of each rep, numbers where they have bands. Raises `FileFaults`, which tell
    no value.
    """
    sheet = sheet_with(path, REP)
    attributes = [name for name in sheet.header if name and name not in _NO_ATTRIBUTES]
    found: dict[str, dict[str, Any]] = {}
    strangers: set[str] = set()
    faults = [
        FileFault(sheet.file, 1, name, None, "has bands (--band), but the file has no such column")
        for name in bands
        if name not in attributes
    ]
    for row, line in rows_of(sheet):
        cells = Cells(sheet, row, line, faults, tells=False)
        rep = cells.read(REP, key)
        told = {name: cells.read(name, number if name in bands else shown) for name in attributes}
        if rep is None:
            continue
        if rep not in reps:
            strangers.add(rep)
        elif rep in found:
            faults.append(FileFault(sheet.file, line, REP, rep, "stands twice"))
        else:
            found[rep] = told
    if faults:
        raise FileFaults(faults)
    return Rows(found, len(strangers))


def read_bands(options: tuple[str, ...]) -> dict[str, list[float]]:
    """`birth_year=1970,1980` as the edges of an attribute. Raises Failure."""
    bands = {}
    for option in options:
        name, _, edges = option.partition("=")
        try:
            bands[name.strip()] = [number(edge) for edge in edges.split(",")]
        except ValueError:
            raise Failure(
                f"--band {option} is not NAME=EDGES, such as birth_year=1970,1980."
            ) from None
    return bands
