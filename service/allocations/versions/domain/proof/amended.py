"""A version whose quotas were amended: the plan as it was solved inside it, and what it says now.

The solved plan is cut out of the rows and proved as every other. What it says (`retold.py`) then
follows the quotas that stand: the same code tells the figures of the amended plan. Figures of the
solve stay: limits, what holds whom, prices, the common stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from service.allocations.figures import common, fairness, standing_rows
from service.allocations.lines import lines_of_rep
from service.allocations.over_assignment import over_assignment_rows
from service.allocations.risk import risk_facts
from service.allocations.versions.domain.ledger.beyond import beyond
from service.allocations.versions.domain.ledger.replay import LEDGER, Book
from service.allocations.versions.domain.ledger.unsolved import unsolved
from service.allocations.versions.domain.proof.claim import certificate_of
from service.allocations.versions.domain.proof.retold import Retold, factors_in, market_in, plan_of
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import (
    QuotaRow,
    RuleRow,
    UnitRow,
    decided_within,
)
from solver.allocation import Allocation
from solver.certificate import layout_of
from solver.fairness import growth
from solver.hierarchy import exact_sums, slice_sums
from solver.levels import level_of_one
from solver.problem import NOT_SET, UNLIMITED, BoolArray, IntArray
from solver.tree import CommonLevels

_PLACES: Final = 9


def has_ledger(manifest: Mapping[str, Any]) -> bool:
    return any(name in manifest for name in LEDGER)


def solved_part(
    manifest: Manifest, quotas: Sequence[QuotaRow]
) -> tuple[Manifest, Sequence[QuotaRow]]:
    """Manifest and rows as they were solved, as far as the proof reads them; whoever is new since
    is left out.
    """
    if not manifest.get("amendments") and not any("solved" in row for row in quotas):
        return manifest, quotas
    change = sum(part["change"] for part in manifest.get("amendments", []))
    whole: Any = {name: value for name, value in manifest.items() if name not in LEDGER}
    whole["assigned"] = manifest["assigned"] - change
    return whole, [_as_solved(row) for row in quotas if row.get("solved", 0) is not None]


def _as_solved(row: QuotaRow) -> QuotaRow:
    if "solved" not in row:
        return row
    solved = row["solved"] or 0
    last_year = row.get("last_year")
    found: Any = {**row, "quota": solved}
    if last_year is not None and last_year > 0:
        found["over_last_year"] = round(solved / last_year - 1, _PLACES)
    for name in ("months", "lines"):
        if f"solved_{name}" in row:
            found[name] = found.pop(f"solved_{name}")
    as_solved: QuotaRow = found
    return as_solved


@dataclass(frozen=True, slots=True, eq=False)
class Stands:
    """A plan whose quotas were amended: rows in the order of the proof."""

    plan: Allocation
    """With the quotas that stand. What of it is about limits and levels is the solved plan's."""
    book: Book
    touched: BoolArray
    """(n,) whose rows were amended."""
    new: BoolArray
    """(n,) who has joined since."""
    has_months: bool
    has_lines: bool

    @property
    def company_months(self) -> IntArray | None:
        """(t,) what the company carries by month; None without months."""
        months = self.book.months
        return None if months is None else months[1][0]

    @classmethod
    def of(
        cls, plan: Allocation, book: Book, manifest: Manifest, quotas: Sequence[QuotaRow]
    ) -> Stands:
        """`plan`: of all rows, as they were solved."""
        touched = np.array(["amended" in row for row in quotas], dtype=np.bool_)
        new = np.array([row.get("solved", 0) is None for row in quotas], dtype=np.bool_)
        quota = np.where(touched, book.quota.astype(np.float64), plan.levels.quota)
        levels = CommonLevels(quota, plan.levels.level)
        return cls(
            plan=replace(plan, rounded=book.quota, levels=levels),
            book=book,
            touched=touched,
            new=new,
            has_months=manifest.get("season") is not None,
            has_lines=manifest.get("lines") is not None,
        )


def decided_about(
    plan: Allocation,
    manifest: Manifest,
    units: Sequence[UnitRow],
    rules: Sequence[RuleRow],
    quotas: Sequence[QuotaRow],
) -> Allocation:
    """The solved plan as the ledger finds it, with the limits that hold for what is decided: with
    the rows of those who are new since, and nobody held by a lock, which a decision replaces.

    What is said of limits is what the rows say. Raises `UnreadableProof`.
    """
    everybody = _with_newcomers(plan, manifest, units, rules, quotas)
    unlocked = np.array(["unlocked" in row for row in quotas], dtype=np.bool_)
    if not unlocked.any():
        return everybody
    ends = [decided_within(row) for row in quotas]
    floor = np.array([low for low, _ in ends], dtype=np.int64)
    cap = np.array([UNLIMITED if high is None else high for _, high in ends], dtype=np.int64)
    bounds = everybody.bounds
    odd = (floor > bounds.lowest) | (cap < bounds.highest) | (bounds.lowest != bounds.highest)
    if (odd & unlocked).any():
        rep = quotas[int(np.flatnonzero(odd & unlocked)[0])]["rep"]
        raise UnreadableProof(f"rep {rep} was not locked inside the limits that are stated")
    fixed = np.where(unlocked, NOT_SET, bounds.fixed)
    return replace(everybody, bounds=replace(bounds, floor=floor, cap=cap, fixed=fixed))


