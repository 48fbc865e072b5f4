"""A solved version as people look at it: an organisation with a quota at every node.

Rows come as the version stores them (money in minor units); here they are only added up, never
recomputed: the quotas are the version's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from service.allocations.summary.domain.held import Hold, counted
from service.plans.sight import Sight
from service.web.decisions import Decision
from service.web.domain.quotas import COMPANY, Rep, Unit
from service.web.domain.totals import Totals, totals_of
from service.web.measures import MeasureView
from service.web.rules import CrossingRule, Gap, GaveWay
from solver.fairness import Scale
from solver.response import Response

NO_EFFORT: Final = 1e-9
"""A common stretch below this is none, and nothing can be told in multiples of it."""


@dataclass(frozen=True, slots=True)
class Evenness:
    """How even the version is, as it was measured when it was made."""

    effort_min: float | None
    effort_max: float | None
    """Effort indices; None where the common effort is nothing to compare with."""
    gini: float | None
    theil: float | None
    reps_at_common_stretch: int


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
    whole: VersionView | None = None
    """The whole version, where this is what somebody sees of it: sums and limits are that one's."""

    def within(self, sight: Sight) -> VersionView:
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
        return totals_of(self.units, self.reps, self.ancestors)

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
        return counted(rep.hold for rep in self.reps)

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
