"""Territories that have holders, but none on the first day of the period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from service.kit.errors import Fault
from service.roster.domain import NONE, Inputs
from service.roster.domain.columns import BoolArray

_NAMED: Final = 3


def unheld_warnings(inputs: Inputs, period: tuple[date, date] | None) -> Iterator[Fault]:
    """One for all of them: what they sold, and could sell, is missing from everybody's figures."""
    if period is None:
        return
    start = period[0]
    found = [inputs.territories.id[row] for row in np.flatnonzero(_unheld(inputs, start)).tolist()]
    if not found:
        return
    names = ", ".join(found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    which = f"{len(found)} territories have" if len(found) > 1 else "1 territory has"
    their = "their" if len(found) > 1 else "its"
    reason = (
        f"{which} no holder on {start.isoformat()}, the first day of the period ({names}): "
        f"{their} potential and history count for nobody"
    )
    yield Fault("/territories", reason)


def _unheld(inputs: Inputs, start: date) -> BoolArray:
    """(t,) who has holders at other times only; those without any are told with the facts."""
    holders, day = inputs.holders, start.toordinal()
    begun = (holders.first == NONE) | (holders.first <= day)
    going_on = (holders.last == NONE) | (holders.last >= day)
    now = begun & going_on & (holders.share > 0)
    ever, held = (
        np.bincount(holders.territory[rows], minlength=len(inputs.territories)) > 0
        for rows in (np.ones(len(now), np.bool_), now)
    )
    return np.asarray(ever & ~held, np.bool_)
