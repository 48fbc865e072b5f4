"""What a version writes down of a solved case: facts for its manifest, rows for its chunks."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from service.allocations.answer import facts, present_row, presented
from service.allocations.assemble import Case
from service.allocations.crossing import crossing_rules
from service.allocations.figures import impact_of, quota_rows, unit_rows
from service.allocations.lines import NO_LINES, rep_lines
from service.allocations.measures.levels import Levels, with_levels
from service.allocations.measures.solving import SolvedMeasure
from service.allocations.measures.told import present_beside
from service.allocations.months import by_name, month_names, present_season
from service.allocations.prices import Impact
from service.allocations.seasons import spread_of
from service.allocations.versions.domain.ledger.replay import CHECK
from service.allocations.versions.domain.proof.examine import Verdict, proof
from service.allocations.versions.domain.written.content import Content, Row, content
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.measures import entry_of, rows_of_measure
from service.allocations.versions.proof_columns import (
    PROOF_COLUMNS,
    add_months,
    add_to_quotas,
    add_to_units,
    add_unlocked,
    proof_facts,
    rule_rows,
)
from service.allocations.versions.shown_ledger import NO_LEDGER, ShownLedger
from service.kit.money import from_minor
from service.plans.policy import stored_policy
from service.roster.domain.measures import REVENUE
from solver.allocation import Allocation
from solver.certificate import Checks

type Written = tuple[Row, list[Row], list[Row], list[Row]]
"""Facts, and rows of units, quotas and rules."""


def describe(
    case: Case,
    allocation: Allocation,
    further: Sequence[SolvedMeasure] = (),
    *,
    locked: Collection[str] = (),
) -> Content:
    """A solved case cut into chunks, ready to be stored as a version, with its other measures.

    `locked`: reps whose one possible quota is a lock, and no fact of the inputs.
    """
    written = _all_written(case, allocation, further)
    add_unlocked(written[0][2], allocation, locked)
    return _content(written)


def prove(case: Case, allocation: Allocation, further: Sequence[SolvedMeasure] = ()) -> Row:
    """The proof of a solved case that is no version of any plan: it has no parent."""
    written = _all_written(case, allocation, further)
    manifest = orjson.loads(_content(written).manifest(None))
    (_, units, quotas, rules), *others = written
    measures = [rows_of_measure(facts["measure"], *own) for facts, *own in others]
    return proof(manifest, units, quotas, rules, measures)


def _all_written(
    case: Case, allocation: Allocation, further: Sequence[SolvedMeasure]
) -> list[Written]:
    others = (_written(each.case, each.allocation) for each in further)
    return [_written(case, allocation), *others]


def _content(written: Sequence[Written]) -> Content:
    main, *others = (content(*each) for each in written)
    if not others:
        return main
    chunks = dict(main.chunks)
    for other in others:
        chunks |= other.chunks
    return Content({**main.facts, "measures": [entry_of(own.facts) for own in others]}, chunks)


def _written(case: Case, allocation: Allocation) -> Written:
    """Everything that follows from inputs and policy: facts, and units, quotas and rules in the
    solver's order.

    The policy is written with its defaults, so that leaving a parameter out and naming its default
    make the same version. Estimated figures are frozen in: baseline and reach in the rows of the
    reps, the parameters they were made with in the manifest.
    """
    impact = impact_of(allocation, case.terms.digits)  # however long it takes
    spread = spread_of(case, allocation)
    levels = Levels.of(allocation, case.inputs.measures.main.levels)
    manifest: Row = {
        **facts(case, allocation, impact, spread, levels),
        "inputs": case.inputs.hash,
        "policy": stored_policy(case.policy, case.spreading),
        "currency": case.terms.currency,
        "digits": case.terms.digits,
        "increment": case.terms.increment,
        "level": allocation.common_stretch,
        "response": allocation.scale.response,
        "reps": len(case.problem.reps),
        **proof_facts(allocation.certificate),
    }
    units = with_levels(_units(allocation, impact), levels.units)
    quotas = with_levels(_quotas(case, allocation), levels.reps)
    add_months(units, quotas, spread)
    if allocation.told is not None:
        for row, lines in zip(quotas, rep_lines(allocation, allocation.told.cells), strict=True):
            row["lines"] = lines
    return manifest, units, quotas, rule_rows(allocation.certificate)


def present_quota(
    row: Row,
    digits: int,
    names: Sequence[str],
    lines: Sequence[Row] | None = None,
    ledger: ShownLedger = NO_LEDGER,
) -> Row:
    """The API's row of a stored one; what only the proof needs is left out.

    `names` are those of the months, `lines` and `ledger` those of the version.
    """
    shown = present_row(row, digits, names, lines) | ledger.members(row, digits)
    shown["explanation"] += [
        {"term": term, "amount": from_minor(change, digits), "reference": reference}
        for term, change, reference in ledger.terms(row)
    ]
    for name in PROOF_COLUMNS:
        shown.pop(name, None)
    return shown


def present_listed(
    row: Row,
    digits: int,
    names: Sequence[str],
    lines: Sequence[Row] | None,
    part: Sequence[int] | None,
    *,
    ledger: ShownLedger = NO_LEDGER,
    lines_alone: bool = False,
) -> Row:
    """The same, with what falls into the months at these places where any are asked for.

    `lines_alone`: of the lines of the row alone.
    """
    shown = present_quota(row, digits, names, lines, ledger)
    if part is not None:
        of = [months for _, months in row["lines"]] if lines_alone else [row["months"]]
        shown["part"] = from_minor(sum(months[k] for months in of for k in part), digits)
    return shown


def present_months(facts: Mapping[str, Any], units: Sequence[Row]) -> Row:
    """The months of the company and of its units, as the manifest and the rows of a version say."""
    digits, company = facts["digits"], facts.get("months")
    names = month_names(facts["period"]) if company else ()
    return {
        "months": by_name(names, company, digits),
        "season": present_season(facts.get("season"), names),
        "units": [
            {
                "id": row["id"],
                "quota": from_minor(row["quota"], digits),
                "months": by_name(names, row.get("months"), digits),
            }
            for row in units
        ],
    }


def answer_of(proof: Row, verdict: Verdict) -> Row:
    """The answer that a proof is about, but for what only the inputs tell: the owners of gaps.

    Members that its release did not know are left out; where the proof does not hold, so are those
    that nothing else can tell. Raises `UnreadableProof` where rows are not what they should be.
    """
    try:
        with np.errstate(all="ignore"):  # forged amounts may pass every number
            return _answer_of(proof, verdict)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as reason:
        raise UnreadableProof(f"no answer can be made of it: {reason!r}") from None


_OF_UNITS: Final = ("id", "quota", "growth", "min", "max", "binding", "price")
_LATER: Final[Row] = {
    "gaps": [],
    "relaxed": [],
    "prices": None,
    "over_assignment": [],
    "risk": None,
    "months": None,
    "season": None,
    "measure": REVENUE,
    "basis": None,
    "counted_in": None,
    "weight": None,
    "levels": None,
    **NO_LINES,
}
"""What proofs of the first release do not tell."""


def _answer_of(proof: Row, verdict: Verdict) -> Row:
    (own, found), *further = verdict.of_measures or ((proof, verdict),)
    others = [_answer_of_one(*each) for each in further]
    beside = present_beside(
        others, proof["manifest"].get("standards", ()), proof["manifest"]["policy"]
    )
    told = _answer_of_one(own, found)
    return told | (beside if "measure" in told else {})


def _answer_of_one(proof: Row, verdict: Verdict) -> Row:
    manifest = proof["manifest"]
    digits = manifest["digits"]
    units = [
        {name: row[name] for name in _OF_UNITS}
        | {name: row[name] for name in ("months", "levels") if name in row}
        for row in proof["units"]
    ]
    names = month_names(manifest.get("period"))
    ledger = ShownLedger.of(manifest)
    checks = {name: held for name, held in verdict.checks.items() if name not in ("hash", CHECK)}
    told = presented(
        {**_LATER, **manifest},
        digits,
        quotas=[
            present_quota(row, digits, names, manifest.get("lines"), ledger)
            for row in proof["quotas"]
        ],
        units=[row | {"min": row["min"] or None} for row in units],
        rules=crossing_rules(verdict.plan) if verdict.plan else [],
        checks=Checks(**checks),
        owners={},
    )
    for gap in told["gaps"]:
        del gap["owner"]
        if gap["held_by"] is None:
            del gap["held_by"]
    if "months" not in manifest:
        for row in (*told["units"], *told["quotas"]):
            del row["months"]
    if "lines" not in manifest:
        for row in told["quotas"]:
            del row["lines"]
    untold = {name for name in _LATER if name not in manifest}
    if "levels" in untold:
        for row in (*told["quotas"], *told["units"]):
            del row["levels"]
    if verdict.plan is None:
        untold |= {"rules", "certificate"}
    return {name: value for name, value in told.items() if name not in untold}


def _units(allocation: Allocation, impact: Impact) -> list[Row]:
    rows = unit_rows(allocation, impact)
    add_to_units(rows, allocation)
    return rows


def _quotas(case: Case, allocation: Allocation) -> list[Row]:
    rows = quota_rows(allocation, case.terms.digits, case.estimate)
    add_to_quotas(rows, allocation)
    return rows
