"""Rules that cut across a synthetic company, the same ones every time for the same seed.

    teams     overlay teams: each limits the sum of a tenth of the reps, of any units
    peers     every rep is in one of k + 1 peer groups, and the sums of k of them are limited
    margins   each row limits a sum over everybody, with coefficients between 0.1 and 0.6
    stars     teams, but the first is of all who stretch further in the witness than anybody has to
              in the plan without rules, and needs as much: it decides how large t* is

Every limit lies half-way between what the rule sums in the plan without it (for stars, if all of
them stretched as far as anybody) and what it sums in the witness of the company. So the plan
without it breaks every rule, and a plan with all of them exists. Members are drawn a little more
often among reps who carry more in the witness than in the plan: a rule that wants about the same
as the plan would be no work.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

from benchmarks.arrays import Rows
from benchmarks.instances import Instance
from solver.hierarchy import slice_sums
from solver.problem import UNLIMITED, FloatArray
from solver.tree import equalise

Kind = Literal["teams", "peers", "margins", "stars"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def rows_across(instance: Instance, kind: Kind, count: int, seed: int) -> Rows:
    """So many rules for a company; nothing in them tells twins apart."""
    random = np.random.default_rng([len(instance.witness), count, KINDS.index(kind), seed])
    scale = instance.scale
    plan = equalise(instance.hierarchy, instance.bounds, scale.anchor, scale.yardstick).quota
    pull = np.tanh((instance.witness - plan) / scale.yardstick)
    matrix = _COEFFICIENTS[kind](count, pull, random)
    before = np.broadcast_to(plan, matrix.shape)
    if kind == "stars":
        furthest = scale.anchor + scale.yardstick * ((plan - scale.anchor) / scale.yardstick).max()
        matrix[0] = instance.witness > furthest + 1
        before = np.vstack((furthest, before[1:]))
    one, other = instance.twins.T
    matrix[:, other] = matrix[:, one]
    row, rep = np.nonzero(matrix)
    start = np.searchsorted(row, np.arange(count + 1))
    coefficient = matrix[row, rep]
    sums = [
        slice_sums(coefficient * money, start[:-1], start[1:])
        for money in (before[row, rep], instance.witness[rep])
    ]
    middle = np.rint((sums[0] + sums[1]) / 2).astype(np.int64)
    rising = sums[1] > sums[0]
    return Rows(
        start=start,
        rep=rep,
        coefficient=coefficient,
        min=np.where(rising, middle, -UNLIMITED),
        max=np.where(rising, UNLIMITED, middle),
    )


def _teams(count: int, pull: FloatArray, random: np.random.Generator) -> FloatArray:
    """(k, n) about a tenth of the reps in each."""
    side = random.choice([-1.0, 1.0], (count, 1))
    member = random.random((count, len(pull))) < 0.1 * (1 + 0.5 * side * pull)
    return member.astype(np.float64)


def _peers(count: int, pull: FloatArray, random: np.random.Generator) -> FloatArray:
    """(k, n) everybody in one group at most."""
    rank = np.argsort(np.argsort(0.5 * pull + random.random(len(pull))))
    group = random.permutation(count + 1)[rank * (count + 1) // len(pull)]
    return np.asarray(group == np.arange(count)[:, None], dtype=np.float64)


def _margins(count: int, pull: FloatArray, random: np.random.Generator) -> FloatArray:
    """(k, n) a margin for everybody."""
    side = random.choice([-1.0, 1.0], (count, 1))
    drawn = random.uniform(0.15, 0.55, (count, len(pull)))
    margins: FloatArray = (drawn + 0.05 * side * pull).round(4)
    return margins


_COEFFICIENTS: Final = {"teams": _teams, "peers": _peers, "margins": _margins, "stars": _teams}
