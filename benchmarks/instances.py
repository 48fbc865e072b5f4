"""Synthetic companies of any size, the same ones every time for the same seed.

Log-normal baselines with a reach of 3 to 15 %; trees of 4 to 6 levels, company and reps included,
with teams of about twelve; one rep in ten hangs on an inner unit. Every limit is drawn around a
witness, so a plan exists: 35 % of the units keep within 3 % of it, half of the reps have a floor
and a cap, 2 % are locked. Every fifth rep has a twin in the same team with the same facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from solver.bounds import Bounds, bounds
from solver.fairness import SCALES, Scale
from solver.hierarchy import Hierarchy, exact_sums, lay_out
from solver.policy import Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, FloatArray, IntArray, Problem, Reps, Units

TEAM: Final = 12
POLICY: Final = Policy()


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A company as the service would hand it to the solver, and as arrays."""

    problem: Problem
    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale
    """Anchor and yardstick in layout order."""
    twins: IntArray
    """(k, 2) places in layout order of reps whom nothing tells apart."""
    witness: IntArray
    """(n,) in layout order, quotas that keep every limit."""


def company(reps: int, seed: int) -> Instance:
    """A feasible company with so many reps."""
    random = np.random.default_rng([reps, seed])
    parent, depth = _tree(reps, random)
    unit = _places(reps, depth, random)
    baseline = np.rint(random.lognormal(17, 0.7, reps))  # minor units: about 240,000.00
    reach = np.rint(baseline * random.uniform(0.03, 0.15, reps))
    witness = np.rint(baseline + reach * random.normal(1, 0.5, reps).clip(-1, 3)).astype(np.int64)
    floor, cap, fixed = _limits(baseline, reach, witness, random)
    columns = {"unit": unit, "baseline": baseline, "reach": reach}
    columns |= {"min": floor, "max": cap, "fixed": fixed}
    twin = np.flatnonzero((random.random(reps - 1) < 0.1) & (unit[1:] == unit[:-1]))
    twin = twin[np.diff(twin, prepend=-2) > 1]  # pairs, no chains
    for column in (*columns.values(), witness):
        column[twin + 1] = column[twin]
    problem = Problem(
        target=int(witness.sum()),
        reps=Reps.of([f"r{row:07}" for row in range(reps)], **columns),
        units=Units.of([f"u{row:06}" for row in range(len(parent))], parent=parent),
    )
    problem = _with_ranges(problem, witness, random)
    hierarchy = lay_out(problem)
    row = hierarchy.rep_row
    place = np.argsort(row)
    return Instance(
        problem=problem,
        hierarchy=hierarchy,
        bounds=bounds(problem, POLICY, hierarchy),
        scale=SCALES[POLICY.fairness](problem.reps).laid_out(row),
        twins=np.column_stack((place[twin], place[twin + 1])),
        witness=witness[row],
    )


def _tree(reps: int, random: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Parent and depth of each unit; two to four levels of units, each about as much wider."""
    levels = int(random.integers(2, 5))
    teams = max(1, reps // TEAM)
    sizes = [max(1, round(teams ** (level / levels))) for level in range(1, levels + 1)]
    parents, start = [np.full(sizes[0], COMPANY)], 0
    for above, size in pairwise(sizes):
        parents.append(start + random.integers(0, above, size))
        start += above
    return np.concatenate(parents), np.repeat(np.arange(levels), sizes)


def _places(reps: int, depth: IntArray, random: np.random.Generator) -> IntArray:
    """The unit of each rep: a team at the bottom, or for one in ten any unit."""
    teams = np.flatnonzero(depth == depth.max())
    unit = random.choice(teams, reps)
    anywhere = random.random(reps) < 0.1
    unit[anywhere] = random.integers(0, len(depth), int(anywhere.sum()))
    return np.sort(unit)  # team mates side by side, so that neighbours can be twins


def _limits(
    baseline: FloatArray, reach: FloatArray, witness: IntArray, random: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    """Floor, cap and lock of each rep; all of them hold for the witness."""
    count = len(witness)
    floor = np.minimum(witness, np.rint(baseline - reach * random.uniform(0, 2, count)))
    cap = np.maximum(witness, np.rint(baseline + reach * random.uniform(1, 4, count)))
    unlimited = random.random(count) < 0.5
    floor[unlimited], cap[unlimited] = 0, UNLIMITED
    locked = np.where(random.random(count) < 0.02, witness, NOT_SET)
    return np.maximum(floor, 0).astype(np.int64), cap.astype(np.int64), locked


def _with_ranges(problem: Problem, witness: IntArray, random: np.random.Generator) -> Problem:
    """The same problem with 35 % of the units held within 3 % of the witness."""
    hierarchy = lay_out(problem)
    sums = exact_sums(witness[hierarchy.rep_row], hierarchy.first, hierarchy.last)[1:]
    of_unit = np.empty_like(sums)
    of_unit[hierarchy.unit_row[1:]] = sums
    held = random.random(len(of_unit)) < 0.35
    low = np.floor(of_unit * (1 - 0.03 * random.random(len(of_unit))))
    high = np.ceil(of_unit * (1 + 0.03 * random.random(len(of_unit))))
    units = Units.of(
        problem.units.ids,
        parent=problem.units.parent,
        min=np.where(held, low, 0).astype(np.int64),
        max=np.where(held, high, UNLIMITED).astype(np.int64),
    )
    return Problem(target=problem.target, reps=problem.reps, units=units)
