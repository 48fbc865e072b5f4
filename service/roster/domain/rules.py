"""What must hold between rows: no unit above itself, shares that sum to 1, and what looks like a
mistake: ids that nobody can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final
from unicodedata import normalize

import numpy as np

from service.roster.domain.columns import NONE, FloatArray, Holders, IntArray

SHARE_TOLERANCE: Final = 0.005
_SHOWN: Final = 6


def cycles(parent: IntArray) -> list[list[int]]:
    """The rows of each ring of units that are their own ancestors, starting with the first row.

    `parent` (m,) holds rows, anything negative ends the way up.
    """
    state = np.zeros(len(parent), dtype=np.int8).tolist()  # 1: on the way up just now, 2: done
    above = parent.tolist()
    rings = []
    for start in range(len(above)):
        way = []
        row = start
        while row >= 0 and state[row] == 0:
            state[row] = 1
            way.append(row)
            row = above[row]
        if row >= 0 and state[row] == 1:
            ring = way[way.index(row) :]
            first = ring.index(min(ring))
            rings.append(ring[first:] + ring[:first])
        for seen in way:
            state[seen] = 2
    return rings


def lookalikes(ids: Sequence[str | None]) -> list[str]:
    """Ids that look like another one before them: letters such as é are written with one character
    or with two (Unicode, forms C and D), and some systems change one into the other. None: a row
    of a file that lost its id, which is told there.
    """
    seen: set[str] = set()
    found = []
    for key in ids:
        if key is not None and not key.isascii():
            composed = normalize("NFC", key)
            if composed in seen:
                found.append(key)
            seen.add(composed)
    return found


def ring_in_words(ring: Sequence[int], ids: Sequence[str]) -> str:
    """`a is below b, which is below a` for the fault's sentence; long rings are cut short."""
    names = [repr(ids[row]) for row in ring]
    if len(names) > _SHOWN:
        names[_SHOWN:] = [f"… ({len(ring) - _SHOWN} more)"]
    return " -> ".join([*names, repr(ids[ring[0]])])


def wrong_shares(holders: Holders, territories: int) -> Iterator[tuple[int, float, date | None]]:
    """Territories whose shares do not sum to 1 on a day on which anybody holds them.

    Yields the row of the territory, the sum, and the first such day (None: on every day).
    Days before the first and after the last holder, and gaps between holders, are uncovered, not
    wrong.
    """
    dated = (holders.first != NONE) | (holders.last != NONE)
    with_dates = np.bincount(holders.territory[dated], minlength=territories) > 0
    held = np.bincount(holders.territory, minlength=territories) > 0
    sums = np.bincount(holders.territory, holders.share, minlength=territories)
    plainly_wrong = held & ~with_dates & (np.abs(sums - 1) > SHARE_TOLERANCE + 1e-9)
    for row in np.flatnonzero(plainly_wrong).tolist():
        yield row, float(sums[row]), None
    rows = np.flatnonzero(with_dates[holders.territory])
    rows = rows[np.argsort(holders.territory[rows], kind="stable")]
    ends = np.flatnonzero(np.diff(holders.territory[rows])) + 1
    for group in np.split(rows, ends) if len(rows) else []:
        first, last = holders.first[group], holders.last[group]
        for day, total in _sums_by_day(first, last, holders.share[group]):
            if abs(total - 1) > SHARE_TOLERANCE + 1e-9:
                yield int(holders.territory[group[0]]), total, date.fromordinal(max(day, 1))
                break


def _sums_by_day(first: IntArray, last: IntArray, share: FloatArray) -> Iterator[tuple[int, float]]:
    """The sum of shares from each day on which it changes, where anybody holds anything."""
    until = np.where(last == NONE, date.max.toordinal(), last) + 1
    real = first < until  # a holder who ends before the start is a fault of its own
    first, until, share = first[real], until[real], share[real]
    days, place = np.unique(np.concatenate((first, until)), return_inverse=True)
    one = np.ones(len(share))
    sums = np.cumsum(np.bincount(place, np.concatenate((share, -share)), len(days)))
    holders = np.cumsum(np.bincount(place, np.concatenate((one, -one)), len(days)))
    for at in np.flatnonzero(holders > 0).tolist():
        yield int(days[at]), float(sums[at])
