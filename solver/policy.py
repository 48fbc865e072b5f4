"""The parameters of one allocation, and the rules that cut across the organisation.

Money is in minor units of the currency, shares are fractions: 0.05 is 5 %. Reps and units are named
by their ids. A value that contradicts itself cannot be built: `InvalidProblem` names every fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final, Literal, get_args

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import AMOUNT_LIMIT, UNLIMITED

Fairness = Literal[
    "equal_stretch", "equal_growth", "equal_potential_share", "equal_amount", "equal_probability"
]
Engine = Literal["auto", "tree", "lp"]
OnInfeasible = Literal["refuse", "relax", "gap"]

CHANCES: Final = ("min_probability", "max_probability")
"""The parameters that are probabilities, for which every rep needs a sigma."""
COEFFICIENT_LIMIT: Final = 1e6
"""The largest coefficient of a row, and one over the smallest: twelve orders of magnitude."""


@dataclass(frozen=True, slots=True)
class Group:
    """Reps of any units whose quotas together stay between two amounts: an overlay team."""

    id: str
    reps: tuple[str, ...]
    min: int = 0
    max: int = UNLIMITED


@dataclass(frozen=True, slots=True)
class Parity:
    """Peer groups, one for each value of a cohort, that all carry about their even share.

    The even share of a peer group is what its reps would carry together if everybody in the
    company stood at one stretch without any limit. Its quotas may miss it by `tolerance` times it.
    """

    cohort: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class MarginFloor:
    """The least gross margin that quotas must bring: the sum of margin x quota over a unit."""

    id: str
    min: int
    unit: str | None = None
    """None: the whole company."""


@dataclass(frozen=True, slots=True)
class LinearRow:
    """A rule of the caller's own: min <= sum of coefficient x quota <= max."""

    id: str
    coefficients: tuple[tuple[str, float], ...]
    """Reps and their coefficients; everybody else's is 0."""
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True)
class Relax:
    """A rule that gives way: from now on its limit is `to`.

    Named as in `solver.infeasibility.Rule`. Targets are stated before over-assignment; the limit
    of a parity is its tolerance.
    """

    rule: str
    to: int | float


@dataclass(frozen=True, slots=True)
class Policy:
    """Every parameter of one allocation."""

    fairness: Fairness = "equal_stretch"
    over_assignment: float = 0.0
    min_over_baseline: float | None = None
    max_over_baseline: float | None = None
    min_over_last_year: float | None = None
    max_over_last_year: float | None = None
    min_probability: float | None = None
    max_probability: float | None = None
    """Of attaining the quota, of every rep: a cap and a floor, which need everybody's sigma."""
    groups: tuple[Group, ...] = ()
    parity: tuple[Parity, ...] = ()
    margin_floors: tuple[MarginFloor, ...] = ()
    rows: tuple[LinearRow, ...] = ()
    on_infeasible: OnInfeasible = "refuse"
    relax: tuple[Relax, ...] = ()
    engine: Engine = "auto"

    def __post_init__(self) -> None:
        faults = [*_faults_of_numbers(self), *_faults_of_names(self), *_faults_of_rules(self)]
        if faults:
            raise InvalidProblem(faults)

    @property
    def crosses_the_tree(self) -> bool:
        """Whether any rule holds reps together who are no unit."""
        return bool(self.groups or self.parity or self.margin_floors or self.rows)


def _faults_of_numbers(policy: Policy) -> Iterator[Fault]:
    for field in fields(policy):
        value = getattr(policy, field.name)
        if not isinstance(value, int | float):
            continue
        if field.name in CHANCES:
            if not 0 < value < 1:
                reason = f"must be a probability above 0 and below 1, is {value}"
                yield Fault("", None, field.name, reason)
        elif not (np.isfinite(value) and value >= -1):
            reason = f"must be a finite number of at least -1, is {value}"
            yield Fault("", None, field.name, reason)


