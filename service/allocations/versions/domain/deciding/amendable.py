"""A version whose quotas can be amended: as it is stored, and as it will be stored.

Only rows that an amendment touches are written again, and the rows of units; all others keep their
bytes, and so do the chunks of units that nothing touches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from service.allocations.versions.domain.ledger.named import Names, carried_by_unit
from service.allocations.versions.domain.ledger.replay import LEDGER, Book, replay
from service.allocations.versions.domain.ledger.workplace import Workplace, workplace
from service.allocations.versions.domain.proof.amended import (
    Stands,
    decided_about,
    solved_part,
    told_amended,
    with_months_of,
)
from service.allocations.versions.domain.proof.claim import certificate_of
from service.allocations.versions.domain.proof.retold import Retold, plan_of
from service.allocations.versions.domain.proof.stated_lines import retold_lines
from service.allocations.versions.domain.proof.stated_months import retold_months
from service.allocations.versions.domain.written.content import Content, Row, revised
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import FrozenPart, Manifest, read_manifest
from service.allocations.versions.domain.written.rows import (
    QuotaRow,
    read_quotas,
    read_rules,
    read_units,
)
from solver.allocation import Allocation
from solver.certificate import layout_of
from solver.problem import IntArray


@dataclass(frozen=True, eq=False)
class Amendable:
    """A version that can be amended: its rows as they are stored, and its quotas as they stand."""

    manifest: Manifest
    units: Sequence[Row]
    quotas: Sequence[Row]
    solved: Allocation
    """The plan as it was solved, without those who are new since."""
    book: Book
    names: Names
    entries: Mapping[int, Sequence[Any]]
    """What the rows are to say in `amended`, by place; those of the stored rows included."""

    @classmethod
    def of(
        cls,
        manifest: Mapping[str, Any],
        units: Sequence[Row],
        quotas: Sequence[Row],
        rules: Sequence[Row],
    ) -> Self:
        """A stored version. Raises `UnreadableProof`."""
        read, rows = read_manifest({**manifest}), read_quotas([*quotas])
        of_units, of_rules = read_units([*units]), read_rules([*rules])
        whole, solved = solved_part(read, rows)
        certificate = certificate_of(whole, of_units, of_rules, solved)
        hierarchy = layout_of(certificate)
        if hierarchy is None:
            raise UnreadableProof("its rows are not in order")
        plan = plan_of(whole, certificate, hierarchy, of_units, solved)
        everybody = decided_about(plan, whole, of_units, of_rules, rows)
        found = replay(read, everybody, rows)
        if found.faults:
            raise UnreadableProof(found.faults[0])
        entries = {k: own for k, row in enumerate(rows) if (own := row.get("amended"))}
        names = Names.of(read, everybody)
        return cls(read, units, quotas, plan, found.book, names, entries)

    @property
    def everybody(self) -> Allocation:
        return self.book.plan

    def carried_in(self, place: int) -> dict[str | None, IntArray]:
        """(t,) what somebody carries in each unit by month, the own one first."""
        own: str | None = self.quotas[place]["unit"]
        months = self.book.of_rep(place)
        return carried_by_unit(own, months, self.entries.get(place, ()))

    def works_in(self, place: int, first_open: int) -> Workplace | None:
        """Where somebody works from a month on; None: for several units in the end."""
        return workplace(self.carried_in(place), first_open)

    def at_home(self, first_open: int) -> IntArray:
        """(n,) what each one carries in the own unit, in the months from that one on."""
        book = self.book
        found = book.quota if book.cells is None else book.cells[:, :, first_open:].sum(axis=(1, 2))
        found = np.array(found)
        for place, entries in self.entries.items():
            if any(len(entry) > 2 and entry[2] is not None for entry in entries):
                months = self.carried_in(place)[self.quotas[place]["unit"]]
                found[place] = months[first_open:].sum()
        return found

    @cached_property
    def below_nothing(self) -> Sequence[str]:
        """The units that carry less than nothing in a month, because somebody of them works
        elsewhere then: no version says such a thing.
        """
        months = self.book.months
        if months is None:
            return ()
        ids = self.everybody.problem.units.ids
        return [ids[k] for k in np.flatnonzero((months[1][1:] < 0).any(axis=1)).tolist()]

    @cached_property
    def rows(self) -> Sequence[QuotaRow]:
        """The stored rows, with the entries that they are to have."""
        rows: Any = self.quotas
        return [
            row | {"amended": self.entries[k], "solved": row.get("solved", row["quota"])}
            if k in self.entries
            else row
            for k, row in enumerate(rows)
        ]

    @cached_property
    def stands(self) -> Stands:
        return Stands.of(self.everybody, self.book, self.manifest, self.rows)

    def with_ledger(self, book: Book, entries: Mapping[int, Sequence[Any]], **members: Any) -> Self:
        """With these members of the manifest, and rows that come to this."""
        manifest: Any = {**{name: [] for name in LEDGER}, **self.manifest, **members}
        return replace(self, manifest=manifest, book=book, entries=entries)

    def keeping(self, envelopes: Sequence[FrozenPart]) -> Self:
        """With these envelopes, which whatever is decided has to keep."""
        if envelopes == self.manifest.get("frozen", []):
            return self
        return self.with_ledger(self.book, self.entries, frozen=[*envelopes])

    def content(self) -> Content:
        """The version to be stored: a ledger longer than the one that was read."""
        stands = self.stands
        told = Retold({**self.manifest}, [*self.units], self._of_solved_people())
        told = told_amended(told, stands, self.manifest)
        whole, solved = solved_part(self.manifest, self.rows)
        months = retold_months(whole, self.solved, solved, stands.company_months)
        told = with_months_of(told, stands, months)
        rows = [
            self._row(place, figures) if place in self.entries else row
            for place, (row, figures) in enumerate(zip(self.quotas, told.quotas, strict=True))
        ]
        lines = retold_lines(self.manifest, stands.plan, rows)  # type: ignore[arg-type]
        units = [row | own for row, own in zip(self.units, told.units, strict=True)]
        facts: Row = {**self.manifest, **told.facts, **lines}
        if self.manifest.get("season") is not None:
            facts["season"] = {**self.manifest["season"], **told.facts["season"]}  # type: ignore[dict-item]
        return revised(facts, units, rows, self._touched_units())

    def _of_solved_people(self) -> list[Row]:
        return [row for row in self.quotas if row.get("solved", 0) is not None]

    def _row(self, place: int, figures: Row) -> Row:
        row = {**self.quotas[place]}
        if "solved" not in row:
            row["solved"] = row["quota"]
            for name in ("months", "lines"):
                if row.get(name) is not None:
                    row[f"solved_{name}"] = row[name]
        # `figures` begin with what was stored: fewer amendments, where some are stored already
        return row | figures | {"amended": [*self.entries[place]]}

    def _touched_units(self) -> set[str | None]:
        """The units of rows that do not say yet what they are to say."""
        return {
            self.quotas[place]["unit"]
            for place, own in self.entries.items()
            if len(self.quotas[place].get("amended", ())) < len(own)
        }
