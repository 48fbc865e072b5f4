"""What the templates show: the facts of a version put in the reader's words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup

from service.web.chart import Mark, draw
from service.web.domain import (
    COMPANY,
    HOLDS,
    Hold,
    Names,
    PlanCard,
    PlanRow,
    Rep,
    Unit,
    VersionCard,
    VersionView,
)
from service.web.expected import expected_sales
from service.web.explained import Term, terms
from service.web.figures import Figures
from service.web.i18n import Language
from service.web.tree import Line, at_level, children, found, lines_of
from service.web.words import Words

SHAPES: Final[dict[Hold, Markup]] = {
    "none": Markup('<circle r="4"/>'),
    "cap": Markup('<path d="M-5.2-4H5.2L0 5.2z"/>'),
    "floor": Markup('<path d="M-5.2 4H5.2L0-5.2z"/>'),
    "fixed": Markup('<rect x="-4.2" y="-4.2" width="8.4" height="8.4"/>'),
    "unit": Markup('<path d="M0-6 6 0 0 6-6 0z"/>'),
}
"""A mark per kind of rule, told apart by form and colour."""


@dataclass(frozen=True)
class Opened:
    """One version of a plan, opened by one reader."""

    language: Language
    plan: PlanCard
    card: VersionCard
    version: VersionView
    names: Names

    @property
    def words(self) -> Words:
        return Words(self.language, self.figures, self.version, self.names)

    @cached_property
    def figures(self) -> Figures:
        quotas = (rep.quota for rep in self.version.reps)
        amounts = [self.version.assigned, *quotas]
        return Figures.of(self.language.locale, self.plan.currency, self.plan.digits, amounts)


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the headline numbers."""

    label: str
    value: str
    exact: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which quotas the reader asked to see."""

    unit: str | None = None
    offset: int = 0
    find: str = ""
    held: Hold | None = None


def plan_address(plan: PlanCard) -> str:
    return f"/plans/{plan.id}"


def rep_address(plan: PlanCard, number: int) -> Callable[[str], str]:
    start, end = f"/plans/{plan.id}/reps/", f"?version={number}"
    return lambda rep: start + quote(rep, safe="") + end


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


def empty_plan_page(language: Language, plan: PlanCard) -> dict[str, Any]:
    figures = Figures.of(language.locale, plan.currency, plan.digits, [])
    period = figures.period(plan.start, plan.end)
    return {
        "plan": plan,
        "period": period,
        "version": None,
        "number": None,
        "versions": [],
        "note": None,
        "status": "",
        "dated": "",
        "self_href": plan_address(plan),
    }


def plan_page(opened: Opened, versions: Sequence[VersionCard], asked: Asked) -> dict[str, Any]:
    plan, card, version, figures = opened.plan, opened.card, opened.version, opened.figures
    if asked.find or asked.held:
        shown, count = found(version, opened.names, asked.find, asked.held, asked.offset)
        lines, total = at_level(shown, 0), count
    else:
        lines, total = lines_of(version, opened.names, asked.unit, asked.offset), None
    words = opened.words
    return {
        **_head(opened, figures),
        **_line_facts(opened, words),
        "versions": versions,
        "newest_href": plan_address(plan),
        "headline": _plan_headline(opened, words),
        "chart": draw(version, figures.tick, figures.percent_tick),
        "tip": _tip(words),
        "lines": lines,
        "found": total,
        "find": asked.find,
        "held": asked.held,
        "technical": _technical(words),
        "note": card.note,
    }


def rows_fragment(opened: Opened, unit: str | None, offset: int, level: int) -> dict[str, Any]:
    words = opened.words
    lines = at_level(children(opened.version, opened.names, unit, offset), level)
    return {**_line_facts(opened, words), "lines": lines}


def _head(opened: Opened, figures: Figures) -> dict[str, Any]:
    plan, card = opened.plan, opened.card
    moment: datetime = card.published_at or card.created_at
    return {
        "plan": plan,
        "period": figures.period(plan.start, plan.end),
        "number": card.number,
        "status": card.status,
        "dated": figures.day(moment.date()),
        "dated_iso": moment.isoformat(),
        "self_href": plan_address(plan),
        "version": opened.version,
        "figures": figures,
        "shapes": SHAPES,
    }


def _line_facts(opened: Opened, words: Words) -> dict[str, Any]:
    base, number = plan_address(opened.plan), opened.card.number

    def rows(unit: str | None, level: int, offset: int = 0) -> str:
        facts = {"version": number, "level": level} | ({"unit": unit} if unit is not None else {})
        return f"{base}/rows?" + urlencode(facts | ({"offset": offset} if offset else {}))

    def opened_at(unit: str | None, offset: int = 0) -> str:
        facts: dict[str, Any] = {"version": number} | ({"unit": unit} if unit is not None else {})
        return f"{base}?" + urlencode(facts | ({"offset": offset} if offset else {})) + "#quotas"

    def unit_href(line: Line | Unit) -> str:
        return opened_at(line.id)

    def unit_rows(line: Line) -> str:
        return rows(line.id, line.level + 1)

    def more_href(line: Line) -> str:
        return opened_at(line.id, line.offset)

    def more_rows(line: Line) -> str:
        return rows(line.id, line.level, line.offset)

    return {
        "words": words,
        "figures": words.figures,
        "shapes": SHAPES,
        "year_on_year": any(rep.over_last_year is not None for rep in opened.version.reps),
        "rep_href": rep_address(opened.plan, number),
        "unit_href": unit_href,
        "unit_rows": unit_rows,
        "more_href": more_href,
        "more_rows": more_rows,
    }


def _plan_headline(opened: Opened, words: Words) -> list[Figure]:
    say, figures, version = opened.language.gettext, words.figures, opened.version
    target, assigned = figures.headline(version.target), figures.headline(version.assigned)
    count = len(version.reps)
    held = count - version.held["none"]
    over_last_year = figures.percent(version.totals[COMPANY].over_last_year, signed=True)
    shown = [
        Figure(say("Target"), target.shown, target.exact),
        Figure(say("Assigned"), assigned.shown, assigned.exact, words.hedge()),
        Figure(say("Growth"), words.company_growth() or "–", note=say("on expected sales")),
        Figure(say("Year on year"), over_last_year or ""),
        Figure(say("Hedge"), figures.percent(version.over_assignment, signed=True) or ""),
        Figure(say("Reps"), figures.count(count)),
        Figure(say("Held by a rule"), figures.count(held), note=_share(words, held, count)),
    ]
    return [figure for figure in shown if figure.value]


def _technical(words: Words) -> list[tuple[str, str]]:
    say, version = words.language.gettext, words.version
    return [
        (say("Fingerprint"), version.hash),
        (say("Method"), f"{version.fairness}, {version.engine}"),
        (say("Rounding unit"), words.figures.exact(version.increment)),
    ]


def _share(words: Words, part: int, whole: int) -> str:
    share = words.figures.percent(part / whole)
    return words.language.gettext("%(share)s of the reps", share=share)


def _tip(words: Words) -> Callable[[Mark], str]:
    """What a mark of the chart says when one points at it."""
    say, figures = words.language.gettext, words.figures

    def tip(mark: Mark) -> str:
        if len(mark.reps) > 1:
            growths = [rep.growth for rep in mark.reps if rep.growth is not None]
            said = [
                words.count_of_reps(len(mark.reps)),
                f"{say('Limiting rule')}: {words.hold(mark.hold)}",
            ]
            if growths:
                low, high = (figures.percent(end(growths), signed=True) for end in (min, max))
                said.append(f"{say('Growth on expected sales')}: {low} – {high}")
            return "\n".join(said)
        rep = mark.reps[0]
        growth = figures.percent(rep.growth, signed=True) or "–"
        said = [
            words.name(rep),
            f"{say('Quota')}: {figures.exact(rep.quota)}",
            f"{say('Expected sales')}: {figures.exact(rep.baseline)}",
            f"{say('Growth')}: {growth}",
        ]
        if rep.binding:
            said.append(f"{say('Limiting rule')}: {words.rule(rep.binding)}")
        return "\n".join(said)

    return tip


def rep_page(opened: Opened, rep: Rep) -> dict[str, Any]:
    figures, version = opened.figures, opened.version
    words = opened.words
    return {
        **_head(opened, figures),
        **_line_facts(opened, words),
        "rep": rep,
        "name": words.name(rep),
        "path": version.ancestors(rep.unit),
        "headline": _rep_headline(words, rep),
        "terms": terms(version, rep),
        "term_names": _term_names(words),
        "signed": _signed(figures),
        "limits": _limits(words, rep),
        "growths": _growths(words, rep),
        "expected": expected_sales(words, rep),
    }


def _rep_headline(words: Words, rep: Rep) -> list[Figure]:
    say, figures = words.language.gettext, words.figures
    shown = [
        Figure(say("Quota"), figures.exact(rep.quota)),
        Figure(say("Expected sales"), figures.exact(rep.baseline)),
        Figure(
            say("Growth"),
            figures.percent(rep.growth, signed=True) or "–",
            note=say("on expected sales"),
        ),
        Figure(say("Year on year"), figures.percent(rep.over_last_year, signed=True) or ""),
        Figure(
            say("Effort index"),
            figures.number(rep.effort) or "–",
            note=say("1.00 = same as everyone"),
        ),
    ]
    return [figure for figure in shown if figure.value]


def _term_names(words: Words) -> dict[str, str]:
    say = words.language.gettext
    return {
        "baseline": say("Expected sales"),
        "effort": say("Common effort"),
        "rule": say("Limiting rule"),
        "rounding": say("Rounding"),
        "quota": say("Quota"),
    }


def _signed(figures: Figures) -> Callable[[Term], str]:
    def signed(term: Term) -> str:
        plus = "+" if term.name not in ("baseline", "quota") and term.amount > 0 else ""
        return plus + figures.exact(term.amount)

    return signed


def _limits(words: Words, rep: Rep) -> str:
    say, exact = words.language.gettext, words.figures.exact
    if rep.hold == "fixed":
        return ""
    if rep.cap is None and rep.floor == 0:
        return say("The quota has no limits of its own.")
    if rep.floor == 0 and rep.cap is not None:
        return say("Limits: at most %(cap)s.", cap=exact(rep.cap))
    if rep.cap is None:
        return say("Limits: at least %(floor)s, no upper limit.", floor=exact(rep.floor))
    return say(
        "Limits: at least %(floor)s, at most %(cap)s.", floor=exact(rep.floor), cap=exact(rep.cap)
    )


def _growths(words: Words, rep: Rep) -> list[dict[str, Any]]:
    """The own growth beside the team's and the company's, as bars on one scale."""
    version, figures = words.version, words.figures
    rows: list[tuple[str, float | None]] = [(words.name(rep), rep.growth)]
    if rep.unit is not None:
        rows.append((words.unit_name(rep.unit), version.totals[rep.unit].growth))
    rows.append((words.language.gettext("Company"), version.totals[COMPANY].growth))
    known = [growth for _, growth in rows if growth is not None]
    low, high = min(0.0, *known, 0.0), max(0.0, *known, 1e-9)

    def at(growth: float) -> float:
        return round(100 * (growth - low) / (high - low), 2)

    bars = [(name, growth, sorted((at(0.0), at(growth or 0.0)))) for name, growth in rows]
    return [
        {
            "name": name,
            "growth": figures.percent(growth, signed=True),
            "start": start,
            "end": end,
        }
        for name, growth, (start, end) in bars
    ]


def hold_named(name: str | None) -> Hold | None:
    return next((hold for hold in HOLDS if hold == name), None)
