"""One rep's quota and why it is that number."""

from collections.abc import Callable
from typing import Any

from service.web.decision_words import kind_words
from service.web.domain.quotas import COMPANY, Rep
from service.web.expected import expected_sales
from service.web.explained import Term, terms
from service.web.figures import Figures
from service.web.views.opened import Figure, Opened, head
from service.web.words import Words


def rep_page(opened: Opened, rep: Rep) -> dict[str, Any]:
    words, version = opened.words, opened.version
    return {
        **head(opened),
        "rep": rep,
        "name": words.name(rep),
        "path": [unit for unit in version.ancestors(rep.unit) if unit in version.units],
        "headline": _headline(words, rep, tells_chances=opened.card.sight.tells_chances),
        "terms": terms(version, rep),
        "term_names": _term_names(words),
        "signed": _signed(opened.figures),
        "lock": _lock(words, rep),
        "decisions": opened.decisions.of_rep(rep),
        "more_decisions": 0,
        "limits": _limits(words, rep),
        "more": _more(opened, rep),
        "growths": _growths(words, rep),
        "months": opened.months.drawn(rep.months, amended=bool(rep.amended)),
        "business": opened.lines.drawn(rep.lines),
        "part_targets": [],
        "measures": opened.measures.lines(version.measures, version.standards, rep.id, rep.unit),
        "expected": expected_sales(words, rep),
    }


def _headline(words: Words, rep: Rep, *, tells_chances: bool) -> list[Figure]:
    say, figures = words.language.gettext, words.figures
    by_chance = words.version.by_chance
    standing = (_chance if by_chance else _effort)(words, rep)
    shown = [
        Figure(say("Quota"), figures.exact(rep.quota)),
        Figure(say("Expected sales"), figures.exact(rep.baseline)),
        Figure(
            say("Growth"),
            figures.percent(rep.growth, signed=True) or "–",
            note=say("on expected sales"),
        ),
        Figure(
            say("Year on year"),
            figures.percent(rep.over_last_year, signed=True) or "",
            note=_beside(
                words,
                rep,
                lambda node: figures.percent(
                    words.version.totals[node].over_last_year, signed=True
                ),
            ),
        ),
        *([standing] if tells_chances or not by_chance else []),
    ]
    return [figure for figure in shown if figure.value]


def _effort(words: Words, rep: Rep) -> Figure:
    say, figures = words.language.gettext, words.figures
    return Figure(
        say("Effort index"),
        figures.number(rep.effort) or "–",
        note=_beside(words, rep, lambda node: figures.number(words.version.effort_of(node))),
    )


def _chance(words: Words, rep: Rep) -> Figure:
    say, figures = words.language.gettext, words.figures
    common = say("%(chance)s for all whom no rule holds", chance=words.common_chance())
    return Figure(say("Chance of attaining"), figures.percent(rep.chance) or "–", note=common)


def _beside(words: Words, rep: Rep, told: Callable[[str | None], str | None]) -> str:
    """The team's and the company's figure, as a note to the rep's own; what is unknown is left
    out.
    """
    say, company = words.language.gettext, told(COMPANY)
    team = None if rep.unit is None else told(rep.unit)
    if team and company:
        return say("team %(team)s, company %(company)s", team=team, company=company)
    if team:
        return say("team %(team)s", team=team)
    return say("company %(company)s", company=company) if company else ""


def _term_names(words: Words) -> dict[str, str]:
    say = words.language.gettext
    return {
        "baseline": say("Expected sales"),
        "effort": say("Common effort"),
        "asked": say("Effort the rules ask"),
        "rule": say("Limiting rule"),
        "rounding": say("Rounding"),
        **kind_words(words.language),
        "quota": say("Quota"),
    }


def _signed(figures: Figures) -> Callable[[Term], str]:
    def signed(term: Term) -> str:
        plus = "+" if term.name not in ("baseline", "quota") and term.amount > 0 else ""
        return plus + figures.exact(term.amount)

    return signed


def _lock(words: Words, rep: Rep) -> str:
    """Empty where the quota is not locked."""
    if not rep.is_locked:
        return ""
    return words.language.gettext(
        "This quota is locked: later versions keep it until the lock is released."
    )


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


def _more(opened: Opened, rep: Rep) -> str:
    """What the rep would carry of more to assign; empty where that cannot be told."""
    version, impact = opened.version, opened.impact
    if impact is None or version.by_chance or not version.follows_the_common_effort(rep):
        return ""
    return impact.of_one(rep.yardstick)


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
