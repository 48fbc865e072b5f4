"""What a proof says beside its certificate, and whether that is the same thing.

A certificate proves a plan of certain limits, anchors and yardsticks. The document also says where
they come from (the policy) and what people read of them (stretch, growth, explanation). All of that
which follows from other numbers of the document is computed again here:

    sums      the stated sums of units; the terms of each explanation; target, over-assignment and
              gaps make the amount assigned
    bounds    no floor lies below, and no cap above, what the policy allows over the baseline; last
              year's growth likewise
    rows      each rule is the policy's: the same reps, coefficients and limits, but for rules of
              which the document says that they gave way
    evenness  anchors and yardsticks are those that the policy's idea of fairness names; stretch,
              effort and growth follow from them

What does not follow from anything in the document can only be compared with the inputs, whose hash
the manifest states: baselines, reaches, potentials, where a limit of a rep comes from, who belongs
to a peer group, and margins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from service.allocations.versions.domain.document import Manifest, QuotaRow, UnitRow
from service.allocations.versions.domain.stated_figures import Figures
from service.allocations.versions.domain.stated_rules import other_rules
from solver.certificate import Certificate
from solver.problem import COMPANY, padded

EVENNESS: Final = "evenness"

type Fault = tuple[str, str]


def misstatements(
    manifest: Manifest,
    plan: Certificate,
    units: Sequence[UnitRow],
    quotas: Sequence[QuotaRow],
) -> Iterator[Fault]:
    """The check that each fault belongs to, and the fault in words."""
    if not _sums_are_stated(manifest, plan, units):
        yield "sums", "the stated sums are not those of the quotas"
    figures = Figures(manifest, plan, quotas)
    if not figures.explanations_add_up():
        yield "sums", "the explanation of a quota does not add up to it"
    if not figures.limits_are_the_policys():
        yield "bounds", "a floor or cap is wider than the policy allows"
    for fault in other_rules(manifest, plan, units, quotas):
        yield "rows", fault
    if not figures.scale_is_the_policys():
        yield EVENNESS, "an anchor or yardstick is not what the policy names"
    if not (figures.ratios_are_stated() and figures.common_growth_is_stated()):
        yield EVENNESS, "a stated stretch, effort or growth is not that of the plan"


def _sums_are_stated(manifest: Manifest, plan: Certificate, units: Sequence[UnitRow]) -> bool:
    """Whether the sums that are written down are the sums of the quotas."""
    amounts = plan.quota.tolist()  # Python's own integers: no forged row can make them wrap around
    sums = [0] * len(units)
    for unit, amount in zip(plan.unit.tolist(), amounts, strict=True):
        if unit != COMPANY:
            sums[unit] += amount
    for unit, above in reversed(list(enumerate(plan.parent.tolist()))):
        if above != COMPANY:
            sums[above] += sums[unit]
    return (
        sum(amounts) == manifest["assigned"]
        and [unit["quota"] for unit in units] == sums
        and manifest["assigned"] == _to_assign(manifest)
    )


def _to_assign(manifest: Manifest) -> int | None:
    """Target with over-assignment, less what the document says nobody can carry.

    Where the target itself gave way, the one that was asked for is no amount to assign any more.
    """
    policy, missing = manifest["policy"], sum(gap["amount"] for gap in manifest.get("gaps", []))
    moved = [*policy.get("relax", []), *manifest.get("relaxed", [])]
    targets = [relax["to"] for relax in moved if relax["rule"] == "target"]
    target = targets[-1] if targets else manifest["target"]
    return None if target is None else padded(target, policy["over_assignment"]) - missing
