"""What a version writes down of a solved case: facts for its manifest, rows for its chunks."""

import orjson

from service.allocations.answer import facts, present_row
from service.allocations.assemble import Case
from service.allocations.figures import quota_rows, unit_rows
from service.allocations.versions.domain.content import Content, Row, content
from service.allocations.versions.domain.proof import proof
from service.allocations.versions.proof_columns import (
    PROOF_COLUMNS,
    add_to_quotas,
    add_to_units,
    proof_facts,
    rule_rows,
)
from service.plans.policy import stored_policy
from solver.allocation import Allocation


def describe(case: Case, allocation: Allocation) -> Content:
    """A solved case cut into chunks, ready to be stored as a version."""
    return content(*_written(case, allocation))


def prove(case: Case, allocation: Allocation) -> Row:
    """The proof of a solved case that is no version of any plan: it has no parent."""
    manifest, *rows = _written(case, allocation)
    return proof(orjson.loads(content(manifest, *rows).manifest(None)), *rows)


def _written(case: Case, allocation: Allocation) -> tuple[Row, list[Row], list[Row], list[Row]]:
    """Everything that follows from inputs and policy: facts, and units, quotas and rules in the
    solver's order.

    The policy is written with its defaults, so that leaving a parameter out and naming its default
    make the same version. Estimated figures are frozen in: baseline and reach in the rows of the
    reps, the parameters they were made with in the manifest.
    """
    manifest: Row = {
        **facts(case, allocation),
        "inputs": case.inputs.hash,
        "policy": stored_policy(case.policy),
        "currency": case.terms.currency,
        "digits": case.terms.digits,
        "increment": case.terms.increment,
        "level": allocation.common_stretch,
        "response": allocation.scale.response,
        "reps": len(case.problem.reps),
        **proof_facts(allocation.certificate),
    }
    rules = rule_rows(allocation.certificate)
    return manifest, _units(case, allocation), _quotas(case, allocation), rules


def present_quota(row: Row, digits: int) -> Row:
    """The API's row of a stored one; what only the proof needs is left out."""
    shown = present_row(row, digits)
    for name in PROOF_COLUMNS:
        shown.pop(name, None)
    return shown


def _units(case: Case, allocation: Allocation) -> list[Row]:
    rows = unit_rows(allocation, case.terms.digits)
    add_to_units(rows, allocation.certificate)
    return rows


def _quotas(case: Case, allocation: Allocation) -> list[Row]:
    rows = quota_rows(allocation, case.terms.digits, case.estimate)
    add_to_quotas(rows, allocation.certificate)
    return rows
