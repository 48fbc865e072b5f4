"""A solved version as people look at it: an organisation with a quota at every node.

Rows come as the version stores them (money in minor units); here they are only added up, never
recomputed: the quotas are the version's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np

from service.plans.sight import EVERYTHING, Sight
from service.web.decisions import Amended, Decision
from service.web.measures import MeasureView
from service.web.rules import CrossingRule, Gap, GaveWay
from solver.fairness import Scale
from solver.response import Response

COMPANY: Final = None
"""The unit of reps, and the parent of units, that hang on the company itself."""

type Names = Mapping[str, str]
"""What the reps are called, by their ids; who has no name is called by the id."""

type Hold = Literal["none", "floor", "cap", "fixed", "unit", "across", "amended"]
"""What holds a quota away from the common effort: the kind of its nearest rule, or decisions since
the solve."""

NO_EFFORT: Final = 1e-9
"""A common stretch below this is none, and nothing can be told in multiples of it."""

HOLDS: Final[tuple[Hold, ...]] = ("none", "cap", "floor", "fixed", "unit", "across", "amended")


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the reps below a node of the organisation, in minor units."""

    baseline: float
    quota: int
    last_year: float | None
    """None unless it is known for every rep below."""
    effort_amount: int
    """What they carry beyond their anchors, before rounding, with what was decided since."""
    yardstick: float
    reps: int

    @property
    def growth(self) -> float | None:
        return self.quota / self.baseline - 1 if self.baseline > 0 else None

    @property
    def over_last_year(self) -> float | None:
        return self.quota / self.last_year - 1 if self.last_year else None


@dataclass(frozen=True, slots=True)
class Rep:
    """One quota with what explains it. Money in minor units; None where there is nothing to say.

    Names of people are no part of a version; they come beside it (`Names`).
    """

    id: str
    unit: str | None
    baseline: float
    reach: float | None
    quota: int
    growth: float | None
    over_last_year: float | None
    effort: float | None
    floor: int
    cap: int | None
    binding: tuple[str, ...]
    anchor: int
    effort_amount: int
    """The term `stretch` of the explanation; anchor + this + rounding = quota, exactly."""
    rounding: int
    yardstick: float
    """What one unit of stretch is in this rep's money; under `lognormal` the rep's sigma."""
    chance: float | None = None
    """The probability of attaining the quota; None where it is unknown."""
    estimate: Mapping[str, Any] | None = None
    """What an estimated baseline rests on; None where it was given."""
    counted_by: tuple[int, ...] = ()
    """The places in `VersionView.rules` of the rules across the tree that count this quota."""
    months: tuple[int, ...] | None = None
    """What each month carries; None where there are none."""
    lines: Mapping[int, int] | None = None
    """What each line of business carries, by its number; None where there are no lines."""
    amended: tuple[Amended, ...] = ()
    """What was changed since the solve, oldest first; the terms and these add up to the quota."""
    lock: str = ""
    """Which decision has later solves keep the quota; empty where they need not."""

    @property
    def is_locked(self) -> bool:
        return bool(self.lock)

    @property
    def decided(self) -> tuple[str, ...]:
        """The references of all decisions that have to do with the quota, oldest first."""
        found = (self.lock, *(own.reference for own in self.amended))
        return tuple(dict.fromkeys(reference for reference in found if reference))

    @property
    def hold(self) -> Hold:
        return "amended" if self.amended else hold_of(self.binding)

    @property
    def last_year(self) -> float | None:
        if self.over_last_year is None or self.over_last_year <= -1:
            return None
        return self.quota / (1 + self.over_last_year)


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation unit; its sums are in `VersionView.totals`."""

    id: str
    name: str
    parent: str | None
    minimum: int | None = None
    maximum: int | None = None
    quota: int | None = None
    """What it carries; None: what its reps do. People who moved carry a part of their quotas for
    the unit that they came from."""
    binding: tuple[str, ...] = ()
    is_priced: bool = True
    """Whether it is known what it would cost whom if the own limit gave way."""

    @property
    def own_limit(self) -> str:
        """The name of the unit's own limit that binds; empty where none does."""
        nearest = self.binding[0] if self.binding else ""
        return nearest if nearest.startswith(f"unit:{self.id}:") else ""


