"""The tables of `fairquota allocate`: for people, for programs, and the sheets of workbooks."""

from collections.abc import Mapping
from typing import Any, Final

from service.cli.impact import impact_sheet
from service.cli.lines import lines_sheet, part_targets_sheet
from service.cli.measures import (
    LEVELS,
    amount_at,
    levels_of,
    measures_sheet,
    plans_of,
    standards_sheet,
)
from service.cli.output import Table
from service.cli.words import (
    crossing_rule_in_words,
    held_in_words,
    percent,
    rule_in_words,
    rules_in_words,
    unit_in_words,
    whole,
)
from service.kit.parquet import Kind
from service.kit.spreadsheets import Cell
from service.web.figures import half_up, rounded_to

type Document = dict[str, Any]
type Names = Mapping[str, str | None]
"""Reps by id."""
type Units = Mapping[str, str]
"""What people call the units, by id."""

_SHARE: Final = "0.0%"


def workbook(
    document: Document, names: Names, units: Units, digits: int, *, by_chance: bool
) -> list[Table]:
    """Its sheets; those that would be empty are left out."""
    sheets = [
        _quotas_sheet(document, names, units, digits, by_chance=by_chance),
        _units(document, units),
        rules_sheet(document, units),
        _months(document),
        lines_sheet(document, names),
        part_targets_sheet(document),
        measures_sheet(document, names),
        standards_sheet(document, units),
        _summary(document, units),
        impact_sheet(document, units),
    ]
    return [sheet for sheet in sheets if sheet.rows]


_COLUMNS = (
    "rep", "unit", "quota", "baseline", "growth", "over_last_year", "effort",
    "attainment_probability", "floor", "cap",
)  # fmt: skip


_FIGURES: Final = ("baseline", "growth", "over_last_year", "effort", "attainment_probability")


def quotas_for_programs(document: Document, names: Names, *, by_month: bool = False) -> Table:
    """The API's figures; `name` is empty where the files have none, `binding` joined by blanks.

    `by_month`: with a column for each month of the period, where there is one. With several
    measures each has its rows, and a column that names it; levels have columns where any is stated.
    """
    months = _names_of_months(document) if by_month else []
    plans, levels = plans_of(document), levels_of(document)
    several = len(plans) > 1
    rows = [
        (
            *((plan["measure"],) if several else ()),
            row["rep"],
            names.get(row["rep"]),
            *(row[column] for column in _COLUMNS[1:]),
            " ".join(row["binding"]),
            *(amount_at(row, level) for level in levels),
            *(row["months"][month] for month in months),
        )
        for plan in plans
        for row in plan["quotas"]
    ]
    columns = (
        *(("measure",) if several else ()), "rep", "name", *_COLUMNS[1:], "binding",
        *(LEVELS[level] for level in levels), *months,
    )  # fmt: skip
    return Table("quotas", columns, rows)


def kinds_of_quotas(document: Document, digits: int) -> Mapping[str, Kind]:
    """What stands in the columns of quotas and of their lines that are no texts."""
    amounts = ("quota", "floor", "cap", *LEVELS.values(), *_names_of_months(document))
    return dict.fromkeys(_FIGURES, float) | dict.fromkeys(amounts, digits)


def _names_of_months(document: Document) -> list[str]:
    return [*(document["months"] or {})]


def quotas_for_people(document: Document, names: Names, units: Units, *, by_chance: bool) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            names.get(row["rep"]) or row["rep"],
            units.get(row["unit"], row["unit"]),
            whole(row["quota"]),
            f"{half_up(row['baseline']):,}",
            percent(row["growth"]),
            _chance(row) if by_chance else _effort(row),
            rules_in_words(row["binding"], units),
        )
        for row in document["quotas"]
    ]
    measure = "chance" if by_chance else "effort"
    columns = ("rep", "unit", "quota", "expected sales", "growth", measure, "limiting rule")
    return Table("quotas", columns, rows, figures=frozenset({2, 3, 4, 5}))


