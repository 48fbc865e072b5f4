"""Who carries the difference of a change: the funding, and the unit that it comes from.

    siblings    the others who hang on the rep's own unit
    parent      everybody else below the parent of the rep's unit
    everyone    everybody else in the company
    reserve     nobody: a unit's reserve is for that, and what is assigned changes
    unfunded    nobody: what is assigned changes, and is booked as a gap

Several changes that are one decision are carried at once, so that their order does not matter. They
are put together by funding unit; where one funding unit lies in another, the outer one carries both
changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from solver.amend.guests import carried_with_guests
from solver.amend.standing import Standing
from solver.hierarchy import Hierarchy
from solver.problem import IntArray

type Funding = Literal["siblings", "parent", "everyone", "reserve", "unfunded"]

CARRYING: Final[tuple[Funding, ...]] = ("siblings", "parent", "everyone")
"""The kinds of funding where other people carry the difference."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One funding unit's part of a decision. Reps by their places, units by their nodes."""

    wanted: Mapping[int, int]
    """The quotas of those whom the decision is about. Who does not hang below the node is a guest,
    whose change is a part of what the node carries."""
    funding: Funding | None
    """None: the changes add up to what they should by themselves."""
    node: int = 0
    """The funding unit; 0: the company."""
    held: tuple[int, ...] = ()
    """Who hangs below it and is locked."""
    frozen: tuple[int, ...] = ()
    """The units below it whose sums are agreed."""


def amended(plan: Standing, amendment: Amendment) -> IntArray:
    """(n,) the quotas after it. Raises `CannotCarry`."""
    if amendment.funding in CARRYING:
        return carried_with_guests(
            plan,
            amendment.node,
            amendment.wanted,
            alone=amendment.funding == "siblings",
            held=amendment.held,
            frozen=amendment.frozen,
        )
    quota = plan.quota.copy()
    quota[[*amendment.wanted]] = [*amendment.wanted.values()]
    return quota


def one_decision(
    hierarchy: Hierarchy,
    wanted: Mapping[int, int],
    funding: Funding,
    *,
    locked: Collection[int] = (),
    frozen: Collection[int] = (),
    reserves: Collection[int] = (),
    works_in: Mapping[int, int] | None = None,
) -> list[Amendment]:
    """The amendments that make one decision, by node.

    `wanted`: quotas by place; `works_in`: of those who work for another node than their own, which.
    `reserves`: the nodes that have a reserve; the nearest one upwards
    is used, and who has none above is left out. `locked` and `frozen`: whoever and whatever is.
    """
    of_node: dict[int, dict[int, int]] = {}
    for place, quota in wanted.items():
        own = (works_in or {}).get(place, int(hierarchy.rep_node[place]))
        node = _funding_node(hierarchy, own, funding, reserves)
        if node is not None:
            of_node.setdefault(node, {})[place] = quota
    if funding == "parent":
        of_node = _outermost(hierarchy, of_node)
    found = (
        Amendment(dict(sorted(own.items())), funding, node) for node, own in sorted(of_node.items())
    )
    if funding not in CARRYING:
        return [*found]
    return [_with_kept(hierarchy, one, locked, frozen) for one in found]


def _funding_node(
    hierarchy: Hierarchy, node: int, funding: Funding, reserves: Collection[int]
) -> int | None:
    if funding == "parent":
        return max(0, int(hierarchy.parent[node]))
    if funding == "everyone":
        return 0
    if funding == "reserve":
        return next((above for above in hierarchy.ancestors(node) if above in reserves), None)
    return node


def _outermost(
    hierarchy: Hierarchy, of_node: Mapping[int, dict[int, int]]
) -> dict[int, dict[int, int]]:
    found: dict[int, dict[int, int]] = {}
    for node, own in of_node.items():
        outer = [above for above in hierarchy.ancestors(node) if above in of_node][-1]
        found.setdefault(outer, {}).update(own)
    return found


def _with_kept(
    hierarchy: Hierarchy, one: Amendment, locked: Collection[int], frozen: Collection[int]
) -> Amendment:
    """With whoever is locked, and whatever is frozen, among those who carry."""
    first, last = int(hierarchy.first[one.node]), int(hierarchy.last[one.node])
    alone = one.funding == "siblings"
    held = (
        place
        for place in locked
        if first <= place < last
        and place not in one.wanted
        and not (alone and hierarchy.rep_node[place] != one.node)
    )
    below = (
        unit
        for unit in frozen
        if not alone and unit != one.node and one.node in hierarchy.ancestors(unit)
    )
    return replace(one, held=tuple(sorted(held)), frozen=tuple(sorted(below)))
