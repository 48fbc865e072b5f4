"""Amend a stored version: see what would come of a decision, and store it as a new draft.

    found = fetch(session, workspace_id, plan_id, number)      what stands
    after = found.decide(decision)                             who carries what; raises, in words
    found.preview(after)                                       before and after, nothing stored
    written = write(found, after)                              all that will be stored
    store(session, caller, written, note=…, now=now)           a new draft; its parent is `number`

Several decisions go one after the other: `found.decide(second, after)`. Deciding and writing need
no database, and seconds where a version is large: fetch and store in two transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from service.allocations.figures import standing_rows
from service.allocations.infeasible import in_words
from service.allocations.versions.domain.deciding.amendable import Amendable
from service.allocations.versions.domain.deciding.decide import decide
from service.allocations.versions.domain.deciding.decision import Decision, NotCarried, Refused
from service.allocations.versions.domain.ledger.named import month_names_of
from service.allocations.versions.domain.written.content import Parent, Row
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.lanes.usecases.keeping import envelopes_of
from service.allocations.versions.repository import Chunks, StoredVersion, VersionDamaged
from service.allocations.versions.usecases.storing import Draft
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput, Unprocessable
from service.kit.money import from_minor
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import PlanVersion
from solver.problem import IntArray

_SHOWN: Final = 20
"""Limits that a problem names; where more stop a change, their number is told."""


class ChangeNotCarried(Unprocessable):
    """Nobody can carry the difference of the change inside the limits."""


@dataclass(frozen=True, slots=True, eq=False)
class Fetched:
    """A stored version that can be amended."""

    plan_id: str
    number: int
    hash: str
    digits: int
    """Minor digits of the currency."""
    version: Amendable

    @property
    def as_parent(self) -> Parent:
        return Parent(self.number, self.hash)

    @property
    def months(self) -> tuple[str, ...]:
        """The names of the months of the period; none where quotas have no months."""
        return tuple(month_names_of(self.version.manifest))

    def quota(self, rep: str) -> int | None:
        """What somebody carries, in minor units; None for whom the version has no quota for."""
        place = self.version.names.rep.get(rep)
        return None if place is None else int(self.version.book.quota[place])

    def decide(
        self, decision: Decision, after: Amendable | None = None, *, pointer: str = ""
    ) -> Amendable:
        """What stands once it is decided, on top of `after`, or of what is stored.

        Raises InvalidInput with every fault, at `pointer`/3/quota for the fourth wanted quota, and
        ChangeNotCarried.
        """
        try:
            return decide(after or self.version, decision)
        except Refused as refused:
            raise InvalidInput([*self._faults(refused, decision, pointer)]) from None
        except NotCarried as error:
            raise self._not_carried(error) from None

    def _faults(self, refused: Refused, decision: Decision, at: str) -> Iterator[Fault]:
        place = {own.rep: number for number, own in reversed([*enumerate(decision.wanted)])}
        for reason in refused.reasons:
            where = at if reason.rep is None else f"{at}/{place[reason.rep]}/quota"
            words = reason.told(self._in_words)
            yield Fault(where, f"{words} ({reason.rule})" if reason.rule else words, reason.rep)

    def _not_carried(self, error: NotCarried) -> ChangeNotCarried:
        where = f"unit {error.unit}" if error.unit else "the company"
        reason = "inside the limits" if error.stops else "at all, for nobody else is there"
        return ChangeNotCarried(
            f"The others of {where} cannot carry the difference {reason}.",
            unit=error.unit,
            could=[
                {"rep": rep, "quota": from_minor(quota, self.digits)}
                for rep, quota in error.could.items()
            ],
            limits=[
                {"rule": stop.name, "value": from_minor(int(stop.value), self.digits)}
                for stop in error.stops[:_SHOWN]
            ],
            more_limits=max(0, len(error.stops) - _SHOWN),
        )

    def _in_words(self, amount: int) -> str:
        return in_words(amount, self.digits)

    def preview(self, after: Amendable) -> Preview:
        """What would change, against what is stored; nothing is."""
        before = self.version
        first = len(before.manifest.get("amendments", []))
        decided = after.manifest.get("amendments", [])[first:]
        about = {rep for part in decided for rep in part.get("reps", [])}
        plan = after.everybody
        touched = np.flatnonzero(before.book.quota != after.book.quota)
        was, now = (_figures(side, self.digits, touched) for side in (before, after))
        rows = [
            Touched(plan.problem.reps.ids[k], after.quotas[k]["unit"], *figures)
            for k, *figures in zip(touched.tolist(), was, now, strict=True)
        ]
        nobody_else = any("reps" not in part for part in decided)
        units = [
            MovedUnit(plan.problem.units.ids[node - 1] if node else None, int(old), int(new))
            for node, (old, new) in enumerate(
                zip(before.book.sums.tolist(), after.book.sums.tolist(), strict=True)
            )
            if old != new
        ]
        return Preview(
            [row for row in rows if nobody_else or row.rep in about],
            [row for row in rows if not nobody_else and row.rep not in about],
            units,
        )


@dataclass(frozen=True, slots=True)
class Touched:
    """One rep's row before and after: `quota`, `stretch`, `effort`, `growth`, `over_last_year`,
    `attainment_probability` and `months`, money in minor units.
    """

    rep: str
    unit: str | None
    before: Row
    after: Row


@dataclass(frozen=True, slots=True)
class MovedUnit:
    """A unit whose sum changes, in minor units; None is the company."""

    unit: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change."""

    about: list[Touched]
    """Those whom the decision is about."""
    carriers: list[Touched]
    units: list[MovedUnit]

    @property
    def relative_change(self) -> float | None:
        """Of what the carriers carry together; None where nobody does."""
        before = sum(row.before["quota"] for row in self.carriers)
        after = sum(row.after["quota"] for row in self.carriers)
        return (after - before) / before if before else None


