"""Let the lanes of a draft go along into a version that was made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.allocations.infeasible import in_words
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.manifest import FrozenPart
from service.allocations.versions.lanes.domain.along import Going, Lost, Side, along
from service.allocations.versions.lanes.domain.lane import LaneStatus, Tree
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.repository import Lanes, Works, lane_of
from service.allocations.versions.lanes.tables import LaneStep, UnitLane
from service.allocations.versions.lanes.usecases.keeping import envelopes_of
from service.allocations.versions.repository import Chunks, StoredVersion
from service.kit.auth import Caller
from service.plans.domain import VersionStatus
from service.plans.tables import PlanVersion


def take_lanes_along(
    session: Session, caller: Caller, base: PlanVersion, made: PlanVersion, *, now: datetime
) -> None:
    """Of a draft; from a version that nobody works in any more, its envelopes alone are kept.

    Raises EnvelopeNotKept.
    """
    lanes = Lanes(session, base.plan_id, base.number)
    if base.status is not VersionStatus.DRAFT or not (rows := lanes.standing()):
        return
    chunks = Chunks(session, caller.workspace_id)
    before, after = (StoredVersion(version, chunks) for version in (base, made))
    works = Works(session, caller.workspace_id)
    old = works.get({row.work for row in rows})
    kept = {own["unit"] for own in after.manifest.get("frozen", [])} | {row.unit for row in rows}
    by_month = any(work.effective for work in old.values())
    was, now_is = _sides(before, after, kept, by_month=by_month)
    moved = now_is.moved_from(was)
    quotas = after.quotas() if moved else []
    tree, organisation = Tree.of(was.units, map(lane_of, rows)), Tree.of(now_is.units, ())
    given = _given(envelopes_of(session, caller.workspace_id, base), after)
    found = [*along(tree, organisation, moved, organisation.carried_below(quotas), given)]
    if lost := [own for own in found if isinstance(own, Lost)]:
        raise _not_kept(lost, base.number, after.digits)
    by_unit = {row.unit: row for row in rows}
    there = Lanes(session, made.plan_id, made.number)
    teams = _teams(quotas)
    for going in found:
        if isinstance(going, Going):
            row = _gone_along(by_unit[going.lane.unit], made)
            if not going.as_it_stands:
                below = (teams.get(unit, {}) for unit in organisation.below(row.unit))
                people = {rep: quota for team in below for rep, quota in team.items()}
                anew = Work.begun(made.hash, row.unit, people, old[row.work].effective)
                _begin_anew(row, anew, works)
                row.envelope -= given.get(row.unit, 0)
            there.add(row)
            there.note(_step(row, going, base.number, caller, now))


def _given(before: Iterable[FrozenPart], after: StoredVersion) -> dict[str, int]:
    """What reserves inside each unit have given since; less than nothing where a new solve has them
    unspent.
    """
    spent = {own["unit"]: own.get("spent", 0) for own in after.manifest.get("frozen", [])}
    return {
        own["unit"]: spent[own["unit"]] - own.get("spent", 0)
        for own in before
        if own["unit"] in spent
    }


def _begin_anew(row: UnitLane, work: Work, works: Works) -> None:
    row.work, row.status = works.put(work), LaneStatus.FROZEN
    row.signed_at = row.signed_by = None


def _teams(quotas: Iterable[Row]) -> dict[str | None, dict[str, int]]:
    found: dict[str | None, dict[str, int]] = {}
    for row in quotas:
        found.setdefault(row["unit"], {})[row["rep"]] = row["quota"]
    return found


def _sides(
    before: StoredVersion, after: StoredVersion, kept: Collection[str], *, by_month: bool
) -> tuple[Side, Side]:
    """Without the rows that both store as the same bytes."""
    chunks = [{own["chunk"] for own in side.manifest["quotas"]} for side in (before, after)]
    return (
        Side(before.units(), before.quotas(without=chunks[1]), kept, by_month),
        Side(after.units(), after.quotas(without=chunks[0]), kept, by_month),
    )


def _gone_along(row: UnitLane, made: PlanVersion) -> UnitLane:
    return UnitLane(
        plan_id=made.plan_id,
        version=made.number,
        unit=row.unit,
        workspace_id=row.workspace_id,
        status=row.status,
        envelope=row.envelope,
        work=row.work,
        revision=1,
        deadline=row.deadline,
        frozen_at=row.frozen_at,
        frozen_by=row.frozen_by,
        signed_at=row.signed_at,
        signed_by=row.signed_by,
    )


def _step(row: UnitLane, going: Going, base: int, caller: Caller, now: datetime) -> LaneStep:
    moved = "" if going.as_it_stands else "; people or limits of the unit are others here"
    return LaneStep(
        plan_id=row.plan_id,
        version=row.version,
        unit=row.unit,
        revision=row.revision,
        action="go_along" if going.as_it_stands else "begin_anew",
        work=row.work,
        at=now,
        by=caller.name,
        note=f"from version {base}{moved}",
        adjustments=[],
    )


def _not_kept(lost: Sequence[Lost], base: int, digits: int) -> EnvelopeNotKept:
    told = "; ".join(_told(own, digits) for own in lost[:5])
    more = f"; and {len(lost) - 5} more" if len(lost) > 5 else ""
    return EnvelopeNotKept(
        f"Frozen in version {base}, and not kept by what would be made of it: {told}{more}. "
        "Assemble what was worked there first, or unfreeze these units.",
        units=[own.lane.unit for own in lost],
    )


def _told(lost: Lost, digits: int) -> str:
    agreed = in_words(lost.lane.envelope, digits)
    if lost.carried is None:
        return f"unit {lost.lane.unit} at {agreed}, which is no unit there"
    return f"unit {lost.lane.unit} at {agreed}, which would carry {in_words(lost.carried, digits)}"
