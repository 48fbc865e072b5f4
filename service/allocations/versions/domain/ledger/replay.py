"""What was changed since a plan was solved: the ledger of amendments, replayed.

A version is a solved plan and a ledger. The certificate proves what was solved; the ledger leads
from there to what people carry, one decision after the other:

    row        solved + changes = quota         amended: [number of the amendment, change], …
    manifest   amendments[number]               whom it is about, who carries it, from which month
               locks, frozen, reserves          what later decisions keep
               beyond                           limits of the solve that are not kept any more

Who carries what of a decision is not stated but follows: it is computed again (`solver.amend`) and
compared in whole numbers, and so are months, where a change does not say which ones it moves.
Authors and reasons stand beside the chain, never in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from service.allocations.lines import cells_of
from service.allocations.versions.domain.ledger.named import Change, Names, month_names_of
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import Manifest
from service.allocations.versions.domain.written.rows import QuotaRow
from solver.allocation import Allocation
from solver.amend import CannotCarry, Standing, amended, moved
from solver.problem import IntArray

LEDGER: Final = ("amendments", "locks", "frozen", "reserves", "beyond")
"""Members of a manifest; a plan as it was solved has none of them."""
CHECK: Final = "ledger"
"""What the check of them is called."""


_SOLVED_WITH: Final = frozenset({"import", "closed_months"})
"""Kinds of amendments that a solve brings along, as the first of its ledger."""


def goes_on(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> bool:
    """Whether amendments go on from those of another version, and not from a solve of their own."""
    solved = bool(after) and after[0]["kind"] in _SOLVED_WITH and after[:1] != before[:1]
    return not solved and [*after[: len(before)]] == [*before]


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """Quotas at one moment, in the order of the rows, and what they carry by lines and months."""

    plan: Allocation
    """Of everybody, those who are new included; its quotas are not looked at."""
    quota: IntArray
    """(n,)"""
    cells: IntArray | None
    """(n, k, t) by lines (one where there are none) and months (one where there are none); None
    where there are neither."""
    elsewhere: IntArray
    """(m + 1, t) what reps carry for a unit that is not their own; what they carry less for their
    own is below 0. Not added up the organisation. t is 1 without months."""

    @classmethod
    def solved(cls, manifest: Manifest, plan: Allocation, rows: Sequence[QuotaRow]) -> Book:
        """As the plan was solved."""
        quota = np.array([row.get("solved", row["quota"]) or 0 for row in rows], dtype=np.int64)
        months = len(month_names_of(manifest)) or 1
        elsewhere = np.zeros((plan.hierarchy.nodes, months), dtype=np.int64)
        return cls(plan, quota, _solved_cells(manifest, rows, months), elsewhere)

    def standing(self, first_open: int) -> Standing:
        """What a change that begins in this month finds: closed months are a floor."""
        limits = self.plan.bounds
        floor = limits.lowest
        if self.cells is not None and first_open:
            floor = np.maximum(floor, self.cells[:, :, :first_open].sum(axis=(1, 2)))
        return Standing(
            hierarchy=self.plan.hierarchy,
            quota=self.quota,
            floor=floor,
            cap=limits.highest,
            unit_min=limits.unit_min,
            unit_max=limits.unit_max,
            increment=self.plan.problem.increment,
        )

    def after(self, change: Change) -> Book:
        """Raises `CannotCarry`."""
        quota = amended(self.standing(change.first_open), change.amendment)
        difference = quota - self.quota
        cells = self.cells
        if cells is not None:
            stated = difference.copy()
            stated[[*change.moves]] = 0
            cells = moved(cells, stated, change.first_open, self.plan.problem.increment)
            for place, moves in change.moves.items():
                cells[place] = _moved_by_month(cells[place], moves)
        book = replace(self, quota=quota, cells=cells)
        return replace(book, elsewhere=self._elsewhere(book, change))

    def _elsewhere(self, after: Book, change: Change) -> IntArray:
        if not change.units:
            return self.elsewhere
        found, own = self.elsewhere.copy(), self.plan.hierarchy.rep_node
        for place, node in change.units.items():
            difference = after.of_rep(place) - self.of_rep(place)
            found[node] += difference
            found[own[place]] -= difference
        return found

    def of_rep(self, place: int) -> IntArray:
        """(t,) what a rep carries by month."""
        return np.asarray(self.of_reps(np.array([place]))[0])

    def of_reps(self, places: IntArray) -> IntArray:
        """(p, t) what these reps carry by month."""
        if self.cells is None:
            return self.quota[places, None]
        return np.asarray(self.cells[places].sum(axis=1))

    @property
    def sums(self) -> IntArray:
        """(m + 1,) what each unit carries."""
        h = self.plan.hierarchy
        before = np.append(0, np.cumsum(self.quota))
        return np.asarray(before[h.last] - before[h.first] + self._moved_up.sum(axis=1))

    @property
    def months(self) -> tuple[IntArray, IntArray] | None:
        """(n, t) the months of the reps and (m + 1, t) of the units; None without any."""
        if self.cells is None:
            return None
        h = self.plan.hierarchy
        reps = self.cells.sum(axis=1)
        before = np.vstack((np.zeros_like(reps[:1]), np.cumsum(reps, axis=0)))
        return reps, before[h.last] - before[h.first] + self._moved_up

    @property
    def _moved_up(self) -> IntArray:
        found = self.elsewhere.copy()
        for node in range(self.plan.hierarchy.nodes - 1, 0, -1):
            found[self.plan.hierarchy.parent[node]] += found[node]
        return found


def _moved_by_month(cells: IntArray, moves: Sequence[int]) -> IntArray:
    """(k, t) the cells of one rep, each month moved by its own amount."""
    if len(cells) == 1:
        return np.asarray(cells + np.array(moves))
    by_month = cells.T[:, :, None]
    return np.asarray(moved(by_month, np.array(moves), 0)[:, :, 0].T)


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """What a ledger comes to."""

    book: Book
    faults: tuple[str, ...]


def replay(manifest: Manifest, plan: Allocation, rows: Sequence[QuotaRow]) -> Replayed:
    """Go through the ledger of a version; a fault is a sentence about what does not follow.

    `plan` is of all rows, in their order. Raises `UnreadableProof`.
    """
    book, faults = Book.solved(manifest, plan, rows), list[str]()
    names = Names.of(manifest, plan)
    entries = _entries(manifest, rows)
    for number, (part, own) in enumerate(zip(manifest.get("amendments", []), entries, strict=True)):
        change = names.change_of(part, own, book.quota)
        if not names.are_below(change, plan):
            faults.append(f"amendments.{number}: not all whom it names are below its unit")
            break
        try:
            after = book.after(change)
        except CannotCarry:
            faults.append(f"amendments.{number}: those who should carry it cannot")
            break
        stated = np.zeros_like(book.quota)
        stated[[*own]] = [entry[1] for entry in own.values()]
        faults += _other_changes(number, after.quota - book.quota, stated, rows)
        if int(stated.sum()) != part["change"]:
            faults.append(f"amendments.{number}.change is not the sum of its changes")
        if part["kind"] == "unit_solve" and part["change"]:
            faults.append(f"amendments.{number} changes what its unit carries")
        book = after
    return Replayed(book, tuple(faults))


def _other_changes(
    number: int, follows: IntArray, stated: IntArray, rows: Sequence[QuotaRow]
) -> Iterator[str]:
    for place in np.flatnonzero(follows != stated).tolist():
        yield (
            f"quotas.{rows[place]['rep']}.amended says that amendment {number} changes it by "
            f"{stated[place]:,}, and {follows[place]:,} follows"
        )


def _entries(manifest: Manifest, rows: Sequence[QuotaRow]) -> list[dict[int, Any]]:
    """The entries of each amendment, by the places of the reps."""
    found: list[dict[int, Any]] = [{} for _ in manifest.get("amendments", [])]
    for place, row in enumerate(rows):
        if ("solved" in row) != ("amended" in row):
            raise UnreadableProof(f"quotas.{row['rep']}: solved and amended belong together")
        last = -1
        for entry in row.get("amended", []):
            number, change = entry[:2]
            if type(number) is not int or type(change) is not int or number >= len(found):
                raise UnreadableProof(f"quotas.{row['rep']}.amended names no amendment")
            if number <= last:
                raise UnreadableProof(f"quotas.{row['rep']}.amended is not in order")
            found[number][place] = entry
            last = number
    return found


def _solved_cells(manifest: Manifest, rows: Sequence[QuotaRow], months: int) -> IntArray | None:
    """(n, k, t) what quotas carried by lines and months when they were solved."""
    lines = manifest.get("lines")
    if lines is not None:
        pairs: Any = [row.get("solved_lines", row.get("lines") or []) for row in rows]
        try:
            return cells_of(pairs, len(lines), months)
        except (IndexError, TypeError, ValueError) as reason:
            raise UnreadableProof(f"lines of quotas cannot be read: {reason}") from None
    if manifest.get("season") is None:
        return None
    stated = [row.get("solved_months", row.get("months")) or [] for row in rows]
    if any(len(own) != months for own in stated):
        raise UnreadableProof("quotas have not the months of the period")
    return np.array(stated, dtype=np.int64)[:, None, :]
