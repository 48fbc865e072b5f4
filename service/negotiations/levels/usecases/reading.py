"""How the units of a draft stand: all of them, or one with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.lanes.domain.lane import Tree
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.repository import lane_of
from service.allocations.versions.lanes.tables import LaneStep, UnitLane
from service.kit.auth import Caller
from service.kit.pages import PageRequest, cursor_after
from service.negotiations.levels.domain.life import AGREED, OPEN
from service.negotiations.levels.tables import LaneAssembly
from service.negotiations.levels.usecases.frame import Frame, lane_etag, unworked_etag
from service.plans.sight import Sight
from service.roster.usecases import owners_of


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """A unit of a version, and its lane where it is frozen. Money in minor units."""

    row: Row
    """The version's."""
    lane: UnitLane | None
    inside: str | None
    """The next frozen unit around it."""
    owner: str | None
    overdue: bool
    etag: str | None
    """None where there is nothing to take a step with."""
    agreed: int | None = None
    """The envelope that the version keeps."""


@dataclass(frozen=True, slots=True)
class UnitsPage:
    units: Sequence[UnitStatus]
    digits: int
    assembly: LaneAssembly | None
    sight: Sight
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class UnitWork:
    """One frozen unit: its rows as they stand in the lane, and the lanes inside it."""

    status: UnitStatus
    rows: Sequence[Row]
    work: Work
    locks: dict[str, str]
    """By rep, the reference of who is locked."""
    hands: dict[str, str]
    """By rep, the unit inside this one that the rep is in the hands of."""
    inside: Sequence[UnitStatus]
    steps: Sequence[LaneStep]
    digits: int
    next_cursor: str | None


def units(
    session: Session,
    caller: Caller,
    plan_id: str,
    number: int,
    *,
    page: PageRequest,
    now: datetime,
    status: str | None = None,
) -> UnitsPage:
    """The units that the caller sees, parents first; `status` keeps those in one state."""
    frame = Frame.open(session, caller, plan_id, number)
    rows = {row.unit: row for row in frame.lanes.all()}
    tree, kept = frame.tree(), frame.agreed()
    owners = owners_of(session, caller.workspace_id, plan_id)
    own_units = (unit for unit in frame.units if frame.sight.sees_unit(unit["id"]))
    # counted after, so that no cursor tells how many units there are elsewhere
    seen = [
        (
            place,
            _status(unit, frame, lanes=rows, tree=tree, owners=owners, agreed=kept, now=now),
        )
        for place, unit in enumerate(own_units)
    ]
    if status is not None:
        seen = [(place, own) for place, own in seen if state_of(own) == status]
    listing = f"units of {plan_id} {number} {frame.sight.name} {status}"
    first = page.after(listing, int)
    seen = [(place, own) for place, own in seen if first is None or place > first]
    shown = seen[: page.limit]
    cursor = cursor_after(listing, shown[-1][0]) if len(seen) > page.limit else None
    assembly = session.get(LaneAssembly, (frame.plan.id, number))
    return UnitsPage([own for _, own in shown], frame.stored.digits, assembly, frame.sight, cursor)


def unit_work(
    session: Session,
    caller: Caller,
    plan_id: str,
    number: int,
    *,
    unit: str,
    page: PageRequest,
    now: datetime,
) -> UnitWork:
    """Raises UnitNotFound, and LaneNotAllowed where the unit is not frozen."""
    frame = Frame.open(session, caller, plan_id, number)
    own = frame.see(unit)
    lane = frame.lane(unit)
    rows = {row.unit: row for row in frame.lanes.all()}
    tree, kept = frame.tree(), frame.agreed()
    owners = owners_of(session, caller.workspace_id, plan_id)
    work = frame.work_of(lane)
    below = frame.quotas(set(tree.below(unit)))
    listing = f"reps of {unit} of {plan_id} {number} at {lane.revision}"
    first = page.after(listing, int)
    places = [*enumerate(below)][0 if first is None else first + 1 :]
    shown = places[: page.limit]
    inside = tree.inside(unit)
    hands = {key: inner.unit for inner in inside for key in tree.below(inner.unit)}
    of_frame = {lock["rep"]: lock["reference"] for lock in frame.manifest.get("locks", ())}
    return UnitWork(
        status=_status(own, frame, lanes=rows, tree=tree, owners=owners, agreed=kept, now=now),
        rows=[row for _, row in shown],
        work=work,
        locks=of_frame | dict.fromkeys(work.locks, f"unit:{unit}"),
        hands={row["rep"]: hands[row["unit"]] for row in below if row["unit"] in hands},
        inside=[
            _status(
                frame.see(inner.unit),
                frame,
                lanes=rows,
                tree=tree,
                owners=owners,
                agreed=kept,
                now=now,
            )
            for inner in inside
        ],
        steps=frame.lanes.steps(unit),
        digits=frame.stored.digits,
        next_cursor=cursor_after(listing, shown[-1][0]) if len(places) > page.limit else None,
    )


def state_of(unit: UnitStatus) -> str:
    if unit.lane is not None:
        return unit.lane.status.value
    return OPEN if unit.agreed is None else AGREED


def _status(
    row: Row,
    frame: Frame,
    *,
    lanes: dict[str, UnitLane],
    tree: Tree,
    owners: dict[str, str],
    agreed: dict[str, int],
    now: datetime,
) -> UnitStatus:
    """What lies around a unit, the caller's own one included, is named to whom sees it too."""
    unit = row["id"]
    lane = lanes.get(unit) if unit in tree.lanes else None
    around = tree.around(unit)
    parent = row["parent"]
    return UnitStatus(
        row if parent is None or frame.sight.sees_unit(parent) else {**row, "parent": None},
        lane,
        around.unit if around and frame.sight.sees_unit(around.unit) else None,
        owners.get(unit),
        lane is not None and lane_of(lane).overdue(now),
        _etag(frame, lane, agreed=unit in agreed),
        agreed.get(unit),
    )


def _etag(frame: Frame, lane: UnitLane | None, *, agreed: bool) -> str | None:
    if lane is not None:
        return lane_etag(lane)
    return unworked_etag(frame.version.number) if agreed else None
