"""One batch, from its inputs to its last version: how long it took, and what it used."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Final

from tests.scale.companies import PERIOD, as_files, store
from tests.scale.running import Place, Service, serving
from tests.scale.steps import Step, read_everything, taken

_LOOK_EVERY: Final = 0.25
_WARMING: Final = 10
"""Reps of the plans that start the workers, and have them load what they load."""


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds until now."""

    workers: float
    service: float
    database: float

    @classmethod
    def until_now(cls, place: Place, service: Service) -> "Used":
        server = place.server
        return cls(
            service.process.cpu_of_others,
            service.process.cpu,
            server.cpu + server.cpu_of_others if server else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch took and used; memory in MB."""

    seconds: float
    before: Used
    after: Used
    peak_of_worker: float
    peak_of_service: float
    grew: int
    """Bytes of the database that the versions take, and what is kept of the operation."""
    steps: Sequence[Step] = ()


def carried_out(place: Place, plans: int, reps: int, workers: int) -> Batch:
    """One plan alone comes as files, and is read in all formats. Raises AssertionError where a plan
    has no version in the end.
    """
    store(place.owners_url, "warm", 2 * workers, _WARMING)
    if plans > 1:
        store(place.owners_url, "plan", plans, reps)
    with serving(place, workers) as service:
        _solve(service, "warm*")
        steps = [_sent(service, reps)] if plans == 1 else []
        size, before = place.size(), Used.until_now(place, service)
        service.process.forget_peak()
        began = time.perf_counter()
        peak = _solve(service, "plan*")
        seconds = time.perf_counter() - began
        after, peak_of_service = Used.until_now(place, service), service.process.peak
        grew = place.size() - size
        if plans == 1:
            steps += read_everything(service)
    return Batch(seconds, before, after, peak, peak_of_service, grew, steps)


def _sent(service: Service, reps: int) -> Step:
    """The inputs of one plan, as files."""
    files, target = as_files(reps)
    first, last = (day.isoformat() for day in PERIOD)
    plan = {"name": "plan 0", "increment": 1, "period": {"start": first, "end": last}}
    made = service.client.post("/v1/plans", json=plan).raise_for_status().json()
    path = f"/v1/plans/{made['id']}/inputs/files"
    parts = [("file", named) for named in files.items()]
    return taken(service, "inputs from Parquet", "POST", path, files=parts, data={"target": target})


def _solve(service: Service, name: str) -> float:
    """All plans of such names; the peak of memory of the worker that had most."""
    body = {"filter": {"name": name}}
    told = service.client.post("/v1/batches", json=body).raise_for_status().json()
    batch, pause, peaks = f"/v1/batches/{told['id']}", Event(), [0.0]
    while not told["done"]:
        pause.wait(_LOOK_EVERY)
        peaks += [worker.peak for worker in service.process.workers()]
        told = service.client.get(batch).raise_for_status().json()
    progress: dict[str, Any] = told["progress"]
    assert progress["finished"] == progress["total"], told
    assert progress["failed"] == 0, told
    return max(peaks)
