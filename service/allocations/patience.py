"""How long a solve may take, its prices included, and who may stop it: the clock that the solver
does not have.

A caller over HTTP who hangs up stops the solve, as somebody does who cancels the operation that it
has become. The solver asks from whatever thread it works in; the event loop is asked in turn, at
most a few times a second.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final, Self

import anyio.lowlevel
from anyio import from_thread
from fastapi import Depends, Request

from service.kit.db import SOLVERS
from service.operations.outlasting import RunDep
from solver.watch import Stage, Watch

_ASK_EVERY: Final = 0.2
"""Seconds between two questions to the event loop, which take about a tenth of a millisecond."""


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


async def _until_the_caller_leaves(request: Request) -> AsyncIterator[Patience]:
    """As long as the server allows and the caller stays."""
    loop = anyio.lowlevel.current_token()
    asked, left = time.monotonic(), False

    def stopped() -> bool:
        nonlocal asked, left
        if not left and time.monotonic() - asked > _ASK_EVERY:
            left = from_thread.run(request.is_disconnected, token=loop)
            asked = time.monotonic()
        return left

    yield Patience(request.app.state.settings.solve_time_limit, stopped)


_InTurnDep = Annotated[
    Patience, Depends(_until_the_caller_leaves, scope="function", max_concurrency=SOLVERS)
]
"""So many solve at once; all others wait without a thread, which leaves enough of these for
everything else.
"""


async def _until_cancelled(run: RunDep, patience: _InTurnDep) -> Patience:
    return patience if run is None else replace(patience, tell=run.tell)


PatienceDep = Annotated[Patience, Depends(_until_cancelled)]
"""Of a call that goes on as an operation where it takes longer. Name it after the body, and before
the sessions: nobody's patience begins only when it is their turn to solve.
"""
