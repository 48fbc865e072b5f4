"""What uncertain sales do to a plan, on the command line."""

from collections.abc import Iterator

from service.allocations.assemble import Case
from service.allocations.risk import market_of, risk_facts
from service.cli.words import unit_in_words
from service.web.figures import Figures
from service.web.i18n import language
from service.web.risk import RiskWords
from solver.allocation import Allocation
from solver.over_assignment import over_assignment


def risk_lines(case: Case, allocation: Allocation) -> Iterator[str]:
    """Who attains and what may be sold, in whole sentences; nothing where no sigma is known."""
    english, terms = language("en"), case.terms
    figures = Figures.of(english.locale, terms.currency, terms.digits, [])
    units = case.inputs.units
    called = {key: name or key for key, name in zip(units.id, units.name, strict=True)}
    hedged = any(entry.factor for entry in over_assignment(allocation, compared=False))
    words = RiskWords(english, figures, lambda unit: unit_in_words(unit, called), hedged=hedged)
    yield from words.sentences(risk_facts(allocation, market_of(case.estimate)))
