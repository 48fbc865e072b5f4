"""One signed request to an address that somebody else gave: no redirects, no private networks.

A name is looked up once and the connection goes to the very address that was checked, so that a
name cannot stand for another one a moment later (DNS rebinding).
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from threading import Event, Timer
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import orjson
from standardwebhooks.webhooks import Webhook as Signer

from service.webhooks.domain import is_public

DEADLINE: Final = 15.0
"""Seconds for an attempt once there is a connection, whatever the receiver does."""
_SILENCE: Final = 10.0
_ADDRESSES_TRIED: Final = 2  # a name with very many would keep others waiting


class NotDelivered(Exception):
    """The receiver did not take it; the message says why, for whoever runs the receiver."""


def body_of(kind: str, at: datetime, payload: Mapping[str, Any]) -> bytes:
    """The same bytes at every attempt."""
    document = {"type": kind, "timestamp": at, "data": payload}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def signed(event_id: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The headers of an attempt, as Standard Webhooks 1.0 asks for."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Signer(secret).sign(event_id, now, body.decode()),
        "content-type": "application/json",
        "user-agent": "FairQuota",
    }


def send(url: str, headers: Mapping[str, str], body: bytes, *, private_allowed: bool) -> None:
    """POST once; any answer of 200 to 299 is a yes. Raises NotDelivered."""
    parts = urlsplit(url)
    try:
        with _connected(parts, private_allowed=private_allowed) as link, _ending_in_time(link):
            status = _status(link, parts, headers, body)
    except TimeoutError as reason:
        raise NotDelivered("It did not answer in time.") from reason
    except (OSError, http.client.HTTPException, UnicodeError) as reason:
        raise NotDelivered(f"It could not be reached: {_in_words(reason)}.") from reason
    if not 200 <= status < 300:
        raise NotDelivered(f"It answered {status}.")


def _connected(parts: SplitResult, *, private_allowed: bool) -> socket.socket:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not private_allowed and not all(map(_is_public, addresses)):
        raise NotDelivered("Its name stands for a private address.")
    link = _first_that_answers(addresses[:_ADDRESSES_TRIED], port)
    if parts.scheme == "http":
        return link
    try:
        return ssl.create_default_context().wrap_socket(
            link, server_hostname=host, do_handshake_on_connect=False
        )
    except BaseException:
        link.close()
        raise


def _first_that_answers(addresses: Sequence[str], port: int) -> socket.socket:
    *others, last = addresses
    for address in others:
        with suppress(OSError):
            return socket.create_connection((address, port), timeout=_SILENCE)
    return socket.create_connection((last, port), timeout=_SILENCE)


def _is_public(address: str) -> bool:
    return is_public(ipaddress.ip_address(address.partition("%")[0]))


def _status(
    link: socket.socket, parts: SplitResult, headers: Mapping[str, str], body: bytes
) -> int:
    if isinstance(link, ssl.SSLSocket):
        link.do_handshake()
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.sock = link
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, dict(headers))
    with closing(connection), connection.getresponse() as response:
        return response.status


@contextmanager
def _ending_in_time(link: socket.socket) -> Iterator[None]:
    """Hang up at the deadline, even if a byte comes now and then. Raises TimeoutError."""
    late = Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)

    timer = Timer(DEADLINE, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException):
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError


def _in_words(reason: Exception) -> str:
    """Without addresses: the receiver's owner may not be told which the server sees."""
    if isinstance(reason, socket.gaierror):
        return "its name is not known"
    if isinstance(reason, ssl.SSLError):
        return "no safe connection (TLS)"
    if isinstance(reason, ConnectionRefusedError):
        return "the connection was refused"
    return "the connection broke"
