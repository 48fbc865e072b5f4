"""Companies with targets of parts for tests: drawn around a whole table that meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solver.policy import Policy
from solver.problem import COMPANY, BoolArray, IntArray, Problem, Reps, Units
from solver.spread.lines import Line, counted, line_of, lines_of
from solver.spread.parts import PartPlan
from solver.spread.season import Season, even, given
from solver.spread.told_apart import Parts
from solver.targets import Target
from tests.solver.spread.builders import JANUARY_2027

PLAIN = Policy()


@dataclass(frozen=True)
class World:
    problem: Problem
    parts: Parts

    def counts(self, place: int) -> BoolArray:
        """(n, k, t) whether a target counts a cell, told apart from the solver."""
        target, units = self.parts.targets[place], self.problem.units
        reps = [target.unit is None or target.unit in above(units, unit) for unit in self.of_unit]
        lines = counted(self.parts.targets, self.parts.lines)[place]
        months = [target.months is None or m in target.months for m in self.parts.months]
        cells: BoolArray = np.array(reps)[:, None, None] & lines[None, :, None] & np.array(months)
        return cells

    @property
    def of_unit(self) -> list[int]:
        return [int(unit) for unit in self.problem.reps.unit]

    def turned(self, order: IntArray) -> World:
        """The same with the reps in another order, and the targets from the last to the first."""
        reps, parts = self.problem.reps, self.parts
        columns: dict[str, Any] = {
            name: getattr(reps, name)[order] for name in ("unit", "baseline", "reach", "max")
        }
        season = replace(parts.season, shares=parts.season.shares[order])
        turned = Reps.of([reps.ids[row] for row in order.tolist()], **columns)
        return World(
            replace(self.problem, reps=turned),
            replace(parts, targets=parts.targets[::-1], mix=parts.mix[order], season=season),
        )


def above(units: Units, unit: int) -> set[str]:
    """The ids of a unit and of all above it."""
    found = set()
    while unit != COMPANY:
        found.add(units.ids[unit])
        unit = int(units.parent[unit])
    return found


def a_world(number: int) -> World | None:
    """A few reps, some of whom sell little; targets of any part that can be told, a few too high.

    None where nothing is left to ask for.
    """
    random = np.random.default_rng(number)
    n, units, t = (
        int(random.integers(1, 7)),
        int(random.integers(0, 4)),
        int(random.choice([1, 4, 12])),
    )
    increment = int(random.choice([1, 10, 100]))
    baseline = random.integers(5, 50, n) * 100.0
    total = int(baseline.sum() * 1.2 / increment) * increment
    reps = Reps.of(
        [f"r{k}" for k in range(n)],
        unit=random.integers(COMPANY, units, n),
        baseline=baseline,
        reach=baseline / 5,
    )
    tree = (
        Units.of(
            [f"u{k}" for k in range(units)],
            parent=[int(random.integers(COMPANY, k)) if k else COMPANY for k in range(units)],
        )
        if units
        else Units.of([])
    )
    problem = Problem(total, reps, tree, increment)
    kinds = ["new", None] if random.random() < 0.5 else [None]
    full = [(product, kind) for product in ("a", "b", None) for kind in kinds]
    sells = random.random((n, len(full))) >= random.choice([0, 0.5, 0.8])
    sells[~sells.any(axis=1)] = True
    weights = random.random((n, len(full), t)) * sells[:, :, None]
    table = random.multinomial(total // increment, (weights / weights.sum()).ravel())
    table = table.reshape(weights.shape) * increment
    targets = _targets(random, problem, full, table)
    if not targets:
        return None
    lines = lines_of(targets)
    sold = np.zeros((n, len(lines)))
    for place, (product, kind) in enumerate(full):
        sold[:, line_of(lines, targets, product, kind)] += sells[:, place] * random.lognormal(
            0, 0.7, n
        )
    season = (
        even(n, t)
        if random.random() < 0.5
        else given(even(n, t), (random.random(t) + 0.5).tolist())
    )
    months = range(JANUARY_2027, JANUARY_2027 + t)
    mix = sold / sold.sum(axis=1, keepdims=True)
    return World(problem, Parts(targets, lines, mix, season, months))


def _targets(
    random: np.random.Generator,
    problem: Problem,
    full: Sequence[tuple[str | None, str | None]],
    table: IntArray,
) -> tuple[Target, ...]:
    """Some of the sums of a table, each part at most once."""
    units, months = [*problem.units.ids, None], table.shape[2]
    found: dict[Target, int] = {}
    for _ in range(int(random.integers(1, 7))):
        unit = units[int(random.integers(len(units)))]
        product, kind = full[int(random.integers(len(full)))]
        kind = None if random.random() < 0.5 else kind
        start = int(random.integers(months))
        end = int(random.integers(start, months)) + 1
        period = None if random.random() < 0.5 or end - start == months else range(start, end)
        reps = np.array(
            [
                unit is None or unit in above(problem.units, own)
                for own in problem.reps.unit.tolist()
            ]
        )
        if (product, kind, period) == (None, None, None) or not reps.any():
            continue
        lines = [product in (None, p) and kind in (None, k) for p, k in full]
        amount = int(table[reps][:, lines][:, :, period or range(months)].sum())
        told = None if period is None else range(JANUARY_2027 + start, JANUARY_2027 + end)
        found[Target(0, unit, product, kind, told)] = int(amount * random.choice([1] * 20 + [1.3]))
    return tuple(replace(part, amount=amount) for part, amount in found.items())


def problems_of(world: World, plan: PartPlan) -> list[str]:
    """What a plan breaks of its promises, counted again from its cells."""
    cells, quota = plan.cells, plan.allocation.quota
    broken = []
    if cells.min() < 0 or not np.array_equal(cells.sum(axis=(1, 2)), quota):
        broken.append("the cells of a rep do not add up to the quota")
    if cells[world.parts.mix == 0].any():
        broken.append("somebody carries what nobody of that mix sells")
    for place, (wanted, carried, missed) in enumerate(
        zip(plan.wanted, plan.carried, plan.missed, strict=True)
    ):
        if int(cells[world.counts(place)].sum()) != carried:
            broken.append(f"target {place} carries something else than is told")
        if (missed == 0) != (abs(carried - wanted) < 1):
            broken.append(f"target {place} tells a miss of {missed} at {carried} for {wanted}")
    return broken


def two_teams(total: int = 1_200, increment: int = 1, **units: Any) -> Problem:
    """East with ann and bob, west with cara and dan; all alike, even is a quarter each."""
    reps = Reps.of(
        ["ann", "bob", "cara", "dan"], unit=[0, 0, 1, 1], baseline=[250] * 4, reach=[100] * 4
    )
    return Problem(total, reps, Units.of(["east", "west"], **units), increment)


def told_apart(
    problem: Problem,
    targets: Sequence[Target],
    mix: Any = None,
    season: Season | None = None,
    months: int = 12,
) -> Parts:
    """What these targets tell apart; everybody sells the same of every line unless told."""
    lines: tuple[Line, ...] = lines_of(targets)
    n = len(problem.reps)
    mixed = np.ones((n, len(lines))) if mix is None else np.array(mix, dtype=float)
    return Parts(
        targets=tuple(targets),
        lines=lines,
        mix=mixed / mixed.sum(axis=1, keepdims=True),
        season=season or replace(even(n, months), company=()),
        months=range(JANUARY_2027, JANUARY_2027 + months),
    )
