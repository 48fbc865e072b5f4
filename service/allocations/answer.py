"""A solved case as the API's answer: the figures of its plan, money in the currency itself.

The facts of a plan and its rows, in minor units, are all that an answer is made of; a version
stores the same facts and rows, so that an answer can be made of a stored proof as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import batched
from typing import Any, Final

import numpy as np
import orjson

from service.allocations.assemble import Case
from service.allocations.crossing import crossing_rules, present_crossing_rule
from service.allocations.figures import (
    PLACES,
    PLACES_OF_UNITS,
    Row,
    common,
    fairness,
    gap_rows,
    nullable,
    quota_columns,
    rounded,
    terms,
    unit_rows,
    zipped,
)
from service.allocations.lines import (
    lines_facts,
    present_lines,
    present_part_targets,
    with_lines,
)
from service.allocations.measures.levels import Levels, present_levels, with_levels
from service.allocations.measures.solving import SolvedMeasure
from service.allocations.measures.standards import standard_facts
from service.allocations.measures.told import (
    measure_facts,
    present_beside,
    present_measure_facts,
)
from service.allocations.months import (
    Spread,
    all_by_name,
    by_name,
    facts_of,
    month_names,
    present_season,
    unit_months,
    with_months,
)
from service.allocations.over_assignment import over_assignment_rows, present_over_assignment
from service.allocations.prices import Impact, present_prices
from service.allocations.risk import market_of, present_risk, risk_facts
from service.allocations.seasons import season_warnings, spread_of
from service.allocations.stated import Stated
from service.kit.money import column_from_minor, from_minor
from service.plans.policy import present_rule, stored_policy
from solver.allocation import Allocation
from solver.certificate import Checks
from solver.problem import FloatArray

type Gather = Callable[[Iterator[Row]], list[Row] | orjson.Fragment]

TERMS: Final = ("anchor", "stretch", "rounding")
OUT_OF_TIME: Final = (
    "The plan was found and proved, but the time for it was up before its prices were: they are "
    "null. Fewer rules across the tree (groups, parity, margin_floors, rows) are quicker."
)
_AT_ONCE: Final = 100
"""Rows of quotas: so few that they are gone before Python looks for garbage among them."""


def answer(solved: SolvedMeasure) -> dict[str, Any]:
    """The whole document of `POST /v1/allocations`, money in the currency itself."""
    return _answer(solved, lambda rows: [*rows])


def answer_in_json(solved: SolvedMeasure) -> bytes:
    """The same as JSON, a few rows at a time: those of 100,000 reps take 0.8 s and not 1.3 s."""
    return orjson.dumps(_answer(solved, _written))


def _written(rows: Iterator[Row]) -> orjson.Fragment:
    parts = b",".join(orjson.dumps(part)[1:-1] for part in batched(rows, _AT_ONCE))
    return orjson.Fragment(b"[%b]" % parts)


def _answer(solved: SolvedMeasure, gather: Gather) -> dict[str, Any]:
    """`gather`: what is made of the rows of quotas."""
    plans = [(each, spread_of(each.case, each.allocation)) for each in solved.all]
    main, *further = (_of_one(each, spread, gather) for each, spread in plans)
    beside = present_beside(
        further, standard_facts(solved.case.inputs), stored_policy(solved.case.policy)
    )
    return main | beside | {"warnings": _warnings(solved, plans)}


def _of_one(solved: SolvedMeasure, spread: Spread | None, gather: Gather) -> dict[str, Any]:
    """What the answer says of one measure."""
    case, allocation = solved.case, solved.allocation
    digits = case.terms.digits
    impact = solved.priced
    levels = Levels.of(allocation, case.inputs.measures.main.levels)
    units = with_levels(unit_rows(allocation, impact), levels.units)
    return presented(
        facts(case, allocation, impact, spread, levels),
        digits,
        quotas=gather(_presented_rows(case, allocation, spread, levels)),
        units=[*with_months(units, unit_months(spread, len(units)))],
        rules=crossing_rules(allocation),
        checks=allocation.checks,
        owners=case.inputs.people.owners,
    )


def _warnings(
    solved: SolvedMeasure, plans: Sequence[tuple[SolvedMeasure, Spread | None]]
) -> list[Row]:
    """What of a further measure's months is the same for the main one is told once."""
    (main, spread), *further = plans
    faults = [*main.case.warnings, *season_warnings(main.case, spread)]
    told = {fault.detail for fault in faults}
    for each, months in further:
        measure = each.case.inputs.measures.main.id
        faults += [
            replace(fault, detail=f"{measure}: {fault.detail}")
            for fault in season_warnings(each.case, months)
            if fault.detail not in told
        ]
    found = [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]
    return found if solved.in_time else [*found, {"pointer": "", "detail": OUT_OF_TIME}]


