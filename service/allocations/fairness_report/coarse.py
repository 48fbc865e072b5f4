"""Figures of an audit with as many digits as so few people can show, and no more.

Who plans knows everybody's chance of attaining. With all its digits the mean of a group then says
who is in it: of the 134,596 ways to choose 6 of 24 reps one alone has that mean. So means and
differences are told to a fifth of the smallest effect that could be shown, and p is told roughly.
"""

from __future__ import annotations

from math import floor, log10
from typing import Final

from solver.assess import AuditTable

_OF_DETECTABLE: Final = 5
_LEAST_P: Final = 0.001
_MOST: Final = 9


def decimals(table: AuditTable) -> int:
    """Of means and differences in this table: by the comparison that can show the least; where all
    figures are equal, 9.
    """
    known = [told.detectable for told in table.comparisons if told.detectable]
    if not known:
        return _MOST
    return min(max(-floor(log10(max(known) / _OF_DETECTABLE)), 0), _MOST)


def rough_p(p: float | None) -> float | None:
    """To two decimals, below .1 to three; .001 also stands for all below it."""
    if p is None:
        return None
    return round(p, 2) if p >= 0.1 else max(round(p, 3), _LEAST_P)
