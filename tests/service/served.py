"""The service at an address of its own, in a thread of the test."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from service.cli.serve import address_of
from service.kit.server import _Server


@contextmanager
def served(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Its address; a free port unless one is given. It ends as at Ctrl-C."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = _Server(uvicorn.Config(app, log_config=None, access_log=False), app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield address_of(listener)
        finally:
            server.should_exit = True
            thread.join()
