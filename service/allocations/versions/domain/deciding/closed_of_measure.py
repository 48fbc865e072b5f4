"""The closed months of one measure, in its solve and in the ledger of what was solved.

Nobody is solved to carry less than the closed months carry, and who is away in all open months
carries just that. Of what was solved, the first amendment (kind `closed_months`) gives the closed
months what was in force in them, in the unit that it was carried in, and puts the rest into the
open months as the solve spread it. So a proof needs to know nothing of it but that amendment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeGuard

import numpy as np

from service.allocations.assemble import Case, ClosedLines
from service.allocations.presence import in_seat_by_month
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, Refused, Wanted
from service.allocations.versions.domain.deciding.opened import opened, whole
from service.allocations.versions.domain.written.canonical import digest
from service.allocations.versions.domain.written.content import Content, Row
from service.kit.errors import Conflict
from solver.amend import moved
from solver.problem import NOT_SET, IntArray, Problem
from solver.spread.lines import Line

KIND: Final = "closed_months"

type Carried = Mapping[str, Mapping[str | None, Sequence[int]]]
"""By rep, then by the unit that it belongs to: an amount for each closed month."""


class ClosedMonthsNotKept(Conflict):
    """A new solve could not keep what is in force in the months that are closed."""


@dataclass(frozen=True, slots=True)
class ClosedOfMeasure:
    """What the closed months carry of a measure, in its own minor units or whole things."""

    through: str
    """The last closed month, `2027-05`."""
    count: int
    """How many months of the period are closed; at least one month is open."""
    carried: Carried = field(default_factory=dict)
    counted_in: str | None = None
    """What amounts count; None: money."""
    digits: int = 0
    """How many decimals they have."""
    lines: Mapping[str, Mapping[Line, Sequence[int]]] = field(default_factory=dict)
    """By rep, the same by line of business; who is not named carried everything else."""

    @property
    def carries(self) -> bool:
        return any(map(self.of_rep, self.carried))

    def of_rep(self, rep: str) -> int:
        return sum(sum(months) for months in self.carried.get(rep, {}).values())

    def held_in(self, case: Case) -> Case:
        """The case whose solve leaves everybody at least what the closed months carry, and tells
        their lines as they were told.
        """
        held = replace(case, problem=self._held_in(case.problem, self._gone(case)))
        if not len(case.inputs.parts):
            return held
        whole = {rep: {Line(): self._months_of(rep)} for rep in self.carried}
        return replace(held, closed=ClosedLines(self.count, whole | {**self.lines}))

    def _months_of(self, rep: str) -> list[int]:
        return [sum(months) for months in zip(*self.carried[rep].values(), strict=True)]

    def elsewhere(self, unit_of: Mapping[str, str | None]) -> list[str]:
        """Who carried something for another unit than that of today, by rep."""
        return sorted(
            rep
            for rep, parts in self.carried.items()
            if rep in unit_of
            and any(unit != unit_of[rep] and any(months) for unit, months in parts.items())
        )

    def _gone(self, case: Case) -> Any:
        """(n,) who is there in no open month."""
        reps = case.inputs.reps
        if case.period is None:
            return np.zeros(len(reps), dtype=np.bool_)
        there = in_seat_by_month(reps.hired, case.inputs.absences, case.period)
        return there[:, self.count :].sum(axis=1) == 0

    def _held_in(self, problem: Problem, gone: Any) -> Problem:
        reps = problem.reps
        least = np.array([self.of_rep(rep) for rep in reps.ids], dtype=np.int64)
        fixed = np.where(gone & (reps.fixed == NOT_SET), least, reps.fixed)
        return replace(
            problem,
            reps=replace(
                reps,
                min=np.maximum(reps.min, least),
                max=np.maximum(reps.max, least),
                capacity=np.maximum(reps.capacity, least),
                fixed=fixed,
            ),
        )

    def kept_in(self, content: Content) -> Content:
        """The solved plan with the amendment. Raises `ClosedMonthsNotKept`."""
        before = after = opened(content)
        # The same of the same solve, and another one of every other.
        reference = f"clo_{digest(content.manifest(None)).removeprefix('sha256:')[:26]}"
        try:
            for wanted in self._rounds(before):
                after = decide(after, self._decision(reference, wanted))
        except Refused as refused:
            raise ClosedMonthsNotKept(
                f"Months through {self.through} are closed, and {refused}. Release what is agreed, "
                "or use events and adjustments for the rest of the period.",
                closed_through=self.through,
            ) from None
        return whole(content, after)

    def _decision(self, reference: str, wanted: Sequence[Wanted]) -> Decision:
        return Decision(KIND, reference, wanted, None, through=self.through, beyond=True)

    def _rounds(self, solved: Amendable) -> Iterator[list[Wanted]]:
        """First the own unit of each, then what belongs to others, one of them at a time."""
        left: list[tuple[str, list[int], list[Sequence[int]], list[str]]] = []
        own: list[Wanted] = []
        for row, months in zip(solved.quotas, self._months(solved), strict=True):
            parts = self.carried.get(row["rep"], {})
            elsewhere = [unit for unit in parts if self._is_another(unit, row, solved)]
            for unit in elsewhere:
                _add(months, parts[unit], -1)
            if months != row["months"]:
                own.append(Wanted(row["rep"], sum(months), tuple(months)))
            if elsewhere:
                left.append((row["rep"], months, [parts[unit] for unit in elsewhere], elsewhere))
        yield own
        while left:
            abroad = []
            for rep, months, amounts, units in left:
                _add(months, amounts.pop(), 1)
                abroad.append(Wanted(rep, sum(months), tuple(months), units.pop()))
            yield abroad
            left = [entry for entry in left if entry[3]]

    def _is_another(self, unit: str | None, row: Row, solved: Amendable) -> TypeGuard[str]:
        """Whether it is a unit of the plan, and not that of the row, that something belongs to."""
        known = unit is not None and unit != row["unit"] and unit in solved.names.node
        return known and any(self.carried[row["rep"]][unit])

    def _months(self, solved: Amendable) -> list[list[int]]:
        """What the months of each row carry: the closed ones what is in force in them, the open
        ones the rest, as they were solved.
        """
        cells: IntArray = np.array([row["months"] for row in solved.quotas], dtype=np.int64)
        for row, own in zip(solved.quotas, cells, strict=True):
            own[: self.count] = 0
            for part in self.carried.get(row["rep"], {}).values():
                own[: self.count] += part
        quota = np.array([row["quota"] for row in solved.quotas], dtype=np.int64)
        rest, increment = quota - cells.sum(axis=1), solved.everybody.problem.increment
        found: list[list[int]] = moved(cells[:, None, :], rest, self.count, increment)[
            :, 0
        ].tolist()
        return found


def lines_in_months(
    row: Row, lines: Sequence[Mapping[str, Any]], places: Sequence[int]
) -> dict[Line, list[int]]:
    """What the months at these places of a stored row carry, by line; `lines`: the manifest's."""
    found: dict[Line, list[int]] = {}
    for number, months in row["lines"]:
        line = Line(lines[number]["product"], lines[number]["customer_type"])
        found[line] = [months[place] for place in places]
    return found


def _add(months: list[int], part: Sequence[int], sign: int) -> None:
    for place, amount in enumerate(part):
        months[place] += sign * amount


def in_months(row: Row, places: Sequence[int]) -> dict[str | None, list[int]]:
    """What the months at these places of a stored row carry, by the unit that it belongs to."""
    own = [row["months"][place] for place in places]
    found: dict[str | None, list[int]] = {row["unit"]: own}
    for _, _, *more in row.get("amended", ()):
        unit, moves = (*more, None, None)[:2]
        if unit is None or moves is None:
            continue
        there = found.setdefault(unit, [0] * len(places))
        for number, place in enumerate(places):
            there[number] += moves[place]
            own[number] -= moves[place]
    return found
