"""Rules by their names in the API, with the limits that they set."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy
from solver.infeasibility import Rule
from solver.problem import NOT_SET, UNLIMITED, Problem

type RepEnd = Literal["floor", "cap", "fixed"]
type End = Literal["min", "max"]
ENDS: Final[tuple[End, End]] = ("min", "max")


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """The rules of one allocation. Reps and nodes are named by their places in the layout."""

    problem: Problem
    hierarchy: Hierarchy
    bounds: Bounds
    coupling: Coupling | None = None

    def rep(self, k: int) -> str:
        return self.problem.reps.ids[int(self.hierarchy.rep_row[k])]

    def unit(self, node: int) -> str:
        return self.problem.units.ids[int(self.hierarchy.unit_row[node])]

    def of_rep(self, k: int, kind: RepEnd) -> Rule:
        return Rule(f"rep:{self.rep(k)}:{kind}", int(getattr(self.bounds, kind)[k]))

    def holding_rep(self, k: int, end: RepEnd) -> Rule:
        """The rule that makes this end (`floor` or `cap`) of the rep's interval."""
        return self.of_rep(k, end if self.bounds.fixed[k] == NOT_SET else "fixed")

    def of_node(self, node: int, end: End) -> Rule:
        """The rule that makes this end of the node's own range."""
        limit = self.bounds.unit_min if end == "min" else self.bounds.unit_max
        if node == 0:
            return Rule("target", int(limit[0]))
        kind = "target" if self.bounds.unit_target[node] else end
        return Rule(f"unit:{self.unit(node)}:{kind}", int(limit[node]))

    def of_row(self, k: int, end: End) -> Rule:
        """The rule that makes this end of a row across the tree; a parity makes both."""
        if self.coupling is None:
            raise ValueError("there are no rows across the tree")
        name = self.coupling.name[k]
        kind = name if name.startswith("parity:") else f"{name}:{end}"
        return Rule(kind, limit_of_row(self.coupling, k, end))


def limit_of_row(coupling: Coupling, k: int, end: End) -> int | float:
    """What the rule says: an amount, or the tolerance of a parity; infinite where it is lifted."""
    if coupling.name[k].startswith("parity:"):
        return float(coupling.tolerance[k])
    limit = int((coupling.min if end == "min" else coupling.max)[k])
    return limit if abs(limit) < UNLIMITED else math.copysign(math.inf, limit)
