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
    ledger    what was amended since the solve (`ledger/`): who carries it, what is kept, what not
    evenness  anchors and yardsticks are those that the policy's idea of fairness names; and every
              other figure is the one that the plan itself says (`retold.py`): stretch, effort,
              growth, chances, what holds whom, prices, measures of evenness, over-assignment

What does not follow from anything in the document can only be compared with the inputs, whose hash
the manifest states: `uncovered.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from service.allocations.versions.domain.ledger.kept import kept_faults
from service.allocations.versions.domain.ledger.replay import CHECK, replay
from service.allocations.versions.domain.proof.amended import (
    Stands,
    decided_about,
    has_ledger,
    solved_part,
    told_amended,
    with_months_of,
)
from service.allocations.versions.domain.proof.compare import differences
from service.allocations.versions.domain.proof.retold import (
    Retold,
    factors_in,
    market_in,
    plan_of,
    retold,
    sums,
)
from service.allocations.versions.domain.proof.stated_figures import (
    other_scales,
    quotas_beyond_limits,
    wide_limits,
)
from service.allocations.versions.domain.proof.stated_lines import odd_lines, retold_lines
from service.allocations.versions.domain.proof.stated_months import odd_months, retold_months
from service.allocations.versions.domain.proof.stated_rules import other_rules
from service.allocations.versions.domain.proof.stated_targets import (
    misplaced_gaps,
    misplaced_levels,
    other_digits,
    other_limits,
    other_ranges,
    other_ways,
)
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow, RuleRow, UnitRow
from solver.allocation import Allocation
from solver.certificate import Certificate, layout_of
from solver.errors import InvalidProblem
from solver.hierarchy import Hierarchy

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


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """What a proof states; a certificate that can be read stands in `hierarchy`."""

    manifest: Manifest
    certificate: Certificate
    """Of the plan as it was solved."""
    units: Sequence[UnitRow]
    rules: Sequence[RuleRow]
    quotas: Sequence[QuotaRow]
    proved: bool
    """Whether the certificate holds. Only then there is a plan that could say anything beyond its
    sums."""


def read_statement(stated: Stated) -> Statement:
    """Compare what is stated with what follows from it."""
    hierarchy = layout_of(stated.certificate)
    if hierarchy is None:
        return Statement([], None)
    amended = has_ledger(stated.manifest)
    try:
        if amended:
            plan, faults, told = _read_amended(stated, hierarchy)
        else:
            plan, faults, told = _read_solved(stated, hierarchy)
            told = told.beside(*retold_months(stated.manifest, plan, stated.quotas))
            told = told.with_facts(retold_lines(stated.manifest, plan, stated.quotas))
    except (InvalidProblem, UnreadableProof) as reason:
        check = CHECK if amended else EVENNESS
        return Statement([(check, f"what it says belongs to no plan: {reason}")], None)
    return Statement([*faults, *_other_figures(stated, told)], plan)


type _Read = tuple[Allocation, list[Fault], Retold]
"""The plan, what is wrong with what stands beside it, and what it says."""


def _read_solved(stated: Stated, hierarchy: Hierarchy) -> _Read:
    """A plan as it was solved; months and lines are left to the caller."""
    manifest = stated.manifest
    plan = plan_of(manifest, stated.certificate, hierarchy, stated.units, stated.quotas)
    faults = [*_other_statements(stated, plan)]
    if not stated.proved or any(check != "sums" for check, _ in faults):
        return plan, faults, sums(plan)
    told = retold(plan, manifest["digits"], market_in(manifest), factors_in(manifest))
    if _is_of_the_first_release(stated):
        told = told.without(_LATER)
    return plan, faults, told


def _is_of_the_first_release(stated: Stated) -> bool:
    """Whether it has nothing that came later: who leaves out a figure leaves out no check."""
    later = {"response", "risk", "season"}
    return later.isdisjoint(stated.manifest) and not any("sigma" in row for row in stated.quotas)


def _read_amended(stated: Stated, hierarchy: Hierarchy) -> _Read:
    """A plan that was amended since."""
    manifest, quotas = stated.manifest, stated.quotas
    whole, solved = solved_part(manifest, quotas)
    plan, faults, told = _read_solved(replace(stated, manifest=whole, quotas=solved), hierarchy)
    everybody = decided_about(plan, whole, stated.units, stated.rules, quotas)
    found = replay(manifest, everybody, quotas)
    faults += [(CHECK, fault) for fault in found.faults]
    faults += [(CHECK, fault) for fault in kept_faults(manifest, found.book)]
    odd = chain(odd_months(manifest, stated.units, quotas), odd_lines(manifest, quotas))
    faults += [("sums", fault) for fault in odd]
    stands = Stands.of(everybody, found.book, manifest, quotas)
    told = told_amended(told, stands, manifest)
    months = retold_months(whole, plan, solved, stands.company_months)
    told = with_months_of(told, stands, months)
    return stands.plan, faults, told.with_facts(retold_lines(manifest, stands.plan, quotas))


def _other_statements(stated: Stated, plan: Allocation) -> Iterator[Fault]:
    manifest, certificate = stated.manifest, stated.certificate
    units, quotas = stated.units, stated.quotas
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


def _other_figures(stated: Stated, told: Retold) -> Iterator[Fault]:
    """The figures that are not those of the plan; proofs of the first release have fewer."""
    manifest = stated.manifest
    facts = {name: found for name, found in told.facts.items() if name in manifest}
    if "gaps" in facts and not any("held_by" in gap for gap in manifest["gaps"]):
        facts["gaps"] = [  # proofs of before say nothing of reasons
            {name: value for name, value in gap.items() if name != "held_by"}
            for gap in facts["gaps"]
        ]
    found = chain(
        differences(manifest, facts),
        differences(list(stated.units), told.units, ("units",)),
        differences(list(stated.quotas), told.quotas, ("quotas",)),
    )
    for difference in found:
        if difference.place[0] == "beyond":
            yield CHECK, str(difference)
        else:
            yield "sums" if _SUMS.intersection(difference.place) else EVENNESS, str(difference)
