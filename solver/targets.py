"""Targets at any level, and whether they agree.

A target says what is to be sold of one measure: in all, or the part of a unit, a product, a kind of
customer, some months, or of several of these at once. Targets agree where some table

    unit x product x kind of customer x month,   no cell below 0

has every one of them as its sum. Products and kinds of customers that no target names are one more
product and kind, so the parts that are named may stay below the whole, never above it. Months are
all there are, and so are the units that have reps. Cells that no target tells apart are one cell.

That is an allocation with one group of cells for each target. So `solver.conflict` names the
targets that cannot hold together, and what would mend them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress
from typing import Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.infeasibility import Infeasibility
from solver.mending.asked import Asked
from solver.policy import Group, Policy
from solver.problem import AMOUNT_LIMIT, COMPANY, BoolArray, IntArray, Problem, Reps, Units
from solver.solve import read
from solver.watch import Watch

_ELSEWHERE: Final = "elsewhere"
"""The cell that takes the rest where the whole is no target."""
_EXACT: Final = 1e-6
"""How far the times that targets count a cell may lie from whole numbers."""
_NO_WHOLE: Final = (
    "do not say what the company is to sell in all: add one for everything (without unit, product, "
    "customer_type and period), or targets that add up to it"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be sold, in minor units; None stands for all of them."""

    amount: int
    unit: str | None = None
    product: str | None = None
    customer_type: str | None = None
    months: range | None = None
    """Counted `year * 12 + month - 1`."""

    @property
    def name(self) -> str:
        """What it is of, in the caller's own words: `east × new × 2027-01/2027-06`."""
        ends = [] if self.months is None else [self.months[0], self.months[-1]]
        months = (f"{month // 12:04d}-{month % 12 + 1:02d}" for month in dict.fromkeys(ends))
        parts = (self.unit, self.product, self.customer_type, "/".join(months) or None)
        return " × ".join(part for part in parts if part is not None) or "the company"

    @property
    def is_whole(self) -> bool:
        """Whether it is the company's, of everything and all the time."""
        return self.is_of_units and self.unit is None

    @property
    def is_of_units(self) -> bool:
        """Whether it is of everything and all the time."""
        return self.product is None and self.customer_type is None and self.months is None

    @property
    def sort_key(self) -> tuple[str, str, str, int, int, int]:
        """Sorted by it, the order in which targets are stated changes nothing."""
        months = self.months or range(0)
        names = (self.unit or "", self.product or "", self.customer_type or "")
        return (*names, months.start, months.stop, self.amount)


@dataclass(frozen=True, slots=True)
class Agreed:
    """Targets that agree."""

    total: int
    """What the company is to sell in all."""
    of_units: dict[str, int]
    """What units are to sell in all, by their ids."""
    margins: tuple[Target, ...]
    """The other targets: parts by product, kind of customer or months."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Targets that cannot hold together, by their places in the list."""

    targets: tuple[int, ...]
    """Irreducible: without any one of them the others agree."""
    mended: tuple[tuple[int, int], ...]
    """Targets and what they would have to be, so that all agree: the least change."""


def agree(
    targets: Sequence[Target],
    units: Units,
    staffed: IntArray,
    months: range,
    watch: Watch | None = None,
) -> Agreed | Disagreement:
    """Whether the targets of one measure agree, and on what.

    `staffed` are the rows of the units that have reps of their own, `COMPANY` for reps who hang on
    the company; `months` are those of the plan. Raises `InvalidProblem` with every target that
    makes no sense by itself, and where no targets add up to the whole company.
    """
    told = [_told(target, months) for target in targets]
    if faults := list(_Table(tuple(told), units, staffed, months).faults()):
        raise InvalidProblem(faults)
    order = sorted(range(len(told)), key=lambda k: told[k].sort_key)
    table = _Table(tuple(told[k] for k in order), units, staffed, months)
    if found := table.asked.diagnosed(watch):
        return table.disagreement(found, order)
    return Agreed(
        total=table.total,
        of_units={t.unit: t.amount for t in told if t.is_of_units and t.unit is not None},
        margins=tuple(target for target in told if not target.is_of_units),
    )


def _told(target: Target, months: range) -> Target:
    """The same without months where they are all of them."""
    return replace(target, months=None) if target.months == months else target


