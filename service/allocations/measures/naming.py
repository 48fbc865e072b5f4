"""Saying which measure a problem is about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from service.kit.errors import Fault, InvalidInput, Unavailable, Unprocessable


@contextmanager
def naming(measure: str) -> Iterator[None]:
    """Problems of a further measure begin with its name, and have it as the member `measure`."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput([_named(fault, measure) for fault in error.faults]) from None
    except (Unprocessable, Unavailable) as error:
        error.context["measure"] = measure
        error.detail = f"{measure}: {error.detail}"
        raise


def _named(fault: Fault, measure: str) -> Fault:
    """What reps state is the main measure's, so a sigma can only be learned."""
    learned = fault.pointer.endswith("/sigma")
    hint = f": of {measure} it is learned, where its history is long enough" if learned else ""
    return replace(fault, detail=f"{measure}: {fault.detail}{hint}")
