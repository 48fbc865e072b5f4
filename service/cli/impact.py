"""What more would cost whom, on the command line and in workbooks."""

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any, Final

from service.allocations.assemble import Case
from service.allocations.over_assignment import over_assignment_rows
from service.allocations.prices import Impact
from service.cli.output import Table
from service.cli.words import rule_in_words, unit_in_words
from service.kit.spreadsheets import Cell
from service.web.figures import Figures
from service.web.hedge import HedgeWords
from service.web.i18n import language
from service.web.impact import ImpactWords
from solver.allocation import Allocation
from solver.conflict import feasible_target
from solver.errors import LinearProgramFailed, TimeIsUp
from solver.watch import Watch

type Document = dict[str, Any]

_PATIENCE: Final = 5.0
"""Seconds to find out whether anybody can carry more, where no price says so."""


def impact_lines(
    case: Case, allocation: Allocation, impact: Impact, names: Mapping[str, str | None]
) -> Iterator[str]:
    """What more to assign costs whom, and what over-assignment does, in whole sentences."""
    english, terms = language("en"), case.terms
    figures = Figures.of(english.locale, terms.currency, terms.digits, [])
    units = dict(zip(case.inputs.units.id, case.inputs.units.name, strict=True))
    called = {key: name or key for key, name in units.items()}

    def unit_name(unit: str | None) -> str:
        return unit_in_words(unit, called)

    facts = impact.facts
    if facts and facts["target"]:
        words = ImpactWords(
            english,
            figures,
            facts,
            rep_name=lambda rep: names.get(rep) or rep,
            unit_name=unit_name,
            limit_name=lambda rule: rule_in_words(rule, called),
        )
        yield " ".join(words.target())
    elif impact.in_time and _nobody_can_carry_more(allocation, facts):
        yield "Nobody can carry more than this."
    hedge = HedgeWords(english, figures, unit_name, compared=allocation.coupling is None)
    yield from hedge.sentences(over_assignment_rows(allocation))


def _nobody_can_carry_more(allocation: Allocation, facts: Document | None) -> bool:
    """Only where that is certain; a price that is not proved does not say so by itself."""
    if allocation.coupling is None:
        return facts is not None and facts["can_grow"] is False
    end = monotonic() + _PATIENCE
    watch = Watch(lambda: end - monotonic())
    try:
        _, most = feasible_target(
            allocation.hierarchy, allocation.bounds, allocation.coupling, watch
        )
    except (LinearProgramFailed, TimeIsUp):
        return False
    return most is not None and most <= allocation.assigned


def impact_sheet(document: Document, names: Mapping[str, str]) -> Table:
    """The target's price and those of rules, with figures that a spreadsheet can go on with.

    `names` are those of units by id. No rows where nothing has a price.
    """
    facts = document["prices"] or {"target": None, "rules": []}
    rows: list[tuple[Cell, ...]] = []
    if target := facts["target"]:
        rows += [
            (
                *("target", target["step"], target["range"]),
                *(unit_in_words(part["unit"], names), part["reps"], part["amount"]),
            )
            for part in target["units"]
        ]
    for rule in facts["rules"]:
        limit = (rule_in_words(rule["rule"], names), rule["step"], rule["range"])
        for who, part in (("those it counts", rule["inside"]), ("others", rule["around"])):
            rows.append((*limit, who, part["reps"], part["amount"]))
    columns = ("limit", "gives way by", "holds up to", "who", "reps", "carry more")
    return Table("marginal impact", columns, rows)