@dataclass(frozen=True, eq=False)
class _Table:
    """The cells that the targets tell apart, and which target counts which."""

    targets: tuple[Target, ...]
    units: Units
    staffed: IntArray
    months: range

    def faults(self) -> Iterator[Fault]:
        """Every target that makes no sense by itself."""
        if not self.targets:
            yield Fault("", None, "targets", "at least one target is needed")
        for row, target in enumerate(self.targets):
            if not 0 <= target.amount <= AMOUNT_LIMIT:
                reason = f"must be an amount of 0 to {AMOUNT_LIMIT}"
                yield Fault("targets", row, "amount", reason)
            if target.unit is not None and target.unit not in self.place:
                yield Fault("targets", row, "unit", "names no unit")
            elif target.amount and not self._reps_of(target.unit).any():
                yield Fault("targets", row, "unit", "has no reps who could carry it")
            if target.months is not None and not _within(target.months, self.months):
                yield Fault("targets", row, "period", "is no part of the plan's period")

    @cached_property
    def place(self) -> dict[str, int]:
        return {unit: row for row, unit in enumerate(self.units.ids)}

    @cached_property
    def whole(self) -> int | None:
        """The place of the target of the whole company."""
        return next((k for k, target in enumerate(self.targets) if target.is_whole), None)

    @cached_property
    def total(self) -> int:
        """What the company is to sell in all: its target, or targets that count each cell once."""
        if self.whole is not None:
            return self.targets[self.whole].amount
        from scipy.optimize import nnls

        parts, miss = nnls(self.counted.T.astype(np.float64), np.ones(self.counted.shape[1]))
        taken = np.rint(parts)
        if self._open or miss > _EXACT or np.abs(parts - taken).max() > _EXACT:
            raise InvalidProblem([Fault("", None, "targets", _NO_WHOLE)])
        return sum(t.amount for t, part in zip(self.targets, taken.tolist(), strict=True) if part)

    @cached_property
    def asked(self) -> Asked:
        """The allocation to the cells. Where the whole is no target, one more cell takes the rest,
        so that only targets can contradict each other.
        """
        amounts = [target.amount for target in self.targets]
        cells = [str(cell) for cell in range(self.counted.shape[1])]
        groups = tuple(
            Group(str(k), tuple(compress(cells, counted)), min=amount, max=amount)
            for k, (amount, counted) in enumerate(zip(amounts, self.counted, strict=True))
            if k != self.whole and counted.any()
        )
        if self.whole is None:
            cells.append(_ELSEWHERE)
        total = sum(amounts) if self.whole is None else amounts[self.whole]
        reps = Reps.of(cells, reach=np.ones(len(cells)))
        return read(Problem(total, reps, Units.of(())), Policy(groups=groups))

    def disagreement(self, found: Infeasibility, order: Sequence[int]) -> Disagreement:
        """In places of targets what the allocation tells by the names of its rules; `order` is
        where each target stood.
        """
        ends = {order[self._of(rule.name)] for rule in found.conflict}
        changes = {order[self._of(change.name)]: int(change.after) for change in found.relaxation}
        return Disagreement(tuple(sorted(ends)), tuple(sorted(changes.items())))

    def _of(self, rule: str) -> int:
        """The target that a rule stands for: `target`, or `group:K:min` and `group:K:max`."""
        if rule == "target" and self.whole is not None:
            return self.whole
        return int(rule.split(":")[1])

    @cached_property
    def counted(self) -> BoolArray:
        """(k, c) whether each target counts each cell that any target counts."""
        return self._cells[:, self._cells.any(axis=0)]

    @property
    def _open(self) -> bool:
        """Whether something can be sold that no target counts."""
        return not self._cells.any(axis=0).all()

    @cached_property
    def _cells(self) -> BoolArray:
        counted = np.ones((len(self.targets), 1), np.bool_)
        for column in (
            [self._reps_of(target.unit) for target in self.targets],
            _named([target.product for target in self.targets]),
            _named([target.customer_type for target in self.targets]),
            [self._in(target.months) for target in self.targets],
        ):
            parts = np.unique(np.array(column), axis=1)
            both = counted[:, :, None] & parts[:, None, :]
            counted = np.unique(both.reshape(len(self.targets), -1), axis=1)
        return counted

    def _reps_of(self, unit: str | None) -> BoolArray:
        """(s,) which of the units that have reps belong to a unit."""
        if unit is None:
            return np.ones(len(self.staffed), np.bool_)
        top = self.place[unit]
        return np.array([top in above for above in self._lineage], np.bool_)

    @cached_property
    def _lineage(self) -> list[set[int]]:
        """(s,) each unit that has reps, and all above it."""
        return [{*self._above(row)} for row in self.staffed.tolist()]

    def _above(self, unit: int) -> Iterator[int]:
        while unit != COMPANY:
            yield unit
            unit = int(self.units.parent[unit])

    def _in(self, months: range | None) -> BoolArray:
        """(m,) which months of the plan count."""
        return np.array([months is None or month in months for month in self.months], np.bool_)


def _named(names: Sequence[str | None]) -> list[BoolArray]:
    """For each target which of the names it counts, the last of all others."""
    every = sorted({name for name in names if name is not None})
    return [
        np.array([name is None or name == other for other in (*every, None)], np.bool_)
        for name in names
    ]


def _within(part: range, whole: range) -> bool:
    return bool(part) and part.start >= whole.start and part.stop <= whole.stop
