"""The server has forty threads; whoever needs none must not wait for one."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
from anyio import fail_after, to_thread
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from service.allocations.imports.body import ImportReader
from service.allocations.versions.sight import look_at_version
from service.kit.body import JsonReader, OptionalJsonReader
from service.kit.db import open_read_session, open_session
from service.kit.patient_body import PatientReader
from service.kit.settings import Settings
from service.main import create_app
from tests.service.conftest import LOOPBACK


def test_only_what_reads_a_body_or_the_database_is_done_in_a_thread() -> None:
    """Each time a request hands over to a thread and back, it waits behind all others."""
    app = create_app(Settings(database_url="sqlite:///nowhere.db"))

    in_threads = {
        call if inspect.isroutine(call) else type(call)
        for context in iter_route_contexts(app.routes)
        for call in _calls(getattr(context, "dependant", None))
        if not _is_async(call)
    }

    bodies = {JsonReader, OptionalJsonReader, PatientReader, ImportReader}
    assert in_threads == {*bodies, look_at_version, open_session, open_read_session}


def test_the_process_says_that_it_lives_when_all_threads_are_busy() -> None:
    app = create_app(Settings(database_url="sqlite:///nowhere.db"))

    assert asyncio.run(_asked_with_all_threads_busy(app, "/healthz")) == 200


def _calls(dependant: Dependant | None) -> Iterator[Callable[..., Any]]:
    for needed in dependant.dependencies if dependant else ():
        yield from _calls(needed)
        assert needed.call is not None
        yield needed.call


def _is_async(call: Callable[..., Any]) -> bool:
    what: Any = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(what) or inspect.isasyncgenfunction(what)


async def _asked_with_all_threads_busy(app: FastAPI, path: str) -> int:
    threads = to_thread.current_default_thread_limiter()
    for work in range(int(threads.total_tokens)):
        threads.acquire_on_behalf_of_nowait(f"work {work}")
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url=LOOPBACK) as client:
        with fail_after(10):
            return (await client.get(path)).status_code
