"""What `GET /metrics` tells, read as Prometheus reads it."""

import time
from collections.abc import Callable
from threading import Event
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

_MOST_SECONDS: Final = 60.0
_SOON: Final = 0.05


class Scrape:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in families for sample in family.samples]
        self.names = {sample.name for sample in self._samples}
        """Also of counters of which nothing was counted yet."""
        for family in families:
            self.names.add(f"{family.name}_total" if family.type == "counter" else family.name)

    def labels(self, name: str) -> set[str]:
        """Those that some of its samples have."""
        return {label for sample in self._samples if sample.name == name for label in sample.labels}

    def sum(self, name: str, **labels: str) -> float:
        """Of the samples that have these labels; 0 where there is none."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )


def scraped_until(scrape: Callable[[], Scrape], holds: Callable[[Scrape], bool]) -> Scrape:
    """The first scrape of which it holds: processes tell what they counted within a second."""
    end, pause = time.monotonic() + _MOST_SECONDS, Event()
    while not holds(told := scrape()):
        assert time.monotonic() < end, sorted(told.names)
        pause.wait(_SOON)  # nothing tells when another process has told
    return told
