"""One version, opened by one reader; what all its pages say."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup

from service.allocations.summary.domain.held import Hold
from service.web.decision_words import DecisionWords
from service.web.decisions import NewTarget, Said
from service.web.domain.cards import PlanCard, VersionCard
from service.web.domain.quotas import Names
from service.web.domain.version import VersionView
from service.web.figures import Figures
from service.web.hedge import amounts_told
from service.web.i18n import Language
from service.web.impact import NOT_KNOWN, ImpactWords, amounts_in
from service.web.lines import LineWords
from service.web.measures import MeasureWords
from service.web.months import MonthWords
from service.web.words import Words

SHAPES: Final[dict[Hold, Markup]] = {
    "none": Markup('<circle r="4"/>'),
    "cap": Markup('<path d="M-5.2-4H5.2L0 5.2z"/>'),
    "floor": Markup('<path d="M-5.2 4H5.2L0-5.2z"/>'),
    "fixed": Markup('<rect x="-4.2" y="-4.2" width="8.4" height="8.4"/>'),
    "unit": Markup('<path d="M0-6 6 0 0 6-6 0z"/>'),
    "across": Markup('<path d="M-2-5.5H2V-2H5.5V2H2V5.5H-2V2H-5.5V-2H-2z"/>'),
    "amended": Markup('<path d="M-5-4.5 0 0l5-4.5v9L0 0l-5 4.5z"/>'),
}
"""A mark per kind of rule, told apart by form and colour."""


def plan_address(plan: PlanCard) -> str:
    return f"/plans/{plan.id}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the pages of one version are."""

    plan: PlanCard
    number: int

    def rep(self, rep: str) -> str:
        return f"{plan_address(self.plan)}/reps/{quote(rep, safe='')}?version={self.number}"

    def table(self, **asked: Any) -> str:
        """The version's page at its table, as asked for (`unit`, `offset`, `find`, `held`)."""
        return f"{plan_address(self.plan)}?{self._query(asked)}#quotas"

    def rows(self, level: int, **asked: Any) -> str:
        """Some lines of the table alone."""
        return f"{plan_address(self.plan)}/rows?{self._query(asked)}&level={level}"

    def _query(self, asked: Mapping[str, Any]) -> str:
        said = {key: value for key, value in asked.items() if value not in (None, "", 0)}
        return urlencode({"version": self.number, **said})


@dataclass(frozen=True)
class Opened:
    """One version of a plan, opened by one reader."""

    language: Language
    plan: PlanCard
    card: VersionCard
    version: VersionView
    names: Names
    owners: Names = field(default_factory=dict)
    """Who signs for a unit, by its id."""
    new_target: NewTarget | None = None
    """The company's target, where it is another one than that of the solve."""
    reads_proofs: bool = True
    """Whether the reader may be told proofs, prices and rules, as the API tells them."""
    reads_fairness: bool = True
    """Whether the reader may open the fairness report."""
    said: Mapping[str, Said] = field(default_factory=dict)
    """Who made decisions, when and why, by their references."""

    @cached_property
    def words(self) -> Words:
        return Words(self.language, self.figures, self.version, self.names)

    @cached_property
    def impact(self) -> ImpactWords | None:
        """None where a version does not say what more would cost whom, or not to this reader."""
        if not self.reads_proofs:
            return None
        prices = self.version.prices
        if prices is None and self.version.rules:
            prices = NOT_KNOWN
        if prices is None:
            return None
        return ImpactWords(
            self.language,
            self.figures,
            prices,
            rep_name=lambda rep: self.names.get(rep, rep),
            unit_name=self.words.unit_name,
            limit_name=self.words.rules.name,
            power=self.power,
        )

    @property
    def months(self) -> MonthWords:
        version = self.version
        return MonthWords(self.language, self.figures, version.month_names, version.season)

    @property
    def decisions(self) -> DecisionWords:
        return DecisionWords(self.language, self.figures, self.version, self.names, self.said)

    @property
    def lines(self) -> LineWords:
        lines = self.version.lines
        return LineWords(self.language, self.figures, self.words.unit_name, lines)

    @property
    def padding(self) -> list[Mapping[str, Any]]:
        """What quotas add to each target: to the company's as it stands."""
        new, rows = self.new_target, self.version.padding
        if new is None:
            return [*rows]
        return [{**row, "target": new.amount} if row["unit"] is None else row for row in rows]

    @cached_property
    def power(self) -> int:
        """The unit of what is said about more to assign, limits that give way and the hedge."""
        amounts = [*amounts_in(self.version.prices), *amounts_told(self.padding)]
        return self.figures.spoken_power(amounts)

    @property
    def measures(self) -> MeasureWords:
        return MeasureWords(self.language, self.figures, self.words.unit_name)

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.plan, self.card.number)

    @cached_property
    def figures(self) -> Figures:
        quotas = (rep.quota for rep in self.version.reps)
        amounts = [self.version.assigned, *quotas]
        own = Figures.of(self.language.locale, self.plan.currency, self.plan.digits, amounts)
        measures = self.version.measures
        return replace(own, counted_in=measures[0].counted_in if measures else None)


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the headline numbers."""

    label: str
    value: str
    exact: str = ""
    note: str = ""


def head(opened: Opened) -> dict[str, Any]:
    """What every page of a version says."""
    plan, card, figures = opened.plan, opened.card, opened.figures
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
        "whole": card.sight.is_whole,
        "proofs": opened.reads_proofs,
        "report": opened.reads_fairness,
        "figures": figures,
        "shapes": SHAPES,
        "words": opened.words,
        "counted": opened.measures.counted(opened.version.measures),
        "at": opened.addresses,
    }