def _effort(row: Document) -> str | None:
    return None if row["effort"] is None else f"{rounded_to(row['effort'], 2):.2f}"


def _chance(row: Document) -> str | None:
    return percent(row["attainment_probability"], signed=False)


def _quotas_sheet(
    document: Document, names: Names, units: Units, digits: int, *, by_chance: bool
) -> Table:
    """In the words of the pages, with figures that a spreadsheet can go on with."""
    rows: list[tuple[Cell, ...]] = [
        (
            row["rep"],
            names.get(row["rep"]),
            row["unit"],
            row["quota"],
            round(row["baseline"], digits),
            row["growth"],
            row["over_last_year"],
            row["attainment_probability" if by_chance else "effort"],
            row["floor"],
            row["cap"],
            rules_in_words(row["binding"], units),
            *(row["months"] or {}).values(),
        )
        for row in document["quotas"]
    ]
    columns = (
        "rep", "name", "unit", "quota", "expected sales", "growth on expected sales",
        "year on year", "chance of attaining" if by_chance else "effort index",
        "lower limit", "upper limit", "limiting rule", *_names_of_months(document),
    )  # fmt: skip
    measure = _SHARE if by_chance else "0.00"
    return Table("quotas", columns, rows, formats={5: _SHARE, 6: _SHARE, 7: measure})


def _units(document: Document, units: Units) -> Table:
    rows = [
        (
            *(unit[name] for name in ("id", "quota", "growth", "min", "max")),
            rules_in_words(unit["binding"], units),
            *(unit["months"] or {}).values(),
        )
        for unit in document["units"]
    ]
    columns = (
        "unit", "quota", "growth on expected sales", "lower limit", "upper limit", "limiting rule",
        *_names_of_months(document),
    )  # fmt: skip
    return Table("units", columns, rows, formats={2: _SHARE})


def _months(document: Document) -> Table:
    """The company month by month, with working days."""
    season = document["season"]
    rows = [
        (month, season["working_days"][month], amount)
        for month, amount in (document["months"] or {}).items()
    ]
    return Table("months", ("month", "working days", "quotas"), rows)


def rules_sheet(document: Document, units: Units) -> Table:
    """The rules across teams, a balance with one row for each peer group."""
    rows = [
        (
            crossing_rule_in_words(rule),
            *(rule[name] for name in ("reps", "sum", "min", "max")),
            rules_in_words(rule["binding"], units),
        )
        for rule in document["rules"]
    ]
    columns = ("rule", "reps", "sum", "lower limit", "upper limit", "limiting rule")
    return Table("rules", columns, rows)


def _summary(document: Document, units: Units) -> Table:
    """The figures of the whole plan; then what nobody carries and which rules gave way, if any."""
    evenness = document["fairness"]
    said = {
        "target": document["target"],
        "assigned": document["assigned"],
        "growth on expected sales": percent(document["common"]["growth"]),
        "reps": len(document["quotas"]),
        "reps who carry the common effort": evenness["reps_at_common_stretch"],
        "Gini of quota ÷ expected sales (0 = the same for everybody)": evenness["gini"],
        "Theil of quota ÷ expected sales (0 = the same for everybody)": evenness["theil"],
    }
    rows: list[tuple[Cell, ...]] = list(said.items())
    for gap in document["gaps"]:
        where = unit_in_words(gap["unit"], units)
        signer = "" if gap["owner"] is None else f", for {gap['owner']} to sign"
        why = held_in_words(gap, units)
        rows.append(("not assigned (gap)", gap["amount"], f"{where}{signer}{why}"))
    for change in document["relaxed"]:
        to = "no limit" if change["to"] is None else change["to"]
        rule = rule_in_words(change["rule"], units)
        rows.append(("gave way", None, rule, change["from"], to))
    more = ("unit or rule", "from", "to") if document["gaps"] or document["relaxed"] else ()
    return Table("summary", ("what", "value", *more), rows)
