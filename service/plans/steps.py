"""A step in the life of something that belongs to a plan: whose, on what they have seen, and why.

Each feature adds which thing it is: a version, a unit of it, a change request, an event.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from service.kit.auth import Caller
from service.kit.etags import IfMatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Who does something in which plan, the state they have seen, and why."""

    caller: Caller
    plan_id: str
    now: datetime
    expected: IfMatch = field(default_factory=IfMatch)
    note: str | None = None

    def saying(self, note: str | None) -> Self:
        """The same step with a note."""
        return replace(self, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStep(Step):
    """A step of one of the plan's versions."""

    number: int
