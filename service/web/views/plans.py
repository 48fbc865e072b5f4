"""The list of plans."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from service.web.domain.cards import PlanRow
from service.web.figures import Amount, Figures
from service.web.i18n import Language
from service.web.status import status_word
from service.web.views.opened import plan_address


def plans_page(language: Language, rows: Sequence[PlanRow], older: str | None) -> dict[str, Any]:
    """All amounts are said in one unit, so that they can be compared down a column."""
    shown = [(row, _figures(language, row)) for row in rows]
    powers = [
        figures.spoken_power([row.target, row.assigned or 0])
        for row, figures in shown
        if row.target is not None
    ]
    return {
        "rows": [
            _plan_row(language, row, figures, min(powers, default=0)) for row, figures in shown
        ],
        "older": older and "/?" + urlencode({"cursor": older}),
    }


def _figures(language: Language, row: PlanRow) -> Figures:
    return Figures.of(language.locale, row.plan.currency, row.plan.digits, [])


def _plan_row(language: Language, row: PlanRow, figures: Figures, power: int) -> dict[str, Any]:
    plan = row.plan
    status = row.card.status if row.card else ""

    def amount(minor: int | None) -> Amount | None:
        return None if minor is None else figures.headline(minor, power)

    return {
        "href": plan_address(plan),
        "name": plan.name,
        "period": figures.period(plan.start, plan.end),
        "number": row.card.number if row.card else None,
        "status": status,
        "status_word": status_word(language, status),
        "target": amount(row.target),
        "assigned": amount(row.assigned),
        "growth": figures.percent(row.growth, signed=True),
        "reps": None if row.reps is None else figures.count(row.reps),
    }
