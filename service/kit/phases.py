"""How long the phases of a piece of work take: for Prometheus, and as spans of OpenTelemetry where
somebody collects them (`tracing`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import context as told
from prometheus_client import Histogram

from service.kit.metrics import COUNTED
from service.kit.tracing import TRACER, in_span

_SECONDS: Final = Histogram(
    "fairquota_solve_phase_seconds",
    "Seconds that the phases of solving a plan took.",
    ["phase"],
    registry=COUNTED,
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
_NANO: Final = 1_000_000_000


@contextmanager
def phase(name: str) -> Iterator[None]:
    """What is done here is one; a phase that fails took its time, too."""
    began = time.perf_counter()
    try:
        with in_span(name):
            yield
    finally:
        _SECONDS.labels(name).observe(time.perf_counter() - began)


class Stages:
    """Phases that are told one after the other, from whatever thread: each ends with the next."""

    def __init__(self, first: str, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self._clock = clock
        self._around = told.get_current()
        self._begin(first)

    def _begin(self, stage: str) -> None:
        self._stage, self._began = stage, self._clock()
        self._span = TRACER.start_span(stage, self._around)

    def tell(self, stage: str) -> None:
        """Called many times a second."""
        if stage != self._stage:
            self.end()
            self._begin(stage)

    def end(self) -> None:
        self._span.end()
        _SECONDS.labels(self._stage).observe((self._clock() - self._began) / _NANO)
