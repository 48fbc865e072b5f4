"""The fairness report of a version: sentences, and two charts."""

from collections.abc import Callable
from typing import Any

from service.allocations.fairness_report.present import Document
from service.web.domain.quotas import COMPANY
from service.web.fairness import FairnessWords
from service.web.fairness_charts import Point, lay_out
from service.web.views.opened import Opened, head


def fairness_page(opened: Opened, report: Document) -> dict[str, Any]:
    """`report` is the API's answer."""
    figures, words = opened.figures, opened.words
    by_effort = report["charts"]["measure"] == "effort"
    scale = 10**opened.plan.digits

    def value(number: float) -> str:
        return (figures.number(number) if by_effort else figures.percent_tick(number)) or ""

    def money(amount: float) -> str:
        return figures.tick(round(amount * scale))

    common = 1.0 if by_effort else opened.version.totals[COMPANY].growth
    return {
        **head(opened),
        "said": FairnessWords(
            opened.language, figures, report, lambda rep: opened.names.get(rep, rep)
        ),
        "charts": lay_out(report["charts"], common, money, value),
        "size": report["size"],
        "tip": _tip(opened, value),
        "unit_name": words.unit_name,
    }


def _tip(opened: Opened, value: Callable[[float], str]) -> Callable[[Point], str]:
    """What a mark says when one points at it."""

    def tip(point: Point) -> str:
        facts = point.facts
        who = (
            opened.words.count_of_reps(facts["reps"])
            if facts["rep"] is None
            else opened.names.get(facts["rep"], facts["rep"])
        )
        return f"{who}\n{value(facts['value'])}"

    return tip
