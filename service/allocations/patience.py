"""How long a solve may take, its prices included, and who may stop it: the clock that the solver
does not have. That of a caller over HTTP is in `caller`, for commands must not pay for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from solver.watch import Stage, Watch


def _nobody_stops() -> bool:
    return False


def _nobody_listens(_stage: Stage, _done: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Patience:
    """What a caller waits for; the clock starts when the solve does, unless it runs already."""

    seconds: float = float("inf")
    stopped: Callable[[], bool] = _nobody_stops
    tell: Callable[[Stage, int], None] = _nobody_listens
    clock: Callable[[], float] = time.monotonic
    end: float | None = None
    """When the time is up, by the clock; None: so many seconds after a solve begins."""

    def from_now_on(self) -> Self:
        """The same with a clock that runs: several solves have the time of one."""
        return replace(self, end=self.clock() + self.seconds)

    def watch(self) -> Watch:
        end = self.clock() + self.seconds if self.end is None else self.end
        return Watch(lambda: end - self.clock(), self.stopped, self.tell)
