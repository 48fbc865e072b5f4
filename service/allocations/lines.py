"""Quotas told by lines of business, a product or a kind of customer, where targets ask for it.

Inside, the lines of a row are a list of those that carry anything, `[[number, [months]], …]`, with
an amount in minor units for each month of the period, or one where there is none. The facts say
which line has which number, and what is carried of each target of a part. The API names lines and
months. Where no target is of a part there are no lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from service.allocations.assemble import Case, ClosedLines
from service.allocations.months import by_name
from service.kit.money import from_minor
from service.roster.domain import NONE
from service.roster.domain.periods import as_text, months_between, read_part
from solver.allocation import Allocation
from solver.estimate import SalesHistory
from solver.estimate.history import sales_of_reps
from solver.problem import FloatArray, IntArray
from solver.spread.lines import EXISTING, buyers, line_of, lines_of
from solver.spread.mix import kept_rates
from solver.spread.parts import PartPlan
from solver.spread.season import Season, even
from solver.spread.told_apart import Parts
from solver.targets import Target

type Row = dict[str, Any]

NO_LINES: Final[Row] = {"lines": None, "part_targets": [], "part_rules": []}
_YEAR: Final = 12


def parts_of(case: Case, season: Season | None) -> Parts:
    """What the targets of parts of a case tell apart; `season` of its period, None without one."""
    months = range(1) if case.period is None else months_between(case.period)
    reps = len(case.problem.reps)
    found = Parts.of(
        case.problem,
        targets := targets_of(case),
        months,
        season=season or Season("even", even(reps, 1).shares),
        sold=_existing_business(case, targets),
        fte=case.evidence.fte,
    )
    return found if case.closed is None else replace(found, kept=_kept(case, case.closed, targets))


def _kept(case: Case, closed: ClosedLines, targets: Sequence[Target]) -> IntArray:
    """(n, k, c) the closed months by the lines of today. What was not told by one of them then is
    everything else.
    """
    lines, row = lines_of(targets), {rep: row for row, rep in enumerate(case.problem.reps.ids)}
    found = np.zeros((len(row), len(lines), closed.count), dtype=np.int64)
    for rep, of_lines in closed.carried.items():
        for line, months in of_lines.items():
            if rep in row:
                place = line_of(lines, targets, line.product, line.customer_type)
                found[row[rep], place] += np.array(months, dtype=np.int64)
    return found


def targets_of(case: Case) -> tuple[Target, ...]:
    """The targets of parts, in the order of the inputs."""
    parts, units = case.inputs.parts, (*case.inputs.units.id, None)  # row -1, the company
    ends = zip(parts.first.tolist(), parts.last.tolist(), strict=True)
    columns = zip(
        parts.amount.tolist(),
        [units[row] for row in parts.unit.tolist()],
        parts.product,
        parts.customer_type,
        [None if first == NONE else range(first, last + 1) for first, last in ends],
        strict=True,
    )
    return tuple(Target(*row) for row in columns)


def _existing_business(case: Case, targets: Sequence[Target]) -> FloatArray:
    """(n, k) what the customers of today would buy of each line in a year, in minor units: what was
    sold in the year before the period, as far as each line's customers stay and buy more.
    """
    evidence, history, lines = case.evidence, case.inputs.history, lines_of(targets)
    names = list(zip(history.product, history.customer_type, strict=True))
    number = {name: line_of(lines, targets, name[0], buyers(name[1])) for name in {*names}}
    line = np.array([number[name] for name in names], dtype=np.int64)
    nothing = np.full(len(evidence), np.nan)
    past, found = evidence.history, np.zeros((len(evidence), len(lines)))
    for place in range(len(lines)):
        own = line == place
        rows = SalesHistory(past.rep[own], past.territory[own], past.month[own], past.actual[own])
        sales = sales_of_reps(replace(evidence, history=rows, last_year=nothing))
        reps, amounts = sales.between(evidence.start - _YEAR, evidence.start)
        found[:, place] = np.bincount(reps, amounts, minlength=len(evidence))
    age = (evidence.start - 1 - past.month) // _YEAR  # 0: the year before the period
    stayed = (age == 0) & np.array([kind == EXISTING for _, kind in names], np.bool_)
    before, after = (
        np.bincount(line[own], past.actual[own], minlength=len(lines)) for own in (age == 1, stayed)
    )
    return found * kept_rates(before, after)


def lines_facts(told: PartPlan | None) -> Row:
    """What is told of a plan's lines and of the targets of parts, in minor units."""
    if told is None:
        return NO_LINES
    results = zip(told.targets, told.carried, told.missed, strict=True)
    return {
        "lines": [asdict(line) for line in told.lines],
        "part_targets": [target_row(*row) for row in results],
        "part_rules": [asdict(row) | {"coefficients": dict(row.coefficients)} for row in told.cuts],
    }


def target_row(target: Target, carried: int, missed: int) -> Row:
    return {
        "unit": target.unit,
        "product": target.product,
        "customer_type": target.customer_type,
        "period": None if target.months is None else as_text(target.months),
        "amount": target.amount,
        "carried": carried,
        "missed": missed,
    }


def target_of(row: Mapping[str, Any], months: range) -> Target:
    """The target that a row tells of. Raises `InvalidPart`."""
    period = row["period"]
    span = None if period is None else read_part(period, months)
    return Target(row["amount"], row["unit"], row["product"], row["customer_type"], span)


def rep_lines(plan: Allocation, cells: IntArray) -> Iterator[list[Any]]:
    """The lines of each rep, in the order of the hierarchy; `cells` (n, k, t) by row."""
    for rep in plan.hierarchy.rep_row.tolist():
        yield lines_of_rep(cells[rep])


def lines_of_rep(cells: IntArray) -> list[Any]:
    """[number, months] of each line that carries something; `cells` (k, t) are one rep's."""
    carried = np.flatnonzero(cells.any(axis=1))
    return [*map(list, zip(carried.tolist(), cells[carried].tolist(), strict=True))]


def cells_of(rows: Sequence[Sequence[Any]], lines: int, months: int) -> IntArray:
    """(n, k, t) the cells that `rep_lines` tells, in its order."""
    cells = np.zeros((len(rows), lines, months), dtype=np.int64)
    for rep, own in enumerate(rows):
        for number, amounts in own:
            cells[rep, number] = amounts
    return cells


def present_lines(
    rows: Iterable[Sequence[Any]] | None,
    lines: Sequence[Mapping[str, Any]] | None,
    names: Sequence[str],
    digits: int,
) -> list[Row] | None:
    """The API's member of the lines of one row; `names` are those of the months."""
    if lines is None or rows is None:
        return None
    return [
        {
            **lines[number],
            "quota": from_minor(sum(months), digits),
            "months": by_name(names, months, digits) if names else None,
        }
        for number, months in rows
    ]


def present_part_targets(rows: Iterable[Mapping[str, Any]], digits: int) -> list[Row]:
    amounts = ("amount", "carried", "missed")
    return [{**row} | {name: from_minor(row[name], digits) for name in amounts} for row in rows]


def with_lines(
    rows: Iterable[Row], plan: Allocation, names: Sequence[str], digits: int
) -> Iterator[Row]:
    """The API's rows of an answer with their lines."""
    if (told := plan.told) is None:
        for row in rows:
            row["lines"] = None
            yield row
        return
    lines = [asdict(line) for line in told.lines]
    for row, own in zip(rows, rep_lines(plan, told.cells), strict=True):
        row["lines"] = present_lines(own, lines, names, digits)
        yield row
