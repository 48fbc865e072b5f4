"""Which change requests concern a caller, and on which side of them the caller stands.

The tree that counts is that of the version that a request is about, never of today's inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from service.allocations.versions.repository import StoredVersion
from service.kit.auth import Caller, Role
from service.negotiations.change_requests.domain.life import Side
from service.negotiations.change_requests.tables import ChangeRequest

_EVERYTHING: Final = frozenset({Role.ADMIN, Role.PLANNER, Role.AUDITOR})
_PLANNERS: Final = frozenset({Role.ADMIN, Role.PLANNER})


@dataclass(frozen=True)
class Scope:
    """What a caller sees of the requests about one version, and decides.

    It needs no database any more, so that who may sign can be asked between transactions.
    """

    caller: Caller
    rows: tuple[Mapping[str, Any], ...]
    """The units of the version, parents first."""

    @classmethod
    def of(cls, caller: Caller, version: StoredVersion) -> Self:
        return cls(caller, tuple(version.units()))

    @property
    def sees_everything(self) -> bool:
        return self.caller.role in _EVERYTHING

    @property
    def is_planner(self) -> bool:
        return self.caller.role in _PLANNERS

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """Of each unit of the version, the one above; None: the company."""
        return {row["id"]: row["parent"] for row in self.rows}

    @cached_property
    def units(self) -> frozenset[str]:
        """At and below the caller's own; none where the version does not have that."""
        own = self.caller.unit if self.caller.role == Role.MANAGER else None
        return frozenset() if own is None else self.at_and_below(own)

    def at_and_below(self, unit: str) -> frozenset[str]:
        """A unit and those below it; none where the version does not have it."""
        below = {unit} & self.parents.keys()
        for each, parent in self.parents.items():  # parents first
            if parent in below:
                below.add(each)
        return frozenset(below)

    def sees(self, rep: str, unit: str | None) -> bool:
        """Whether requests about this rep, who hangs on this unit, concern the caller."""
        if self.sees_everything or (self.caller.role == Role.REP and self.caller.rep == rep):
            return True
        return unit in self.units

    def holds(self, unit: str | None) -> bool:
        """Whether the caller answers for what this unit carries; None: the company."""
        return self.is_planner or unit in self.units

    def sides(self, request: ChangeRequest) -> list[Side]:
        """Nobody decides on the own quota, and no manager on what the same manager asked for."""
        caller, sides = self.caller, []
        asked, own = caller.acted_as(request.requested_by), caller.rep == request.rep
        if asked or own:
            sides.append(Side.REQUESTER)
        if not own and (self.is_planner or (not asked and self.holds(request.lies_with))):
            sides.append(Side.DECIDER)
        return sides
