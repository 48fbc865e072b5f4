"""What targets of parts tell apart: blocks of reps, lines of business and spans of months.

A block are the reps whom no target tells apart and who sell the same lines; a span are the months
that no target tells apart. Reps stand in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final, Self

import numpy as np

from solver.allocation import Allocation
from solver.bounds import over_assignments
from solver.errors import Fault, InvalidProblem
from solver.hierarchy import Hierarchy, exact_sums, lay_out
from solver.problem import NOT_SET, BoolArray, FloatArray, IntArray, Problem
from solver.spread.coarse import Coarse
from solver.spread.fine import to_lines, to_months, to_spans
from solver.spread.lines import HARDLY, Line, Sellers, counted, lines_of, mix
from solver.spread.season import QUARTER, Season
from solver.targets import Target

CELLS: Final = 5_000_000
"""Reps x lines x months that are told apart at most."""
COARSE_CELLS: Final = 300_000
"""Blocks x lines x spans."""


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What quotas are told apart by; rows of reps are in the problem's row order."""

    targets: tuple[Target, ...]
    """Of parts, in minor units, before over-assignment; they agree (`solver.targets`). Sorted, so
    that the order in which they are stated changes nothing, not even the last bit of a sum."""
    lines: tuple[Line, ...]
    mix: FloatArray
    """(n, k) the part of each line in what a rep would sell; rows sum to 1."""
    season: Season
    months: range
    """Of the plan, counted `year * 12 + month - 1`."""
    kept: IntArray | None = None
    """(n, k, c) what the first c months carry and go on carrying; None: all months are open."""

    def __post_init__(self) -> None:
        targets = sorted(self.targets, key=lambda target: target.sort_key)
        object.__setattr__(self, "targets", tuple(targets))

    @classmethod
    def of(
        cls,
        problem: Problem,
        targets: Sequence[Target],
        months: range,
        *,
        season: Season,
        sold: FloatArray,
        fte: FloatArray,
    ) -> Self:
        """Parts for what the customers of reps would buy: `sold` (n, k) of each of
        `lines_of(targets)`, in minor units, and full-time equivalents `fte` (n,), > 0.

        The order of the reps does not matter.
        """
        lines = lines_of(targets)
        named = np.array([t.product is not None or t.customer_type is not None for t in targets])
        of_lines = counted(targets, lines) & named[:, None]
        asked = counts_reps(problem, targets).T @ of_lines
        in_all = [
            target.amount * len(months) / len(target.months or months) / max(count, 1)
            for target, count in zip(targets, of_lines.sum(axis=1).tolist(), strict=True)
        ]
        wanted = np.where(of_lines, np.array(in_all)[:, None], 0.0).max(axis=0, initial=0.0)
        ids = problem.reps.ids
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
        sellers = Sellers(
            sold=sold[order],
            potential=problem.reps.potential[order],
            fte=fte[order],
            asked=asked[order],
            wanted=wanted,
            total=float(problem.target),
        )
        mixed = mix(sellers)[np.argsort(order)]
        return cls(tuple(targets), lines, mixed, season, months)


def counts_reps(problem: Problem, targets: Sequence[Target]) -> BoolArray:
    """(m, n) whether each target is for each rep: for one of the unit or of units below it."""
    hierarchy = lay_out(problem)
    place = np.empty(len(problem.reps), dtype=np.int64)
    place[hierarchy.rep_row] = np.arange(len(place))
    nodes = _nodes(problem, targets, hierarchy)
    first, last = hierarchy.first[nodes][:, None], hierarchy.last[nodes][:, None]
    counts: BoolArray = (first <= place) & (place < last)
    return counts