def _figures(side: Amendable, digits: int, places: IntArray) -> Iterator[Row]:
    stands = side.stands
    is_common = side.manifest["common"]["stretch"] is not None
    rows = standing_rows(stands.plan, digits, compared=is_common)
    for place, months in zip(places.tolist(), side.book.of_reps(places).tolist(), strict=True):
        yield {**rows[place], "months": months if stands.has_months else None}


def fetch(session: Session, workspace_id: str, plan_id: str, number: int) -> Fetched:
    """Raises PlanNotFound, VersionNotFound, and VersionDamaged where it is not what it was."""
    plan = Plans(session).get(workspace_id, plan_id)
    version = PlanVersions(session).get(plan.id, number)
    stored = StoredVersion(version, Chunks(session, workspace_id))
    try:
        found = Amendable.of(stored.manifest, stored.units(), stored.quotas(), stored.rules())
    except UnreadableProof as reason:
        raise VersionDamaged(f"Version {number} is not proved: {reason}.") from None
    kept = found.keeping(envelopes_of(session, workspace_id, version))
    return Fetched(plan.id, number, version.hash, stored.digits, kept)


@dataclass(frozen=True, slots=True)
class Written:
    """A version with what was decided about it, ready to be stored."""

    found: Fetched
    after: Amendable
    draft: Draft


def write(found: Fetched, after: Amendable) -> Written:
    """Needs no database."""
    return Written(found, after, Draft.of(after.content()))


def store(
    session: Session,
    caller: Caller,
    written: Written,
    *,
    note: str | None,
    now: datetime,
    with_lanes: bool = True,
) -> PlanVersion:
    """A new draft whose parent is the version that was fetched, with an audit entry. Its frozen
    units go along, but where the draft is what they come to.

    Raises EnvelopeNotKept, and PlanNotFound where the plan was deleted in the meantime.
    """
    found, after, draft = written.found, written.after, written.draft
    plan = Plans(session).get(caller.workspace_id, found.plan_id, lock=True)
    version = draft.store(
        session, caller, plan.id, found.as_parent, note=note, now=now, with_lanes=with_lanes
    )
    first = len(found.version.manifest.get("amendments", []))
    decided = after.manifest.get("amendments", [])[first:]
    record(
        session,
        caller,
        "version.amend",
        f"{plan.id}/versions/{version.number}",
        now=now,
        before=found.hash,
        after=version.hash,
        facts={
            "base_version": found.number,
            "references": sorted({p["reference"] for p in decided}),
        },
    )
    return version
