"""Ids of the server's own things: prefixed, unguessable, and sorted by the time they were made.

`plan_01k9z3q8f2m7x0c5d6e7f8g9ha`: 48 bits of milliseconds and 80 random bits in Crockford's
base 32, as in the ULID specification, in lower case.
"""

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARACTERS = 26
_RANDOM_BITS = 80


def new_id(prefix: str) -> str:
    value = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    digits = (_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))
    return f"{prefix}_{''.join(digits)}"


def is_id(prefix: str, text: str) -> bool:
    """Could it have been made here? What is not an id need not be looked for."""
    return re.fullmatch(f"{prefix}_[{_ALPHABET}]{{{_CHARACTERS}}}", text) is not None
