"""`fairquota serve`: settings, tables up to date, a port of our own, then answer until Ctrl-C."""

import socket

import typer

from service.cli.database import bring_up_to_date, in_words, read_settings
from service.cli.failure import Failure
from service.kit.auth import ListeningRefused, check_listening
from service.kit.settings import Settings


def run_service(*, host: str | None, port: int | None) -> None:
    settings = read_settings(host=host, port=port)
    listener = listen(settings)
    with in_words(settings):
        bring_up_to_date(settings)
    typer.echo(f"FairQuota listens on {address_of(listener)} (Ctrl-C stops it).", err=True)
    answer(settings, listener)


def listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is done, so that a taken one costs no waiting."""
    try:
        check_listening(settings)
    except ListeningRefused as refusal:
        raise Failure(str(refusal)) from refusal
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(1024)
    except OSError as reason:
        raise Failure(
            f"Port {settings.port} of {settings.host} cannot be used: "
            f"{reason.strerror or reason}. Choose another with --port."
        ) from reason
    return listener


def address_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def answer(settings: Settings, listener: socket.socket) -> None:
    from service.kit.server import serve
    from service.main import create_app

    serve(create_app(settings), settings, listener)
