"""The frame of lanes: a draft version, how much of it the caller sees, and a unit cut out of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from sqlalchemy.orm import Session

from service.allocations.assemble import evidence_of, period_of
from service.allocations.versions.domain.proof.claim import certificate_of
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.manifest import carried_of
from service.allocations.versions.domain.written.rows import read_quotas, read_rules, read_units
from service.allocations.versions.lanes.domain.agreed import agreed
from service.allocations.versions.lanes.domain.lane import LaneStatus, Tree
from service.allocations.versions.lanes.domain.work import Work
from service.allocations.versions.lanes.repository import Lanes, Works
from service.allocations.versions.lanes.tables import UnitLane
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.solving import terms_of
from service.allocations.versions.usecases.visible import sight_of
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.etags import etag_of
from service.negotiations.levels.domain.life import (
    AGREED,
    OPEN,
    FrameClosed,
    LaneNotAllowed,
    NotInsideOwn,
    UnitNotFound,
)
from service.negotiations.levels.domain.team import Team
from service.plans.domain import VersionNotFound, VersionStatus
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import Sight
from service.plans.tables import Plan, PlanVersion
from service.roster.usecases import load_snapshot
from solver.coupled.coupling import Coupling
from solver.estimate.benchmark import potentials
from solver.inside import narrowed
from solver.problem import FloatArray


@dataclass(frozen=True, eq=False)
class Frame:
    """A version as lanes see it."""

    session: Session
    caller: Caller
    plan: Plan
    version: PlanVersion
    sight: Sight
    stored: StoredVersion
    units: list[Row]
    """Every unit of the version, parents first."""

    @classmethod
    def open(cls, session: Session, caller: Caller, plan_id: str, number: int) -> Frame:
        """Raises PlanNotFound, VersionNotFound and VersionDamaged."""
        plan = Plans(session).get(caller.workspace_id, plan_id)
        version = PlanVersions(session).get(plan.id, number)
        stored = StoredVersion(version, Chunks(session, caller.workspace_id))
        units = stored.units()
        sight = sight_of(session, caller, version, units)
        if sight is None:
            raise VersionNotFound(f"Plan {plan_id} has no version {number}.")
        return cls(session, caller, plan, version, sight, stored, units)

    def again(self, session: Session) -> Frame:
        """The same in another transaction: a version says for ever what it says."""
        return replace(self, session=session)

    @cached_property
    def manifest(self) -> Row:
        return {**self.stored.manifest}

    @property
    def lanes(self) -> Lanes:
        return Lanes(self.session, self.plan.id, self.version.number)

    def tree(self) -> Tree:
        """With the lanes as they stand now."""
        return Tree.of(self.units, self.lanes.brief())

    def see(self, unit: str) -> Row:
        """The row of a unit. Raises UnitNotFound, also for one that the caller does not see."""
        row = next((row for row in self.units if row["id"] == unit), None)
        if row is None or not self.sight.sees_unit(unit):
            raise UnitNotFound(f"Version {self.version.number} has no unit {unit[:128]}.")
        return row

    def agreed(self) -> dict[str, int]:
        """What units have to carry by the envelopes that the version keeps now."""
        stated = self.stored.manifest.get("frozen", [])
        kept = agreed(stated, self.units, self.lanes.brief())
        return {own["unit"]: carried_of(own) for own in kept}

    def is_published(self) -> bool:
        """As the database says now."""
        return self.lanes.status_of_frame() is VersionStatus.PUBLISHED

    def must_be_draft(self) -> None:
        """Raises FrameClosed. Holds what the database says now, not what was read before."""
        status = self.lanes.status_of_frame()
        if status is not VersionStatus.DRAFT:
            raise FrameClosed(
                f"Version {self.version.number} is {status}; units are worked on in drafts.",
                version_status=status,
            )

    def quotas(self, units: Collection[str]) -> list[Row]:
        """The rows of everybody who hangs on these units, in the order of the version."""
        found, _ = self.stored.page(0, self.manifest["reps"], units)
        return [row for _, row in found]

    def quotas_below(self, unit: str) -> dict[str, int]:
        """What the version says of each rep below a unit."""
        below = Tree.of(self.units, ()).below(unit)
        return {row["rep"]: row["quota"] for row in self.quotas(set(below))}

    def months_over(self, effective: str | None) -> int:
        """How many months come before the first one that moves. Raises InvalidInput."""
        if effective is None:
            return 0
        if effective not in self.stored.months:
            reason = "is no month that quotas of this version have"
            raise InvalidInput([Fault("/effective", reason, effective)])
        return self.stored.months.index(effective)

    def team(self, unit: str, tree: Tree, effective: str | None = None) -> Team:
        """The unit cut out, without the lanes inside it; months before `effective` are over."""
        own = set(tree.own(unit))
        below = self.quotas(set(tree.below(unit)))
        rows = [row for row in below if row["unit"] in own]
        return Team(
            unit=unit,
            rows=rows,
            others=[row for row in below if row["unit"] not in own],
            units=[row for row in self.units if row["id"] in own],  # parents first: the root is
            manifest=self.manifest,
            agreed=self.agreed() if self.stored.manifest.get("frozen") else {},
            tree=tree,
            coupling=self._rules_for({row["rep"] for row in rows}),
            over=self.months_over(effective),
        )

    def _rules_for(self, reps: Collection[str]) -> Coupling | None:
        """What the rules across the tree leave to these reps, all others as in the version."""
        if not self.manifest.get("rules"):
            return None
        quotas = self.stored.quotas()
        whole = certificate_of(
            self.stored.manifest,
            read_units(self.units),
            read_rules(self.stored.rules()),
            read_quotas(quotas),
        )
        if whole.across is None:
            return None
        kept = np.array([row["rep"] in reps for row in quotas], dtype=np.bool_)
        amounts = np.array([row["quota"] for row in quotas], dtype=np.int64)
        return narrowed(whole.across.coupling, kept, amounts)

    def potentials(self, reps: Iterable[str]) -> FloatArray:
        """What the territories of these reps could yield, by the inputs of the version."""
        inputs = load_snapshot(self.session, self.caller.workspace_id, self.version.inputs_hash)
        known = potentials(evidence_of(inputs, period_of(inputs, terms_of(self.plan))))
        row = {rep: number for number, rep in enumerate(inputs.reps.id)}
        return np.array([known[row[rep]] if rep in row else np.nan for rep in reps])

    def work_of(self, row: UnitLane) -> Work:
        return Works(self.session, self.caller.workspace_id).get([row.work])[row.work]

    def carried_without(self, unit: str, tree: Tree) -> dict[str, int]:
        """What each rep below a unit carries by the next lane outwards, or by the version."""
        below, outer = self.quotas_below(unit), tree.around(unit)
        if outer is None:
            return below
        there = self.work_of(self.lane(outer.unit)).quotas
        return {rep: there[rep] for rep in below}

    def sums_inside(self, unit: str, tree: Tree, quotas: Mapping[str, int]) -> dict[str, int]:
        """What these quotas, by rep, say of the next lanes inside a unit."""
        return {
            lane.unit: sum(quotas[row["rep"]] for row in self.quotas(set(tree.below(lane.unit))))
            for lane in tree.inside(unit)
        }

    def lane(self, unit: str, *, lock: bool = False) -> UnitLane:
        """A unit that is frozen. Raises LaneNotAllowed for one that is not."""
        row = self.lanes.get(unit, lock=lock)
        if row is None and unit in self.agreed():
            raise LaneNotAllowed(
                f"Nobody works in unit {unit} in version {self.version.number}; its envelope was "
                "agreed before, and is kept. Freeze it to work in it, or unfreeze it.",
                unit=unit,
                unit_status=AGREED,
                etag=unworked_etag(self.version.number),
            )
        if row is None or row.status is LaneStatus.UNFROZEN:
            raise LaneNotAllowed(
                f"Unit {unit} is not frozen in version {self.version.number}: freeze it first.",
                unit=unit,
                unit_status=OPEN,
            )
        return row

    def must_work_inside_own(self, unit: str, tree: Tree) -> None:
        """A manager freezes, reopens and unfreezes only inside a lane of the own subtree.

        Raises NotInsideOwn.
        """
        outer = tree.around(unit)
        if self.sight.is_whole or (outer is not None and self.sight.sees_unit(outer.unit)):
            return
        raise NotInsideOwn(
            "A manager does this to units inside a frozen unit of their own. About "
            f"{unit} somebody above decides: a planner may."
        )

    def must_see_all(self, unit: str) -> None:
        """Raises NotInsideOwn."""
        if not self.sight.is_whole:
            raise NotInsideOwn(
                f"The version is published: a planner gives up what {unit} agreed on."
            )

    def works(self) -> dict[str, Work]:
        """What stands in all lanes, by unit."""
        rows = self.lanes.standing()
        found = Works(self.session, self.caller.workspace_id).get({row.work for row in rows})
        return {row.unit: found[row.work] for row in rows}


def lane_etag(row: UnitLane) -> str:
    return etag_of(f"{row.version}-{row.revision}")


def unworked_etag(number: int) -> str:
    """Of a unit of this version that nobody has frozen in it."""
    return etag_of(f"{number}-0")
