"""Waiting for a solve at a terminal: what it is doing, and Ctrl-C ends it without a traceback."""

import sys
import threading
import time
from collections.abc import Callable

from service.allocations.patience import Patience
from service.cli.failure import STOPPED, Failure
from solver.watch import Stage

_QUIET_SECONDS = 1.0
_TURN_SECONDS = 0.2
"""How long Ctrl-C may go unheard: a wait without end is not woken by a signal in another thread."""
_GRACE_SECONDS = 5.0
"""How long a stopped solve may take to notice."""


def solved_while_waiting[Answer](
    solve: Callable[[Patience], Answer], seconds: float = float("inf")
) -> Answer:
    """What `solve` answers, in a thread of its own: the main thread is the one that hears Ctrl-C.

    Raises what `solve` raises, and Failure with exit code 130 where it was stopped.
    """
    stop, end = threading.Event(), threading.Event()
    line = _Line()
    answers: list[Answer] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(solve(Patience(seconds, stop.is_set, line.tell)))
        except BaseException as failure:  # noqa: BLE001 - raised again by the main thread
            failures.append(failure)
        finally:
            end.set()

    try:
        threading.Thread(target=work, daemon=True).start()
        line.wait_for(end)
    except KeyboardInterrupt:
        stop.set()
        end.wait(_GRACE_SECONDS)
        raise Failure("stopped; there is no plan.", STOPPED) from None
    if failures:
        raise failures[0]
    return answers[0]


class _Line:
    """One line on a terminal that says how far the solve is; nothing for the first second."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._told: tuple[Stage, int] | None = None

    def tell(self, stage: Stage, done: int) -> None:
        self._told = stage, done

    def wait_for(self, end: threading.Event) -> None:
        if end.wait(_QUIET_SECONDS):
            return
        if not sys.stderr.isatty():
            while not end.wait(_TURN_SECONDS):
                pass
            return
        from rich.console import Console

        with Console(stderr=True).status(self._sentence()) as status:
            while not end.wait(_TURN_SECONDS):
                status.update(self._sentence())

    def _sentence(self) -> str:
        seconds = f"{time.monotonic() - self._begun:.0f} s"
        if self._told is None:
            return f"Solving, {seconds}. Ctrl-C stops it."
        stage, done = self._told
        return f"Solving: {stage}, {done:,} steps, {seconds}. Ctrl-C stops it."
