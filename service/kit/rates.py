"""How often one may call.

    what is counted                                 for each      setting
    calls                                           caller        `calls_per_minute`
    keys and tokens that are not valid here         address       `refused_keys_per_minute`

Each is a bucket that is full at first, loses one by each call, and fills again evenly in a minute.
All that is remembered of a bucket is when it will be full again (the generic cell rate algorithm),
and of the 10,000 that were used last: memory is bounded, whoever calls. Each process counts for
itself, so that no call waits for a database: with three of them behind one address a caller may
come up to three times as often.

An address that was refused too often is not looked at any more, but for keys that were valid in
this process lately: a forgotten job with a revoked key locks nobody out who works next to it. Calls
without a key cost nothing and are not counted.

What is left is told by every answer, in the headers of draft-ietf-httpapi-ratelimit-headers-11.
"""

import hashlib
import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from fastapi import Request

from service.kit.errors import TooManyRequests
from service.kit.settings import Settings

_MOST: Final = 10_000
_MINUTE: Final = 60 * 10**9
_SECOND: Final = 10**9
_PREFIX: Final = 64
"""Bits of an IPv6 address that say whose it is; the others are the owner's to choose."""

type Clock = Callable[[], int]
"""Nanoseconds since any moment."""


class Rate:
    """So many a minute for each name; 0: no limit."""

    def __init__(self, policy: str, per_minute: int, clock: Clock) -> None:
        """`policy`: as headers call it."""
        self._policy = policy
        self._most = per_minute
        self._step = _MINUTE // max(per_minute, 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def take(self, request: Request, name: str, calls: int = 1) -> int:
        """0, or, where none is left, in how many seconds there is one; then nothing is taken.

        The answer to `request` will tell what is left. With 0 `calls` it only looks, and tells it
        where nothing is.
        """
        if not self._most:
            return 0
        with self._lock:
            now = self._clock()
            missing = max(self._full_at.get(name, now) - now, 0)
            is_empty = self._used(missing) >= self._most
            if calls and not is_empty:
                missing += calls * self._step
                _remember(self._full_at, name, now + missing)
        if not calls and not is_empty:
            return 0
        used = self._used(missing)
        seconds = -(-(missing - max(used - 1, 0) * self._step) // _SECOND)
        request.state.headers = {
            "RateLimit-Policy": f'"{self._policy}";q={self._most};w=60',
            "RateLimit": f'"{self._policy}";r={self._most - used};t={seconds}',
        }
        return seconds if is_empty else 0

    def _used(self, missing: int) -> int:
        """How many were taken of a bucket that will be full in so many nanoseconds."""
        return -(-missing // self._step)


class Rates:
    """Who called how often lately."""

    def __init__(self, settings: Settings, clock: Clock = time.monotonic_ns) -> None:
        self._calls = Rate("calls", settings.calls_per_minute, clock)
        self._refused = Rate("refused-keys", settings.refused_keys_per_minute, clock)
        self._lock = threading.Lock()
        self._valid: OrderedDict[bytes, None] = OrderedDict()

    def count(self, request: Request, caller: str) -> None:
        """Raises TooManyRequests."""
        if seconds := self._calls.take(request, caller):
            raise _too_many("A key or identity may not call so often.", seconds)

    def may_try(self, request: Request, credentials: str) -> None:
        """Before a key or token is looked at. Raises TooManyRequests."""
        with self._lock:
            if _fingerprint(credentials) in self._valid:
                return
        if seconds := self._refused.take(request, _address(request), 0):
            reason = "Too many keys or tokens that are not valid came from this address."
            raise _too_many(reason, seconds)

    def was_valid(self, credentials: str) -> None:
        with self._lock:
            _remember(self._valid, _fingerprint(credentials), None)

    def was_refused(self, request: Request, credentials: str) -> None:
        with self._lock:
            self._valid.pop(_fingerprint(credentials), None)
        self._refused.take(request, _address(request))


def _too_many(reason: str, seconds: int) -> TooManyRequests:
    return TooManyRequests(f"{reason} Send it again in {seconds} s.", seconds=seconds)


def _remember[K, V](known: OrderedDict[K, V], key: K, value: V) -> None:
    """And forget what was used longest ago."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > _MOST:
        known.popitem(last=False)


def _fingerprint(credentials: str) -> bytes:
    return hashlib.sha256(credentials.encode()).digest()


def _address(request: Request) -> str:
    host = request.client.host if request.client else ""  # none on a Unix socket
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address.packed[:8].ljust(16, b"\0"), _PREFIX)))
    return host
