"""Listening: uvicorn with a clean end."""

import gc
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from threading import Event, Thread, current_thread, main_thread

import uvicorn
from fastapi import FastAPI

from service.kit.local_mode import check_listening
from service.kit.observability import configure_logging
from service.kit.settings import Settings


def serve(
    app: FastAPI,
    settings: Settings,
    listener: socket.socket | None = None,
    libraries: Sequence[str] = (),
) -> None:
    """Answer requests until Ctrl-C or SIGTERM; requests under way are finished first.

    `listener`: a socket that listens already, so that the caller could say where. `libraries` take
    long to load and are loaded meanwhile, so that no caller has to wait for them. Raises
    ListeningRefused where local mode must not listen.
    """
    check_listening(settings)
    configure_logging(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    # What is loaded by now stays for ever. Looking through it again and again while a large body is
    # turned into rows was a third of the time of such a request.
    gc.freeze()
    with loading(libraries), _sigterm_as_ctrl_c():
        try:
            _Server(config, app).run(sockets=None if listener is None else [listener])
        except KeyboardInterrupt:
            return  # uvicorn has shut down and hands the signal on


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Else whoever waits for this process to stop would end it before what is around `serve`."""
    if current_thread() is not main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    """Says that it stops, so that answers without an end come to one."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.leaving = True
        await super().shutdown(sockets)


@contextmanager
def loading(libraries: Sequence[str]) -> Iterator[None]:
    """Load them beside what is done here, one after the other; whoever leaves waits for one."""
    leaving = Event()

    def load() -> None:
        for name in libraries:
            if leaving.is_set():
                return
            import_module(name)
        gc.freeze()

    thread = Thread(target=load, name="loading")
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()
