"""Several measures on the command line and in workbooks: quotas of all, levels, and standards."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.cli.output import Table
from service.cli.words import gaps_in_words, percent, unit_in_words, whole
from service.kit.spreadsheets import Cell

type Document = dict[str, Any]
type Names = Mapping[str, str | None]
type Units = Mapping[str, str]

LEVELS: Final = {"floor": "level_floor", "stretch_target": "level_stretch_target"}
"""The levels beside a target, and their columns: `floor` alone is the limit of a quota."""


def plans_of(document: Document) -> list[Document]:
    """What is answered of each additive measure, the main one first."""
    return [document, *document["measures"]]


def levels_of(document: Document) -> list[str]:
    """The levels that any measure states."""
    stated = {name for plan in plans_of(document) for name in plan["levels"] or ()}
    return [name for name in LEVELS if name in stated]


def amount_at(row: Document, level: str) -> Cell:
    amount: Cell = (row["levels"] or {}).get(level)
    return amount


def measures_sheet(document: Document, names: Names) -> Table:
    """One row for each rep and measure; nothing where there is only one measure without levels."""
    levels, plans = levels_of(document), plans_of(document)
    shown = plans if levels or len(plans) > 1 else []
    rows: list[tuple[Cell, ...]] = [
        (
            plan["measure"],
            plan["counted_in"],
            plan["weight"],
            row["rep"],
            names.get(row["rep"]),
            row["unit"],
            row["quota"],
            *(amount_at(row, level) for level in levels),
            *(row["months"] or {}).values(),
        )
        for plan in shown
        for row in plan["quotas"]
    ]
    told = {"floor": "floor (level)", "stretch_target": "stretch target"}
    columns = (
        "measure", "counted in", "weight", "rep", "name", "unit", "target",
        *(told[level] for level in levels), *(document["months"] or {}),
    )  # fmt: skip
    return Table("measures", columns, rows)


def standards_sheet(document: Document, units: Units) -> Table:
    """The standards of ratios, a row for the company and each unit that has one."""
    rows: list[tuple[Cell, ...]] = [
        (
            ratio["measure"],
            unit_in_words(row["unit"], units),
            row["standard"],
            row["amount"],
            row["base"],
            ratio["change"],
            unit_in_words(row["stated_by"], units),
            "lower" if ratio["lower_is_better"] else "higher",
            ratio["weight"],
        )
        for ratio in document["standards"]
        for row in ratio["units"]
    ]
    columns = (
        "ratio", "unit", "standard", "as stated", "base", "change", "stated by", "better", "weight",
    )  # fmt: skip
    return Table("standards", columns, rows)


def standards_for_people(document: Document, units: Units) -> Table:
    """The same in four columns; where only a change is stated, the change."""
    rows: list[tuple[Cell, ...]] = [
        (
            ratio["measure"],
            unit_in_words(row["unit"], units),
            f"{row['amount']:+g}" if row["standard"] is None else f"{row['standard']:g}",
            unit_in_words(row["stated_by"], units),
        )
        for ratio in document["standards"]
        for row in ratio["units"]
    ]
    columns = ("ratio", "unit", "standard", "stated by")
    return Table("standards", columns, rows, figures=frozenset({2}))


def further_quotas(document: Document, names: Names, units: Units) -> Table:
    """For people: a line for each rep, and a column for each further measure."""
    plans = document["measures"]
    quotas = [{row["rep"]: row["quota"] for row in plan["quotas"]} for plan in plans]
    rows: list[tuple[Cell, ...]] = [
        (
            names.get(row["rep"]) or row["rep"],
            units.get(row["unit"], row["unit"]),
            *(whole(own[row["rep"]]) for own in quotas),
        )
        for row in document["quotas"]
        if quotas
    ]
    columns = ("rep", "unit", *(plan["measure"] for plan in plans))
    return Table("measures", columns, rows, figures=frozenset(range(2, len(columns))))


def measure_lines(document: Document, units: Units) -> Iterator[str]:
    """`new_customers: 61 customers over 3 reps, +2.0% on what is expected.` for each other one."""
    for plan in document["measures"]:
        growth = plan["common"]["growth"]
        over = "" if growth is None else f", {percent(growth)} on what is expected"
        things = f" {plan['counted_in']}" if plan["counted_in"] else ""
        count = len(plan["quotas"])
        reps = "1 rep" if count == 1 else f"{count:,} reps"
        yield f"{plan['measure']}: {whole(plan['assigned'])}{things} over {reps}{over}."
        for gap in gaps_in_words(plan["gaps"], units):
            yield f"{plan['measure']}: nobody can carry {gap}"
        if plan["left_out"]:
            rules = ", ".join(plan["left_out"])
            yield f"{plan['measure']}: of the policy, {rules} hold for the main measure alone."
