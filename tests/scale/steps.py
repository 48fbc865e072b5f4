"""Calls about one large plan: how long each took, and the memory of the service meanwhile."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.scale.running import Service

_QUOTAS: Final = {
    "CSV": "text/csv",
    "NDJSON": "application/x-ndjson",
    "Parquet": "application/vnd.apache.parquet",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_EXPORTS: Final = ("hr-csv", "salesforce")
"""The one with most lines, and the one with most columns."""
_INPUTS_MB: Final = 300
"""Of a million reps, which exports read as well."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call."""

    name: str
    seconds: float
    cpu: float
    """Seconds of the service."""
    answered: int
    """Bytes."""
    before: float
    """MB that the service had when it began."""
    peak: float
    grows: int | None = None
    """MB for each million reps that it may take beside what any file takes; None: not bounded."""


def taken(
    service: Service, name: str, method: str, path: str, *, grows: int | None = None, **sent: Any
) -> Step:
    """Its answer is read to the end and not kept. Raises HTTPStatusError."""
    process, answered = service.process, 0
    process.forget_peak()
    before, cpu, began = process.peak, process.cpu, time.perf_counter()
    with service.client.stream(method, path, **sent) as answer:
        if answer.is_error:
            answer.read()
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            answered += len(piece)
    seconds, cpu = time.perf_counter() - began, process.cpu - cpu
    return Step(name, seconds, cpu, answered, before, process.peak, grows)


def read_everything(service: Service) -> Iterator[Step]:
    """Of the newest plan: its quotas in all formats, the proof, and as it is published."""
    (plan,) = service.client.get("/v1/plans", params={"limit": 1}).json()["items"]
    version = f"/v1/plans/{plan['id']}/versions/1"
    for name, media_type in _QUOTAS.items():
        accept = {"Accept": media_type}
        yield taken(service, f"quotas, {name}", "GET", f"{version}/quotas", grows=0, headers=accept)
    yield taken(service, "verify", "GET", f"{version}/verify")
    for step in ("submit", "approve", "publish"):
        matches = {"If-Match": "*"}
        yield taken(service, step, "POST", f"{version}/{step}", headers=matches, json={})
    for name in _EXPORTS:
        asked = {"plan": plan["id"]}
        yield taken(
            service, f"export, {name}", "GET", f"/v1/exports/{name}", grows=_INPUTS_MB, params=asked
        )
