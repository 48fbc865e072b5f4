"""The plan of a proof, put together again, and what it says.

A proof holds all that the figures of its plan follow from: limits, anchors and yardsticks, levels
and prices, and what the inputs say of each rep. So the code that told the figures when the plan was
solved tells them again (`service.allocations.figures`): there is no second builder that could
differ from the first. Nothing is solved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from service.allocations.figures import (
    common,
    fairness,
    gap_rows,
    impact_of,
    quota_rows,
    terms,
    unit_rows,
)
from service.allocations.measures.levels import Levels, with_levels
from service.allocations.over_assignment import over_assignment_rows
from service.allocations.risk import Market, risk_facts
from service.allocations.versions.domain.proof.stated_rules import with_tolerances
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow, UnitRow
from solver.allocation import Allocation
from solver.bounds import Bounds
from solver.certificate import Certificate
from solver.coupled.largest import LargestStretch
from solver.coupled.two_stages import ROOM, Coupled
from solver.fairness import SCALES
from solver.hierarchy import Hierarchy
from solver.policy import Policy
from solver.problem import NOT_SET, FloatArray, IntArray, Problem, Reps, Units
from solver.tree import CommonLevels


@dataclass(frozen=True, slots=True)
class Retold:
    """What a plan says, in minor units: members of its manifest, and its rows."""

    facts: Row
    units: list[Row]
    quotas: list[Row]

    def without(self, names: Collection[str]) -> Self:
        """The same but for these figures of rows."""
        units, quotas = (
            [{name: value for name, value in row.items() if name not in names} for row in rows]
            for rows in (self.units, self.quotas)
        )
        return replace(self, units=units, quotas=quotas)

    def beside(self, facts: Row, units: Sequence[Row], quotas: Sequence[Row]) -> Self:
        """The same with more members of the manifest and of the rows, which are in this order."""
        return replace(
            self,
            facts=self.facts | facts,
            units=[row | more for row, more in zip(self.units, units, strict=True)],
            quotas=[row | more for row, more in zip(self.quotas, quotas, strict=True)],
        )

    def with_facts(self, facts: Row) -> Self:
        """The same with more members of the manifest."""
        return replace(self, facts=self.facts | facts)


def sums(plan: Allocation) -> Retold:
    """Only what quotas add up to, which can be told of quotas that are not proved."""
    explanation = np.column_stack(terms(plan)).tolist()
    return Retold(
        facts={"reps": len(plan.problem.reps)},
        units=[
            {"id": unit, "quota": quota}
            for unit, quota in zip(plan.problem.units.ids, plan.unit_quota.tolist(), strict=True)
        ],
        quotas=[
            {"rep": rep, "explanation": parts}
            for rep, parts in zip(plan.problem.reps.ids, explanation, strict=True)
        ],
    )


def retold(plan: Allocation, digits: int, market: Market, factors: Mapping[str, float]) -> Retold:
    """What a plan says of itself; what its certificate or only its inputs tell is left out.

    `market`: what its risk was told with; `factors`: of its levels.
    """
    impact = impact_of(plan, digits)
    levels = Levels.of(plan, factors)
    units = with_levels(unit_rows(plan, impact), levels.units)
    quotas = with_levels(quota_rows(plan, digits), levels.reps)
    for row in units:
        del row["min"], row["max"]
    for row in quotas:
        del row["baseline"], row["reach"], row["estimate"]
    targets = over_assignment_rows(plan, compared=False)
    for row in targets:
        if row["attaining_without"] is None and plan.coupling is None:
            del row["attaining_without"]  # of another plan, which would have to be solved for
    facts = {
        "engine": plan.engine,
        "reps": len(plan.problem.reps),
        "level": plan.common_stretch,
        "gaps": gap_rows(plan),
        "common": common(plan, digits),
        "fairness": fairness(plan, digits),
        "prices": impact.facts,
        "over_assignment": targets,
        "risk": risk_facts(plan, market),
        "levels": levels.company,
    }
    return Retold(facts, units, quotas)


def market_in(manifest: Manifest) -> Market:
    """The market that the inputs told; proofs of earlier releases say nothing of risk."""
    told = manifest.get("risk")
    return Market(told["market_sigma"], told["market_errors"]) if told else Market()


def factors_in(manifest: Manifest) -> dict[str, float]:
    """Of each level, by name."""
    return {name: level["factor"] for name, level in (manifest.get("levels") or {}).items()}


def plan_of(
    manifest: Manifest,
    certificate: Certificate,
    hierarchy: Hierarchy,
    units: Sequence[UnitRow],
    quotas: Sequence[QuotaRow],
) -> Allocation:
    """The plan that a certificate is about, as it was when it had been solved.

    Reps and units stand in the order of the hierarchy. Raises `UnreadableProof` where gaps do not
    stand at units, and the solver's `InvalidProblem` where what the rows state is no problem.
    """
    problem = _problem(manifest, certificate, units, quotas)
    stated = manifest["policy"]
    policy = Policy(fairness=stated["fairness"], over_assignment=stated["over_assignment"])
    scale = SCALES[policy.fairness](problem.reps)
    levels, coupled = CommonLevels(certificate.unrounded, certificate.levels), _coupled(certificate)
    rules = certificate.across.coupling if certificate.across else None
    return Allocation(
        problem=problem,
        policy=policy,
        engine="lp" if coupled or stated.get("engine") == "lp" else "tree",
        hierarchy=hierarchy,
        bounds=_bounds(manifest, certificate, units, quotas),
        scale=scale,
        levels=coupled.shown if coupled else levels,
        rounded=certificate.quota,
        coupling=with_tolerances(manifest, rules, scale) if rules else None,
        coupled=coupled,
        gap=_gap(manifest, units),
    )


def _problem(
    manifest: Manifest, plan: Certificate, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Problem:
    """What is known of the problem; limits are those of the plan, not of the problem."""
    lognormal = plan.response == "lognormal"
    pairs = list(zip(quotas, plan.yardstick.tolist(), strict=True))
    return Problem(
        target=manifest["target"],
        reps=Reps.of(
            [row["rep"] for row in quotas],
            unit=plan.unit,
            baseline=[row["baseline"] for row in quotas],
            reach=[row["reach"] for row in quotas],
            last_year=_known(row.get("last_year") for row in quotas),
            # Proofs of the first release tell both by the yardstick alone.
            potential=_known(row.get("potential", size) for row, size in pairs),
            sigma=_known(row.get("sigma", size if lognormal else None) for row, size in pairs),
        ),
        units=Units.of(
            [row["id"] for row in units],
            parent=plan.parent,
            target=[_or_not_set(row.get("target")) for row in units],
            over_assignment=_known(row.get("over_assignment") for row in units),
        ),
        increment=manifest["increment"],
    )


def _bounds(
    manifest: Manifest, plan: Certificate, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Bounds:
    """One possible amount is a lock where it is said to hold somebody as one."""
    locked = np.array(["fixed" in row["binding"] for row in quotas]) & (plan.floor == plan.cap)
    lifted = {rule["rule"] for rule in manifest.get("relaxed", []) if rule["to"] is None}
    is_target = [
        row.get("target") is not None and f"unit:{row['id']}:target" not in lifted for row in units
    ]
    return replace(
        plan.limits,
        fixed=np.where(locked, plan.floor, NOT_SET),
        unit_target=np.array([True, *is_target]),
    )


def _coupled(plan: Certificate) -> Coupled | None:
    across = plan.across
    if across is None:
        return None
    room = ROOM * max(abs(across.largest), plan.scale.typical(plan.total))
    largest = LargestStretch(
        value=across.largest - room,
        compared=np.ones(len(plan.quota), dtype=np.bool_),
        scale=plan.scale,
        node_price=across.node_price,
        row_price=across.row_price,
    )
    levels = CommonLevels(plan.unrounded, plan.levels)
    return Coupled(levels, across.row_level, largest, plan.scale)


def _gap(manifest: Manifest, units: Sequence[UnitRow]) -> IntArray | None:
    booked = manifest.get("gaps", [])
    if not booked:
        return None
    node: dict[str | None, int] = {row["id"]: place for place, row in enumerate(units, start=1)}
    node[None] = 0
    gap = np.zeros(len(node), dtype=np.int64)
    for row in booked:
        if row["unit"] not in node:
            raise UnreadableProof(f"the gap of unit {row['unit']} belongs to no unit")
        gap[node[row["unit"]]] += row["amount"]
    return gap


def _known(column: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in column], dtype=np.float64)


def _or_not_set(target: int | None) -> int:
    return NOT_SET if target is None else target
