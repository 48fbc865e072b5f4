"""A version with its chart and its table."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.allocations.summary.domain.held import HOLDS, Hold
from service.web.chart import Mark, draw
from service.web.decision_words import SHOWN
from service.web.domain.cards import PlanCard, VersionCard
from service.web.domain.quotas import COMPANY
from service.web.domain.version import VersionView
from service.web.figures import Figures
from service.web.hedge import HedgeWords
from service.web.i18n import Language
from service.web.risk import RiskWords
from service.web.rule_prices import RulePriceWords
from service.web.rule_table import RuleTable
from service.web.status import standing
from service.web.tree import Line, at_level, children, found, lines_of
from service.web.views.opened import SHAPES, Figure, Opened, head, plan_address
from service.web.words import Words


@dataclass(frozen=True, slots=True)
class Asked:
    """Which quotas the reader asked to see."""

    unit: str | None = None
    offset: int = 0
    find: str = ""
    held: Hold | None = None


def hold_named(name: str | None) -> Hold | None:
    return next((hold for hold in HOLDS if hold == name), None)


def empty_plan_page(language: Language, plan: PlanCard, *, sends_inputs: bool) -> dict[str, Any]:
    """`sends_inputs`: whether the reader may, and so is offered an empty workbook."""
    figures = Figures.of(language.locale, plan.currency, plan.digits, [])
    period = figures.period(plan.start, plan.end)
    return {
        "plan": plan,
        "period": period,
        "version": None,
        "sends_inputs": sends_inputs,
        "number": None,
        "versions": [],
        "note": None,
        "status": "",
        "dated": "",
        "self_href": plan_address(plan),
    }


def plan_page(
    opened: Opened, versions: Sequence[VersionCard], asked: Asked, now: datetime
) -> dict[str, Any]:
    plan, version, figures, words = opened.plan, opened.version, opened.figures, opened.words
    lines, total = _lines(opened, asked)
    return {
        **head(opened),
        **_line_facts(opened),
        "standing": standing(opened.language, figures, opened.card, now),
        "versions": versions,
        "newest_href": plan_address(plan),
        "headline": _headline(opened),
        "unassigned": words.rules.gaps(opened.owners),
        "gave_way": list(words.rules.gave_way()),
        "crossing": RuleTable(words.rules).drawn(),
        "rules_shown": _RULES_SHOWN,
        "sums": _sums(opened),
        "chart": draw(version, figures.tick, figures.percent_tick),
        "tip": _tip(words),
        "lines": lines,
        "found": total,
        "find": asked.find,
        "held": asked.held,
        "impact": _impact(opened),
        "risk": _risk(opened),
        "months": opened.months.drawn(
            version.months, amended=(version.whole or version).is_amended
        ),
        "business": opened.lines.drawn(_carried(version.whole or version)),
        "part_targets": [*opened.lines.targets(version.part_targets)],
        "measures": opened.measures.lines(version.measures, version.standards),
        "decisions": opened.decisions.lines(version.decisions[::-1][:SHOWN]),
        "more_decisions": max(0, len(version.decisions) - SHOWN),
        "carried_elsewhere": _carried_elsewhere(version),
        "technical": _technical(words),
        "note": words.note(opened.card),
    }


def _carried_elsewhere(version: VersionView) -> bool:
    """Whether units carry something else than the people who are listed below them."""
    of_reps = Counter[str | None]()
    for rep in (version.whole or version).reps:
        for unit in version.ancestors(rep.unit):
            of_reps[unit.id] += rep.quota
    return any(version.totals[unit.id].quota != of_reps[unit.id] for unit in version.units)


def _carried(version: VersionView) -> dict[int, int]:
    """What the company carries of each line, by its number."""
    found: Counter[int] = Counter()
    for rep in version.reps:
        found.update(rep.lines or {})
    return found


_LIMITS_TOLD = 3
_RULES_SHOWN = 12
"""Rules across the tree in the open; the others are behind a line that opens."""


def _impact(opened: Opened) -> dict[str, list[str]]:
    """The sentences about one more unit of money, and about over-assignment."""
    words, version = opened.words, opened.version
    hedge = HedgeWords(
        words.language,
        words.figures,
        words.unit_name,
        compared=not version.rules,
        power=opened.power,
    )
    told = {"hedge": list(hedge.sentences(opened.padding))}
    if (impact := opened.impact) is None:
        return told | {"target": [], "units": [], "across": []}
    unknown = [unit.own_limit for unit in version.units if unit.own_limit and not unit.is_priced]
    return told | {
        "target": list(impact.target()),
        "units": [*impact.of_units(_LIMITS_TOLD), *impact.not_known(unknown)],
        "across": list(RulePriceWords(impact, words.rules).sentences()),
    }


def _risk(opened: Opened) -> list[str]:
    words, version = opened.words, opened.version
    hedged = any(row["over_assignment"] for row in version.padding)
    new = opened.new_target is not None and opened.new_target.amount != version.target
    told = RiskWords(words.language, words.figures, words.unit_name, hedged=hedged, of_solve=new)
    return [*told.sentences(version.risk)]


def _lines(opened: Opened, asked: Asked) -> tuple[list[Line], int | None]:
    """The lines of the table and, where reps were searched for, how many were found."""
    if not (asked.find or asked.held):
        return lines_of(opened.version, opened.names, asked.unit, asked.offset), None
    return found(opened.version, opened.names, asked.find, asked.held, asked.offset)


def rows_fragment(opened: Opened, unit: str | None, offset: int, level: int) -> dict[str, Any]:
    lines = at_level(children(opened.version, opened.names, unit, offset), level)
    return {**_line_facts(opened), "lines": lines, "find": "", "held": None}


def _line_facts(opened: Opened) -> dict[str, Any]:
    """What the lines of the table need beside themselves."""
    return {
        "words": opened.words,
        "owners": opened.owners,
        "figures": opened.figures,
        "shapes": SHAPES,
        "at": opened.addresses,
        "by_chance": opened.version.by_chance,
        "year_on_year": any(rep.over_last_year is not None for rep in opened.version.reps),
    }


def _headline(opened: Opened) -> list[Figure]:
    say, figures, version = opened.language.gettext, opened.figures, opened.version
    words = opened.words
    stands = opened.new_target.amount if opened.new_target else version.target
    amounts = (stands, version.assigned, version.gap)
    power = figures.spoken_power(amounts)
    target, assigned, unassigned = (figures.headline(minor, power) for minor in amounts)
    count = len(version.reps)
    held = count - version.held["none"] - version.held["amended"]
    over_last_year = figures.percent(version.totals[COMPANY].over_last_year, signed=True)
    shown = [
        Figure(say("Target"), target.shown, target.exact, _new_target(opened, power)),
        Figure(say("Assigned"), assigned.shown, assigned.exact, words.hedge(stands)),
        Figure(
            say("Unassigned"),
            unassigned.shown if version.gap else "",
            unassigned.exact,
            say("within the limits nobody can carry it"),
        ),
        Figure(say("Growth"), words.company_growth() or "–", note=say("on expected sales")),
        Figure(say("Year on year"), over_last_year or ""),
        Figure(say("Hedge"), figures.percent(version.over_assignment, signed=True) or ""),
        Figure(say("Reps"), figures.count(count)),
        Figure(say("Held by a rule"), figures.count(held), note=_share(words, held, count)),
    ]
    return [figure for figure in shown if figure.value]


def _new_target(opened: Opened, power: int) -> str:
    """What the target was in the solve, and the event since when it is another one."""
    say, new, solved = opened.language.gettext, opened.new_target, opened.version.target
    if new is None or new.amount == solved:
        return ""
    was = opened.figures.headline(solved, power)
    moved = (
        say("raised since the solve, from %(amount)s", amount=was)
        if new.amount > solved
        else say("lowered since the solve, from %(amount)s", amount=was)
    )
    if new.first is None:
        return moved
    event = say("new company target from %(day)s on", day=opened.figures.day(new.first))
    return f"{moved} · {event}"


def _sums(opened: Opened) -> list[tuple[str, int]]:
    """How quotas and what nobody carries add up; nothing where there is no gap."""
    say, version = opened.language.gettext, opened.version
    if not version.gap:
        return []
    hedged = say("Target with its hedge") if version.over_assignment else say("Target")
    return [
        (say("Quotas"), version.assigned),
        (say("Unassigned"), version.gap),
        (hedged, version.assigned + version.gap),
    ]


def _technical(words: Words) -> list[tuple[str, str]]:
    say, version = words.language.gettext, words.version
    return [
        (say("Fingerprint"), version.hash),
        (say("Method"), f"{version.fairness}, {version.engine}"),
        (say("Kind of proof"), version.proof_kind),
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
