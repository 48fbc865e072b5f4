"""The public keys of the company's identity provider, fetched over HTTP and kept for a while.

    fresh for 5 minutes      answered from memory
    older, or an unknown     fetched again: by one thread, at most every 15 seconds, so that tokens
    key id                   with made-up key ids cannot make us a nuisance
    provider is down         keys in memory go on working for a day; without any, 503

The address of the keys is the one in the settings, else what the provider's discovery document
says (OpenID Connect Discovery 1.0). Both are read from https, or from this machine; redirections
are not followed.
"""

import json
import threading
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit

import structlog
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from service.kit.errors import Unavailable
from service.kit.loopback import is_loopback

FRESH: Final = 300.0
KEPT: Final = 86_400.0
REFETCH_AFTER: Final = 15.0
_PATIENCE: Final = 5.0
_MOST_BYTES: Final = 1_000_000

log = structlog.get_logger()


class IdentityProviderUnavailable(Unavailable):
    """The company's identity provider cannot be asked for its keys just now."""


class UnusableProvider(Exception):
    """What the provider answered cannot be used; the message says why."""


class ProviderKeys:
    """The provider's keys by their ids; safe for many threads at once."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None,
        algorithms: frozenset[str],
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._algorithms = algorithms
        self._clock = clock
        self._asking = threading.Lock()
        self._keys: Mapping[str | None, PyJWK] = {}
        self._fetched: float | None = None
        self._asked: float | None = None

    def find(self, key_id: str | None) -> PyJWK | None:
        """The key with this id; for a token without an id the only key, if there is one alone.

        None: the provider has no such key. Raises IdentityProviderUnavailable.
        """
        known = self._known(key_id)
        if known is not None and self._younger_than(FRESH):
            return known
        if known is not None and self._younger_than(KEPT):
            if self._asking.acquire(blocking=False):  # others go on with what is known
                try:
                    self._ask()
                finally:
                    self._asking.release()
            return self._known(key_id)
        with self._asking:
            if self._known(key_id) is None or not self._younger_than(KEPT):
                self._ask()
        if not self._younger_than(KEPT):
            raise IdentityProviderUnavailable("The identity provider does not answer; try again.")
        return self._known(key_id)

    def _known(self, key_id: str | None) -> PyJWK | None:
        keys = self._keys
        if key_id is None:
            return next(iter(keys.values())) if len(keys) == 1 else None
        return keys.get(key_id)

    def _younger_than(self, seconds: float) -> bool:
        return self._fetched is not None and self._clock() - self._fetched < seconds

    def _ask(self) -> None:
        now = self._clock()
        if self._asked is not None and now - self._asked < REFETCH_AFTER:
            return
        self._asked = now
        try:
            self._keys = self._fetch()
            self._fetched = now
        except (OSError, HTTPException, ValueError, RecursionError, UnusableProvider) as reason:
            log.warning("identity_provider_unavailable", reason=str(reason)[:200])

    def _fetch(self) -> Mapping[str | None, PyJWK]:
        address = self._jwks_url or self._discover()
        found: dict[str | None, PyJWK] = {}
        for entry in _rows(_read_json(address), "keys"):
            if entry.get("use", "sig") != "sig":
                continue
            try:
                key = PyJWK(entry)
            except (PyJWTError, TypeError):  # of a kind that we do not know, or none at all
                continue
            is_named = key.key_id is None or isinstance(key.key_id, str)
            if is_named and key.algorithm_name in self._algorithms:
                found[key.key_id] = key
        if not found:
            raise UnusableProvider("there is no key for the algorithms that are allowed")
        return found

    def _discover(self) -> str:
        document = _read_json(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise UnusableProvider("the discovery document is of another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise UnusableProvider("the discovery document names no jwks_uri")
        return address


def _rows(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = document.get(name)
    if not isinstance(rows, list):
        raise UnusableProvider(f"the document has no list of {name}")
    return [row for row in rows if isinstance(row, dict)]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_more: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def address_fault(address: str) -> str | None:
    """Why nothing may be read from an address; None: it may."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and is_loopback(parts.hostname or ""):
        return None
    return "must begin with https://"


def _read_json(address: str) -> dict[str, Any]:
    if fault := address_fault(address):
        raise UnusableProvider(f"the address {address} {fault}")
    try:
        with _opener.open(address, timeout=_PATIENCE) as answer:
            body = answer.read(_MOST_BYTES + 1)
    except HTTPError as refusal:
        refusal.close()
        raise UnusableProvider(f"{address} answers {refusal.code}") from None
    if len(body) > _MOST_BYTES:
        raise UnusableProvider(f"{address} answers more than {_MOST_BYTES:,} bytes")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise UnusableProvider(f"{address} answers no JSON object")
    return document
