"""The one way to write a value as bytes, so that equal values have equal hashes.

JSON in UTF-8, keys sorted by code point, no white space, numbers as Python's own `repr` has them. A
whole number is written without a point (`100`, not `100.0`): other programs' JSON writers do so,
and a proof that went through one of them must keep its hash. The form is a contract: a change of it
is a new format (`content.FORMAT`), and tests hold it. That is why it is not written by orjson, ten
times as quick: its releases differ in how they write 1e300.
"""

import hashlib
import json
import re
from typing import Any, Final

_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})
_WHOLE: Final = 2.0**63
_MAYBE_WHOLE: Final = re.compile(r"\.0(?![0-9])|e\+1[678]")
"""Where a number could be whole and not written so: every float that is one has a match in JSON; so
may have texts, which only costs time."""
_PIECE: Final = 2000
"""Bytes that are hashed at once. From 2,048 on Python lets go of its lock meanwhile, and whoever
waits for it waits anew from then on: who writes down a version lets go with each chunk, too shortly
for others to wake up, so a ping waited for a quarter of a second until the last one was written.
"""
_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(value: Any) -> bytes:
    """The bytes of a JSON value. Raises `ValueError` for NaN, infinities and other strangers."""
    try:
        text = _ENCODER.encode(value)
        if _MAYBE_WHOLE.search(text):  # rows that were read from canonical bytes have none
            text = _ENCODER.encode(_plain(value))
        return text.encode()
    except TypeError as stranger:
        raise ValueError(str(stranger)) from stranger


def digest(data: bytes) -> str:
    hashed, view = hashlib.sha256(), memoryview(data)
    for start in range(0, len(data), _PIECE):
        hashed.update(view[start : start + _PIECE])
    return "sha256:" + hashed.hexdigest()


def _plain(value: Any) -> Any:
    kind = value.__class__
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < _WHOLE else value
    if kind is dict:
        return {
            key: item if item.__class__ in _AS_THEY_ARE else _plain(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [item if item.__class__ in _AS_THEY_ARE else _plain(item) for item in value]
    return value
