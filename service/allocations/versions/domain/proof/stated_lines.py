"""The lines of business of a proof, and its targets of parts, compared with what they follow from.

Lines are those that the targets tell apart. Those of a rep add up to the rep's months, these to the
quota; what is carried of a target is the sum of its lines, units and months, and what is missed
follows from its amount and over-assignment. Who carries what of a line follows from the inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from service.allocations.lines import cells_of, target_of, target_row
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow
from service.roster.domain.periods import InvalidPart, months_between
from solver.allocation import Allocation
from solver.problem import IntArray
from solver.spread.coarse_whole import missed_by
from solver.spread.lines import counted, lines_of
from solver.spread.told_apart import counts_reps, wanted_of
from solver.targets import Target


def odd_lines(manifest: Manifest, quotas: Sequence[QuotaRow]) -> Iterator[str]:
    """A sentence for each row whose lines are not those of the document, or do not add up."""
    count = len(manifest.get("lines") or ())
    if not count and manifest.get("part_targets"):
        yield "part_targets tells of targets, and there are no lines"
    if not count:
        quotas = [row for row in quotas if row.get("lines")]  # of no line of the document
    for row in quotas:
        place = f"quotas.{row['rep']}.lines"
        own = row.get("lines") or []
        if not _is_readable(own, count, len(row.get("months") or ()) or 1):
            yield f"{place} are not of the lines and months of the document"
            continue
        months = row.get("months") or [row["quota"]]
        carried = [sum(amounts) for amounts in zip(*(told for _, told in own), strict=True)]
        if (carried or [0] * len(months)) != months:
            yield f"{place} do not add up to its months"


def _is_readable(lines: Sequence[Any], count: int, months: int) -> bool:
    """Whether each is [number, months], by number, and carries something."""
    numbers = [number for number, _ in lines]
    return (
        all(isinstance(number, int) and number < count for number in numbers)
        and numbers == sorted({*numbers})
        and all(isinstance(own, list) and len(own) == months and any(own) for _, own in lines)
    )


def retold_lines(manifest: Manifest, plan: Allocation, quotas: Sequence[QuotaRow]) -> Row:
    """What follows: the lines, and what is carried of each target of a part.

    Raises `UnreadableProof` where a target is of no part of the plan.
    """
    if manifest.get("lines") is None or any(odd_lines(manifest, quotas)):
        return {}
    stated = manifest.get("part_targets", [])
    months = _months(manifest)
    targets = [_target(row, plan, months) for row in stated]
    lines = lines_of(targets)
    if len(lines) != len(manifest["lines"] or ()):
        return {"lines": [asdict(line) for line in lines]}
    cells = cells_of([row.get("lines") or [] for row in quotas], len(lines), len(months))
    carried = _carried(plan, targets, cells, months)
    pairs = zip(targets, wanted_of(plan, targets), carried, strict=True)
    return {
        "lines": [asdict(line) for line in lines],
        "part_targets": [
            target_row(target, own, missed_by(own, wanted)) for target, wanted, own in pairs
        ],
    }


def _months(manifest: Manifest) -> range:
    if manifest.get("season") is None:
        return range(1)
    period: Any = manifest.get("period")
    try:
        start, end = (date.fromisoformat(period[day]) for day in ("start", "end"))
    except (KeyError, TypeError, ValueError) as reason:
        raise UnreadableProof(f"manifest.period: {reason!r}") from None
    return months_between((start, end))


def _target(row: Mapping[str, Any], plan: Allocation, months: range) -> Target:
    if row["unit"] is not None and row["unit"] not in plan.problem.units.ids:
        raise UnreadableProof(f"part_targets: {row['unit']} is no unit")
    try:
        return target_of(row, months)
    except InvalidPart as reason:
        raise UnreadableProof(f"part_targets: the period {row['period']} {reason}") from None


def _carried(
    plan: Allocation, targets: Sequence[Target], cells: IntArray, months: range
) -> list[int]:
    """(m,) the sums of the targets; reps stand in the order of the plan."""
    of_reps, of_lines = counts_reps(plan.problem, targets), counted(targets, lines_of(targets))
    found = []
    for target, reps, lines in zip(targets, of_reps, of_lines, strict=True):
        span = target.months or months
        own = cells[reps][:, lines, span.start - months.start : span.stop - months.start]
        found.append(int(own.sum()))
    return found
