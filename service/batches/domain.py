"""Which plans a batch is about, what is to be done with each, and whose turn it is."""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from service.kit.errors import Conflict, Fault, NotFound

MOST_PLANS: Final = 100_000

type Priority = Literal["low", "normal", "high"]
TURNS: Final[Mapping[Priority, int]] = {"high": 10, "normal": 20, "low": 30}
"""Of the parts; calls that somebody waits for have 0, and come first."""

type Which = Literal["as_they_stand", "rolled_forward"]
"""The inputs that are solved."""


class BatchNotFound(NotFound):
    """There is no such batch."""


class BatchIsUnderWay(Conflict):
    """The batch is not done yet."""


class BatchWasCancelled(Conflict):
    """The batch was cancelled; what is left of it is for a new one."""


class BatchWasForgotten(Conflict):
    """What the batch was to do is forgotten, because somebody was erased."""


class NothingFailed(Conflict):
    """No plan of the batch failed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One plan to solve; `pointer` says where it was named."""

    plan: str
    pointer: str
    row: str = ""
    """Where what is said of it alone stands."""
    policy: Mapping[str, Any] | None = None
    """Its own; None: that of the batch."""
    rolled: Mapping[str, Any] | None = None
    """A `RollForwardIn`; None: the working inputs as they stand."""

    @property
    def source(self) -> str | None:
        """The plan that is rolled forward into it, where one is named."""
        return None if self.rolled is None else self.rolled.get("from")


def named_twice(items: Sequence[Item]) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for item in items:
        if (before := first.setdefault(item.plan, item.pointer)) != item.pointer:
            yield Fault(item.pointer, f"names the same plan as {before}", item.plan)


def matching(pattern: str) -> Callable[[str], bool]:
    """Whether a name is meant by a pattern with `*`. Databases do not agree on what Ä is to ä."""
    only_stars = re.sub(r"[?[]", r"[\g<0>]", pattern.casefold())
    meant = re.compile(fnmatch.translate(only_stars))
    return lambda name: meant.match(name.casefold()) is not None