def facts(
    case: Case, allocation: Allocation, impact: Impact, spread: Spread | None, levels: Levels
) -> Row:
    """What answers and versions say of a plan beside its rows, in minor units."""
    told = allocation.told
    digits = case.terms.digits
    return {
        **measure_facts(case, levels),
        "engine": allocation.engine,
        "target": case.problem.target,
        "assigned": allocation.assigned,
        "gaps": gap_rows(allocation),
        "relaxed": Stated(case, told.cuts if told else ()).given_way(allocation),
        "period": case.period_as_stated,
        **facts_of(spread),
        **lines_facts(allocation.told),
        "common": common(allocation, digits),
        "prices": impact.facts,
        "over_assignment": over_assignment_rows(allocation),
        "risk": risk_facts(allocation, market_of(case.estimate)),
        "fairness": fairness(allocation, digits),
        "estimate": _estimate_parameters(case),
    }


def presented(
    facts: Mapping[str, Any],
    digits: int,
    *,
    quotas: Sequence[Row] | orjson.Fragment,
    units: Sequence[Row],
    rules: Sequence[Row],
    checks: Checks,
    owners: Mapping[str, str],
) -> dict[str, Any]:
    """The answer that says this. `quotas` are the API's rows, all others stand in minor units."""
    relaxed, gaps = facts["relaxed"], facts["gaps"]
    names = month_names(facts["period"])
    return {
        **present_measure_facts(facts, digits),
        "status": "gap" if gaps else "relaxed" if relaxed else "optimal",
        "engine": facts["engine"],
        "target": from_minor(facts["target"], digits),
        "assigned": from_minor(facts["assigned"], digits),
        "gap": from_minor(sum(gap["amount"] for gap in gaps), digits),
        "gaps": [
            {
                "unit": gap["unit"],
                "amount": from_minor(gap["amount"], digits),
                "owner": owners.get(gap["unit"]),
                "held_by": gap.get("held_by"),
            }
            for gap in gaps
        ],
        "relaxed": [present_rule(change, digits) for change in relaxed],
        "period": facts["period"],
        "months": by_name(names, facts["months"], digits),
        "season": present_season(facts["season"], names),
        "lines": facts["lines"],
        "part_targets": present_part_targets(facts["part_targets"], digits),
        "common": facts["common"],
        "quotas": quotas,
        "units": [present_unit(row, digits, names) for row in units],
        "prices": present_prices(facts["prices"], digits),
        "over_assignment": [
            present_over_assignment(row, digits) for row in facts["over_assignment"]
        ],
        "risk": present_risk(facts["risk"], digits),
        "rules": [present_crossing_rule(row, digits) for row in rules],
        "fairness": facts["fairness"],
        "estimate": facts["estimate"],
        "certificate": {"kind": checks.kind, "checks": checks.by_name},
    }


