"""The patience of a caller over HTTP. Whoever hangs up stops the solve, as somebody does who
cancels the operation that it has become: the solver asks from whatever thread it works in, and the
event loop is asked in turn, at most a few times a second.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Final

import anyio.lowlevel
from anyio import from_thread
from fastapi import Depends, Request

from service.allocations.patience import Patience
from service.kit.db import SOLVERS
from service.operations.outlasting import RunDep

_ASK_EVERY: Final = 0.2
"""Seconds between two questions to the event loop, which take about a tenth of a millisecond."""


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
