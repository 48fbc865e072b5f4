"""What is to be allocated: the facts. The parameters of one allocation are `solver.policy`'s.

Everything is a frozen table of columns. Limits and quotas are integers in minor units of the
currency (cents); measurements (baseline, reach, potential …) are floats in the same minor units.
A value that contradicts itself cannot be built: `InvalidProblem` names every fault at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from solver.errors import Fault, InvalidProblem

type IntArray = npt.NDArray[np.int64]
type FloatArray = npt.NDArray[np.float64]
type BoolArray = npt.NDArray[np.bool_]

AMOUNT_LIMIT: Final = 2**53 - 1
"""The largest amount in minor units: up to here float64 counts every single unit."""
UNLIMITED: Final = 2**60
"""A cap that never holds anybody back; larger than every amount and every sum of amounts."""
NOT_SET: Final = -1
"""No `fixed` quota, no unit `target`."""
COMPANY: Final = -1
"""The unit of reps, and the parent of units, that hang on the company itself."""
DEPTH_LIMIT: Final = 256
"""Levels of units below the company; a deeper organisation is a mistake in the data."""


def frozen(values: Any, dtype: type) -> npt.NDArray[Any]:
    """An own, read-only copy of `values` as an array of `dtype`."""
    column: npt.NDArray[Any] = np.array(values, dtype=dtype)
    column.setflags(write=False)
    return column


class Table:
    """Columns of equal length; the concrete tables below are frozen dataclasses."""

    ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def freeze(self, kinds: Mapping[str, type]) -> None:
        """Replace each named column by its own read-only copy of the right type."""
        for name, kind in kinds.items():
            column = frozen(getattr(self, name), kind)
            if column.shape != (len(self),):
                found = Fault("", None, name, f"has shape {column.shape}, not ({len(self)},)")
                raise InvalidProblem([found])
            object.__setattr__(self, name, column)


@dataclass(frozen=True, slots=True, eq=False)
class Reps(Table):
    """The reps, one row each. All columns have shape (n,), all money is in minor units."""

    ids: tuple[str, ...]
    unit: IntArray
    """Row of the rep's unit in `Units`, or `COMPANY`."""
    baseline: FloatArray
    """Expected sales at normal effort, >= 0."""
    reach: FloatArray
    """What the rep can plausibly add to the baseline, >= 0."""
    potential: FloatArray
    """What the rep's territory could yield, >= 0; nan where unknown."""
    last_year: FloatArray
    """What was sold last year; nan where unknown."""
    min: IntArray
    max: IntArray
    """The caller's own limits of the quota; `UNLIMITED` where there is no maximum."""
    capacity: FloatArray
    """The most the rep can carry; inf where unknown."""
    fixed: IntArray
    """A locked quota, or `NOT_SET`."""
    sigma: FloatArray
    """Log standard deviation of sales around the baseline, > 0; nan where unknown."""
    margin: FloatArray
    """Gross margin per unit of quota, -1 to 1; nan where unknown."""

    def __post_init__(self) -> None:
        self.freeze(_REP_COLUMNS)

    @classmethod
    def of(cls, ids: Sequence[str], **columns: npt.ArrayLike) -> Self:
        """Reps with the given columns; what is left out is unknown, unlimited or zero."""
        full = {name: np.full(len(ids), default) for name, default in _REP_DEFAULTS.items()}
        return cls(tuple(ids), **{**full, **columns})  # type: ignore[arg-type]


