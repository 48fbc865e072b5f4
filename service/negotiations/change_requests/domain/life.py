"""The life of a change request.

                 ┌────────────── counter ──────────────┐
                 │                                     v
    open ──escalate──> escalated ──counter──> countered ──accept (either side)──> accepted
      │                    │                      │
      └─ accept · reject · withdraw ──────────────┴──> accepted · rejected · withdrawn

The requester asks: withdraws, or accepts a counter. The decider is who answers for the unit that
the request lies with: counters, accepts, rejects, or escalates it to the unit above. What is
accepted, rejected or withdrawn stays so. A deadline that has passed changes no state: it is told.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from service.kit.errors import Conflict, NotFound, NotPermitted


class ChangeRequestStatus(StrEnum):
    OPEN = "open"
    COUNTERED = "countered"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


UNDECIDED: Final = frozenset(
    {ChangeRequestStatus.OPEN, ChangeRequestStatus.COUNTERED, ChangeRequestStatus.ESCALATED}
)


class Action(StrEnum):
    FILE = "file"
    COUNTER = "counter"
    ACCEPT = "accept"
    REJECT = "reject"
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"


class Side(StrEnum):
    """Of a change request; somebody who plans may be both."""

    REQUESTER = "requester"
    DECIDER = "decider"


class ChangeRequestNotFound(NotFound):
    """There is no such change request."""


class ChangeRequestIsDecided(Conflict):
    """The change request is not in a state that allows this."""


class NothingAbove(Conflict):
    """The request lies with the company already."""


class NotTheRequester(NotPermitted):
    """Only who asked may do this."""


class NotTheDecider(NotPermitted):
    """Somebody else decides on this request."""


_AFTER: Final = {
    Action.COUNTER: ChangeRequestStatus.COUNTERED,
    Action.ACCEPT: ChangeRequestStatus.ACCEPTED,
    Action.REJECT: ChangeRequestStatus.REJECTED,
    Action.ESCALATE: ChangeRequestStatus.ESCALATED,
    Action.WITHDRAW: ChangeRequestStatus.WITHDRAWN,
}
_DONE: Final = {
    Action.COUNTER: "countered",
    Action.ACCEPT: "accepted",
    Action.REJECT: "rejected",
    Action.ESCALATE: "escalated",
    Action.WITHDRAW: "withdrawn",
}


def advance(status: ChangeRequestStatus, action: Action) -> ChangeRequestStatus:
    """The state after the action; raises ChangeRequestIsDecided."""
    if status in UNDECIDED:
        return _AFTER[action]
    again = " again" if _AFTER[action] == status else ""
    article = "An" if status == ChangeRequestStatus.ACCEPTED else "A"
    raise ChangeRequestIsDecided(
        f"{article} {status} change request cannot be {_DONE[action]}{again}; who still wants a "
        "change files a new one.",
        request_status=status,
    )


def side_for(status: ChangeRequestStatus, action: Action, sides: Iterable[Side]) -> Side:
    """As which side of the request a caller acts who is all of `sides`.

    Raises NotTheRequester and NotTheDecider. Who is both accepts as the decider.
    """
    own = frozenset(sides)
    if action == Action.WITHDRAW:
        if Side.REQUESTER in own:
            return Side.REQUESTER
        raise NotTheRequester("Who asked may withdraw it; who decides may reject it.")
    if Side.DECIDER in own:
        return Side.DECIDER
    if (
        action == Action.ACCEPT
        and status == ChangeRequestStatus.COUNTERED
        and Side.REQUESTER in own
    ):
        return Side.REQUESTER
    if action == Action.ACCEPT and Side.REQUESTER in own:
        raise NotTheDecider("Who asked may accept a counter, and there is none yet.")
    raise NotTheDecider(
        "It is decided by whoever answers for the unit that it lies with, and by somebody else than"
        " who asked for it and whose quota it is."
    )


def is_overdue(status: ChangeRequestStatus, deadline: date, now: datetime) -> bool:
    """Whether a request that waits for a decision has waited beyond its last day."""
    return status in UNDECIDED and now.date() > deadline
