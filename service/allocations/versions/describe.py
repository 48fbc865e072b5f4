"""What a version writes down of a solved case: facts for its manifest, rows for its chunks."""

import orjson

from service.allocations.answer import (
    common,
    estimate_parameters,
    fairness,
    period,
    present_row,
    prices,
    quota_rows,
    unit_rows,
)
from service.allocations.assemble import Case
from service.allocations.over_assignment import over_assignment_rows
from service.allocations.versions.domain.content import Content, Row, content
from service.allocations.versions.domain.proof import proof
from service.plans.policy import stored_policy
from solver.allocation import Allocation
from solver.problem import COMPANY, UNLIMITED, IntArray

PROOF_COLUMNS = ("anchor", "yardstick", "unrounded")


def describe(case: Case, allocation: Allocation) -> Content:
    """A solved case cut into chunks, ready to be stored as a version."""
    return content(*_written(case, allocation))


def prove(case: Case, allocation: Allocation) -> Row:
    """The proof of a solved case that is no version of any plan: it has no parent."""
    facts, units, quotas = _written(case, allocation)
    manifest = orjson.loads(content(facts, units, quotas).manifest(None))
    return proof(manifest, units, quotas)


def _written(case: Case, allocation: Allocation) -> tuple[Row, list[Row], list[Row]]:
    """Everything that follows from inputs and policy: facts, units and quotas in layout order.

    The policy is written with its defaults, so that leaving a parameter out and naming its default
    make the same version. Estimated figures are frozen in: baseline and reach in the rows of the
    reps, the parameters they were made with in the manifest.
    """
    facts: Row = {
        "inputs": case.inputs.hash,
        "policy": stored_policy(case.policy),
        "engine": allocation.engine,
        "currency": case.terms.currency,
        "digits": case.terms.digits,
        "increment": case.terms.increment,
        "period": period(case),
        "target": case.problem.target,
        "assigned": allocation.assigned,
        "level": allocation.common_stretch,
        "response": allocation.scale.response,
        "common": common(case, allocation),
        "fairness": fairness(case, allocation),
        "prices": prices(case, allocation),
        "over_assignment": over_assignment_rows(allocation),
        "estimate": estimate_parameters(case),
        "reps": len(case.problem.reps),
    }
    return facts, _units(case, allocation), _quotas(case, allocation)


def present_quota(row: Row, digits: int) -> Row:
    """The API's row of a stored one; what only the proof needs is left out."""
    shown = present_row(row, digits)
    for name in PROOF_COLUMNS:
        del shown[name]
    return shown


def _units(case: Case, allocation: Allocation) -> list[Row]:
    found = allocation.certificate
    rows = unit_rows(case, allocation)
    columns = (
        rows,
        [None if above == COMPANY else rows[above]["id"] for above in found.parent.tolist()],
        found.unit_min.tolist(),
        _limits(found.unit_max),
        found.unit_level.tolist(),
    )
    return [
        row | {"parent": parent, "min": least, "max": most, "level": level}
        for row, parent, least, most, level in zip(*columns, strict=True)
    ]


def _quotas(case: Case, allocation: Allocation) -> list[Row]:
    found = allocation.certificate
    rows = quota_rows(case, allocation)
    columns = rows, found.anchor.tolist(), found.yardstick.tolist(), found.unrounded.tolist()
    for row, anchor, yardstick, unrounded in zip(*columns, strict=True):
        row["anchor"], row["yardstick"], row["unrounded"] = anchor, yardstick, unrounded
    return rows


def _limits(column: IntArray) -> list[int | None]:
    return [None if amount >= UNLIMITED else amount for amount in column.tolist()]
