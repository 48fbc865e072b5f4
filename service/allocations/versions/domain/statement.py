"""What a proof says beside its certificate, and whether that is the same thing.

A certificate proves a plan of certain limits, anchors and yardsticks. The document also says where
they come from (the policy, the targets) and what people read of the plan. All of that which follows
from other numbers of the document is computed again:

    sums      target, over-assignment and gaps make the amount assigned, and the sum of every unit
              that has a target; the sums of units, and the terms of each explanation; the months
              (`stated_months.py`), and the lines of business (`stated_lines.py`)
    bounds    no floor lies below, and no cap above, what the policy allows over the baseline; last
              year's growth likewise; limits that gave way are what they are said to be
    rows      each rule is the policy's: the same reps, coefficients and limits, but for rules of
              which the document says that they gave way
    evenness  anchors and yardsticks are those that the policy's idea of fairness names; and every
              other figure is the one that the plan itself says (`retold.py`): stretch, effort,
              growth, chances, what holds whom, prices, measures of evenness, over-assignment

What does not follow from anything in the document can only be compared with the inputs, whose hash
the manifest states: `uncovered.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from service.allocations.risk import Market
from service.allocations.versions.domain.compare import differences
from service.allocations.versions.domain.document import (
    Manifest,
    QuotaRow,
    UnitRow,
    UnreadableProof,
)
from service.allocations.versions.domain.retold import Retold, plan_of, retold, sums
from service.allocations.versions.domain.stated_figures import (
    other_scales,
    quotas_beyond_limits,
    wide_limits,
)
from service.allocations.versions.domain.stated_lines import odd_lines, retold_lines
from service.allocations.versions.domain.stated_months import odd_months, retold_months
from service.allocations.versions.domain.stated_rules import other_rules
from service.allocations.versions.domain.stated_targets import (
    misplaced_gaps,
    misplaced_levels,
    other_digits,
    other_limits,
    other_ranges,
    other_ways,
)
from solver.allocation import Allocation
from solver.certificate import Certificate, layout_of
from solver.errors import InvalidProblem

EVENNESS: Final = "evenness"

type Fault = tuple[str, str]
"""The check that it belongs to, and a sentence."""

_SUMS: Final = frozenset(
    {
        "explanation", "gaps", "levels", "lines", "months", "over_assignment", "part_targets",
        "quota",
    }
)  # fmt: skip
"""Figures that are sums; all others belong to the evenness of a plan."""
_LATER: Final = ("over_last_year", "attainment_probability", "binding", "price")
"""Figures of rows that proofs of the first release do not have all numbers for."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What was found wrong with what a proof says, and the plan that it says it of."""

    faults: list[Fault]
    plan: Allocation | None
    """None where its rows belong to no plan."""


def read_statement(
    manifest: Manifest,
    certificate: Certificate,
    units: Sequence[UnitRow],
    quotas: Sequence[QuotaRow],
    *,
    proved: bool,
) -> Statement:
    """`proved`: whether the certificate holds. Only then there is a plan that could say anything
    beyond its sums.
    """
    hierarchy = layout_of(certificate)
    if hierarchy is None:
        return Statement([], None)
    try:
        plan = plan_of(manifest, certificate, hierarchy, units, quotas)
        faults = [*_other_statements(manifest, plan, certificate, units, quotas)]
        months = retold_months(manifest, plan, quotas)
        lines = retold_lines(manifest, plan, quotas)
    except (InvalidProblem, UnreadableProof) as reason:
        return Statement([(EVENNESS, f"what it says belongs to no plan: {reason}")], None)
    if not proved or any(check != "sums" for check, _ in faults):
        told = sums(plan)
    else:
        told = retold(plan, manifest["digits"], _market(manifest), _factors(manifest))
        if not all("sigma" in row for row in quotas):
            told = told.without(_LATER)
    told = told.beside(*months).with_facts(lines)
    return Statement([*faults, *_other_figures(manifest, told, units, quotas)], plan)


def _other_statements(
    manifest: Manifest,
    plan: Allocation,
    certificate: Certificate,
    units: Sequence[UnitRow],
    quotas: Sequence[QuotaRow],
) -> Iterator[Fault]:
    checks = {
        "sums": (
            other_digits(manifest),
            other_ranges(manifest, plan),
            misplaced_gaps(manifest, plan),
            odd_months(manifest, units, quotas),
            misplaced_levels(manifest, [*units, *quotas]),
            odd_lines(manifest, quotas),
        ),
        "bounds": (
            quotas_beyond_limits(certificate, quotas),
            wide_limits(manifest, certificate, quotas),
            other_limits(manifest, plan),
            other_ways(manifest, plan),
        ),
        "rows": (other_rules(manifest, plan, units, quotas),),
        EVENNESS: (other_scales(plan, certificate, quotas),),
    }
    for check, found in checks.items():
        for fault in chain(*found):
            yield check, fault


def _market(manifest: Manifest) -> Market:
    """The market that the inputs told; proofs of earlier releases say nothing of risk."""
    told = manifest.get("risk")
    return Market(told["market_sigma"], told["market_errors"]) if told else Market()


def _factors(manifest: Manifest) -> dict[str, float]:
    return {name: level["factor"] for name, level in (manifest.get("levels") or {}).items()}


def _other_figures(
    manifest: Manifest, told: Retold, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Iterator[Fault]:
    """The figures that are not those of the plan; proofs of the first release have fewer."""
    facts = {name: found for name, found in told.facts.items() if name in manifest}
    if "gaps" in facts and not any("held_by" in gap for gap in manifest["gaps"]):
        facts["gaps"] = [  # proofs of before say nothing of reasons
            {name: value for name, value in gap.items() if name != "held_by"}
            for gap in facts["gaps"]
        ]
    found = chain(
        differences(manifest, facts),
        differences(list(units), told.units, ("units",)),
        differences(list(quotas), told.quotas, ("quotas",)),
    )
    for difference in found:
        yield "sums" if _SUMS.intersection(difference.place) else EVENNESS, str(difference)
