"""The work of all signed units as one ledger on the frame.

Each unit is one amendment, in the order of the units: its reps move to what they carry in its own
work. Units side by side share no rep, and a unit inside another one starts from what that one left
it, so each amendment adds up to nothing and nobody outside a unit moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.ledger.beyond import beyond
from service.allocations.versions.domain.ledger.named import Change
from service.allocations.versions.domain.ledger.replay import Book
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.manifest import carried_of
from service.allocations.versions.lanes.domain.lane import Lane, LaneStatus, Tree
from service.allocations.versions.lanes.domain.work import Work
from service.kit.errors import Conflict, Fault
from service.negotiations.levels.domain.life import LanesInTheWay
from solver.amend import Amendment


class UnfinishedUnits(Conflict):
    """Units are frozen and not signed."""


class RulesBrokenTogether(Conflict):
    """A rule across units holds for each of them alone, and not for all together."""


def reference(unit: str) -> str:
    """What the ledger calls the work of a unit."""
    return f"unit:{unit}"


def odd_exceptions(tree: Tree, exceptions: Sequence[str]) -> Iterator[Fault]:
    for number, unit in enumerate(exceptions):
        where = f"/exceptions/{number}"
        lane = tree.lanes.get(unit)
        if unit in exceptions[:number]:
            yield Fault(where, "stands twice", unit)
        elif lane is None:
            yield Fault(where, "is not frozen in this version", unit)
        elif lane.status is LaneStatus.SIGNED:
            yield Fault(where, "is signed, and needs no exception", unit)


def chosen(tree: Tree, exceptions: Sequence[str], frame: Mapping[str, int]) -> list[Lane]:
    """The lanes to put together, outer ones first. `frame`: what the reps below each unit carry in
    the frame.

    Raises UnfinishedUnits for those that are neither signed nor named, and LanesInTheWay for an
    envelope that was agreed inside a unit that is left out.
    """
    ordered = [tree.lanes[unit] for unit in tree.parents if unit in tree.lanes]
    waiting = [
        lane.unit
        for lane in ordered
        if lane.status is not LaneStatus.SIGNED and lane.unit not in exceptions
    ]
    if waiting:
        raise UnfinishedUnits(
            f"Not signed yet: {', '.join(waiting[:20])}. Have them signed, or name them in "
            "`exceptions`: their reps then stay as they are in this version.",
            units=waiting,
        )
    used = [lane for lane in ordered if lane.unit not in exceptions]
    lost = [
        lane.unit
        for lane in used
        if lane.envelope != frame[lane.unit]
        and any(outer.unit in exceptions for outer in tree.all_around(lane.unit))
    ]
    if lost:
        raise LanesInTheWay(
            f"The envelopes of {', '.join(lost)} were agreed inside a unit that is an exception.",
            units=lost,
        )
    return used


@dataclass(frozen=True, slots=True)
class UnitWork:
    """The finished work of one unit."""

    work: Work
    own: frozenset[str]
    """The reps in its own hands; those of units inside it are in theirs."""


def together(
    frame: Amendable,
    units: Sequence[UnitWork],
    envelopes: Sequence[Lane],
) -> Amendable:
    """The frame with a longer ledger, and the envelopes and locks that later solves keep.

    Raises RulesBrokenTogether.
    """
    names, book = frame.names, frame.book
    entries = {place: [*own] for place, own in frame.entries.items()}
    parts: list[Any] = [*frame.manifest.get("amendments", [])]
    for unit in units:
        wanted = {
            names.rep[rep]: quota
            for rep, quota in unit.work.quotas.items()
            if book.quota[names.rep[rep]] != quota
        }
        if not wanted:
            continue
        node = names.node[unit.work.unit]
        first_open = names.first_open(unit.work.effective)
        after = book.after(Change(Amendment(wanted, None, node), first_open))
        moves = after.quota - book.quota
        for place in sorted(wanted):
            entries.setdefault(place, []).append([len(parts), int(moves[place])])
        parts.append(_part(unit.work))
        book = after
    found = frame.with_ledger(
        book,
        entries,
        amendments=parts,
        frozen=_frozen(frame, book, envelopes),
        locks=_locks(frame, units),
    )
    below = [f"unit:{unit}:min" for unit in found.below_nothing]
    if broken := [*_broken(frame, found), *below]:
        raise RulesBrokenTogether(
            f"Each unit alone keeps it, and all together do not: {', '.join(broken)}.", rules=broken
        )
    return found


def _part(work: Work) -> Row:
    return {
        "reference": reference(work.unit),
        "kind": "unit_solve" if work.was_solved else "adjustment",
        "funding": None,
        "unit": work.unit,
        "effective": work.effective,
        "change": 0,
    }


def _frozen(frame: Amendable, book: Book, envelopes: Sequence[Lane]) -> list[Row]:
    """In the order of the units, each with what it carries: nobody's work changes that, nor what
    its reserves gave before.
    """
    node = frame.names.node
    stated = {own["unit"]: own for own in frame.manifest.get("frozen", [])}
    units = stated.keys() | {lane.unit for lane in envelopes}
    carried = {unit: int(book.sums[node[unit]]) for unit in sorted(units, key=node.__getitem__)}
    return [
        {**stated[unit]}
        if unit in stated and carried_of(stated[unit]) == amount
        else {"unit": unit, "amount": amount}
        for unit, amount in carried.items()
    ]


def _locks(frame: Amendable, units: Sequence[UnitWork]) -> list[Row]:
    locks: dict[str, Row] = {lock["rep"]: {**lock} for lock in frame.manifest.get("locks", [])}
    for unit in units:
        for rep, quota in unit.work.locks.items():
            if rep in unit.own:
                locks[rep] = {"rep": rep, "quota": quota, "reference": reference(unit.work.unit)}
    place = frame.names.rep
    return sorted(locks.values(), key=lambda lock: place[lock["rep"]])


def _broken(before: Amendable, after: Amendable) -> Iterator[str]:
    """Rules that are left, or left further behind than they were."""
    was = {row["rule"]: abs(row["carried"] - row["limit"]) for row in _beyond(before)}
    for row in _beyond(after):
        if abs(row["carried"] - row["limit"]) > was.get(row["rule"], 0):
            yield row["rule"]


def _beyond(version: Amendable) -> list[Row]:
    return beyond(version.stands.plan, version.book)
