"""Why rules cannot all hold, said so that somebody can mend it; and what is possible instead.

First the rules of reps, units and the target, which need no solver (`tree`). Where these can hold,
rules across the tree may still contradict them or each other (`rows`). Either way the relaxation
mends everything at once: the tree, then the rows (`solver.mending`).

    tree.py           contradictions among limits of reps, units and the target
    rows.py  across.py    rules across the tree: which contradict the others, and what they need
    targets.py        which targets are possible
    names.py  words.py    the rules by name, and the conflict in a sentence
    elastic.py  sums.py   the linear programme behind it: every rule may give way, at a price
    simplex.py        its solver; exact.py  equations.py: the same in whole numbers
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from solver.bounds import Bounds
from solver.conflict.names import ENDS, Names
from solver.conflict.targets import feasible_target
from solver.conflict.tree import conflict_of_the_tree, torn_reps
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy
from solver.infeasibility import Infeasibility, Relaxation, Rule
from solver.mending.relaxation import relaxed
from solver.problem import AMOUNT_LIMIT, Problem
from solver.watch import Watch

__all__ = ["diagnose", "feasible_target"]


def diagnose(
    problem: Problem,
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling | None = None,
    watch: Watch | None = None,
) -> Infeasibility | None:
    """The first contradiction and how to mend all of them; None where everything can hold.

    Raises `LinearProgramFailed` where rules across the tree differ by so many orders of magnitude
    that nobody can tell, `TimeIsUp` and `SolveStopped` as the watch says.
    """
    names = Names(problem, hierarchy, bounds, coupling)
    told = conflict_of_the_tree(names)
    mended = bounds if told is None else relaxed(hierarchy, bounds)
    # Sums beyond every amount that can be stated are no longer told apart.
    rows = coupling if mended.total <= AMOUNT_LIMIT else None
    if coupling is not None and rows is not None and len(rows):
        from solver.conflict.across import Across  # PuLP is slow to import, and rarely used

        across = Across.of(replace(names, bounds=mended), coupling.at(mended.total), watch)
        told = told or across.told()
        rows = across.mended
    if told is None:
        return None
    conflict, words = told
    after = replace(names, bounds=mended, coupling=coupling if rows is None else rows)
    least, most = feasible_target(hierarchy, mended, rows, watch)
    return Infeasibility(conflict, tuple(_changes(names, after)), least, most, words)


def _changes(before: Names, after: Names) -> Iterator[Relaxation]:
    """The rules whose values differ: the target, units, reps, rows, each in layout order."""
    bounds, mended = before.bounds, after.bounds
    moved = (bounds.unit_min != mended.unit_min) | (bounds.unit_max != mended.unit_max)
    for node in np.flatnonzero(moved).tolist():
        one_sum = bounds.unit_target[node] or node == 0
        for end in ENDS[: 1 if one_sum else 2]:
            yield from _change(before.of_node(node, end), after.of_node(node, end))
    for k in np.flatnonzero(torn_reps(bounds)).tolist():
        yield from _change(before.of_rep(k, "floor"), after.of_rep(k, "floor"))
        yield from _change(before.of_rep(k, "cap"), after.of_rep(k, "cap"))
    names = () if before.coupling is None else before.coupling.name
    for k, name in enumerate(names):
        is_parity = name.startswith("parity:")
        if is_parity and k and names[k - 1] == name:
            continue  # its peers stand side by side, and are one rule
        for end in ENDS[: 1 if is_parity else 2]:
            yield from _change(before.of_row(k, end), after.of_row(k, end))


def _change(before: Rule, after: Rule) -> Iterator[Relaxation]:
    if before.value != after.value:
        yield Relaxation(before.name, before.value, after.value)
