"""One signed request to an address that somebody else gave: no redirects, no private networks.

A name is looked up once and the connection goes to the very address that was checked, so that a
name cannot stand for another one a moment later (DNS rebinding).
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Timer
from typing import Final
from urllib.parse import SplitResult, urlsplit

import orjson
from standardwebhooks.webhooks import Webhook as Signer

from service.webhooks.domain import Message, Outcome, is_public

DEADLINE: Final = 15.0
"""Seconds for an answer once there is a connection, whatever the receiver does."""
_SILENCE: Final = 10.0
_ADDRESSES_TRIED: Final = 2  # a name with very many would keep others waiting
_EXCERPT_SECONDS: Final = 1.0
_EXCERPT_BYTES: Final = 800
_EXCERPT_CHARACTERS: Final = 200


class _PrivateAddress(Exception):
    """A name stands for one that must not be called."""


def attempt(
    url: str, secrets: Sequence[str], message: Message, *, private_allowed: bool, now: datetime
) -> Outcome:
    """Send a message once, signed with each of these secrets."""
    body = body_of(message)
    headers = signed(message.id, body, secrets, now)
    return send(url, headers, body, private_allowed=private_allowed)


def body_of(message: Message) -> bytes:
    """The same bytes at every attempt."""
    document = {"type": message.kind, "timestamp": message.at, "data": message.payload}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z)


def signed(message_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """The headers of an attempt, as Standard Webhooks 1.0 asks for: a signature for each secret,
    of which a receiver takes whichever it knows.
    """
    signatures = [Signer(secret).sign(message_id, now, body.decode()) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
        "user-agent": "FairQuota",
    }


def send(url: str, headers: Mapping[str, str], body: bytes, *, private_allowed: bool) -> Outcome:
    """POST once; any answer of 200 to 299 is a yes."""
    parts = urlsplit(url)
    try:
        with _connected(parts, private_allowed=private_allowed) as link:
            with _ending_in_time(link, DEADLINE):
                response = _answer(link, parts, headers, body)
            with response:
                return _outcome(response, _excerpt(link, response))
    except _PrivateAddress:
        return Outcome(error="Its name stands for a private address.")
    except TimeoutError:
        return Outcome(error="It did not answer in time.")
    except (OSError, http.client.HTTPException, UnicodeError) as reason:
        return Outcome(error=f"It could not be reached: {_in_words(reason)}.")


def _outcome(response: http.client.HTTPResponse, excerpt: str | None) -> Outcome:
    if 200 <= response.status < 300:
        return Outcome(response.status, None, excerpt)
    error = f"It answered {response.status}."
    return Outcome(response.status, error, excerpt, response.headers.get("retry-after"))


def _connected(parts: SplitResult, *, private_allowed: bool) -> socket.socket:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not private_allowed and not all(map(_is_public, addresses)):
        raise _PrivateAddress
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


def _answer(
    link: socket.socket, parts: SplitResult, headers: Mapping[str, str], body: bytes
) -> http.client.HTTPResponse:
    """What the receiver says, up to its body."""
    if isinstance(link, ssl.SSLSocket):
        link.do_handshake()
    connection = http.client.HTTPConnection("")  # the link is there, and `host` is told as given
    connection.sock = link
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, {"host": parts.netloc, **headers})
    return connection.getresponse()


def _excerpt(link: socket.socket, response: http.client.HTTPResponse) -> str | None:
    """One short line of what a body begins with. What is not there soon is not waited for, and
    whatever happens here, the receiver has answered.
    """
    raw = b""
    with suppress(OSError, http.client.HTTPException), _ending_in_time(link, _EXCERPT_SECONDS):
        raw = response.read1(_EXCERPT_BYTES)
    text = raw.decode("utf-8", "replace")
    line = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(line.split())[:_EXCERPT_CHARACTERS] or None


@contextmanager
def _ending_in_time(link: socket.socket, seconds: float) -> Iterator[None]:
    """Hang up at the deadline, even if a byte comes now and then. Raises TimeoutError."""
    late = Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, hang_up)
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
