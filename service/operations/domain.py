"""What an operation is, and how long a caller wants to wait for one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from service.kit.errors import Conflict, NotFound, Unavailable

LONGEST_WAIT: Final = 600.0
"""Seconds; whoever asks for more waits so long."""
MOST_TRIES: Final = 3
"""A request that ends its process each time is not carried out for ever."""

_PREFERENCE: Final = re.compile(r'\s*([A-Za-z-]+)\s*(?:=\s*"?([0-9]{1,9})"?)?\s*(?:;.*)?')

MOST_FOLLOW: Final = 50
"""At once, in one process: each looks twice a second."""


class OperationNotFound(NotFound):
    """There is no such operation."""


class TooManyFollow(Unavailable):
    """Too many callers follow operations just now."""


class OperationIsDone(Conflict):
    """The operation is done and cannot be cancelled any more."""


class OperationLost(Conflict):
    """The operation was cancelled, or another process carries it out."""


class CarriedOutElsewhere(Conflict):
    """The operation is carried out by a worker."""


class OperationGivenUp(Conflict):
    """Each process that carried the operation out ended before it was done."""


class OperationDamaged(Conflict):
    """What was kept of the request cannot be read."""


class EndedByErasure(Conflict):
    """Somebody was erased while the operation was under way."""


class ProblemForgotten(Conflict):
    """Why the operation failed is not kept any more."""


class ResultNotKept(Conflict):
    """The operation was carried out, but its result was not kept."""

    @classmethod
    def of(cls, action: str, subject: str | None) -> Self:
        """What it did is known, as the trail tells it; what it answered is not."""
        return cls(
            f"It stored {subject} ({action}) and is not done again. What it answered was lost: the "
            "process ended or the database was away just then. Look there."
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What `Prefer` (RFC 7240) says about waiting; what it says of anything else is left alone."""

    asynchronous: bool = False
    wait: float | None = None
    """Seconds."""

    @classmethod
    def of(cls, headers: Sequence[str]) -> "Wish":
        """Of several that say the same the first one counts. What cannot be read is no wish."""
        named: dict[str, str | None] = {}
        for preference in ",".join(headers).split(","):
            if found := _PREFERENCE.fullmatch(preference):
                named.setdefault(found[1].lower(), found[2])
        wait = named.get("wait")
        return cls(
            asynchronous="respond-async" in named,
            wait=None if wait is None else min(float(wait), LONGEST_WAIT),
        )

    def seconds(self, otherwise: float) -> float:
        """How long to wait for the answer before telling where to look."""
        if self.wait is not None:
            return self.wait
        return 0.0 if self.asynchronous else otherwise

    @property
    def applied(self) -> str | None:
        """What `Preference-Applied` says where it was answered by 202."""
        if self.asynchronous:
            return "respond-async"
        return None if self.wait is None else f"wait={self.wait:g}"
