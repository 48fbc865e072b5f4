"""A real HTTP server that receives webhooks and answers as it is told."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Event, Thread
from typing import Any

import orjson
from standardwebhooks.webhooks import Webhook as Checker


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> Any:
        return orjson.loads(self.body)

    def checked(self, secret: str) -> Any:
        """What it says, if the signature fits and is fresh; else an exception."""
        return Checker(secret).verify(self.body, self.headers)


def _an_open_gate() -> Event:
    gate = Event()
    gate.set()
    return gate


@dataclass
class Receiver:
    """What came in; `answers` are given in turn, then 204, each once the `gate` is open."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    arrivals: Queue[Received] = field(default_factory=Queue)
    answers: deque[int | tuple[int, bytes]] = field(default_factory=deque)
    headers: dict[str, str] = field(default_factory=dict)
    """Of every answer."""
    gate: Event = field(default_factory=_an_open_gate)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=fairquota"

    def take(self, received: Received) -> tuple[int, bytes]:
        self.received.append(received)
        self.arrivals.put(received)
        assert self.gate.wait(timeout=60)
        answer = self.answers.popleft() if self.answers else 204
        return answer if isinstance(answer, tuple) else (answer, b"")

    @contextmanager
    def keeping_senders_waiting(self) -> Iterator[None]:
        self.gate.clear()
        try:
            yield
        finally:
            self.gate.set()

    @property
    def kinds(self) -> list[str]:
        return [received.document["type"] for received in self.received]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = receiver.take(Received(self.path, headers, body))
            self.send_response(status)
            for name, value in {"Location": receiver.url, **receiver.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        receiver.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
