"""Rules across the tree that contradict the tree, which can hold without them, or each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from solver.conflict.names import Names, limit_of_row
from solver.conflict.rows import Ends, irreducible
from solver.conflict.tree import Told
from solver.conflict.words import about_a_row, about_a_torn_row
from solver.coupling import Coupling
from solver.elastic import Elastic
from solver.errors import LinearProgramFailed
from solver.problem import BoolArray
from solver.relaxed_rows import least_breach, relaxed_rows
from solver.simplex import Contradiction
from solver.watch import Watch


@dataclass(frozen=True, eq=False)
class Across:
    """The rows of an allocation, beside a tree that can hold."""

    names: Names
    coupling: Coupling
    elastic: Elastic

    @classmethod
    def of(cls, names: Names, coupling: Coupling, watch: Watch | None) -> Across:
        elastic = Elastic.of(names.hierarchy, names.bounds, coupling, watch)
        return cls(replace(names, coupling=coupling), coupling, elastic)

    @property
    def holds(self) -> bool:
        return not self._torn and self._contradiction is None

    @cached_property
    def mended(self) -> Coupling:
        """The closest rows that can hold."""
        if self.holds:
            return self.coupling
        return relaxed_rows(self.elastic, self.names.bounds, self.coupling)

    def told(self) -> Told | None:
        """An irreducible conflict and what is said about it, or None where all can hold."""
        if self._torn:
            least, most = (self.names.of_row(self._torn[0], end) for end in ("min", "max"))
            return (least, most), about_a_torn_row(least, most)
        if self._contradiction is None:
            return None
        ends = Ends(self.names, self.elastic)
        kept = irreducible(ends, self._contradiction)
        moved = self._moved(ends)
        subject = int(np.flatnonzero(kept & moved)[0])
        count = int(moved.sum())
        row, end = ends.row_of(subject)
        rule = self.names.of_row(row, end)
        words = about_a_row(
            self.coupling,
            row,
            rule,
            self._needed(ends, kept, subject, alone=count == 1),
            "all other rules" if count == 1 else "the other rules of this conflict",
        )
        if count > 1:
            words += (f" In all, {count:,} rules across the organisation give way.",)
        others = (other for other in ends.named(kept) if other != rule)
        return (rule, *others), words

    @cached_property
    def _torn(self) -> list[int]:
        """The rows whose own minimum lies above their own maximum."""
        torn: list[int] = np.flatnonzero(self.coupling.min > self.coupling.max).tolist()
        return torn

    @cached_property
    def _contradiction(self) -> Contradiction | None:
        answer = self.elastic.solve(self.elastic.limits(self.names.bounds, self.coupling))
        return answer if isinstance(answer, Contradiction) else None

    def _moved(self, ends: Ends) -> BoolArray:
        """The rules of rows that the relaxation changes, by number."""
        before, after = self.coupling, self.mended
        moved = np.zeros(len(ends.limit), dtype=bool)
        wider = after.tolerance > before.tolerance
        moved[ends.start[4] : ends.start[5]] = (after.min < before.min) | wider
        moved[ends.start[5] :] = (after.max > before.max) | wider
        numbers = np.zeros_like(moved)
        numbers[ends.rule[moved & (ends.rule >= 0)]] = True
        return numbers

    def _needed(self, ends: Ends, kept: BoolArray, subject: int, *, alone: bool) -> float:
        """How far a rule would have to give way; nan where nobody can tell.

        Where it gives way alone, for all other rules; else for the others of the conflict.
        """
        row, end = ends.row_of(subject)
        if alone:
            return float(limit_of_row(self.mended, row, end))
        others = kept.copy()
        others[subject] = False
        try:
            breached = least_breach(self.elastic, ends.limits(others), row, end)
        except LinearProgramFailed:
            return np.nan
        return float(limit_of_row(breached, row, end))
