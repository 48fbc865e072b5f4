"""The life of a plan version, and what a plan may be.

    draft ──publish──> published ──supersede──> superseded

A version is superseded when another one of its plan is published; nothing else ever changes it.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from service.kit.errors import Conflict, NotFound

MAX_MONTHS = 120


class VersionStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    PUBLISH = "publish"
    SUPERSEDE = "supersede"


class PlanNotFound(NotFound):
    """There is no such plan."""


class VersionNotFound(NotFound):
    """The plan has no such version."""


class TransitionNotAllowed(Conflict):
    """The version is not in a state that allows this."""


class PlanIsPublished(Conflict):
    """A plan with a published version cannot be deleted."""


class CurrencyIsFixed(Conflict):
    """The currency of a plan with inputs or versions cannot change."""


_NEXT = {
    (VersionStatus.DRAFT, Action.PUBLISH): VersionStatus.PUBLISHED,
    (VersionStatus.PUBLISHED, Action.SUPERSEDE): VersionStatus.SUPERSEDED,
}


def advance(status: VersionStatus, action: Action) -> VersionStatus:
    """The state after the action; raises TransitionNotAllowed."""
    if after := _NEXT.get((status, action)):
        return after
    raise TransitionNotAllowed(f"Cannot {action} a {status} version.", version_status=status)


@dataclass(frozen=True, slots=True)
class VersionContent:
    """What a version says for ever; `assigned` in minor units, hashes as `sha256:…`.

    `manifest` holds the canonical bytes whose SHA-256 is `hash`.
    """

    inputs_hash: str
    hash: str
    parent_hash: str | None
    base_version: int | None
    policy: Mapping[str, Any]
    engine: str
    assigned: int
    fairness: Mapping[str, Any]
    manifest: bytes
    note: str | None = None


def period_fault(start: date, end: date) -> str | None:
    """What is wrong with the last day, end included, of a period that starts then; None if fine."""
    if end < start:
        return "must not be before the start"
    if end.day != monthrange(end.year, end.month)[1]:
        return "must be the last day of a month"
    if (end.year - start.year) * 12 + end.month - start.month >= MAX_MONTHS:
        return f"must be within {MAX_MONTHS} months of the start"
    return None
