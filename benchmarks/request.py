"""One request from body to answer: `POST /v1/allocations` through the real app, step by step.

The whole is measured at the ASGI interface: no socket, no client library. The steps are the same
functions that the route calls, in the same order, timed one by one. Beside them stands what
parsing the same body and writing the same answer costs when nothing is done in between.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from fastapi import FastAPI
from structlog.testing import capture_logs

from benchmarks.instances import Instance
from service.allocations.answer import answer_in_json
from service.allocations.figures import impact_of
from service.allocations.measures.solving import SolvedMeasure
from service.allocations.schemas import AllocationBody
from service.allocations.solving import allocate
from service.allocations.usecases import read_case
from service.kit.patient_body import PatientReader
from service.kit.settings import Settings
from service.main import create_app
from solver.problem import NOT_SET, UNLIMITED

_MONTHS: Final = [f"2026-{month:02}" for month in range(1, 13)]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where the CPU seconds of one request go; medians."""

    asked: int
    answered: int
    """Bytes of the body and of the answer."""
    steps: dict[str, float]
    whole: float
    """The same request through the app."""
    json_only: float
    orjson_only: float
    """Parsing the body and writing the answer, by the standard library and by orjson."""


def break_down(document: dict[str, Any], folder: Path, rounds: int) -> Breakdown:
    """Measure one request, all steps in turn and so often; `folder` is for an unused database."""
    body = orjson.dumps(document)
    app = create_app(Settings(database_url=f"sqlite:///{folder / 'unused.db'}", log_level="error"))
    answered = ask(app, "POST", "/v1/allocations", body)
    told = orjson.loads(answered)
    reader = PatientReader(AllocationBody)
    contestants: dict[str, Callable[[], object]] = {
        "whole": lambda: ask(app, "POST", "/v1/allocations", body),
        "json": lambda: (json.loads(body), json.dumps(told)),
        "orjson": lambda: (orjson.loads(body), orjson.dumps(told)),
    }
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for step, seconds in _steps(reader, body).items():
            times.setdefault(step, []).append(seconds)
        for name, work in contestants.items():
            gc.collect()  # nobody pays for another one's garbage
            start = time.process_time()
            work()
            times.setdefault(name, []).append(time.process_time() - start)
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    whole, by_json, by_orjson = (medians.pop(name) for name in contestants)
    return Breakdown(len(body), len(answered), medians, whole, by_json, by_orjson)


def _steps(reader: PatientReader[AllocationBody], body: bytes) -> dict[str, float]:
    """CPU seconds of each step between the first byte in and the last byte out."""
    gc.collect()
    clock = [time.process_time()]

    def lap() -> None:
        clock.append(time.process_time())

    sent = reader.read(body)
    lap()
    case = read_case(sent)
    lap()
    allocation = allocate(case)
    lap()
    _ = allocation.checks
    lap()
    _ = allocation.binding, allocation.unit_binding
    lap()
    impact = impact_of(allocation, case.terms.digits)
    lap()
    answer_in_json(SolvedMeasure(case, allocation, impact))
    lap()
    names = (
        "parse and validate",
        "read the facts, estimate",
        "solve and round",
        "certificate",
        "limiting rules",
        "prices",
        "rows of the answer, explanations, JSON",
    )
    return dict(zip(names, np.diff(clock).tolist(), strict=True))


def ask(app: FastAPI, method: str, path: str, body: bytes = b"") -> bytes:
    """What the app answers, whatever version of it is stored; raises where that is no success."""
    messages: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": b"", "root_path": "", "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "headers": [
            (b"host", b"127.0.0.1:8000"), (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()), (b"if-match", b"*"),
            (b"prefer", b"wait=600"),  # the answer itself, not where it will be
        ],
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    with capture_logs():
        asyncio.run(app(scope, receive, send))
    status = messages[0]["status"]
    answered = b"".join(message.get("body", b"") for message in messages[1:])
    if not 200 <= status < 300:
        raise RuntimeError(f"the app answered {status}: {answered[:500]!r}")
    return answered


def with_baselines(instance: Instance) -> dict[str, Any]:
    """A body where every baseline and reach is given."""
    reps = instance.problem.reps
    columns = zip(reps.baseline.tolist(), reps.reach.tolist(), strict=True)
    known = [{"baseline": b / 100, "reach": r / 100} for b, r in columns]
    return _body(instance, known)


def with_history(instance: Instance) -> dict[str, Any]:
    """A body where potential and twelve months of history are given, and the rest is estimated."""
    random = np.random.default_rng(0)
    reps = instance.problem.reps
    sold = reps.baseline[:, None] / 1200 * random.lognormal(0, 0.2, (len(reps), 12))
    body = _body(instance, [{"potential": b / 25} for b in reps.baseline.tolist()])
    body["history"] = [
        {"rep": rep, "period": month, "actual": round(actual, 2)}
        for rep, months in zip(reps.ids, sold.tolist(), strict=True)
        for month, actual in zip(_MONTHS, months, strict=True)
    ]
    return body


def _body(instance: Instance, known: list[dict[str, float]]) -> dict[str, Any]:
    problem = instance.problem
    reps, units = problem.reps, problem.units
    unit_ids = [*units.ids, None]
    rows = [
        {"id": rep, "unit": unit_ids[unit], **facts, **_limits(low, high, lock)}
        for rep, unit, facts, low, high, lock in zip(
            reps.ids, reps.unit.tolist(), known,
            reps.min.tolist(), reps.max.tolist(), reps.fixed.tolist(), strict=True,
        )
    ]  # fmt: skip
    ranges = zip(
        units.ids, units.parent.tolist(), units.min.tolist(), units.max.tolist(), strict=True
    )
    return {
        "target": problem.target / 100,
        "currency": "USD",
        "units": [
            {"id": unit, "parent": unit_ids[parent], **_limits(low, high, NOT_SET)}
            for unit, parent, low, high in ranges
        ],
        "reps": rows,
    }


def _limits(low: int, high: int, lock: int) -> dict[str, float]:
    limits = {}
    if low:
        limits["min"] = low / 100
    if high < UNLIMITED:
        limits["max"] = high / 100
    if lock != NOT_SET:
        limits["fixed"] = lock / 100
    return limits
