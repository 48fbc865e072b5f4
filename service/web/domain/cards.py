"""Plans and versions in lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.plans.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True)
class PlanCard:
    """What every page says about a plan."""

    id: str
    name: str
    currency: str
    digits: int
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Granted:
    """A change request that made a version."""

    rep: str
    amount: int | None
    """The quota in minor units; None where inputs were corrected."""
    since: date | None
    """The first month that changed; None: the whole period."""


@dataclass(frozen=True, slots=True)
class VersionCard:
    """A version in a list: enough to choose it, and how much of it the reader sees."""

    number: int
    status: str
    created_at: datetime
    published_at: datetime | None = None
    deadline: datetime | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    """Included; None: until the period ends."""
    note: str | None = None
    event: Mapping[str, Any] | None = None
    """What the event says that made it; pages tell it in their own words instead of the note."""
    granted: Granted | None = None
    """The same of a change request."""
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan in the list, with its version in force (else its newest draft) if there is one."""

    plan: PlanCard
    card: VersionCard | None = None
    target: int | None = None
    assigned: int | None = None
    growth: float | None = None
    reps: int | None = None
