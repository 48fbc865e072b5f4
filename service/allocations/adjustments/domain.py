"""What is wanted of an adjustment, and how far a manager may go with it."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from service.kit.errors import Conflict, NotPermitted
from service.plans.domain import VersionStatus
from solver.amend import Funding

ACTION: Final = "version.adjust"
"""What the trail says of every draft that adjustments or releases made."""


class NotAdjustable(Conflict):
    """Quotas of this version are not adjusted."""


class BeyondManagersLimit(NotPermitted):
    """A manager may not move quotas that far."""


class OwnQuota(NotPermitted):
    """Nobody decides on the own quota."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The quota that somebody is to have, in minor units, and why."""

    rep: str
    quota: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What is adjusted and released at once; the order does not matter."""

    adjusted: Sequence[Adjusted]
    released: Sequence[str]
    funding: Funding | None
    """None: left open."""
    effective: str | None
    note: str | None


_POSSIBLE = (VersionStatus.DRAFT, VersionStatus.PUBLISHED)


def refuse_unless_adjustable(status: VersionStatus) -> None:
    """A draft is adjusted into another draft, and a published version into one that renegotiates
    it. Raises NotAdjustable.
    """
    if status not in _POSSIBLE:
        instead = (
            "adjust the published version"
            if status is VersionStatus.SUPERSEDED
            else "withdraw it first, then it is a draft again"
        )
        raise NotAdjustable(f"It is {status}: {instead}.", status=status)


def refuse_own(own: str | None, reps: Container[str]) -> None:
    """`own`: who the caller is among the reps, if that is known; `reps`: whom a step names."""
    if own is not None and own in reps:
        raise OwnQuota(
            f"{own} is your own quota. Ask for another one with a change request, or let somebody "
            "else adjust it.",
            rep=own,
        )


def refuse_to_move_own(own: str | None, moved: Container[str]) -> None:
    """`moved`: whose quotas a manager's step would change, also of those who only carry."""
    if own is not None and own in moved:
        raise OwnQuota(
            f"{own} is your own quota, and it would move with those that you ask for. Ask for what "
            "adds up to nothing among the others, or let a planner do it.",
            rep=own,
        )


def moved_too_far(
    before: Mapping[str, int], after: Mapping[str, int], limit: float
) -> Iterator[tuple[str, float]]:
    """Reps who would move by more than the limit, and by how much: a part of `before`, by rep.

    `before`: the quotas that the work began from, however often they were adjusted since.
    """
    most = Fraction(repr(limit))
    for rep, quota in sorted(after.items()):
        start = before.get(rep, 0)
        if abs(quota - start) > most * start:
            yield rep, (quota - start) / start if start else float("inf")
