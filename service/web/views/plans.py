"""The list of plans."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from service.web.domain import PlanRow
from service.web.figures import Figures
from service.web.i18n import Language
from service.web.views.opened import plan_address


def plans_page(language: Language, rows: Sequence[PlanRow], older: str | None) -> dict[str, Any]:
    return {
        "rows": [_plan_row(language, row) for row in rows],
        "older": older and "/?" + urlencode({"cursor": older}),
    }


def _plan_row(language: Language, row: PlanRow) -> dict[str, Any]:
    plan = row.plan
    figures = Figures.of(language.locale, plan.currency, plan.digits, [])
    words = {"draft": language.gettext("draft"), "published": language.gettext("published")}
    status = row.card.status if row.card else ""
    return {
        "href": plan_address(plan),
        "name": plan.name,
        "period": figures.period(plan.start, plan.end),
        "number": row.card.number if row.card else None,
        "status": status,
        "status_word": words.get(status, status),
        "target": None if row.target is None else figures.headline(row.target),
        "assigned": None if row.assigned is None else figures.headline(row.assigned),
        "growth": figures.percent(row.growth, signed=True),
        "reps": None if row.reps is None else figures.count(row.reps),
    }
