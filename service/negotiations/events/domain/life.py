"""The life of an event.

    proposed ──accept──> accepted
        ├──reject────> rejected
        └──withdraw──> withdrawn

What was decided stays: an accepted event is undone by its opposite, on the same day.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from service.kit.errors import Conflict, NotFound


class EventStatus(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    PROPOSE = "propose"
    ACCEPT = "accept"
    REJECT = "reject"
    WITHDRAW = "withdraw"


AFTER: Final = {
    Action.ACCEPT: EventStatus.ACCEPTED,
    Action.REJECT: EventStatus.REJECTED,
    Action.WITHDRAW: EventStatus.WITHDRAWN,
}


class EventNotFound(NotFound):
    """The plan has no such event."""


class EventIsDecided(Conflict):
    """The event has been decided already."""


class NoVersionInForce(Conflict):
    """The plan has no published version that an event could change."""


class VersionNotInForce(Conflict):
    """Another version is in force."""


class EveryMonthIsClosed(Conflict):
    """No month of the plan is open any more."""


class NothingChanges(Conflict):
    """The event would change no quota."""


class VersionHasNoMonths(Conflict):
    """The version in force has no months."""


def after(status: EventStatus, action: Action) -> EventStatus:
    """The state after an action. Raises `EventIsDecided`."""
    if status is not EventStatus.PROPOSED:
        raise EventIsDecided(
            f"Cannot {action} an event that is {status}; to undo one, propose its opposite.",
            event_status=status,
        )
    return AFTER[action]