def present_row(
    row: Row, digits: int, names: Sequence[str], lines: Sequence[Mapping[str, Any]] | None
) -> Row:
    """The API's row of a stored one; `names` are those of the months."""
    shown = dict(row)
    for name in ("quota", "floor", "cap"):
        shown[name] = None if row[name] is None else from_minor(row[name], digits)
    for name in ("baseline", "reach"):
        shown[name] = _one(row[name], digits)
    shown["levels"] = present_levels(row.get("levels"), digits)
    shown["estimate"] = _present_estimate(row["estimate"], digits)
    shown["explanation"] = [
        {"term": term, "amount": from_minor(amount, digits)}
        for term, amount in zip(TERMS, row["explanation"], strict=True)
    ]
    shown["months"] = by_name(names, row.get("months"), digits)
    shown["lines"] = present_lines(row.get("lines"), lines, names, digits)
    return shown


def present_unit(row: Row, digits: int, names: Sequence[str]) -> Row:
    """The API's row of one of `unit_rows`."""
    amounts = {
        name: None if row[name] is None else from_minor(row[name], digits)
        for name in ("quota", "min", "max")
    }
    members = {
        "months": by_name(names, row.get("months"), digits),
        "levels": present_levels(row.get("levels"), digits),
    }
    return row | amounts | members


def _presented_rows(
    case: Case, allocation: Allocation, spread: Spread | None, levels: Levels
) -> Iterator[Row]:
    """`present_row` of all `quota_rows`, in columns."""
    digits = case.terms.digits
    columns = quota_columns(
        allocation,
        digits,
        case.estimate,
        lambda column: column_from_minor(column, digits),
        lambda column: _measures(column, digits),
    )
    amounts = [column_from_minor(column, digits) for column in terms(allocation)]
    explanation = (
        [
            {"term": "anchor", "amount": anchor},
            {"term": "stretch", "amount": stretch},
            {"term": "rounding", "amount": rounding},
        ]
        for anchor, stretch, rounding in zip(*amounts, strict=True)
    )
    names = month_names(case.period_as_stated)
    rows = with_months(zipped(columns, explanation), all_by_name(names, spread, digits))
    of_reps: Sequence[Row | None] = levels.reps or [None] * len(case.problem.reps)
    pairs = zip(with_lines(rows, allocation, names, digits), of_reps, strict=True)
    return (row | {"levels": present_levels(own, digits)} for row, own in pairs)


def _estimate_parameters(case: Case) -> dict[str, Any] | None:
    """What the estimate was made with, in the currency itself; null where all was given."""
    if case.estimate is None:
        return None
    digits = case.terms.digits
    parameters = asdict(case.estimate.parameters)
    for name in ("company_total", "estimated_total", "history_without_holder", "set_aside"):
        parameters[name] = _one(parameters[name], digits)
    parameters["company_total_source"] = parameters["company_total_source"].value
    parameters["blocks"] = [
        block | {"total": _one(block["total"], digits)}
        for block in parameters["blocks"]
        if case.period is not None  # without dates there are no months to name
    ]
    return parameters


def _present_estimate(estimate: dict[str, Any] | None, digits: int) -> dict[str, Any] | None:
    if estimate is None:
        return None
    sold = estimate["sold"]
    return estimate | {
        "benchmark": _one(estimate["benchmark"], digits),
        "sold": None if sold is None else [_one(amount, digits) for amount in sold],
        "windfalls": [
            deal | {name: _one(deal[name], digits) for name in ("amount", "counted")}
            for deal in estimate.get("windfalls", ())  # versions of before have none
        ],
    }


def _measures(column: FloatArray, digits: int) -> list[float | None]:
    """A measurement in minor units in the currency itself."""
    return nullable(np.round(column, PLACES_OF_UNITS) / 10**digits)


def _one(value: float | None, digits: int) -> float | None:
    """`_measures` of one, in plain floats: arrays of one took a third of the time of a page."""
    told = None if value is None else rounded(value, PLACES_OF_UNITS)
    return None if told is None else rounded(told / 10**digits, PLACES)
