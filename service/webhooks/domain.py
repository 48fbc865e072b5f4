"""What a webhook may be: which events there are, where they may be sent, when again."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from service.kit.errors import Conflict, NotFound

EVERY_KIND: Final = "*"
TEST_KIND: Final = "webhook.test"
"""What a test delivery says; nobody can ask to be told of it."""
KINDS: Final = (
    "version.submitted",
    "version.approved",
    "version.rejected",
    "version.withdrawn",
    "version.published",
    "unit.frozen",
    "unit.unfrozen",
    "unit.signed",
    "unit.reopened",
    "change_request.filed",
    "change_request.countered",
    "change_request.escalated",
    "change_request.accepted",
    "change_request.rejected",
    "change_request.withdrawn",
    "event.proposed",
    "event.accepted",
    "event.rejected",
    "event.withdrawn",
)
"""Everything that features announce; the tests of every feature look whether it stands here."""

LONGEST_URL: Final = 2000
_PRINTABLE: Final = re.compile(r"[!-~]+")

SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""The waits between the attempts of a delivery, as Standard Webhooks 1.0 suggests: eleven attempts
in a little more than three days.
"""
LONGEST_ASKED: Final = SCHEDULE[-1]
"""A receiver that asks for more time has so much."""
KEPT_FOR: Final = timedelta(days=30)
"""So long after it was delivered or given up a delivery can be read."""
DEFAULT_OVERLAP: Final = timedelta(days=1)
LONGEST_OVERLAP: Final = timedelta(days=7)
"""How long the secret from before a rotation signs as well."""

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GIVEN_OUT: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that belongs to the internet at large (RFC 4291); the standard library takes more
for public: `fec0::/10` inside networks, `::127.0.0.1`, and what nobody was given yet.
"""
_TRANSLATED: Final = (
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("2001::/32"),
)
"""Of those, the addresses that stand for an IPv4 address, whichever that is."""


class WebhookNotFound(NotFound):
    """There is no such webhook."""


class DeliveryNotFound(NotFound):
    """The webhook has no such delivery."""


class WebhookIsDisabled(Conflict):
    """Nothing is sent to a webhook that is disabled."""


class DeliveryWasTaken(Conflict):
    """The receiver has taken the delivery already."""


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class DisabledBecause(StrEnum):
    ASKED = "asked"
    """An administrator disabled it."""
    GONE = "gone"
    """The receiver answered 410."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the same at every attempt."""

    id: str
    kind: str
    at: datetime
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    status: int | None = None
    """What the receiver answered, if it did (HTTP)."""
    error: str | None = None
    """Why it was not taken, for whoever runs the receiver; None: it was."""
    excerpt: str | None = None
    """What the receiver's answer begins with."""
    retry_after: str | None = None
    """When the receiver wants to be asked again, in its words."""

    @property
    def says_gone(self) -> bool:
        return self.status == HTTPStatus.GONE


def url_fault(url: str, *, private_allowed: bool) -> str | None:
    """What is wrong with an address to send to; None if fine.

    Names are looked up when something is sent: what they stand for changes.
    """
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        return f"must have at most {LONGEST_URL} printable ASCII characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is no address"
    if not parts.hostname or port == 0:
        return "is no address"
    return next(_faults_of(parts, private_allowed=private_allowed), None)


def _faults_of(parts: SplitResult, *, private_allowed: bool) -> Iterator[str]:
    if parts.scheme != "https" and not (parts.scheme == "http" and private_allowed):
        yield "must begin with https://"
    if parts.username is not None or parts.password is not None:
        yield "must not hold a name or password; deliveries are signed"
    if parts.fragment:
        yield "must not have a fragment (#…)"
    with suppress(ValueError):  # a name
        literal = ipaddress.ip_address(parts.hostname or "")
        if not private_allowed and not is_public(literal):
            yield "must not be a private address"


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large, and to nobody's own network.

    Otherwise whoever may make a webhook could have the service call what only it can reach.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if (inner := address.ipv4_mapped) is not None:
            return is_public(inner)
        if address not in _GIVEN_OUT or any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


def wait_after(attempts: int) -> timedelta | None:
    """How long until the next attempt, after so many that failed; None: that was the last one."""
    return SCHEDULE[attempts - 1] if attempts <= len(SCHEDULE) else None


def asked_to_wait(retry_after: str | None, now: datetime) -> timedelta:
    """For how long: seconds or a date, as in `Retry-After` (RFC 9110); what cannot be read asks for
    nothing.
    """
    if retry_after is None:
        return timedelta(0)
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        asked = timedelta(seconds=int(retry_after))
    else:
        try:
            then = parsedate_to_datetime(retry_after)
        except ValueError:
            return timedelta(0)
        asked = (then if then.tzinfo else then.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta(0)), LONGEST_ASKED)
