"""What an event changes: the version in force with everything that was agreed on it since."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from math import isnan
from typing import Any, Final, Self

from sqlalchemy.orm import Session

from service.allocations.versions.domain.ledger.named import carried_by_unit
from service.allocations.versions.repository import Chunks, StoredVersion
from service.kit.money import minor_digits
from service.negotiations.events.domain.closed import Open
from service.negotiations.events.domain.kinds import Event
from service.negotiations.events.domain.life import (
    NoVersionInForce,
    VersionHasNoMonths,
    VersionNotInForce,
)
from service.negotiations.events.domain.seating import holders, with_kept
from service.negotiations.events.repository import Events
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.new_target import new_target
from service.negotiations.repository import Renegotiations
from service.plans.domain import VersionStatus
from service.plans.repository import PlanVersions
from service.plans.tables import Plan, PlanVersion
from service.roster.domain import Inputs
from service.roster.usecases import load_snapshot
from solver.estimate.ramp import RAMP_MONTHS
from solver.seats import People, Seats, with_amounts
from solver.spread.calendar import YEAR, Calendar, working_calendar

type Row = dict[str, Any]

_FEW: Final = 50
"""Rows that are looked up one by one."""


@dataclass(frozen=True)
class InForce:
    """A published version, and the draft that gathers what was agreed on it."""

    session: Session
    plan: Plan
    version: PlanVersion
    """The published one."""
    head: PlanVersion
    """What the next event changes: the draft that holds all agreements; without any the version."""
    stored: StoredVersion
    """Of the head."""

    def in_session(self, session: Session) -> Self:
        """The same, read in another transaction."""
        stored = StoredVersion(self.head, Chunks(session, self.plan.workspace_id))
        return replace(self, session=session, stored=stored)

    @property
    def digits(self) -> int:
        return minor_digits(self.plan.currency)

    @cached_property
    def units(self) -> list[Row]:
        return self.stored.units()

    @cached_property
    def calendar(self) -> Calendar:
        season: Any = self.stored.manifest["season"]
        first = self.stored.months[0]
        start = int(first[:4]) * YEAR + int(first[5:]) - 1
        return working_calendar(season["country"], start, start + len(self.stored.months))

    @cached_property
    def accepted(self) -> list[PlanEvent]:
        """The events whose outcome the head holds, oldest first."""
        found = Events(self.session, self.plan.id).among(self._references)
        return [found[reference] for reference in self._references if reference in found]

    @property
    def _references(self) -> list[str]:
        """Of all that was decided since the solve, oldest first."""
        manifest: Row = {**self.stored.manifest}
        return [*dict.fromkeys(each["reference"] for each in manifest.get("amendments", ()))]

    @property
    def target(self) -> int:
        """The company's target with the events that changed it, before over-assignment."""
        manifest: Row = {**self.stored.manifest}
        amount = new_target(self.session, self.plan.id, manifest)
        target: int = manifest["target"] if amount is None else amount
        return target

    def assigned_for(self, target: int) -> int:
        """What quotas together carry for a target, with its over-assignment; halves to even."""
        factor = Fraction(repr(self.head.policy["over_assignment"]))
        return round(target * (1 + factor))

    def open_on(self, today: date, through: str | None) -> Open:
        """What is open, with the books closed through this month, and as far as they were before.

        Raises `EveryMonthIsClosed`.
        """
        said = [each.closed_through for each in self.accepted if each.closed_through is not None]
        parts: Sequence[Row] = {**self.stored.manifest}.get("amendments", ())  # type: ignore[assignment]
        # A new solve keeps the running month, in which something may still happen.
        said += [part["through"] for part in parts if part.get("through", "") > f"{today:%Y-%m}"]
        latest = max([*said, *([through] if through else [])], default=None)
        return Open.on(today, self.stored.months, latest)

    def row_of(self, rep: str) -> Row | None:
        return self.stored.quota_of(rep)

    def rows_of(self, reps: Collection[str]) -> dict[str, Row]:
        """The rows of those who have one; of many by reading all of them once."""
        if len(reps) > _FEW:
            wanted = frozenset(reps)
            return {row["rep"]: row for row in self.stored.quotas() if row["rep"] in wanted}
        return {rep: row for rep in reps if (row := self.row_of(rep)) is not None}

    def known(self, reps: Collection[str]) -> set[str]:
        """Which of them have a quota."""
        return {rep for rep in reps if self.row_of(rep) is not None}

    def territories(self, ids: Collection[str]) -> dict[str, list[str]]:
        """Those of these ids that are territories, and who holds them."""
        if not ids:
            return {}
        inputs = self._inputs
        rows = {key: row for row, key in enumerate(inputs.territories.id) if key in ids}
        pairs = [*zip(inputs.holders.territory.tolist(), inputs.holders.rep.tolist(), strict=True)]
        return {
            key: sorted({inputs.reps.id[rep] for held, rep in pairs if held == row})
            for key, row in rows.items()
        }

    def seats(self, event: Event) -> Seats:
        """The seats of those whom an event is about, and all that earlier events have touched."""
        return self._with_working_time(self.seats_of(event.concerned), event)

    def seats_of(self, reps: Collection[str]) -> Seats:
        """The seats of these people, and all that events have touched."""
        manifest: Row = {**self.stored.manifest}
        estimate = manifest.get("estimate") or {}
        people = People(ramp_months=estimate.get("ramp_months", RAMP_MONTHS))
        seats = Seats(self.calendar, self.stored.manifest["increment"], (), people)
        if self.accepted and (kept := self.accepted[-1].seats) is not None:
            seats = with_kept(seats, kept)
        told = holders(seats)
        rows = {rep: row for rep in sorted(told.union(reps)) if (row := self.row_of(rep))}
        amounts = {
            (rep, unit): tuple(months.tolist())
            for rep, row in rows.items()
            for unit, months in carried_by_unit(
                row["unit"], row["months"], row.get("amended", ())
            ).items()
        }
        seats = with_amounts(seats, amounts)
        for rep, row in rows.items():
            if rep not in told:
                seats = seats.with_row(rep, row["unit"], row["months"])
        return seats

    def unfilled(self, event: Event) -> frozenset[str]:
        """The seat that is taken over, if it was planned as a vacant one."""
        if event.takes_over is None or event.takes_over == event.rep:
            return frozenset()
        reps = self._inputs.reps
        vacant = zip(reps.id, reps.vacant.tolist(), strict=True)
        return frozenset(rep for rep, is_vacant in vacant if is_vacant and rep == event.takes_over)

    @cached_property
    def _inputs(self) -> Inputs:
        """Those that the version was solved from."""
        return load_snapshot(self.session, self.plan.workspace_id, self.head.inputs_hash)

    def _with_working_time(self, seats: Seats, event: Event) -> Seats:
        """What each seat asks for is needed only where somebody's own time is stated."""
        if event.fte is None and not seats.people.working_time:
            return seats
        asked = {own.seat for own in seats.segments}
        reps = self._inputs.reps
        fte = zip(reps.id, reps.fte.tolist(), strict=True)
        known: Mapping[str, float] = {
            rep: own for rep, own in fte if rep in asked and not isnan(own)
        }
        return seats.of_working_time(known)


