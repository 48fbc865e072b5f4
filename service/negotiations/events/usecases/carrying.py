"""Who carries what an event leaves open, as decisions about the version that it changes.

What stays inside one unit is one decision, whose carriers anybody can compute again. Somebody who
comes from another unit brings a part of a quota that belongs elsewhere: that part, and what others
carry for it, are stated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from service.allocations.infeasible import in_words
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.amending import ChangeNotCarried, Fetched
from service.kit.errors import Fault, InvalidInput
from service.kit.money import from_minor
from service.negotiations.events.domain.kinds import EventKind
from service.negotiations.events.domain.seating import holders
from service.negotiations.events.usecases.new_target import of_frozen, open_part
from service.negotiations.events.usecases.outcome import Outcome
from service.negotiations.events.usecases.rows import Rows
from service.negotiations.events.usecases.standing import InForce
from solver.amend import CannotCarry, Funding, shared, shared_inside
from solver.problem import IntArray
from solver.seats import Seats, with_amounts

type Months = tuple[int, ...]

FUNDINGS: Final[tuple[Funding, ...]] = ("siblings", "parent", "reserve", "unfunded")


@dataclass(frozen=True, slots=True)
class Carried:
    """An event with everybody who carries the difference."""

    outcome: Outcome
    found: Fetched
    """What stood."""
    after: Amendable
    """What stands then."""
    funding: Funding | None


def carried(
    standing: InForce, outcome: Outcome, rows: Rows, funding: Funding | None, reference: str
) -> Carried:
    """Let others carry what is left open; `rows` are those of `all_rows`. Needs no database.

    Raises InvalidInput where the funding is missing or cannot be had, ChangeNotCarried, and
    VersionDamaged.
    """
    found = _opened(standing, rows)
    plan = _Deciding(standing, outcome, found, funding, reference)
    after = plan.after()
    whole = replace(outcome, others=plan.others(after), after=_seats_of(outcome, after))
    return Carried(whole, found, after, plan.told_funding)


def _opened(standing: InForce, rows: Rows) -> Fetched:
    number = standing.head.number
    try:
        version = Amendable.of(rows.manifest, rows.units, rows.quotas, rows.rules)
    except UnreadableProof as reason:
        raise VersionDamaged(f"Version {number} is not proved: {reason}.") from None
    version = version.keeping(rows.envelopes)
    return Fetched(standing.plan.id, number, standing.head.hash, standing.digits, version)


def _seats_of(outcome: Outcome, after: Amendable) -> Seats:
    """The seats after the event, with what their holders carry for others."""
    known = holders(outcome.after) & after.names.rep.keys()
    amounts = {
        (rep, unit): tuple(months.tolist())
        for rep in known
        for unit, months in after.carried_in(after.names.rep[rep]).items()
    }
    return with_amounts(outcome.after, amounts)


def seen_at_once(standing: InForce, outcome: Outcome, rows: Rows | None) -> Outcome:
    """A new target with who carries it; of all else funding has to be chosen first. Needs no
    database. Raises ChangeNotCarried.
    """
    return outcome if rows is None else carried(standing, outcome, rows, None, "").outcome


@dataclass(frozen=True)
class _Deciding:
    """The decisions that an event is, one after the other."""

    standing: InForce
    outcome: Outcome
    found: Fetched
    funding: Funding | None
    reference: str

    def after(self) -> Amendable:
        """Raises InvalidInput and ChangeNotCarried."""
        after = self.found.version
        if self.outcome.event.kind is EventKind.TARGET:
            return self._new_target()
        self._check_funding()
        direct = {unit for unit in self._open if self._stays_inside(unit)}
        for unit in sorted(direct, key=_by_name):
            own = {key: months for key, months in self._people.items() if key[1] == unit}
            after = self._decided(after, own, self.funding, unit)
        after = self._stated(after, direct)
        for unit in sorted(self._open.keys() - direct, key=_by_name):
            after = self._shared(after, unit)
        return after

    @property
    def told_funding(self) -> Funding | None:
        if self.outcome.event.kind is EventKind.TARGET:
            return "everyone"
        return self.funding if self._open else None

    @property
    def _people(self) -> Mapping[tuple[str, str | None], Months]:
        return self.outcome.moved.people

    @property
    def _open(self) -> dict[str | None, int]:
        """What is left open, or carried again, by unit."""
        sums = {unit: sum(months) for unit, months in self.outcome.moved.open.items()}
        return {unit: amount for unit, amount in sums.items() if amount}

    def _check_funding(self) -> None:
        choice = ", ".join(FUNDINGS[:-1]) + f" or {FUNDINGS[-1]}"
        if self._open and self.funding is None:
            reason = f"is needed: it says who carries what is left open: {choice}"
            raise InvalidInput([Fault("/funding", reason)])
        across = [unit for unit in self._open if not self._stays_inside(unit)]
        if across and self.funding not in {"siblings", "parent"}:
            reason = "must be siblings or parent, for somebody carries a seat of another unit"
            raise InvalidInput([Fault("/funding", reason, self.funding)])

    @cached_property
    def _homes(self) -> dict[str, str | None]:
        return {row["rep"]: row["unit"] for row in self.found.version.quotas}

    def _home(self, rep: str) -> str | None:
        return self._homes[rep]

    def _abroad(self, rep: str, unit: str | None) -> str | None:
        """The unit, as a decision names it: None where it is the own one."""
        return None if self._home(rep) == unit else unit

    def _stays_inside(self, unit: str | None) -> bool:
        """Whether everything that changes in the unit makes what is open, and is of its own people:
        somebody of another unit is nobody's sibling there. A gap needs no siblings.
        """
        own = {rep: sum(months) for (rep, of), months in self._people.items() if of == unit}
        at_home = all(self._home(rep) == unit for rep in own)
        booked = self.funding == "unfunded" and unit is not None
        return (at_home or booked) and sum(own.values()) == -self._open[unit]

    def _stated(self, after: Amendable, done: Collection[str | None]) -> Amendable:
        """With what nobody else carries: parts of the own unit, then of others."""
        left = {key: own for key, own in self._people.items() if key[1] not in done}
        own = {key: months for key, months in left.items() if self._home(key[0]) == key[1]}
        event = self.outcome.event
        if event.kind is EventKind.HIRE and event.rep and event.rep not in self._reps:
            own[event.rep, self._home(event.rep)] = (0,) * len(self.standing.stored.months)
        if own:
            after = self._decided(after, own, None)
        abroad = {key: months for key, months in left.items() if self._home(key[0]) != key[1]}
        for unit in sorted({unit for _, unit in abroad}, key=_by_name):
            there = {key: months for key, months in abroad.items() if key[1] == unit}
            after = self._decided(after, there, None)
        return after

    @cached_property
    def _reps(self) -> set[str]:
        return {rep for rep, _ in self._people}

    def _decided(
        self,
        before: Amendable,
        changes: Mapping[tuple[str, str | None], Months],
        funding: Funding | None,
        unit: str | None = None,
    ) -> Amendable:
        """With these changes by rep, unit that they belong to, and month; `unit`: where nobody
        carries what they leave open.
        """
        wanted = []
        for (rep, of), change in sorted(changes.items(), key=lambda own: own[0][0]):
            carried = before.book.of_rep(before.names.rep[rep]).tolist()
            months = [own + move for own, move in zip(carried, change, strict=True)]
            wanted.append(Wanted(rep, sum(months), months, self._abroad(rep, of)))
        return self._with(before, wanted, funding, unit if funding == "unfunded" else None)

    def _with(
        self,
        before: Amendable,
        wanted: Sequence[Wanted],
        funding: Funding | None,
        unit: str | None = None,
    ) -> Amendable:
        decision = Decision(
            kind="event",
            reference=self.reference,
            wanted=wanted,
            funding=funding,
            unit=unit,
            effective=f"{self.outcome.since:%Y-%m}",
            beyond=True,  # what happens is no wish: who falls below a floor is named
            apart=self._apart if funding is not None else (),
            through=self.outcome.open.closed_through,
        )
        return self.found.decide(decision, before)

    @property
    def _first_open(self) -> int:
        return self.found.months.index(f"{self.outcome.since:%Y-%m}")

    @cached_property
    def _open_amounts(self) -> IntArray:
        """(n,) what everybody carries in the months that are open."""
        cells = self.found.version.book.cells
        if cells is None:
            raise TypeError("a version in force has months")
        return np.asarray(cells[:, :, self._first_open :].sum(axis=(1, 2)))

    @cached_property
    def _open_at_home(self) -> IntArray:
        """(n,) what everybody carries of the own unit in these months."""
        return self.found.version.at_home(self._first_open)

    @property
    def _apart(self) -> list[str]:
        """Who carries nothing of it: whom it is about, and who has no open month in the own unit
        any more.
        """
        ids = self.found.version.everybody.problem.reps.ids
        gone = np.flatnonzero(self._open_at_home == 0).tolist()
        known = self.outcome.event.concerned & self.found.version.names.rep.keys()
        return sorted({*known, *(ids[place] for place in gone)})

    def _shared(self, before: Amendable, unit: str | None) -> Amendable:
        """What is open in a unit that somebody comes to or leaves: its others carry it."""
        book, h = before.book, before.everybody.hierarchy
        node = before.names.node[unit]
        if self.funding == "parent":
            node = max(0, int(h.parent[node]))
            places = np.arange(h.first[node], h.last[node])
        else:
            places = np.flatnonzero(h.rep_node == node)
        kept = {*self._kept_places(before), *map(before.names.rep.__getitem__, self._apart)}
        places = np.array([place for place in places.tolist() if place not in kept], dtype=np.int64)
        standing = book.standing(self._first_open)
        ends = standing.lowest[places], standing.highest[places]
        try:
            quota = shared(
                self._open[unit], book.quota[places], *ends, before.everybody.problem.increment
            )
        except CannotCarry as error:
            raise self._not_carried(unit, self._open[unit], error) from None
        return self._with(before, _changed(before, places, quota), None)

    def _kept_places(self, version: Amendable) -> set[int]:
        """Of those who are locked, or whose unit is frozen."""
        names, h = version.names, version.everybody.hierarchy
        kept = {names.rep[lock["rep"]] for lock in version.manifest.get("locks", [])}
        for own in version.manifest.get("frozen", []):
            node = names.node[own["unit"]]
            kept |= {*range(int(h.first[node]), int(h.last[node]))}
        return kept

    def _new_target(self) -> Amendable:
        """With a new target: everybody's open months change by the same part, inside limits."""
        version = self.found.version
        change = self.outcome.change_of_target
        kept = {*self._kept_places(version), *np.flatnonzero(self._open_amounts == 0).tolist()}
        try:
            open_ = open_part(version, self._first_open, self._open_amounts)
            moved = shared_inside(change, open_, kept) - self._open_amounts
        except CannotCarry as error:
            raise self._not_carried(None, change, error) from None
        wanted = _changed(version, np.arange(len(moved)), version.book.quota + moved)
        return self._with(
            version, [replace(own, unit=self._works_in(own.rep)) for own in wanted], None
        )

    def _works_in(self, rep: str) -> str | None:
        """What a decision calls the unit where somebody carries most by now, where that is another
        one than the own and nothing is left there.
        """
        place = self.found.version.names.rep[rep]
        if self._open_at_home[place] > 0:
            return None
        units = self.found.version.carried_in(place)
        return self._abroad(
            rep, max(units, key=lambda of: int(units[of][self._first_open :].sum()))
        )

    def _not_carried(self, unit: str | None, change: int, error: CannotCarry) -> ChangeNotCarried:
        (left,) = error.could.values()
        could = abs(change) - left if change > 0 else left
        where = f"The others of unit {unit}" if unit else "Those who have open months"
        more = "more" if change > 0 else "less"
        digits = self.standing.digits
        whole, part = (in_words(abs(amount), digits) for amount in (change, could))
        frozen = [own["unit"] for own in self.found.version.manifest.get("frozen", [])]
        return ChangeNotCarried(
            f"{where} cannot carry {whole} {more} inside the limits; {part} is possible."
            + (of_frozen(frozen, self.found.number) if frozen and unit is None else ""),
            unit=unit,
            could=from_minor(could, digits),
            frozen=frozen,
        )

    def others(self, after: Amendable) -> dict[str, tuple[str | None, Months]]:
        """What those carry more or less whom the event is not about: unit, and by month."""
        before, ids = self.found.version.book, self.found.version.everybody.problem.reps.ids
        places = np.flatnonzero(before.quota != after.book.quota)
        changes = (after.book.of_reps(places) - before.of_reps(places)).tolist()
        return {
            ids[place]: (self._home(ids[place]), tuple(months))
            for place, months in zip(places.tolist(), changes, strict=True)
            if ids[place] not in self._reps
        }


def _changed(version: Amendable, places: IntArray, quota: IntArray) -> list[Wanted]:
    ids, before = version.everybody.problem.reps.ids, version.book.quota
    pairs = zip(places.tolist(), quota.tolist(), strict=True)
    return [Wanted(ids[place], own) for place, own in pairs if own != before[place]]


def _by_name(unit: str | None) -> str:
    return unit or ""
