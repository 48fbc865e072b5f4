"""What more would cost whom, on the command line and in workbooks."""

from collections.abc import Iterator, Mapping
from typing import Any

from service.allocations.answer import prices
from service.allocations.assemble import Case
from service.allocations.over_assignment import over_assignment_rows
from service.cli.output import Cell, Table
from service.web.figures import Figures
from service.web.i18n import language
from service.web.impact import ImpactWords
from solver.allocation import Allocation

type Document = dict[str, Any]


def impact_lines(
    case: Case, allocation: Allocation, names: Mapping[str, str | None]
) -> Iterator[str]:
    """What more to assign costs whom, and what over-assignment does, in whole sentences."""
    english = language("en")
    figures = Figures.of(english.locale, case.terms.currency, case.terms.digits, [])
    units = dict(zip(case.inputs.units.id, case.inputs.units.name, strict=True))
    words = ImpactWords(
        english,
        figures,
        rep_name=lambda rep: names.get(rep) or rep,
        unit_name=lambda unit: "Company" if unit is None else units.get(unit) or unit,
    )
    facts = prices(case, allocation)
    if facts and (told := " ".join(words.target(facts))):
        yield told
    yield from words.over_assignment(over_assignment_rows(allocation))


def impact_sheet(document: Document) -> Table:
    """The target's price and those of rules, with figures that a spreadsheet can go on with."""
    facts = document["prices"] or {"target": None, "rules": []}
    rows: list[tuple[Cell, ...]] = []
    if target := facts["target"]:
        rows += [
            ("target", target["step"], target["range"], part["unit"], part["reps"], part["amount"])
            for part in target["units"]
        ]
    for rule in facts["rules"]:
        unit = rule["rule"].split(":", 1)[1].rpartition(":")[0]
        for place, part in ((unit, rule["inside"]), ("others", rule["around"])):
            rows.append(
                (rule["rule"], rule["step"], rule["range"], place, part["reps"], part["amount"])
            )
    columns = ("limit", "gives way by", "holds up to", "unit", "reps", "carry more")
    return Table("marginal impact", columns, rows)
