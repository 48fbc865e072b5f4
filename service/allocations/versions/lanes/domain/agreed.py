"""Which envelopes a version keeps: what it was made with, and what its units agreed on since.

An envelope is kept by everything that is made of the version, until it is given up by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.manifest import FrozenPart, carried_of
from service.allocations.versions.lanes.domain.lane import Lane, Tree


def agreed(
    stated: Iterable[FrozenPart], units: Sequence[Row], lanes: Iterable[Lane]
) -> list[FrozenPart]:
    """In the order of the units, in minor units of money; `stated` is what the manifest says.

    What was agreed inside a lane at another amount than the version's is part of the work there: it
    goes where that work goes (`along.py`), and the version itself keeps the envelope around it.
    """
    lanes = [*lanes]
    if not lanes:
        return [*stated]
    tree = Tree.of(units, lanes)
    given_up = {lane.unit for lane in lanes if not lane.stands}
    parts = {own["unit"]: own for own in stated if own["unit"] not in given_up}
    for row in units:
        lane = tree.lanes.get(row["id"])
        if lane and (tree.around(lane.unit) is None or lane.envelope == row["quota"]):
            known = parts.get(lane.unit)
            if known is None or carried_of(known) != row["quota"]:
                parts[lane.unit] = {"unit": lane.unit, "amount": row["quota"]}
    return [parts[unit] for unit in tree.parents if unit in parts]