@dataclass(frozen=True, eq=False)
class ToldApart:
    """Which blocks and columns there are. Rows of reps are in the order of their ids."""

    problem: Problem
    parts: Parts
    order: IntArray
    """(n,) rows of the problem, by id."""
    of_reps: BoolArray
    """(m, n) whether each target counts each rep."""
    block: IntArray
    """(n,)"""

    @classmethod
    def of(cls, problem: Problem, parts: Parts) -> ToldApart:
        ids = problem.reps.ids
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
        of_reps = counts_reps(problem, parts.targets)[:, order]
        alike = np.vstack((of_reps, parts.mix[order].T > 0))
        block = np.unique(alike, axis=1, return_inverse=True)[1].ravel()
        _, first_seen = np.unique(block, return_index=True)
        rank = np.empty_like(first_seen)
        rank[np.argsort(first_seen)] = np.arange(len(first_seen))
        told = cls(problem, parts, order, of_reps, rank[block])
        told.refuse_too_much()
        return told

    def refuse_too_much(self) -> None:
        n, (_, t) = len(self.order), self.parts.season.shares.shape
        cells = n * len(self.parts.lines) * t
        if cells > CELLS:
            reason = (
                f"tell {cells:,} parts of quotas apart (reps x lines x months); at most {CELLS:,} "
                "are possible: name fewer products or kinds of customers"
            )
            raise InvalidProblem([Fault("", None, "targets", reason)])
        if (coarse := len(self.first_of_block) * len(self.columns)) > COARSE_CELLS:
            reason = (
                f"tell {coarse:,} sums apart (sets of reps who sell the same x lines x spans of "
                f"months); at most {COARSE_CELLS:,} are possible: name fewer products, kinds of "
                "customers or periods"
            )
            raise InvalidProblem([Fault("", None, "targets", reason)])

    @property
    def closed(self) -> int:
        """How many months, the first ones, are kept as they are."""
        return 0 if self.parts.kept is None else self.parts.kept.shape[2]

    @cached_property
    def kept(self) -> IntArray:
        """(n, k, c) what these carry, by id."""
        if self.parts.kept is None:
            return np.zeros((*self.parts.mix.shape, 0), dtype=np.int64)
        return self.parts.kept[self.order]

    @cached_property
    def kept_of_targets(self) -> tuple[int, ...]:
        """(m,) what they carry of each target."""
        lines = counted(self.targets, self.parts.lines)
        months = self.in_months[: len(self.targets), : self.closed]
        return tuple(
            int(self.kept[reps][:, line][:, :, month].sum())
            for reps, line, month in zip(self.of_reps, lines, months, strict=True)
        )

    def open_part(self, quota: IntArray) -> IntArray:
        """(n,) by id, what is left of quotas (n,), by row, for the months that are open.

        Raises `InvalidProblem` where limits gave way and somebody has less than is kept.
        """
        left: IntArray = quota[self.order] - self.kept.sum(axis=(1, 2))
        if (left < 0).any():
            reason = (
                "leave people less than months that are closed carry, for limits gave way: ask for "
                "what people can carry"
            )
            raise InvalidProblem([Fault("", None, "targets", reason)])
        return left

    @cached_property
    def first_of_block(self) -> IntArray:
        return np.unique(self.block, return_index=True)[1]

    @cached_property
    def spans(self) -> list[IntArray]:
        """Months of the plan that no target tells apart, by their places."""
        months = range(self.closed, self.parts.season.shares.shape[1])
        spans: dict[bytes, list[int]] = {}
        for month in months:
            spans.setdefault(self.in_months[:, month].tobytes(), []).append(month)
        return [np.array(span) for span in spans.values()]

    @cached_property
    def in_months(self) -> BoolArray:
        """(m, t) whether each target counts each month, and each part of a given season."""
        months = self.parts.months
        rows = [[t.months is None or month in t.months for month in months] for t in self.targets]
        of_targets = np.array(rows, np.bool_).reshape(len(rows), len(months))
        return np.vstack((of_targets, self._seasoned))

    @cached_property
    def _seasoned(self) -> BoolArray:
        """Quarters, and months, of which a given season says exactly what everybody carries."""
        months = len(self.parts.months)
        places = [np.array(span) for span, _ in self._given]
        return np.array([np.isin(np.arange(months), own) for own in places], np.bool_).reshape(
            len(places), months
        )

    @cached_property
    def _given(self) -> list[tuple[range, Fraction]]:
        """Quarters and months by their places, and what part of all quotas a season gives them.

        None where nobody is there in some month.
        """
        company, months = self.parts.season.company, len(self.parts.months)
        nobody = ~self.parts.season.shares.any(axis=0)
        if not company or nobody.any() or self.closed:
            return []
        quarters = [range(k, min(k + QUARTER, months)) for k in range(0, months, QUARTER)]
        if len(company) == len(quarters):
            return [*zip(quarters, company, strict=True)]
        of_quarters = [sum((company[k] for k in span), Fraction(0)) for span in quarters]
        single = [range(k, k + 1) for k in range(months)]
        return [*zip(quarters, of_quarters, strict=True), *zip(single, company, strict=True)]

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.parts.targets

    @cached_property
    def columns(self) -> BoolArray:
        """(k * s, m) whether each target, and each month of a given season, counts the column."""
        lines = counted(self.targets, self.parts.lines)
        lines = np.vstack((lines, np.ones((len(self._seasoned), lines.shape[1]), np.bool_)))
        spans = self.in_months[:, [span[0] for span in self.spans]]
        both = lines[:, :, None] & spans[:, None, :]
        return both.reshape(len(lines), -1).T

    @cached_property
    def season(self) -> FloatArray:
        """(n, t) > 0, by id."""
        shares = self.parts.season.shares[self.order]
        return np.maximum(shares, HARDLY)

    @cached_property
    def in_spans(self) -> FloatArray:
        """(n, s) how a quota falls into spans, by id."""
        return np.column_stack([self.season[:, span].sum(axis=1) for span in self.spans])

    @cached_property
    def seed(self) -> FloatArray:
        """(n, k * s) of a quota of 1."""
        spans = self.in_spans
        if self.closed:
            spans = spans / spans.sum(axis=1, keepdims=True)
        cells = self.parts.mix[self.order][:, :, None] * spans[:, None, :]
        return cells.reshape(len(cells), -1)

    def coarse(self, allocation: Allocation) -> Coarse:
        quota = self.open_part(allocation.quota)
        blocks = len(self.first_of_block)
        sums = np.zeros(blocks, dtype=np.int64)
        np.add.at(sums, self.block, quota)
        seed = np.zeros((blocks, len(self.columns)))
        np.add.at(seed, self.block, np.maximum(quota, HARDLY)[:, None] * self.seed)
        of_blocks = self.of_reps[:, self.first_of_block]
        everybody = np.ones((len(self._seasoned), blocks), np.bool_)
        season = tuple(part * allocation.assigned for _, part in self._given)
        increments = np.full(len(season), self.problem.increment)
        return Coarse(
            seed=seed,
            sums=sums,
            targets=(*self._open_targets(wanted_of(allocation, self.targets)), *season),
            grain=np.append(np.ones(len(self.targets)), increments).astype(np.int64),
            of_blocks=np.vstack((of_blocks, everybody)),
            of_columns=self.columns.T,
        )

    def _open_targets(self, wanted: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """What open months are to carry of each target; nothing where closed ones carry more, and
        of targets that have no open month.
        """
        if not self.closed:
            return tuple(wanted)
        is_open = self.in_months[: len(self.targets), self.closed :].any(axis=1).tolist()
        pairs = zip(wanted, self.kept_of_targets, is_open, strict=True)
        return tuple(max(w - k, Fraction(0)) if is_open else Fraction(0) for w, k, is_open in pairs)

    def cells(self, quota: IntArray, table: IntArray) -> IntArray:
        """(n, k, t) the fine table, by id, of quotas (n,), by row."""
        found = self._open_cells(self.open_part(quota), table)
        found[:, :, : self.closed] += self.kept
        return found

    def _open_cells(self, quota: IntArray, table: IntArray) -> IntArray:
        increment, lines, spans = self.problem.increment, len(self.parts.lines), len(self.spans)
        of_blocks = table.reshape(-1, lines, spans)
        mix = self.parts.mix[self.order]
        of_lines = to_lines(mix, quota, self.block, of_blocks.sum(axis=2), increment)
        group = np.unique(self.of_reps, axis=1, return_inverse=True)[1].ravel()
        of_groups = np.zeros((int(group.max()) + 1, lines, spans), dtype=np.int64)
        np.add.at(of_groups, group[self.first_of_block], of_blocks)
        of_spans = to_spans(of_lines, self.in_spans, group, of_groups, increment)
        return to_months(of_spans, self.season, self.spans, increment)


def wanted_of(allocation: Allocation, targets: Sequence[Target]) -> tuple[Fraction, ...]:
    """(m,) the targets with their over-assignment."""
    nodes = _nodes(allocation.problem, targets, allocation.hierarchy).tolist()
    grown = {node: _grown(allocation, node) for node in {*nodes}}
    return tuple(t.amount * grown[node] for t, node in zip(targets, nodes, strict=True))


def _nodes(problem: Problem, targets: Sequence[Target], hierarchy: Hierarchy) -> IntArray:
    """(m,) the node of each target's unit."""
    node = {int(row): place for place, row in enumerate(hierarchy.unit_row.tolist())}
    row = {unit: place for place, unit in enumerate(problem.units.ids)}
    nodes = [0 if target.unit is None else node[row[target.unit]] for target in targets]
    return np.array(nodes, dtype=np.int64)


def _grown(allocation: Allocation, node: int) -> Fraction:
    """What over-assignment makes of one unit of money of a part of the node's business.

    It is what the nearest target above it with the same share comes to, in exact fractions, so that
    parts that add up to a target still do with their over-assignment.
    """
    h, problem = allocation.hierarchy, allocation.problem
    share = over_assignments(problem, allocation.policy, h)
    targets = np.append(problem.units.target, problem.target)[h.unit_row]
    carried = exact_sums(allocation.rounded, h.first, h.last)
    for above in h.ancestors(node):
        if share[above] == share[node] and targets[above] not in {NOT_SET, 0}:
            return Fraction(int(carried[above]), int(targets[above]))
    return 1 + Fraction(repr(float(share[node])))
