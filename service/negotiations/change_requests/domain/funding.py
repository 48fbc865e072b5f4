"""Who funds a change: the unit whose people carry it, or whose reserve, and who may sign for it."""

from collections.abc import Collection, Mapping
from typing import Final, Literal

from service.kit.errors import NotPermitted

type Funding = Literal["reserve", "siblings", "parent", "unfunded"]
type Parents = Mapping[str, str | None]
"""Of each unit the one above; None: the company."""

IN_ORDER: Final[tuple[Funding, ...]] = ("reserve", "siblings", "parent")
"""Tried one after the other where nobody says who is to fund a change. What nobody funds is the
target's owner's to say, so it is never tried."""


CARRIED_BY: Final[Mapping[Funding, str]] = {
    "reserve": "the reserve carries it",
    "siblings": "the others of the unit carry it",
    "parent": "the parent's other people carry it",
    "unfunded": "nobody carries it",
}
"""Who carries what was granted, in words."""


class NotTheFunder(NotPermitted):
    """What the change needs is not this caller's to give; escalate it."""


def funding_unit(
    funding: Funding, unit: str | None, parents: Parents, reserves: Collection[str | None]
) -> str | None:
    """The unit that funds the change of a rep on `unit`; None: the company.

    `reserves`: the units that have one; the nearest upwards gives.
    """
    if funding == "parent":
        return None if unit is None else parents.get(unit)
    if funding == "reserve":
        return next((own for own in upwards(unit, parents) if own in reserves), None)
    return unit


def upwards(unit: str | None, parents: Parents) -> list[str | None]:
    """A unit and those above it up to the company, which is None."""
    found: list[str | None] = [unit]
    while unit is not None:
        unit = parents.get(unit)
        found.append(unit)
    return found
