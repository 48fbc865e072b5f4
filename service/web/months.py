"""Quotas month by month, as a page shows them: a line for each quarter, a bar for each month."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched
from typing import Any, Final

from service.web.figures import Amount, Figures
from service.web.i18n import Language
from solver.spread.season import QUARTER

_SHOWN: Final = 8
"""Quarters in the open; those of longer periods are behind a line that opens."""


@dataclass(frozen=True, slots=True)
class Month:
    """What one month carries; `width` is that of its bar, the largest month being 100."""

    name: str
    amount: Amount | None
    width: float


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three months in a row, counted from the first of the period; the last may have fewer."""

    name: str
    months: tuple[Month, ...]
    amount: Amount | None
    share: str


@dataclass(frozen=True, slots=True)
class MonthWords:
    """The months of one version for one reader."""

    language: Language
    figures: Figures
    names: Sequence[str]
    """Those of the API: 2027-01."""
    season: Mapping[str, Any] | None

    def drawn(
        self, amounts: Sequence[int] | None, *, amended: bool = False
    ) -> Mapping[str, Any] | None:
        """What the template draws of a row's months; None where there are none to show.

        `amended`: whether they were changed since the solve.
        """
        if not amounts or self.season is None:
            return None
        quarters = [*self._quarters(amounts)]
        return {
            "open": quarters[:_SHOWN],
            "more": quarters[_SHOWN:],
            "told": [*self.sentences(self.season), *(self._amended() if amended else ())],
        }

    def _quarters(self, amounts: Sequence[int]) -> Iterator[Quarter]:
        largest, total = max(1, *amounts), max(1, sum(amounts))
        months = [date(int(name[:4]), int(name[5:]), 1) for name in self.names]
        for own in batched(zip(months, amounts, strict=True), QUARTER):
            first, last = own[0][0], own[-1][0]
            together = sum(minor for _, minor in own)
            yield Quarter(
                name=self.figures.period(first, last_day(last)),
                months=tuple(
                    Month(
                        self.figures.month(month),
                        self.figures.money(minor),
                        round(100 * minor / largest, 2),
                    )
                    for month, minor in own
                ),
                amount=self.figures.money(together),
                share=self.figures.percent(together / total) or "",
            )

    def sentences(self, season: Mapping[str, Any]) -> Iterator[str]:
        """What the months go by, and what may still change."""
        say = self.language.gettext
        yield self._basis(season)
        if season["as_given"] is False:
            yield say(
                "But they cannot come to that, for targets are of months, or people are not there "
                "all the time."
            )
        by_days = season["basis"] in {"learned", "working_days"} or season["pool"] is not None
        if not by_days:
            return
        if season["country"]:
            country = self.figures.locale.territories[season["country"]]
            yield say("Calendar of working days: %(country)s.", country=country)
        if years := season["provisional"]:
            told = self.figures.listed([str(year) for year in years])
            yield say(
                "Those of %(years)s may still change: not all holidays are announced.", years=told
            )

    def _amended(self) -> Iterator[str]:
        yield self.language.gettext(
            "That holds for the plan as it was solved: what was decided since has changed months, "
            "each from the month on that it names."
        )

    def _basis(self, season: Mapping[str, Any]) -> str:
        say = self.language.gettext
        match season["basis"]:
            case "learned":
                return self.language.ngettext(
                    "Months go by what the history shows for a working day: %(count)s rep has a "
                    "whole year of sales.",
                    "Months go by what the history shows for a working day: %(count)s reps have a "
                    "whole year of sales.",
                    season["reps"],
                    count=self.figures.count(season["reps"]),
                )
            case "working_days":
                return say("Nobody has a whole year of sales, so months go by their working days.")
            case "even":
                return say("Months are alike for whoever is there, as the policy says.")
            case _:
                return say("The company’s months come to what the policy gives them.")


def last_day(month: date) -> date:
    """Of the month that begins on this day."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
