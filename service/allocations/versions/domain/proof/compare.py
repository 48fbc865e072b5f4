"""What is said, compared with what follows: every figure of it, by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_RATIO: Final = 1.1e-9
"""Ratios are written with nine decimals, and machines may differ in the last one,"""
_DIGITS: Final = {"price": 2e-9, "level": 2e-9}
"""prices with nine digits, levels with all that a float has;"""
_PART: Final = 1e-12
"""and all others may be off by this part of themselves."""
_A_UNIT: Final = frozenset({"amount", "range"})
"""Of what a price does; the half of a minor unit may be rounded either way."""
_NAMES: Final = ("rep", "rule", "term", "id", "unit", "measure")
"""What a row of a list is called by: the first of them that it has."""
_COMPANY: Final = "company"
"""What it is called that belongs to no unit."""
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is another than it should be."""

    place: tuple[str, ...]
    said: str
    follows: str

    def __str__(self) -> str:
        return f"{'.'.join(self.place)} says {self.said}, and {self.follows} follows from the proof"


def differences(
    said: Any, follows: Any, place: tuple[str, ...] = (), *, exactly: bool = False
) -> Iterator[Difference]:
    """The figures of `follows` that are others in what is `said`, or are missing there.

    What is said beside them is not looked at (`beside`). `exactly`: to the last digit.
    """
    if isinstance(follows, Mapping) and isinstance(said, Mapping):
        if _has_all(said, follows):
            return
        for name, found in follows.items():
            if name in said:
                yield from differences(said[name], found, (*place, name), exactly=exactly)
            else:
                yield Difference((*place, name), "nothing", _told(found))
    elif isinstance(follows, list) and isinstance(said, list):
        if len(said) != len(follows):
            yield Difference((*place, "length"), str(len(said)), str(len(follows)))
        for number, (own, found) in enumerate(zip(said, follows, strict=False)):
            if not _has_all(own, found):
                at = (*place, _name(found, number))
                yield from differences(own, found, at, exactly=exactly)
    elif not _same(said, follows, None if exactly else place[-1]):
        yield Difference(place, _told(said), _told(follows))


def beside(said: Any, follows: Any, place: str = "") -> Iterator[str]:
    """What is said and does not follow: members by name, `[]` for every entry of a list.

    Members that are null or empty say nothing.
    """
    if said == follows:
        return
    if isinstance(follows, Mapping) and isinstance(said, Mapping):
        for name, own in said.items():
            at = f"{place}.{name}" if place else str(name)
            if name in follows:
                yield from beside(own, follows[name], at)
            elif own not in (None, [], {}):
                yield at
    elif isinstance(follows, list) and isinstance(said, list):
        for own, found in zip(said, follows, strict=False):
            yield from beside(own, found, f"{place}[]")


def _has_all(said: Any, follows: Any) -> bool:
    """Whether all members are the very same, as nearly always; quicker than one by one."""
    if isinstance(follows, dict) and isinstance(said, dict):
        return said.items() >= follows.items()
    return False


def _name(row: Any, number: int) -> str:
    if not isinstance(row, Mapping):
        return str(number)
    name = next((row[key] for key in _NAMES if key in row), number)
    return _COMPANY if name is None else str(name)


def _same(said: Any, follows: Any, name: str | None) -> bool:
    """`name`: what the figure is called, where its noise is allowed for."""
    if type(said) is type(follows) and said == follows:
        return True
    if not (_is_number(said) and _is_number(follows)):
        return False
    away = abs(said - follows)
    if name is None:
        return bool(away == 0)
    if isinstance(follows, int):
        return bool(away <= (name in _A_UNIT))
    return bool(away <= _RATIO + _DIGITS.get(name, _PART) * abs(follows))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _told(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
