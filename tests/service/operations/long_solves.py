"""Solves that take as long as a test wants them to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from service.allocations.assemble import Case
from service.allocations.measures.solving import SolvedMeasure, solve_measures
from service.allocations.patience import Patience
from service.allocations.solving import in_the_callers_words
from service.allocations.versions.usecases import solving

type Solve = Callable[..., SolvedMeasure]


class Gate:
    """Every solve of a version waits in front of it, and looks up now and then as solvers do."""

    def __init__(self) -> None:
        self.reached, self.opened = Event(), Event()

    def solve(self, case: Case, patience: Patience, *more: Any) -> SolvedMeasure:
        """Raises CallerLeft if nobody wants it any more."""
        self.reached.set()
        with in_the_callers_words(case, patience) as watch:
            watch.tell("even spread", 7)
            while not self.opened.wait(0.01):
                watch.look()
        return solve_measures(case, patience, *more)


@contextmanager
def long_solves() -> Iterator[Gate]:
    gate = Gate()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(solving, "solve_measures", gate.solve)
        try:
            yield gate
        finally:
            gate.opened.set()
