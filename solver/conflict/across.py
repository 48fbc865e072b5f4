"""Rules across the tree that contradict the tree, which can hold without them, or each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from solver.conflict.elastic import Contradiction, Elastic
from solver.conflict.names import ENDS, Names, limit_of_row
from solver.conflict.rows import Ends, irreducible
from solver.conflict.tree import Told
from solver.conflict.words import about_a_row, about_a_torn_row
from solver.coupled.coupling import Coupling
from solver.errors import LinearProgramFailed
from solver.infeasibility import Rule
from solver.mending.relaxed_rows import least_breach, relaxed_rows
from solver.problem import BoolArray
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
            return self._told_of_a_torn_row(self._torn[0])
        if self._contradiction is None:
            return None
        ends = Ends(self.names, self.elastic)
        found = irreducible(ends, self._contradiction)
        rules = list(found.ends.named(found.kept))
        moved = self._moved()
        subject = next(rule for rule in rules if rule.name in moved)
        needed, others = moved[subject.name], "all other rules"
        if len(moved) > 1:
            needed = _needed(found.ends, found.kept, subject)
            others = "the other rules of this conflict"
        elif self.elastic.case.wide.any():  # such a row moves on further than it must
            needed = _needed(ends, ends.everything, subject)
        words = about_a_row(self.coupling, subject, needed, others)
        if len(moved) > 1:
            words += (f" In all, {len(moved):,} rules across the organisation give way.",)
        if not found.tried:
            words += (" Whether each rule of this conflict is needed could not be told.",)
        return (subject, *(rule for rule in rules if rule != subject)), words

    @cached_property
    def _torn(self) -> list[int]:
        """The rows whose own minimum lies above their own maximum."""
        torn: list[int] = np.flatnonzero(self.coupling.min > self.coupling.max).tolist()
        return torn

    def _told_of_a_torn_row(self, k: int) -> Told:
        least, most = (self.names.of_row(k, end) for end in ENDS)
        entries = slice(self.coupling.start[k], self.coupling.start[k + 1])
        coefficient = self.coupling.coefficient[entries]
        if least.value > 0 and np.all(coefficient <= 0):
            return (least,), about_a_row(self.coupling, least, 0, "quotas of 0 or more")
        if most.value < 0 and np.all(coefficient >= 0):
            return (most,), about_a_row(self.coupling, most, 0, "quotas of 0 or more")
        return (least, most), about_a_torn_row(least, most)

    @cached_property
    def _contradiction(self) -> Contradiction | None:
        limits = self.elastic.limits(self.names.bounds, self.coupling)
        return self.elastic.contradiction(limits)

    def _moved(self) -> dict[str, float]:
        """The rules of rows that the relaxation changes, and their new limits."""
        after = replace(self.names, coupling=self.mended)
        pairs = (
            (self.names.of_row(k, end), after.of_row(k, end))
            for k in range(len(self.coupling))
            for end in ENDS
        )
        return {new.name: new.value for old, new in pairs if old != new}


def _needed(ends: Ends, kept: BoolArray, subject: Rule) -> float:
    """How far a rule must give way for the others of the conflict; nan where nobody can tell."""
    places = enumerate(ends.coupling.name)
    row, end = next(
        (k, end) for k, _ in places for end in ENDS if ends.names.of_row(k, end) == subject
    )
    others = kept.copy()
    others[ends.rule[ends.start[4 if end == "min" else 5] + row]] = False
    try:
        breached = least_breach(ends.elastic, ends.limits(others), row, end)
    except LinearProgramFailed:
        return np.nan
    return float(limit_of_row(breached, row, end))
