"""Saying which measure a problem is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from service.kit.errors import InvalidInput, Unavailable, Unprocessable


@contextmanager
def naming(measure: str) -> Iterator[None]:
    """Problems of a further measure begin with its name, and have it as the member `measure`."""
    try:
        yield
    except InvalidInput as error:
        faults = [replace(each, detail=f"{measure}: {each.detail}") for each in error.faults]
        raise InvalidInput(faults) from None
    except (Unprocessable, Unavailable) as error:
        error.context["measure"] = measure
        error.detail = f"{measure}: {error.detail}"
        raise