@dataclass(frozen=True, slots=True)
class Evenness:
    """How even the version is, as it was measured when it was made."""

    effort_min: float | None
    effort_max: float | None
    """Effort indices; None where the common effort is nothing to compare with."""
    gini: float | None
    theil: float | None
    reps_at_common_stretch: int


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What every page says about a plan."""

    id: str
    name: str
    currency: str
    digits: int
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class VersionCard:
    """A version in a list: enough to choose it, and how much of it the reader sees."""

    number: int
    status: str
    created_at: datetime
    published_at: datetime | None = None
    deadline: datetime | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    """Included; None: until the period ends."""
    note: str | None = None
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan in the list, with its version in force (else its newest draft) if there is one."""

    plan: PlanCard
    card: VersionCard | None = None
    target: int | None = None
    assigned: int | None = None
    growth: float | None = None
    reps: int | None = None


@dataclass(frozen=True)
class VersionView:
    """One version with all its quotas. Everything a page shows of it can be asked from here."""

    hash: str
    target: int
    assigned: int
    fairness: str
    over_assignment: float
    level: float
    """The common stretch, in the units of the yardsticks."""
    increment: int
    engine: str
    evenness: Evenness
    checks: Mapping[str, bool]
    units: Sequence[Unit]
    reps: Sequence[Rep]
    response: Response = "linear"
    """How quotas answer to the level (`solver.response`)."""
    estimate: Mapping[str, Any] | None = None
    """The parameters that baselines were estimated with; None where all were given."""
    prices: Mapping[str, Any] | None = None
    """What one more unit of money costs whom; None where it is not known."""
    padding: Sequence[Mapping[str, Any]] = ()
    """What over-assignment adds to each target, the company's first."""
    risk: Mapping[str, Any] | None = None
    """What uncertain sales do; None where no sigma is known."""
    rules: Sequence[CrossingRule] = ()
    gave_way: Sequence[GaveWay] = ()
    gaps: Sequence[Gap] = ()
    month_names: Sequence[str] = ()
    months: Sequence[int] | None = None
    """The company's; None in versions of before."""
    season: Mapping[str, Any] | None = None
    lines: Sequence[Mapping[str, Any]] = ()
    """Those that quotas are told by."""
    part_targets: Sequence[Mapping[str, Any]] = ()
    measures: Sequence[MeasureView] = ()
    """The additive ones, the main one first."""
    standards: Sequence[Mapping[str, Any]] = ()
    """Ratios with their standards."""
    amended: int = 0
    """By how much amendments changed what is assigned."""
    decisions: Sequence[Decision] = ()
    """What was decided since the solve, oldest first."""
    compares: bool = True
    """False where rules across the tree hold everybody away from the common effort, so that there
    is no effort index."""
    whole: "VersionView | None" = None
    """The whole version, where this is what somebody sees of it: sums and limits are that one's."""

    def within(self, sight: Sight) -> "VersionView":
        """What somebody with this sight sees: own units, own reps, and the company's figures."""
        if sight.is_whole:
            return self
        return replace(
            self,
            units=[unit for unit in self.units if sight.sees_unit(unit.id)],
            reps=[rep for rep in self.reps if sight.sees_rep({"rep": rep.id, "unit": rep.unit})],
            gave_way=[change for change in self.gave_way if sight.sees_rule(change.rule)],
            gaps=[gap for gap in self.gaps if gap.unit is None or sight.sees_unit(gap.unit)],
            part_targets=[row for row in self.part_targets if sight.sees_place(row)],
            decisions=self._decisions_within(sight),
            whole=self,
        )

    def _decisions_within(self, sight: Sight) -> list[Decision]:
        """Those that changed a quota that is seen, and of whom they are about, who is seen."""
        seen = {
            rep.id: rep for rep in self.reps if sight.sees_rep({"rep": rep.id, "unit": rep.unit})
        }
        felt = {reference for rep in seen.values() for reference in rep.decided}
        return [
            replace(own, reps=tuple(rep for rep in own.reps if rep in seen))
            for own in self.decisions
            if own.reference in felt or own.kind == "closed_months"
        ]

    @cached_property
    def unit_by_id(self) -> Mapping[str | None, Unit]:
        """With the units above and beside, which limits of what one sees are told by."""
        if self.whole is not None:
            return self.whole.unit_by_id
        return {unit.id: unit for unit in self.units}

    @cached_property
    def rep_by_id(self) -> Mapping[str, Rep]:
        return {rep.id: rep for rep in self.reps}

    @cached_property
    def units_below(self) -> Mapping[str | None, list[Unit]]:
        """The units that hang directly on each unit; on the company those whose parent is not seen
        as well.
        """
        seen = {unit.id for unit in self.units}
        below: dict[str | None, list[Unit]] = {}
        for unit in self.units:
            below.setdefault(unit.parent if unit.parent in seen else COMPANY, []).append(unit)
        return below

    @cached_property
    def reps_below(self) -> Mapping[str | None, list[Rep]]:
        """The reps that hang directly on each unit."""
        below: dict[str | None, list[Rep]] = {}
        for rep in self.reps:
            below.setdefault(rep.unit, []).append(rep)
        return below

    def ancestors(self, unit: str | None) -> list[Unit]:
        """The unit and those above it, from the company down."""
        path = []
        while unit is not None:
            path.append(self.unit_by_id[unit])
            unit = path[-1].parent
        return path[::-1]

    @cached_property
    def totals(self) -> Mapping[str | None, Totals]:
        """The sums of the company (under None) and of every unit."""
        if self.whole is not None:
            return self.whole.totals
        nodes = (None, *(unit.id for unit in self.units))
        sums: dict[str | None, list[float]] = {node: [0.0, 0, 0.0, 0.0, 0.0, 0] for node in nodes}
        unknown: set[str | None] = set()
        for rep in self.reps:
            last_year = rep.last_year
            for node in (None, *(unit.id for unit in self.ancestors(rep.unit))):
                row = sums[node]
                row[0] += rep.baseline
                row[1] += rep.quota
                row[2] += last_year or 0.0
                row[3] += rep.effort_amount + sum(own.amount for own in rep.amended)
                row[4] += rep.yardstick
                row[5] += 1
                if last_year is None:
                    unknown.add(node)
        for unit in self.units:
            if unit.quota is not None:  # with what people carry for it who hang elsewhere
                sums[unit.id][3] += unit.quota - sums[unit.id][1]
                sums[unit.id][1] = unit.quota
        return {
            node: Totals(
                baseline=row[0],
                quota=int(row[1]),
                last_year=None if node in unknown else row[2],
                effort_amount=int(row[3]),
                yardstick=row[4],
                reps=int(row[5]),
            )
            for node, row in sums.items()
        }

    @cached_property
    def gap_of(self) -> Mapping[str | None, int]:
        """What nobody can carry, by unit; None is the company."""
        return {gap.unit: gap.amount for gap in self.gaps}

    @property
    def gap(self) -> int:
        """What nobody can carry, everywhere together."""
        return sum((self.whole or self).gap_of.values())

    @cached_property
    def held(self) -> Mapping[Hold, int]:
        """How many reps each kind of rule holds, and under `none` how many none does."""
        counts: dict[Hold, int] = dict.fromkeys(HOLDS, 0)
        for rep in self.reps:
            counts[rep.hold] += 1
        return counts

    @property
    def is_amended(self) -> bool:
        """Whether quotas were changed since the solve."""
        return self.held["amended"] > 0

    def follows_the_common_effort(self, rep: Rep) -> bool:
        """Whether the rep carries a part of whatever more is to be assigned: neither a rule nor a
        decision since the solve holds the rep, and neither the own cap nor the maximum of a unit or
        of a rule has been reached.
        """
        full = any(
            unit.maximum is not None and self.totals[unit.id].quota >= unit.maximum
            for unit in self.ancestors(rep.unit)
        ) or any(self.rules[place].is_full for place in rep.counted_by)
        capped = rep.cap is not None and rep.quota + self.increment > rep.cap
        return not (rep.binding or rep.amended or full or capped)

    @property
    def proof_kind(self) -> str:
        """What the certificate proves, by the name that the API has for it."""
        return "least-squares-lp" if "squares" in self.checks else "leximin-tree"

    @property
    def by_chance(self) -> bool:
        """Whether the chance of attaining is what was made even, so that there is no index."""
        return self.response == "lognormal"

    def common_effort(self, rep: Rep) -> int:
        """The money beyond the anchor that the common level asks of a rep."""
        if not self.by_chance:
            return round(self.level * rep.yardstick)
        scale = Scale(np.array([float(rep.anchor)]), np.array([rep.yardstick]), self.response)
        # Nobody is asked for more than all, wherever those who cannot carry it would stand.
        return min(round(scale.at(self.level).item()), self.assigned) - rep.anchor

    def effort_of(self, unit: str | None) -> float | None:
        """The effort index of a unit as a whole, before rounding like those of its reps: 1.00 is
        the common effort.
        """
        totals = self.totals[unit]
        if (
            self.by_chance
            or not self.compares
            or not totals.yardstick > 0
            or abs(self.level) < NO_EFFORT
        ):
            return None
        return totals.effort_amount / totals.yardstick / self.level


def hold_of(binding: Sequence[str]) -> Hold:
    if not binding:
        return "none"
    for own in ("floor", "cap", "fixed"):
        if binding[0] == own:
            return own
    return "unit" if binding[0].startswith("unit:") else "across"
