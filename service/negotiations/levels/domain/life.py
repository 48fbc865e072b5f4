"""The life of a lane, and lanes inside lanes.

    (open, or agreed before) ──freeze──> frozen ──sign off──> signed
                 │                         │  <───reopen────────┘
                 └───────unfreeze──────────┴──unfreeze──> unfrozen ──freeze──> frozen

A lane is one unit of one draft version, its frame. What its reps carry together, the envelope, is
what the frame says that the unit carries; of a unit inside another lane, what that lane says when
it is frozen. Every rep is in the hands of the innermost lane alone:

* a unit may be frozen inside a frozen one: from then on the outer lane keeps the inner envelope as
  one sum, and the inner reps are out of its hands. Envelopes of lanes side by side, and the reps
  beside them, add up to the outer envelope.
* a unit may be frozen around frozen ones: their envelopes are what the frame says, so they add up.
* a lane is signed after the lanes inside it, and while it is signed nothing inside it moves.
* a lane may be unfrozen where the lanes inside it keep envelopes that still stand without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from service.allocations.versions.lanes.domain.lane import LaneStatus, Tree
from service.kit.errors import Conflict, NotFound, NotPermitted

OPEN = "open"
"""What is said of a unit that has agreed on nothing."""
AGREED = "agreed"
"""What is said of a unit that nobody works in here, and whose envelope was frozen before: in the
version that this one was made of, or in this one before it was published.
"""


class LaneAction(StrEnum):
    """The value ends the sentence "cannot …"."""

    FREEZE = "freeze"
    SOLVE = "solve"
    ADJUST = "adjust"
    SIGN_OFF = "sign off"
    REOPEN = "reopen"
    UNFREEZE = "unfreeze"


class UnitNotFound(NotFound):
    """The version has no such unit."""


class LaneNotAllowed(Conflict):
    """The unit is not in a state that allows this."""


class LanesInTheWay(Conflict):
    """Frozen units inside or around this one do not allow it."""


class NotInsideOwn(NotPermitted):
    """A planner decides about this unit."""


class FrameClosed(Conflict):
    """Units are worked on in drafts only."""


_AFTER = {
    (None, LaneAction.FREEZE): LaneStatus.FROZEN,
    (LaneStatus.UNFROZEN, LaneAction.FREEZE): LaneStatus.FROZEN,
    (LaneStatus.FROZEN, LaneAction.SOLVE): LaneStatus.FROZEN,
    (LaneStatus.FROZEN, LaneAction.ADJUST): LaneStatus.FROZEN,
    (LaneStatus.FROZEN, LaneAction.SIGN_OFF): LaneStatus.SIGNED,
    (LaneStatus.SIGNED, LaneAction.REOPEN): LaneStatus.FROZEN,
    (LaneStatus.FROZEN, LaneAction.UNFREEZE): LaneStatus.UNFROZEN,
}


def after(
    status: LaneStatus | None, action: LaneAction, unit: str, *, agreed: bool = False
) -> LaneStatus:
    """The state after the action, `None` before the first; raises LaneNotAllowed.

    `agreed`: whether an envelope of before stands that nobody has given up.
    """
    steps = _AFTER | ({(None, LaneAction.UNFREEZE): LaneStatus.UNFROZEN} if agreed else {})
    if found := steps.get((status, action)):
        return found
    idle = status in (None, LaneStatus.UNFROZEN)
    state = (AGREED if agreed else OPEN) if idle else status
    possible = sorted(
        known.value for before, known in steps if before == (None if idle else status)
    )
    raise LaneNotAllowed(
        f"Cannot {action} unit {unit}, which is {state}; what is possible now: "
        f"{', '.join(possible)}.",
        unit=unit,
        unit_status=str(state),
    )


def may_move_inside(tree: Tree, unit: str, sees: Callable[[str], bool]) -> None:
    """Raises LanesInTheWay where a lane around the unit is signed, and names those that are seen:
    the next one for sure, for it was signed before those around it.
    """
    signed = [lane.unit for lane in tree.all_around(unit) if lane.status is LaneStatus.SIGNED]
    if signed:
        seen = [*filter(sees, signed)]
        raise LanesInTheWay(
            f"Unit {unit} lies in {shown(seen)}, which is signed: reopen that first.", units=seen
        )


def may_sign(tree: Tree, unit: str) -> None:
    """Raises LanesInTheWay where a lane inside is not signed."""
    unsigned = [lane.unit for lane in tree.inside(unit) if lane.status is not LaneStatus.SIGNED]
    if unsigned:
        raise LanesInTheWay(
            f"Unit {unit} is signed after the units that are frozen inside it; not signed yet: "
            f"{shown(unsigned)}.",
            units=unsigned,
        )


def may_unfreeze(tree: Tree, unit: str, without: Mapping[str, int]) -> None:
    """Raises LanesInTheWay where a lane inside would be left with an envelope that nobody states.

    `without`: what the lanes inside would carry by the next lane outwards, or the frame.
    """
    lost = [lane.unit for lane in tree.inside(unit) if lane.envelope != without[lane.unit]]
    if lost:
        raise LanesInTheWay(
            f"The envelopes of {shown(lost)} were agreed inside unit {unit}: unfreeze them first.",
            units=lost,
        )


def shown(units: Sequence[str]) -> str:
    """Their names, of many the first ten."""
    named = ", ".join(units[:10])
    return named if len(units) <= 10 else f"{named} and {len(units) - 10} more"