def _faults_of_names(policy: Policy) -> Iterator[Fault]:
    for name, kind in (("fairness", Fairness), ("engine", Engine), ("on_infeasible", OnInfeasible)):
        if (value := getattr(policy, name)) not in get_args(kind):
            known = ", ".join(get_args(kind))
            yield Fault("", None, name, f"{value!r} is not one of {known}")
    if policy.engine == "tree" and policy.crosses_the_tree:
        reason = (
            "tree keeps rules of reps and units only, and this policy has groups, parity, "
            "margin_floors or rows: leave engine out"
        )
        yield Fault("", None, "engine", reason)
    if policy.fairness == "equal_probability":
        if policy.engine == "lp":
            reason = "lp cannot check equal_probability, whose quotas are no line in the level"
            yield Fault("", None, "engine", f"{reason}: leave engine out")
        if policy.crosses_the_tree:
            reason = (
                "equal_probability keeps rules of reps and units only, and this policy has groups, "
                "parity, margin_floors or rows: leave them out, or choose another fairness"
            )
            yield Fault("", None, "fairness", reason)


def _faults_of_rules(policy: Policy) -> Iterator[Fault]:
    """What is wrong with the rules in themselves; whom they name is `solver.coupled.coupling`'s."""
    for table, key in (
        ("groups", "id"),
        ("parity", "cohort"),
        ("margin_floors", "id"),
        ("rows", "id"),
        ("relax", "rule"),
    ):
        seen: dict[str, int] = {}
        for row, rule in enumerate(getattr(policy, table)):
            name = getattr(rule, key)
            if seen.setdefault(name, row) != row:
                yield Fault(table, row, key, f"{name!r} stands already in row {seen[name]}")
    for row, group in enumerate(policy.groups):
        yield from _faults_of_a_group(row, group)
    for row, parity in enumerate(policy.parity):
        if not (np.isfinite(parity.tolerance) and parity.tolerance >= 0):
            yield Fault("parity", row, "tolerance", "must be a finite share, 0 or more")
    for row, floor in enumerate(policy.margin_floors):
        if not 0 <= floor.min <= AMOUNT_LIMIT:
            yield Fault("margin_floors", row, "min", "must be an amount, 0 or more")
    for row, rule in enumerate(policy.rows):
        yield from _faults_of_a_row(row, rule)


def _faults_of_a_group(row: int, group: Group) -> Iterator[Fault]:
    if not group.reps:
        yield Fault("groups", row, "reps", "names nobody")
    if len(set(group.reps)) < len(group.reps):
        yield Fault("groups", row, "reps", "names somebody twice")
    if group.min == 0 and group.max == UNLIMITED:
        yield Fault("groups", row, "min", "needs a min or a max, else it says nothing")
    if not 0 <= group.min <= AMOUNT_LIMIT:
        yield Fault("groups", row, "min", "must be an amount, 0 or more")
    if not (0 <= group.max <= AMOUNT_LIMIT or group.max == UNLIMITED):
        yield Fault("groups", row, "max", "must be an amount, 0 or more")


def _faults_of_a_row(row: int, rule: LinearRow) -> Iterator[Fault]:
    reps = [rep for rep, _ in rule.coefficients]
    sizes = [abs(coefficient) for _, coefficient in rule.coefficients]
    if len(set(reps)) < len(reps):
        yield Fault("rows", row, "coefficients", "names somebody twice")
    if not any(sizes):
        yield Fault("rows", row, "coefficients", "names nobody with a coefficient other than 0")
    if not all(size == 0 or 1 / COEFFICIENT_LIMIT <= size <= COEFFICIENT_LIMIT for size in sizes):
        reason = f"must be 0, or between 1/{COEFFICIENT_LIMIT:,.0f} and {COEFFICIENT_LIMIT:,.0f}"
        yield Fault("rows", row, "coefficients", f"{reason} in size")
    if rule.min is None and rule.max is None:
        yield Fault("rows", row, "min", "needs a min or a max, else it says nothing")
    for end in ("min", "max"):
        limit = getattr(rule, end)
        if limit is not None and abs(limit) > AMOUNT_LIMIT:
            yield Fault("rows", row, end, f"must lie between -{AMOUNT_LIMIT} and {AMOUNT_LIMIT}")
