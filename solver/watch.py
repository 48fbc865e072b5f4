"""How a caller follows a long solve, limits it, and stops it.

The solver is pure and has no clock: the caller brings one, as `seconds_left`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from solver.errors import SolveStopped, TimeIsUp

Stage = Literal["conflicts", "largest stretch", "even spread", "rounding", "certificate", "prices"]


def _unlimited() -> float:
    return float("inf")


def _nobody_stops() -> bool:
    return False


def _nobody_listens(_stage: Stage, _done: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Watch:
    """Asked and told from inside a solve, possibly many times a second and from another thread."""

    seconds_left: Callable[[], float] = _unlimited
    """How long the solve may still take; 0 or less: no longer."""
    stopped: Callable[[], bool] = _nobody_stops
    """Whether the caller wants it no more."""
    tell: Callable[[Stage, int], None] = _nobody_listens
    """Hears the stage that is at work and its steps so far: simplex iterations, tree solves."""

    def look(self) -> None:
        """Raise `SolveStopped` or `TimeIsUp` where it is time to end."""
        if self.stopped():
            raise SolveStopped("the solve was stopped on request")
        if self.seconds_left() <= 0:
            raise TimeIsUp("the time limit of the solve is over")
