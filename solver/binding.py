"""Which rules hold a rep or a unit away from the common stretch, in the words of the API.

A rep stops following the common level at the own floor, cap or lock, or because the range of a unit
above stops or lifts everybody in it. All rules that push in the direction in which the rep deviates
are named, the nearest first: dropping only the nearest would leave the next one in force.

A lock and a sum that is given push in both directions. So a locked rep away from the common stretch
is always held by the lock, also where the unit's level lies still farther away.

Rules across the tree push reps, too. A rep whom they would push beyond the own limit is held by
that limit first, on whichever side of the common stretch it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.fairness import Scale, same_level
from solver.hierarchy import Hierarchy
from solver.problem import NOT_SET, FloatArray, IntArray
from solver.tree import CommonLevels

_NOISE = 1e-9


class NodeRules(NamedTuple):
    """Names of the rules that act on a node, its own and those above, the nearest first."""

    stopping: tuple[str, ...]
    lifting: tuple[str, ...]

    def towards(self, deviation: float) -> tuple[str, ...]:
        """The rules that hold it above (deviation > 0) or below the common stretch."""
        return self.lifting if deviation > 0 else self.stopping if deviation < 0 else ()


def node_rules(
    hierarchy: Hierarchy,
    bounds: Bounds,
    levels: CommonLevels,
    unit_ids: Sequence[str],
    typical: float,
) -> list[NodeRules]:
    """The rules that act on each node, in layout order; `typical` is `Scale.typical`."""
    level = levels.level.tolist()
    rules = [NodeRules((), ())]
    nodes = zip(
        hierarchy.parent.tolist()[1:],
        hierarchy.unit_row.tolist()[1:],
        bounds.unit_target.tolist()[1:],
        (bounds.unit_min == bounds.unit_max).tolist()[1:],
        strict=True,
    )
    for node, (above, row, is_target, one_sum) in enumerate(nodes, start=1):
        stopping, lifting = rules[above]
        own = level[node]
        gap = _compare(own, level[above], typical)
        beside = _compare(own, level[0], typical) if one_sum else 0
        if gap < 0 or beside < 0:
            stopping = (f"unit:{unit_ids[row]}:{'target' if is_target else 'max'}", *stopping)
        if gap > 0 or beside > 0:
            lifting = (f"unit:{unit_ids[row]}:{'target' if is_target else 'min'}", *lifting)
        rules.append(NodeRules(stopping, lifting))
    return rules


@dataclass(frozen=True, slots=True, eq=False)
class RowRules:
    """The rows that push reps, as p pairs of a rep and a row, for each rep in the order of rows."""

    rep: IntArray
    """(p,) place in the layout."""
    name: list[str]
    """(p,)"""
    lifts: IntArray
    """(p,) 1 where the row lifts the rep, -1 where it stops the rep."""
    push: FloatArray
    """(n,) what all of them together add to the stretch of each rep."""

    @classmethod
    def of(cls, coupling: Coupling, price: FloatArray) -> Self:
        """`price` (k,) is `Coupled.price`: a row at its minimum lifts whom it counts positively and
        stops whom it counts negatively.
        """
        names = [
            coupling.side(k, "min" if own > 0 else "max") for k, own in enumerate(price.tolist())
        ]
        pushing = np.flatnonzero(price[coupling.row] != 0)
        row = coupling.row[pushing]
        lifts = np.sign(coupling.coefficient[pushing] * price[row]).astype(np.int64)
        return cls(
            coupling.rep[pushing], [names[k] for k in row.tolist()], lifts, coupling.pushes(price)
        )

    def towards(self, deviation: FloatArray) -> Iterator[tuple[int, str]]:
        """The pairs that hold reps where they are; `deviation` (n,) as in `NodeRules.towards`."""
        holding = np.flatnonzero(self.lifts == deviation[self.rep])
        names = [self.name[pair] for pair in holding.tolist()]
        return zip(self.rep[holding].tolist(), names, strict=True)


def unit_binding(
    levels: CommonLevels, rules: Sequence[NodeRules], typical: float
) -> list[tuple[str, ...]]:
    """What holds each node's level away from the company's, in layout order."""
    level = levels.level.tolist()
    return [
        rule.towards(_compare(own, level[0], typical))
        for rule, own in zip(rules, level, strict=True)
    ]


def rep_binding(
    hierarchy: Hierarchy,
    bounds: Bounds,
    levels: CommonLevels,
    scale: Scale,
    rules: Sequence[NodeRules],
    *,
    rows: RowRules | None = None,
) -> list[tuple[str, ...]]:
    """What holds each rep away from the common stretch; everything in layout order.

    `rules` act on nodes, `rows` on reps.
    """
    quota = levels.quota
    deviation = _signs(quota - scale.at(levels.level[0]), quota)
    lifted = deviation > 0
    if rows:
        wanted = scale.at(levels.level[hierarchy.rep_node] + rows.push)
        beyond = _signs(wanted - quota, quota)
        lifted = np.where(beyond != 0, beyond < 0, lifted)
    own_end = np.where(lifted, bounds.lowest, bounds.highest)
    own_rule = np.select(
        [_signs(quota - own_end, quota) != 0, bounds.fixed != NOT_SET, lifted],
        ["", "fixed", "floor"],
        "cap",
    )
    columns = deviation.tolist(), own_rule.tolist(), hierarchy.rep_node.tolist()
    names = [
        ((rule,) if rule else ()) + rules[at].towards(deviates) if deviates else ()
        for deviates, rule, at in zip(*columns, strict=True)
    ]
    for rep, row in rows.towards(deviation) if rows else ():
        names[rep] += (row,)
    return names


def _signs(away: FloatArray, quota: FloatArray) -> FloatArray:
    """(n,) the direction of each amount that is more than the noise of floating point."""
    noise = np.maximum(_NOISE * quota, 1e-6)
    return np.where(np.abs(away) > noise, np.sign(away), 0.0)


def _compare(level: float, other: float, typical: float) -> int:
    """The sign of the difference of two levels, 0 for the noise of floating point."""
    return 0 if same_level(level, other, typical) else 1 if level > other else -1