_REP_COLUMNS: Final[Mapping[str, type]] = {
    "unit": np.int64, "baseline": np.float64, "reach": np.float64, "potential": np.float64,
    "last_year": np.float64, "min": np.int64, "max": np.int64, "capacity": np.float64,
    "fixed": np.int64, "sigma": np.float64, "margin": np.float64,
}  # fmt: skip
_REP_DEFAULTS: Final[dict[str, float | int]] = {
    "unit": COMPANY, "baseline": 0.0, "reach": 0.0, "potential": np.nan, "last_year": np.nan,
    "min": 0, "max": UNLIMITED, "capacity": np.inf, "fixed": NOT_SET, "sigma": np.nan,
    "margin": np.nan,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Units(Table):
    """The organisation below the company, one row a unit. All columns have shape (m,)."""

    ids: tuple[str, ...]
    parent: IntArray
    """Row of the parent unit, or `COMPANY`."""
    min: IntArray
    max: IntArray
    """Limits of the sum of the quotas below; `UNLIMITED` where there is no maximum."""
    target: IntArray
    """The unit's own target before over-assignment, or `NOT_SET`."""
    over_assignment: FloatArray
    """How much the quotas exceed the unit's target; nan inherits the parent's."""

    def __post_init__(self) -> None:
        self.freeze(_UNIT_COLUMNS)

    @classmethod
    def of(cls, ids: Sequence[str], **columns: npt.ArrayLike) -> Self:
        """Units with the given columns; what is left out does not limit anything."""
        full = {name: np.full(len(ids), default) for name, default in _UNIT_DEFAULTS.items()}
        return cls(tuple(ids), **{**full, **columns})  # type: ignore[arg-type]


_UNIT_COLUMNS: Final[Mapping[str, type]] = {
    "parent": np.int64, "min": np.int64, "max": np.int64, "target": np.int64,
    "over_assignment": np.float64,
}  # fmt: skip
_UNIT_DEFAULTS: Final[dict[str, float | int]] = {
    "parent": COMPANY, "min": 0, "max": UNLIMITED, "target": NOT_SET, "over_assignment": np.nan,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One target, the reps who carry it, and the organisation they work in."""

    target: int
    """What the company wants, in minor units, before over-assignment."""
    reps: Reps
    units: Units
    increment: int = 1
    """Quotas are multiples of this many minor units wherever the rules allow it."""
    cohorts: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    """(n,) by the name of a cohort, such as `role`: the peer group of each rep, None where none."""

    def __post_init__(self) -> None:
        faults = [fault for check in _CHECKS for fault in check(self)]
        if faults:
            raise InvalidProblem(faults)


def padded(amount: float, over_assignment: float) -> int:
    """amount x (1 + over_assignment), half-even to the minor unit, in exact decimals."""
    exact = Decimal(amount) * (1 + Decimal(repr(float(over_assignment))))
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def _the_target_and_increment_are_amounts(problem: Problem) -> list[Fault]:
    faults = []
    if not 0 <= problem.target <= AMOUNT_LIMIT:
        faults.append(Fault("", None, "target", f"must lie between 0 and {AMOUNT_LIMIT}"))
    if not 1 <= problem.increment <= AMOUNT_LIMIT:
        faults.append(Fault("", None, "increment", f"must lie between 1 and {AMOUNT_LIMIT}"))
    if not problem.reps:
        faults.append(Fault("", None, "reps", "at least one rep is needed to carry the target"))
    return faults


def _ids_are_unique(problem: Problem) -> list[Fault]:
    faults = []
    for name, table in (("reps", problem.reps), ("units", problem.units)):
        first: dict[str, int] = {}
        for row, key in enumerate(table.ids):
            if first.setdefault(key, row) != row:
                reason = f"{key!r} stands already in row {first[key]}"
                faults.append(Fault(name, row, "id", reason))
    return faults


def _measurements_are_sensible(problem: Problem) -> list[Fault]:
    reps, units = problem.reps, problem.units
    rules: list[tuple[str, Table, str, BoolArray, str]] = [
        ("reps", reps, "baseline", _amount(reps.baseline), "must be a number, 0 or more"),
        ("reps", reps, "reach", _amount(reps.reach), "must be a number, 0 or more"),
        ("reps", reps, "potential", _amount(reps.potential, np.nan), "must be 0 or more"),
        ("reps", reps, "capacity", _amount(reps.capacity, np.inf), "must be 0 or more"),
        ("reps", reps, "sigma", np.isnan(reps.sigma) | (reps.sigma > 0), "must be above 0"),
        ("reps", reps, "margin", ~(np.abs(reps.margin) > 1), "must lie between -1 and 1"),
        ("reps", reps, "last_year", ~np.isinf(reps.last_year), "must be a number"),
        ("reps", reps, "min", _within(reps.min), "must be an amount, 0 or more"),
        ("reps", reps, "max", _within(reps.max, UNLIMITED), "must be an amount, 0 or more"),
        ("reps", reps, "fixed", _within(reps.fixed, NOT_SET), "must be an amount, 0 or more"),
        ("units", units, "min", _within(units.min), "must be an amount, 0 or more"),
        ("units", units, "max", _within(units.max, UNLIMITED), "must be an amount, 0 or more"),
        ("units", units, "target", _within(units.target, NOT_SET), "must be 0 or more"),
        (
            "units", units, "over_assignment",
            np.isnan(units.over_assignment) | (np.abs(units.over_assignment) <= 1e6)
            & (units.over_assignment >= -1),
            "must be a fraction of at least -1",
        ),
        (
            "units", units, "target",
            (units.target == NOT_SET) | ((units.min == 0) & (units.max == UNLIMITED)),
            "a target is min and max at once: leave min and max out beside it",
        ),
    ]  # fmt: skip
    return [
        Fault(table, int(row), field, reason)
        for table, _, field, good, reason in rules
        for row in np.flatnonzero(~good)
    ]


def _amount(column: FloatArray, unknown: float = 0.0) -> BoolArray:
    """Whether each entry is an amount of money, or the value that stands for unknown."""
    good: BoolArray = (column >= 0) & (column <= AMOUNT_LIMIT)
    good |= np.isnan(column) if np.isnan(unknown) else column == unknown
    return good


def _within(column: IntArray, special: int = 0) -> BoolArray:
    """Whether each entry is an amount of money, or the value with a special meaning."""
    good: BoolArray = (column >= 0) & (column <= AMOUNT_LIMIT)
    good |= column == special
    return good


def _everybody_hangs_on_the_company(problem: Problem) -> list[Fault]:
    """Units and parents exist, and following the parents always ends at the company."""
    reps, units = problem.reps, problem.units
    faults = []
    for name, column, where in (("reps", reps.unit, "unit"), ("units", units.parent, "parent")):
        lost = (column < COMPANY) | (column >= len(units))
        faults += [Fault(name, int(r), where, "names no unit") for r in np.flatnonzero(lost)]
    if faults:
        return faults
    depth = unit_depths(units.parent)
    for row in np.flatnonzero(depth == 0):
        reason = f"unit {units.ids[row]!r} is its own ancestor (a cycle of parents)"
        faults.append(Fault("units", int(row), "parent", reason))
    for row in np.flatnonzero(depth > DEPTH_LIMIT):
        reason = f"lies more than {DEPTH_LIMIT} levels below the company"
        faults.append(Fault("units", int(row), "parent", reason))
    return faults


def unit_depths(parent: IntArray) -> IntArray:
    """Level of each unit, 1 for the company's own; 0 for units on or below a cycle. (m,)

    Each round doubles how far everybody has climbed, so a chain of any length takes few rounds.
    """
    top = len(parent)
    climbed = np.append(np.where(parent == COMPANY, top, parent), top)
    depth: IntArray = np.append(np.ones(top, dtype=np.int64), 0)
    for _ in range(top.bit_length()):
        depth = depth + depth[climbed]
        climbed = climbed[climbed]
    return np.where(climbed == top, depth, 0)[:top]


def _cohorts_cover_everybody(problem: Problem) -> list[Fault]:
    return [
        Fault("", None, "cohorts", f"{name!r} tells of {len(values)} reps, not {len(problem.reps)}")
        for name, values in problem.cohorts.items()
        if len(values) != len(problem.reps)
    ]


_CHECKS: Final[tuple[Callable[[Problem], list[Fault]], ...]] = (
    _the_target_and_increment_are_amounts,
    _ids_are_unique,
    _measurements_are_sensible,
    _everybody_hangs_on_the_company,
    _cohorts_cover_everybody,
)
