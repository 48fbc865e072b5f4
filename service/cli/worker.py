"""`fairquota worker`, and the workers of `fairquota serve`: processes that carry out operations."""

import os
import signal
import threading
from multiprocessing.connection import Connection
from typing import Final

import typer

from service.cli.database import bring_up_to_date, in_words, read_settings, warn_without_second_wall
from service.kit.settings import Settings

_EVERY: Final = 2.0
"""Seconds until a worker that has died is replaced."""


def run_workers(*, processes: int | None) -> None:
    from service.kit.observability import configure_logging
    from service.operations.workers import Workers

    settings = read_settings()
    with in_words(settings):
        bring_up_to_date(settings)
        warn_without_second_wall(settings)
    configure_logging(settings)
    count = processes or len(os.sched_getaffinity(0))
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    workers = Workers(count, work, settings)
    typer.echo(f"FairQuota works with {count} processes (Ctrl-C stops it).", err=True)
    try:
        workers.wake()
        while not ended.wait(_EVERY):
            workers.wake()
    finally:
        workers.close()


def work(settings: Settings, told: Connection) -> None:
    """The life of one process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever started it says when it ends
        signal.signal(number, signal.SIG_IGN)
    import asyncio
    import gc

    from service.kit.cycles import look_for_cycles_rarely
    from service.kit.observability import configure_logging
    from service.main import create_app
    from service.operations import working

    configure_logging(settings)
    look_for_cycles_rarely()
    app = create_app(settings)
    gc.freeze()
    asyncio.run(working.work(app, told))
    app.state.database.close()
