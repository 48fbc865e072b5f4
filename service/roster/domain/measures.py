"""What a plan plans: one main measure, further additive ones, and ratios.

main      revenue where it has a target, else the only additive measure that has one. The columns of
          reps and units (baseline, min, max, fixed, target …) are the main measure's
further   additive measures with targets and a history of their own; reps, units, potential,
          territories and absences are shared
ratios    standards of the company and of units, as they are stated; never summed, never averaged

An additive measure is counted in the plan's money, or in whole things of its own (`counted_in`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, Self

import numpy as np

from service.roster.domain.columns import Columns, FloatArray, History, IntArray, frozen

type Kind = Literal["additive", "ratio"]
type Basis = Literal["signed", "invoiced", "collected"]
type Change = Literal["change_points", "growth"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is planned. What is None was not stated."""

    id: str
    kind: Kind = "additive"
    basis: Basis | None = None
    """What counts as sold."""
    counted_in: str | None = None
    """What is counted, in whole numbers: customers, pieces. None: the plan's money."""
    increment: int | None = None
    """In minor units of money, or whole things. None: the plan's, or one thing."""
    forecast: float | None = None
    """What the owner expects of the whole company; only further measures state it here."""
    weight: float | None = None
    """How much attainment counts: weights sum to 1. It changes no quota."""
    floor: float | None = None
    stretch_target: float | None = None
    """The other two levels as factors on the target."""
    lower_is_better: bool = False
    change: Change | None = None
    """What the amounts of a ratio's targets are: the standard itself (None), or its change."""

    def digits(self, of_money: int) -> int:
        """How many decimals its amounts have; `of_money`: those of the plan's money."""
        return of_money if self.counted_in is None else 0

    @property
    def levels(self) -> dict[str, float]:
        """The factors that are stated, by the name of the level."""
        factors = {"floor": self.floor, "stretch_target": self.stretch_target}
        return {name: factor for name, factor in factors.items() if factor is not None}

    def content(self) -> dict[str, Any]:
        """What it says beyond the defaults, as values that orjson can write."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        blank = Measure(self.id)
        return {name: v for name, v in said.items() if name == "id" or v != getattr(blank, name)}


REVENUE: Final = "revenue"
MOST_MEASURES: Final = 50
"""Of how many something may be said."""
KNOWN: Final[Mapping[str, Measure]] = {
    measure.id: measure
    for measure in (
        Measure(REVENUE),
        Measure("gross_margin"),
        Measure("volume", counted_in="units"),
        Measure("new_customers", counted_in="customers"),
        Measure("market_share", "ratio"),
        Measure("satisfaction", "ratio"),
        Measure("repurchase_rate", "ratio"),
    )
}
"""What the measures are that need not be listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Further:
    """An additive measure beside the main one."""

    measure: Measure
    target: int
    """The company's, in minor units of money or whole things, as all its amounts."""
    of_units: IntArray
    """(m,) the targets of units, or `NONE`."""
    history: History


@dataclass(frozen=True, slots=True, eq=False)
class Standards(Columns):
    """(k,) what is stated of a ratio, by unit."""

    unit: IntArray
    """Row of the unit, or `NONE`: the company."""
    amount: FloatArray
    """The standard, or its change from the base."""
    base: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """A ratio and its standards."""

    measure: Measure
    standards: Standards


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything that a plan plans, by id."""

    main: Measure = field(default_factory=lambda: KNOWN[REVENUE])
    further: tuple[Further, ...] = ()
    ratios: tuple[Ratio, ...] = ()

    @property
    def are_revenue(self) -> bool:
        """Whether there is nothing but revenue."""
        return self.main.id == REVENUE and not self.further and not self.ratios

    @property
    def are_plain(self) -> bool:
        """Whether nothing is said of it either."""
        return self.are_revenue and self.main == KNOWN[REVENUE]

    def placed(
        self, by_unit: IntArray, unit_at: IntArray, history: Callable[[History], History]
    ) -> Self:
        """The same where row k of the units is now row `by_unit[k]`, and row k stands at
        `unit_at[k]`; `history` does the same for rows of sales.
        """
        further = tuple(
            replace(each, of_units=frozen(each.of_units[by_unit]), history=history(each.history))
            for each in self.further
        )
        ratios = []
        for each in self.ratios:
            standards = replace(each.standards, unit=unit_at[each.standards.unit])
            order = standards.unit.argsort(kind="stable")
            ratios.append(replace(each, standards=standards.taken(order)))
        return replace(self, further=further, ratios=tuple(ratios))

    def content(self) -> dict[str, Any]:
        """As values that orjson can write."""
        return {
            "main": self.main.content(),
            "further": [
                {
                    "measure": each.measure.content(),
                    "target": each.target,
                    "of_units": each.of_units,
                    "rows": len(each.history),
                    "history": each.history.content(),
                }
                for each in self.further
            ],
            "ratios": [
                {
                    "measure": each.measure.content(),
                    "rows": len(each.standards),
                    "standards": each.standards.content(),
                }
                for each in self.ratios
            ],
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """The measures of a `content()`."""
        return cls(
            Measure(**content["main"]),
            tuple(
                Further(
                    Measure(**each["measure"]),
                    each["target"],
                    frozen(np.array(each["of_units"], dtype=np.int64)),
                    History.of(each["history"], each["rows"]),
                )
                for each in content["further"]
            ),
            tuple(
                Ratio(Measure(**each["measure"]), Standards.of(each["standards"], each["rows"]))
                for each in content["ratios"]
            ),
        )