def in_force(session: Session, plan: Plan, wanted: int | None = None) -> InForce:
    """The version in force. `wanted`: the version that a caller believes to be in force, or a draft
    that stands on it.

    Raises `NoVersionInForce`, `VersionNotInForce` and `VersionHasNoMonths`.
    """
    versions = PlanVersions(session)
    published = versions.published(plan.id)
    if published is None:
        raise NoVersionInForce(
            "Publish a version first; as long as there is none, change the inputs and solve again."
        )
    head = Renegotiations(session, plan.workspace_id, plan.id).head(published.number)
    if wanted is not None and wanted not in _standing(versions, plan.id, published.number, head):
        raise VersionNotInForce(_not_in_force(versions, plan.id, wanted, published.number))
    version = versions.get(plan.id, head)
    stored = StoredVersion(version, Chunks(session, plan.workspace_id))
    if not stored.months:
        raise VersionHasNoMonths(f"Version {head} is older than months are: solve the plan again.")
    return InForce(session, plan, published, version, stored)


def _standing(versions: PlanVersions, plan_id: str, published: int, head: int) -> Iterator[int]:
    """The drafts from the head down to the published version."""
    number: int | None = head
    while number is not None and number > published:
        yield number
        number = versions.get(plan_id, number).base_version
    yield published


def _not_in_force(versions: PlanVersions, plan_id: str, wanted: int, published: int) -> str:
    was = versions.get(plan_id, wanted)
    state = "superseded" if was.status is VersionStatus.SUPERSEDED else f"a {was.status} beside it"
    return f"Version {wanted} is {state}; version {published} is in force."
