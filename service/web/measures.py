"""The measures of a version side by side: weight, levels and target of each, and ratios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from babel.numbers import format_decimal

from service.roster.domain.measures import KNOWN, REVENUE
from service.web.figures import Figures
from service.web.i18n import Language

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One additive measure of a version; amounts in minor units of money, or counted things."""

    id: str
    basis: str | None
    counted_in: str | None
    weight: float | None
    digits: int
    """Of what is counted, for those are whole things all the same."""
    company: Row
    reps: Mapping[str, Row]
    """`quota`, and `levels` by name or None, of the company and of reps by id."""
    gap: int = 0
    """What nobody can carry."""

    @property
    def is_plain(self) -> bool:
        """Whether it is revenue, of which nothing is said."""
        said = (self.basis, self.weight, self.company["levels"])
        return self.id == REVENUE and said == (None, None, None)


def measures_of(proof: Row) -> list[MeasureView]:
    """The additive measures of a version, the main one first."""
    manifest = proof["manifest"]
    pairs = zip(manifest.get("measures", ()), proof.get("measures", ()), strict=True)
    found = [(manifest, proof), *pairs]
    return [_measure(entry, rows["quotas"]) for entry, rows in found]


def _measure(entry: Row, quotas: Sequence[Row]) -> MeasureView:
    levels = entry.get("levels")
    amounts = levels and {name: level["amount"] for name, level in levels.items()}
    return MeasureView(
        id=entry.get("measure", REVENUE),
        basis=entry.get("basis"),
        counted_in=entry.get("counted_in"),
        weight=entry.get("weight"),
        digits=entry["digits"],
        company={"quota": entry["assigned"], "levels": amounts},
        reps={row["rep"]: {"quota": row["quota"], "levels": row.get("levels")} for row in quotas},
        gap=sum(gap["amount"] for gap in entry.get("gaps", ())),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A measure or a ratio, as a page shows it; what is not stated is empty."""

    name: str
    note: str
    weight: str
    floor: str
    target: str
    stretch_target: str


_LEVELS: Final = ("floor", "stretch_target")


@dataclass(frozen=True, slots=True)
class MeasureWords:
    """The measures of one version for one reader."""

    language: Language
    figures: Figures
    unit_name: Callable[[str | None], str]

    def lines(
        self,
        measures: Sequence[MeasureView],
        standards: Sequence[Row],
        rep: str | None = None,
        unit: str | None = None,
    ) -> list[Line]:
        """Those of a rep in a unit, or without them those of the company; nothing where a version
        has revenue alone and says nothing of it.
        """
        if len(measures) == 1 and measures[0].is_plain and not standards:
            return []
        own = [self._additive(measure, rep) for measure in measures]
        return [*own, *self._ratios(standards, unit)]

    def counted(self, measures: Sequence[MeasureView]) -> str:
        """A word of warning where the amounts of the page are no money."""
        if not measures or measures[0].counted_in is None:
            return ""
        return self.language.gettext(
            "The amounts on this page are of %(measure)s, and no money.",
            measure=self.name(measures[0].id),
        )

    def name(self, measure: str) -> str:
        """A known one in the reader's language, any other as it is called."""
        say = self.language.gettext
        known = {
            "revenue": say("Revenue"),
            "gross_margin": say("Gross margin"),
            "volume": say("Volume"),
            "new_customers": say("New customers"),
            "market_share": say("Market share"),
            "satisfaction": say("Satisfaction"),
            "repurchase_rate": say("Repurchase rate"),
        }
        return known.get(measure, measure)

    def _additive(self, measure: MeasureView, rep: str | None) -> Line:
        row = measure.company if rep is None else measure.reps[rep]
        levels = row["levels"] or {}
        floor, stretch = (
            self._amount(measure, levels[name]) if name in levels else "" for name in _LEVELS
        )
        return Line(
            self.name(measure.id),
            self._note(measure),
            self._weight(measure.weight),
            floor,
            self._amount(measure, row["quota"]),
            stretch,
        )

    def _amount(self, measure: MeasureView, minor: int) -> str:
        if measure.counted_in is None:
            return self.figures.exact(minor)
        return self.figures.count(minor // 10**measure.digits)

    def _note(self, measure: MeasureView) -> str:
        say = self.language.gettext
        notes = [
            {
                "signed": say("signed"),
                "invoiced": say("invoiced"),
                "collected": say("collected"),
            }.get(measure.basis or "", "")
        ]
        known = KNOWN.get(measure.id)
        if measure.counted_in is not None and (
            known is None or known.counted_in != measure.counted_in
        ):
            notes.append(measure.counted_in)
        if measure.gap:
            amount = self._amount(measure, measure.gap)
            notes.append(say("not assigned: %(amount)s", amount=amount))
        return " · ".join(note for note in notes if note)

    def _ratios(self, standards: Sequence[Row], unit: str | None) -> Iterator[Line]:
        say = self.language.gettext
        for ratio in standards:
            row = next((row for row in ratio["units"] if row["unit"] == unit), None)
            if row is None:
                continue
            levels = row["levels"] or {}
            notes = [say("standard of %(unit)s", unit=self.unit_name(row["stated_by"]))]
            if ratio["lower_is_better"]:
                notes.append(say("lower is better"))
            yield Line(
                self.name(ratio["measure"]),
                " · ".join(notes),
                self._weight(ratio["weight"]),
                self._number(levels.get("floor")),
                self._standard(row),
                self._number(levels.get("stretch_target")),
            )

    def _standard(self, row: Row) -> str:
        """The standard; where only its change is stated, the change."""
        if row["standard"] is not None:
            return self._number(row["standard"])
        change = self._number(row["amount"])
        return change if row["amount"] < 0 else f"+{change}"

    def _weight(self, weight: float | None) -> str:
        return "" if weight is None else self.figures.percent(weight) or ""

    def _number(self, value: float | None) -> str:
        """As many decimals as were stated."""
        if value is None:
            return ""
        told = format_decimal(value, format="#,##0.#########", locale=self.figures.locale)
        return told.replace("-", "−")
