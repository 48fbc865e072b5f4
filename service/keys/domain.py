"""What a key may be.

A manager's key names the unit whose subtree it opens, a rep's key the rep; no other key names
either. A key is valid until it expires or is revoked; after a rotation its old text works for a
while, so that whoever uses it can change over.
"""

from datetime import timedelta
from typing import Final

from service.kit.errors import Conflict, NotFound

DEFAULT_OVERLAP: Final = timedelta(minutes=10)
LONGEST_OVERLAP: Final = timedelta(days=1)
LONGEST_NAME: Final = 200
LONGEST_ID: Final = 128


class KeyNotFound(NotFound):
    """There is no such key."""


class KeyIsOver(Conflict):
    """The key is revoked or has expired."""


class LastAdministratorKey(Conflict):
    """The last key of an administrator cannot be revoked."""
