"""Targets of products that nobody has sold: new ones, or misspelt."""

from __future__ import annotations

from collections.abc import Iterator

from service.kit.errors import Fault, pointer
from service.roster.domain import Inputs


def unsold_warnings(inputs: Inputs) -> Iterator[Fault]:
    """One for each such product; nothing where the history names no products at all."""
    sold = {name for name in inputs.history.product if name is not None}
    if not sold:
        return
    for name in sorted({name for name in inputs.parts.product if name is not None} - sold):
        reason = (
            f"nobody has sold {name[:80]} yet: a new product goes by white space; one that the "
            "history spells otherwise has to be spelt alike"
        )
        yield Fault(pointer(("targets",)), reason)
