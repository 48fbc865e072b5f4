"""Read the one page of a version: fetch what is seen of it, and add it up. Nothing is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.allocations.months import compares_years
from service.allocations.summary.domain.decided import Decided, decided_by_kind
from service.allocations.summary.domain.held import Hold, counted, hold_of, is_amended
from service.allocations.summary.domain.movers import Movers
from service.allocations.summary.domain.sums import Sums, Tree, seats_in, sums_of
from service.allocations.versions.repository import StoredVersion
from service.allocations.versions.usecases.reading import open_measure
from service.plans.outcome import gaps_of
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import Sight
from service.plans.standing_target import NewTarget
from service.plans.tables import Plan, PlanVersion
from service.roster.usecases import load_snapshot

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a unit comes to, with all below it, or the company; in minor units."""

    unit: str | None
    """None: the company."""
    parent: str | None
    """None: the company, or a unit that is not seen."""
    quota: int
    gap: int
    growth: float | None
    sums: Sums
    chance: Row | None
    """As the version tells the risk of a target; None where there is none."""


@dataclass(frozen=True, slots=True)
class Reserves:
    """What of the assigned amount may be given back, and how much of it was; in minor units."""

    amount: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """What a version comes to, as far as it is seen."""

    plan: Plan
    version: PlanVersion
    measure: str
    manifest: Row
    """Of the measure."""
    target: int
    """The company's as it stands."""
    gap: int
    """The company's."""
    reserves: Reserves
    total: Figures
    """Of all that is seen."""
    units: Sequence[Figures]
    """Parents first."""
    movers: Movers
    held: Mapping[Hold, int]
    locked: int
    beyond: int
    """How many limits of the solve that are seen are not kept any more."""
    relaxed: int
    """How many rules that are seen gave way."""
    decided: Sequence[Decided]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told of a version."""

    measure: str | None
    """None: the main one."""
    most: int
    """How many movers each way."""
    new_target: NewTarget


def summary(session: Session, place: tuple[str, str, int], sight: Sight, asked: Asked) -> Summary:
    """`place`: workspace, plan, number of the version.

    Raises what opening a measure of a version and loading its inputs does.
    """
    workspace_id, plan_id, _ = place
    plan = Plans(session).get(workspace_id, plan_id)
    version = PlanVersions(session).get(plan_id, place[2])
    stored = open_measure(session, *place, asked.measure)
    manifest: Row = {**stored.manifest}
    rows = _rows_seen(stored, sight)
    amendments = manifest.get("amendments", ())
    locked = {lock["rep"] for lock in manifest.get("locks", ())}
    new_target = asked.new_target(session, plan_id, manifest)
    total, *units = _figures(session, workspace_id, stored, rows, sight)
    return Summary(
        plan=plan,
        version=version,
        measure=asked.measure or stored.measures[0],
        manifest=manifest,
        target=manifest["target"] if new_target is None else new_target,
        gap=sum(gap["amount"] for gap in gaps_of(manifest)),
        reserves=_reserves(manifest, sight),
        total=total,
        units=units,
        movers=Movers.of(rows, asked.most),
        held=counted(hold_of(row["binding"], amended=is_amended(row, amendments)) for row in rows),
        locked=sum(row["rep"] in locked for row in rows),
        beyond=_rules_seen(manifest.get("beyond", ()), rows, sight),
        relaxed=_rules_seen(manifest.get("relaxed", ()), rows, sight),
        decided=decided_by_kind(rows, amendments),
    )


def _rows_seen(stored: StoredVersion, sight: Sight) -> list[Row]:
    """Of units that are not seen nothing is read. Sales of twelve months stand beside quotas of
    twelve, or nowhere.
    """
    if sight.is_whole:
        rows: list[Row] = [*stored.quotas()]
    else:
        everybody = sum(chunk["rows"] for chunk in stored.manifest["quotas"])
        found, _ = stored.page(0, everybody, sight.units)
        rows = [row for _, row in found]
    period: Any = stored.manifest.get("period")
    if compares_years(period):
        return rows
    return [{**row, "last_year": None} for row in rows]


def _figures(
    session: Session, workspace_id: str, stored: StoredVersion, rows: Sequence[Row], sight: Sight
) -> list[Figures]:
    """Of all that is seen, then of each unit, parents first."""
    manifest: Row = {**stored.manifest}
    tree = Tree.of([row for row in stored.units() if sight.sees_unit(row["id"])])
    seats = seats_in(load_snapshot(session, workspace_id, manifest["inputs"]))
    sums = sums_of(rows, tree, seats)
    seen = (gap for gap in gaps_of(manifest) if gap["unit"] is None or gap["unit"] in tree.above)
    gaps = tree.amounts_below((gap["unit"], gap["amount"]) for gap in seen)
    chances = {row["unit"]: row for row in (manifest.get("risk") or {}).get("totals", ())}
    units = [
        Figures(
            unit=row["id"],
            parent=tree.above[row["id"]],
            quota=row["quota"],
            gap=gaps[row["id"]],
            growth=row["growth"],
            sums=sums[row["id"]],
            chance=chances.get(row["id"]),
        )
        for row in tree.units
    ]
    if not sight.is_whole:
        return [units[0], *units]  # the caller's own unit is above all others that are seen
    company = Figures(
        unit=None,
        parent=None,
        quota=manifest["assigned"],
        gap=gaps[None],
        growth=manifest["common"]["growth"],
        sums=sums[None],
        chance=chances.get(None),
    )
    return [company, *units]


def _reserves(manifest: Row, sight: Sight) -> Reserves:
    seen = [row for row in manifest.get("reserves", ()) if sight.sees_place(row)]
    return Reserves(sum(row["amount"] for row in seen), sum(row["used"] for row in seen))


def _rules_seen(listed: Sequence[Row], rows: Sequence[Row], sight: Sight) -> int:
    """How many of these are rules of the units and people that are seen; `rows`: their quotas."""
    own = {f"rep:{row['rep']}" for row in rows}
    rules = (row["rule"] for row in listed)
    return sum(rule.rpartition(":")[0] in own or sight.sees_rule(rule) for rule in rules)
