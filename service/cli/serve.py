"""`fairquota serve`: settings, tables up to date, a port of our own, then answer until Ctrl-C."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
from service.cli.worker import check_tracing, work
from service.kit.local_mode import ListeningRefused, check_listening
from service.kit.settings import Settings

SLOW_TO_LOAD: Final = (
    "holidays",
    "scipy.optimize",
    "scipy.stats",
    "pulp",
    "statsmodels.genmod.generalized_linear_model",
    "statsmodels.tsa.exponential_smoothing.ets",
)
"""What `solver` loads where it is first needed: seconds, in all."""


def run_service(*, host: str | None, port: int | None) -> None:
    settings = read_settings(host=host, port=port)
    check_tracing()
    with listening(settings) as listener:
        with in_words(settings):
            bring_up_to_date(settings)
            warn_without_second_wall(settings)
        typer.echo(
            f"FairQuota listens on {address_of(listener)} and has the database {shown(settings)} "
            "(Ctrl-C stops it).",
            err=True,
        )
        answer(settings, listener)


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything else is done, so that a taken one costs no waiting."""
    try:
        check_listening(settings)
    except ListeningRefused as refusal:
        raise Failure(str(refusal)) from refusal
    place = (settings.host, settings.port)
    try:
        family = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server(place, family=family, backlog=1024)
    except OSError as reason:
        raise Failure(
            f"Port {settings.port} of {settings.host} cannot be used: "
            f"{_in_words(reason)}. Choose another with --port."
        ) from reason
    with listener:
        yield listener


def _in_words(reason: OSError) -> str:
    """Without what create_server adds in brackets."""
    number = reason.errno or 0
    return os.strerror(number) if number > 0 else str(reason)  # negative: a name without address


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def answer(settings: Settings, listener: socket.socket) -> None:
    from service.allocations.publishing.catching_up import catch_up
    from service.kit.server import serve
    from service.kit.tracing import sending_spans
    from service.main import create_app
    from service.operations.workers import Workers
    from service.webhooks.delivering import delivering

    app = create_app(settings)
    with in_words(settings):
        catch_up(app.state.database)
    app.state.runs.workers = workers = Workers(settings.workers, work, settings)
    try:
        with sending_spans(), delivering(app.state.database, settings):
            serve(app, settings, listener, SLOW_TO_LOAD)
    finally:
        workers.close()