def _with_newcomers(
    plan: Allocation,
    manifest: Manifest,
    units: Sequence[UnitRow],
    rules: Sequence[RuleRow],
    quotas: Sequence[QuotaRow],
) -> Allocation:
    if len(plan.problem.reps) == len(quotas):
        return plan
    everybody = certificate_of(manifest, units, rules, quotas)
    hierarchy = layout_of(everybody)
    if hierarchy is None:
        raise UnreadableProof("the rows of those who are new do not fit in")
    return plan_of(manifest, everybody, hierarchy, units, quotas)


def told_amended(told: Retold, stands: Stands, manifest: Manifest) -> Retold:
    """What a plan says, `told` as it was solved (whoever is new left out), once it was amended.

    Months and lines are told beside it.
    """
    plan, digits = stands.plan, manifest["digits"]
    facts: Row = {
        **told.facts,
        "reps": len(plan.problem.reps),
        "assigned": int(stands.book.sums[0]),
        "beyond": beyond(plan, stands.book),
    }
    if "fairness" in facts:
        facts |= {
            "common": facts["common"] | {"growth": common(plan, digits)["growth"]},
            # Nothing was expected of those who are new, so no effort of theirs is compared.
            "fairness": fairness(plan, digits, ~stands.new),
            "risk": risk_facts(plan, market_in(manifest)),
            "over_assignment": _over_assignment(facts["over_assignment"], plan),
        }
    compared = told.facts.get("common", {}).get("stretch") is not None
    figures = standing_rows(plan, digits, compared=compared)
    rows = _quotas(told, stands, figures, unsolved(manifest))
    found = Retold(facts, _units(told, stands), [*rows])
    return _with_levels(found, stands, factors_in(manifest))


def _over_assignment(solved: Sequence[Row], plan: Allocation) -> list[Row]:
    """What is attained without over-assignment is another plan's, and stays what it was."""
    rows = over_assignment_rows(plan, compared=False)
    known = ({k: v for k, v in row.items() if k == "attaining_without"} for row in solved)
    return [
        {name: value for name, value in row.items() if name != "attaining_without"} | own
        for row, own in zip(rows, known, strict=True)
    ]


def _units(told: Retold, stands: Stands) -> list[Row]:
    plan, sums = stands.plan, stands.book.sums
    h = plan.hierarchy
    grown = growth(sums.astype(float), slice_sums(plan.problem.reps.baseline, h.first, h.last))
    return [
        row
        | {"quota": int(sums[node])}
        | ({"growth": _told(float(grown[node]))} if "growth" in row else {})
        for node, row in enumerate(told.units, start=1)
    ]


def _told(value: float) -> float | None:
    return round(value, _PLACES) + 0.0 if np.isfinite(value) else None


def _quotas(told: Retold, stands: Stands, figures: Sequence[Row], nothing: Row) -> Iterator[Row]:
    solved = iter(told.quotas)
    for place, own in enumerate(figures):
        new = bool(stands.new[place])
        row = {"rep": stands.plan.problem.reps.ids[place]} | nothing if new else next(solved)
        if stands.touched[place]:
            row = row | (own if new else {k: v for k, v in own.items() if k in row})
        yield row


def _with_levels(told: Retold, stands: Stands, factors: Mapping[str, float]) -> Retold:
    """With what quotas are at other levels: of those who were amended the own part alone, to the
    increment; others keep theirs, and units and the company have the sums.
    """
    if not factors or not all("levels" in row for row in told.units):
        return told
    h, increment = stands.plan.hierarchy, stands.plan.problem.increment
    quota = stands.book.quota
    columns: dict[str, IntArray] = {}
    for name, factor in factors.items():
        own = np.array([row.get("levels", {}).get(name, 0) for row in told.quotas], dtype=np.int64)
        for place in np.flatnonzero(stands.touched).tolist():
            own[place] = level_of_one(int(quota[place]), factor, increment)
        columns[name] = own
    sums = {name: exact_sums(own, h.first, h.last) for name, own in columns.items()}
    return replace(
        told,
        facts=told.facts
        | {
            "levels": {
                name: {"factor": factors[name], "amount": int(own[0])} for name, own in sums.items()
            }
        },
        units=[
            row | {"levels": {name: int(own[node]) for name, own in sums.items()}}
            for node, row in enumerate(told.units, start=1)
        ],
        quotas=[
            row | {"levels": {name: int(own[place]) for name, own in columns.items()}}
            for place, row in enumerate(told.quotas)
        ],
    )


def with_months_of(
    told: Retold, stands: Stands, solved: tuple[Row, list[Row], list[Row]]
) -> Retold:
    """With months and lines; `solved`: what `retold_months` tells of the plan as it was solved."""
    facts, units, quotas = solved
    months = stands.book.months
    if months is None:
        return told
    reps, nodes = months
    if "months" in facts:
        facts = {**facts, "months": nodes[0].tolist()}
        units = [{"months": own} for own in nodes[1:].tolist()]
    rows: list[Row] = []
    of_solved = iter(quotas)
    for place in range(len(reps)):
        row: Row = {} if stands.new[place] else next(of_solved)
        if stands.touched[place]:
            row = _amended_months(row, stands, place, reps[place])
        rows.append(row)
    return told.beside(facts, units, rows)


def _amended_months(solved: Row, stands: Stands, place: int, months: IntArray) -> Row:
    """`solved`: the months of the row as they were solved, where they follow; `months` (t,): what
    the rep carries.
    """
    row: Row = {f"solved_{name}": value for name, value in solved.items()}
    if stands.has_months:
        row["months"] = months.tolist()
    if stands.has_lines and stands.book.cells is not None:
        row["lines"] = lines_of_rep(stands.book.cells[place])
    return row
