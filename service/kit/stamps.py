"""Stamps: that something was done is stored with what was done, or neither of them is.

Whoever has to know whether a request was carried out (`idempotency`, `operations`) puts a stamp
into its sessions. `kit.audit.record` sets it in the transaction of what it writes down, so it is no
guess whether it happened, whatever dies. A stamp that another process has taken away raises, and
then nothing is stored.
"""

from collections.abc import MutableMapping
from typing import Any, Final, Protocol

from sqlalchemy.orm import Session

_NAME: Final = "stamps"


class Stamp(Protocol):
    """Set in a transaction that does something."""

    def stamp(self, session: Session, action: str, subject: str) -> None:
        """`action` and `subject` are those of the trail. Raises where it must not be done."""
        ...


def put(told: MutableMapping[str, Any], own: Stamp) -> None:
    """Into what sessions are told (`db.told_sessions`), beside those that are there."""
    told[_NAME] = (*told.get(_NAME, ()), own)


def stamp(session: Session, action: str, subject: str) -> None:
    """Something is done in this transaction."""
    for own in session.info.get(_NAME, ()):
        own.stamp(session, action, subject)
