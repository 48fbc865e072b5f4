"""The months of a proof, compared with what they follow from.

    always              months add up to quotas, and up the organisation to the company's
    even, or a weight   every rep's months are spread again from quotas and weights, and from the
    for each month      months in which somebody is not there, which stand with the rep
    weights of quarters whether the company's quarters come to their weights; who carries what of
                        them, and the months inside, were learned
    learned             what each month carries follows from the inputs alone
    lines               so it does where quotas are told by lines of business (`stated_lines.py`)

Proofs of the first release have no months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from service.allocations.months import Months, given_season, kept, month_names, months_of
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow, UnitRow
from service.plans.policy import EVEN, LEARNED
from solver.allocation import Allocation
from solver.errors import InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.spread.season import even, given


def odd_months(
    manifest: Manifest, units: Sequence[UnitRow], quotas: Sequence[QuotaRow]
) -> Iterator[str]:
    """A sentence for each row whose months are not those of the period or do not add up."""
    names = _names(manifest)
    wrong: list[tuple[str, Any]] = []
    if _count(manifest) != len(names):
        wrong.append(("manifest", manifest))
    wrong += [(f"units.{unit['id']}", unit) for unit in units if _count(unit) != len(names)]
    wrong += [(f"quotas.{row['rep']}", row) for row in quotas if _count(row) != len(names)]
    for place, row in wrong:
        yield f"{place}.months are {_count(row)}, and those of the period {len(names)}"
    if wrong or not names:
        return
    for row in quotas:
        if (carried := sum(row["months"] or ())) != row["quota"]:
            yield f"quotas.{row['rep']}.months add up to {carried:,}, not to {row['quota']:,}"


def _names(manifest: Manifest) -> tuple[str, ...]:
    """The months that there should be; none where the document tells of none."""
    if manifest.get("season") is None:
        return ()
    period: Any = manifest.get("period")
    try:
        return month_names(period)
    except ValueError as reason:
        raise UnreadableProof(f"manifest.period: {reason}") from None


def _count(row: Any) -> int:
    return len(row.get("months") or ())


def retold_months(
    manifest: Manifest,
    plan: Allocation,
    quotas: Sequence[QuotaRow],
    company: IntArray | None = None,
) -> tuple[Row, list[Row], list[Row]]:
    """What follows: members of the manifest, and of the rows of units and reps, in their order.

    `company` (t,): what its months carry since quotas were amended, else what they were solved to.
    Nothing where there are no months. Raises `UnreadableProof` where they belong to no season.
    """
    stated = [row.get("months") or [] for row in quotas]
    season: Any = manifest.get("season")
    nothing: tuple[Row, ...] = ({},) * len(quotas)
    if season is None or len({len(row) for row in stated}) != 1:
        return {}, [{} for _ in plan.problem.units.ids], [*nothing]
    months = np.array(stated, dtype=np.int64)
    wanted = manifest["policy"].get("season", LEARNED)
    told: Row = {"country": manifest["policy"].get("country")}
    rows: Sequence[Row] = nothing
    try:
        if wanted == LEARNED:
            basis = "working_days" if season.get("pool") is None else "learned"
            told |= {"basis": basis, "as_given": None}
        elif isinstance(wanted, list) and len(wanted) != months.shape[1]:
            parts = given(even(1, months.shape[1]), wanted).company
            held = kept(_or_sum(company, months), parts, plan.problem.increment)
            told |= {"basis": "weights", "as_given": held}
        else:
            spread = given_season(wanted, _presence(quotas, months.shape))
            told |= {"basis": "even" if wanted == EVEN else "weights", "as_given": None}
            if manifest.get("lines") is None:
                found = months_of(plan, spread)
                months = found.months
                rows = [{"months": own} for own in months.tolist()]
                told["as_given"] = found.as_given if spread.company else None
            if spread.company and (manifest.get("lines") is not None or company is not None):
                increment = plan.problem.increment
                told["as_given"] = kept(_or_sum(company, months), spread.company, increment)
    except InvalidProblem as reason:
        raise UnreadableProof(f"policy.season: {reason}") from None
    sums = Months.of(plan, months)
    units = [{"months": own} for own in sums.units.tolist()]
    return {"months": sums.company.tolist(), "season": told}, units, [*rows]


def _or_sum(company: IntArray | None, months: IntArray) -> IntArray:
    return months.sum(axis=0) if company is None else company


def _presence(quotas: Sequence[QuotaRow], shape: tuple[int, ...]) -> FloatArray:
    """The part of each month that each rep is there."""
    presence = np.ones(shape)
    for place, row in enumerate(quotas):
        if "present" in row:
            if len(row["present"]) != shape[1]:
                raise UnreadableProof(f"quotas.{row['rep']}.present has not {shape[1]} months")
            presence[place] = row["present"]
    return presence
