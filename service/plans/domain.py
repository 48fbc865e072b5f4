"""The life of a plan version, and what a plan may be.

    draft ──submit──> submitted ──approve──> approved ──publish──> published
      ^                   │                      │                     │
      └─ reject, withdraw ┴──────────────────────┘       superseded <──┘

Each time a version comes back a new round begins. A version is superseded when another one of its
plan is published; nothing else ever changes it.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from service.kit.errors import Conflict, Fault, InvalidInput, NotFound, NotPermitted

MAX_MONTHS = 120
MOST_VERSIONS = 2**31 - 1
"""Of one plan: the largest number of a version that a database keeps."""


class VersionStatus(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class Action(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"
    """What publishing does to the version before; nobody can ask for it alone."""


class PlanNotFound(NotFound):
    """There is no such plan."""


class VersionNotFound(NotFound):
    """The plan has no such version."""


class TransitionNotAllowed(Conflict):
    """The version is not in a state that allows this."""


class PlanIsPublished(Conflict):
    """A plan with a published version cannot be deleted."""


class PlanIsUnderReview(Conflict):
    """A plan with a submitted or approved version cannot be deleted."""


class EffectiveTooEarly(Conflict):
    """A version cannot take effect before the one that it replaces."""


class PeriodIsOver(Conflict):
    """No month of the plan's period is still to begin."""


class CurrencyIsFixed(Conflict):
    """The currency of a plan with inputs or versions cannot change."""


class SecondPersonNeeded(NotPermitted):
    """What one person submits, another one has to approve."""


_DRAFT, _SUBMITTED, _APPROVED, _PUBLISHED, _SUPERSEDED = VersionStatus

_NEXT = {
    (_DRAFT, Action.SUBMIT): _SUBMITTED,
    (_SUBMITTED, Action.APPROVE): _APPROVED,
    (_SUBMITTED, Action.REJECT): _DRAFT,
    (_SUBMITTED, Action.WITHDRAW): _DRAFT,
    (_APPROVED, Action.REJECT): _DRAFT,
    (_APPROVED, Action.WITHDRAW): _DRAFT,
    (_APPROVED, Action.PUBLISH): _PUBLISHED,
    (_PUBLISHED, Action.SUPERSEDE): _SUPERSEDED,
}

UNDER_REVIEW = (_SUBMITTED, _APPROVED)
EVER_PUBLISHED = (_PUBLISHED, _SUPERSEDED)


def advance(status: VersionStatus, action: Action) -> VersionStatus:
    """The state after the action; raises TransitionNotAllowed, which says what is possible."""
    if after := _NEXT.get((status, action)):
        return after
    possible = possible_actions(status)
    instead = f"Possible now: {', '.join(possible)}." if possible else "It stays as it is."
    raise TransitionNotAllowed(
        f"Cannot {action} a {status} version. {instead}",
        version_status=status,
        possible=possible,
    )


def possible_actions(status: VersionStatus) -> list[Action]:
    """What callers can ask for in this state."""
    return [
        action
        for (of, action), _ in _NEXT.items()
        if of == status and action is not Action.SUPERSEDE
    ]


def is_overdue(status: VersionStatus, deadline: datetime | None, now: datetime) -> bool:
    """Whether a decision was due before now and is still open."""
    return status is _SUBMITTED and deadline is not None and deadline < now


def version_subject(plan_id: str, number: int) -> str:
    """What the audit trail calls a version."""
    return f"{plan_id}/versions/{number}"


@dataclass(frozen=True, slots=True)
class Replaced:
    """The version that a new one is published in place of, and since when it is in force."""

    number: int
    since: date


def effective_date(
    wanted: date | None, period: tuple[date, date], replaced: Replaced | None, today: date
) -> date:
    """The first day on which a version is in force: `wanted`, else as early as is usual.

    The first publication of a plan holds for its whole `period` (both days included), a later one
    from the first month that has not begun. Raises InvalidInput, EffectiveTooEarly and
    PeriodIsOver.
    """
    start, end = period
    earliest = replaced.since if replaced else start
    if wanted is None:
        usual = max(_next_month(today), earliest) if replaced else start
        if usual > end:
            raise PeriodIsOver(f"It ended on {end}; say with `effective` from when this one holds.")
        return usual
    if wanted.day != 1:
        raise _no_such_day("must be the first day of a month", wanted)
    if not start <= wanted <= end:
        raise _no_such_day(f"must lie in the plan's period, from {start} to {end}", wanted)
    if replaced and wanted < earliest:
        raise EffectiveTooEarly(
            f"Version {replaced.number} is in force from {earliest} on, so this one cannot be "
            f"from {wanted} on.",
            earliest=earliest.isoformat(),
        )
    return wanted


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _no_such_day(reason: str, wanted: date) -> InvalidInput:
    return InvalidInput([Fault("/effective", reason, wanted.isoformat())])


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
