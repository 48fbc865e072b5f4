"""What is counted for Prometheus, in this process and in those that it has started.

Features count in `COUNTED`, wherever they are at work. A process without a port, such as a worker,
tells whoever started it how far it has counted; these sums are shown. What a process told last
stays in them when it ends, so that no counter falls; what it counted since, less than a second of
it, is lost if it is killed.
"""

from collections.abc import Iterable
from multiprocessing.connection import Connection
from threading import Lock
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

COUNTED: Final = CollectorRegistry()
"""Counters and histograms of this process; sums of anything else would mean nothing."""

type Families = list[Metric]


class Processes(Collector):
    """The sums over this process and those that it has started."""

    def __init__(self) -> None:
        self._at_work: dict[int, Families] = {}
        self._ended: Families = []
        self._died = 0
        self._changing = Lock()

    def begin(self, pid: int) -> None:
        """It has been started."""
        with self._changing:
            self._at_work[pid] = []

    def hear(self, pid: int, counted: Families) -> None:
        """How far it has come."""
        with self._changing:
            self._at_work[pid] = counted

    def end(self, pid: int) -> None:
        """It has ended; what it counted stays."""
        with self._changing:
            self._ended = _sums((self._ended, self._at_work.pop(pid, [])))

    def died(self) -> None:
        """One has ended that was not told to."""
        self._died += 1

    def collect(self) -> Iterable[Metric]:
        with self._changing:
            told = [self._ended, *self._at_work.values()]
        yield from _sums((COUNTED.collect(), *told))
        yield GaugeMetricFamily(
            "fairquota_workers", "Worker processes that run.", value=len(told) - 1
        )
        yield CounterMetricFamily(
            "fairquota_workers_died",
            "Worker processes that ended although nobody told them to.",
            value=self._died,
        )


def _sums(told: Iterable[Iterable[Metric]]) -> Families:
    """Each sample added up; without the moments at which processes began to count."""
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for family in (own for counted in told for own in counted):
        families.setdefault(family.name, family)
        sums = values.setdefault(family.name, {})
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                key = sample.name, tuple(sample.labels.items())
                sums[key] = sums.get(key, 0.0) + sample.value
    return [_family(own, values[name]) for name, own in families.items()]


def _family(like: Metric, values: dict[tuple[str, tuple[tuple[str, str], ...]], float]) -> Metric:
    family = Metric(like.name, like.documentation, like.type)
    for (name, labels), value in values.items():
        family.add_sample(name, dict(labels), value)
    return family


class Teller:
    """Tells whoever started this process how far it has counted."""

    def __init__(self, hearer: Connection) -> None:
        self._hearer = hearer
        self._told: Families = []

    def tell(self) -> None:
        """If there is something new."""
        counted = _sums((COUNTED.collect(),))
        if counted == self._told:
            return
        try:
            self._hearer.send(counted)
        except OSError:
            return  # whoever started it is gone, which this process is about to notice
        self._told = counted


PROCESSES: Final = Processes()
REGISTRY.register(PROCESSES)


def listen(pid: int, teller: Connection) -> None:
    """Hear what a process has counted until it ends."""
    try:
        while True:
            PROCESSES.hear(pid, teller.recv())
    except (EOFError, OSError):
        PROCESSES.end(pid)
    finally:
        teller.close()
