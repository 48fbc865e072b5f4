"""`fairquota worker`, and the workers of `fairquota serve`: processes that carry out operations."""

import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Final

import typer

from service.cli.database import (
    bring_up_to_date,
    in_words,
    read_settings,
    shown,
    warn_without_second_wall,
)
from service.cli.failure import Failure
from service.kit.settings import Settings

_EVERY: Final = 2.0
"""Seconds until a worker that has died is replaced."""
_NICENESS: Final = 10
"""Where cores are scarce, who waits for a short answer comes first."""


def run_workers(*, processes: int | None) -> None:
    from service.kit.observability import configure_logging
    from service.operations.workers import Workers

    settings = read_settings()
    with in_words(settings):
        bring_up_to_date(settings)
        warn_without_second_wall(settings)
    configure_logging(settings)
    check_tracing()
    count = processes or len(os.sched_getaffinity(0))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    tell_metrics(settings)
    workers = Workers(count, work, settings)
    told = "1 process" if count == 1 else f"{count} processes"
    where = shown(settings)
    said = f"FairQuota works with {told} on the database {where} (Ctrl-C stops it)."
    typer.echo(said, err=True)
    try:
        workers.wake()
        while not ended.wait(_EVERY):
            workers.wake()
    finally:
        workers.close()


def check_tracing() -> None:
    """Raises Failure where traces are asked for and cannot be sent."""
    from service.kit.tracing import TracingNotInstalled, is_asked_for

    try:
        is_asked_for()
    except TracingNotInstalled as reason:
        raise Failure(str(reason)) from None


def tell_metrics(settings: Settings) -> None:
    """To whoever asks at the port for it, from a thread, if there is one."""
    if settings.metrics_port is None:
        return
    from prometheus_client import start_http_server

    try:
        server, _ = start_http_server(settings.metrics_port, settings.host)
    except OSError as reason:
        raise Failure(
            f"Port {settings.metrics_port} of {settings.host} cannot be used: "
            f"{os.strerror(reason.errno or 0)}. Choose another with FAIRQUOTA_METRICS_PORT."
        ) from reason
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(f"Metrics are at http://{host}:{server.server_port}/metrics.", err=True)


def work(settings: Settings, told: Connection, hearer: Connection) -> None:
    """The life of one process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever started it says when it ends
        signal.signal(number, signal.SIG_IGN)
    import asyncio
    import gc

    from service.kit.cycles import look_for_cycles_rarely
    from service.kit.memory import bound_memory, die_before_others
    from service.kit.metrics import Teller
    from service.kit.observability import configure_logging
    from service.kit.tracing import sending_spans
    from service.main import create_app
    from service.operations import working

    configure_logging(settings)
    os.nice(_NICENESS)
    bound_memory(settings.worker_memory_limit)
    die_before_others()
    look_for_cycles_rarely()
    with sending_spans():
        app = create_app(settings)
        gc.freeze()
        asyncio.run(working.work(app, told, Teller(hearer)))
        app.state.database.close()
