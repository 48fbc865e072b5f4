"""Query parameters that a call does not know are refused, and days are read as they are written.

Ignoring `?untt=west` or `?measure=volume` would answer something else than was asked for.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Annotated

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BeforeValidator

from service.kit.errors import MAX_FAULTS
from service.kit.problems import InvalidParameters

_SHORT = 80


def _as_written(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("must be a date written YYYY-MM-DD, such as 2026-01-31")
    return text


DayParameter = Annotated[date, BeforeValidator(_as_written)]
"""A day in a query: pydantic alone would take `0` for the first of January 1970."""


async def refuse_unknown_parameters(request: Request) -> None:
    """Raises InvalidParameters for each name that is unknown or stands twice."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = list(dict.fromkeys(_names(request.scope["route"].dependant)))
    takes = f"this call takes {', '.join(known)}" if known else "this call takes none"
    faults = [
        {
            "parameter": name[:_SHORT],
            "detail": "stands twice" if name in known else f"is not available: {takes}",
        }
        for name, times in given.items()
        if name not in known or times > 1
    ][:MAX_FAULTS]
    if faults:
        first = f"{faults[0]['parameter']} {faults[0]['detail']}"
        detail = first if len(faults) == 1 else f"{len(faults)} faults; the first is {first}"
        raise InvalidParameters(detail, errors=faults)


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for below in dependant.dependencies:
        yield from _names(below)
