"""The facts of a plan as frozen columns, in an order that depends on the ids alone.

Limits of quotas are whole minor units of the currency. Measurements (baseline, potential, sales …)
are floats in the currency itself, as they came. Days are proleptic ordinals, months are counted
`year * 12 + month - 1`. Rows refer to each other by position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

type IntArray = npt.NDArray[np.int64]
type FloatArray = npt.NDArray[np.float64]
type BoolArray = npt.NDArray[np.bool_]
type Texts = tuple[str | None, ...]

NONE: Final = -1
"""No amount, no day, no row: what stands in a column of integers where nothing was given."""
MOST_COHORTS: Final = 50
"""How many groupings a rep may belong to."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of one length; nothing given is `NONE`, nan, None or False."""

    _DEFAULTS: ClassVar[Mapping[str, Any]]

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def taken(self, order: IntArray) -> Self:
        """Some rows, or all in another order: row k is now row `order[k]`."""
        rows = order.tolist()

        def moved(column: Any) -> Any:
            if isinstance(column, np.ndarray):
                return frozen(column[order])
            return tuple(column[row] for row in rows) if any(column) else column[: len(rows)]

        return type(self)(
            **{field.name: moved(getattr(self, field.name)) for field in fields(self)}
        )

    def content(self) -> dict[str, Any]:
        """The columns that say anything, as values that orjson can write."""
        found: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            if isinstance(column, np.ndarray):
                nothing = np.isnan(column) if column.dtype == np.float64 else _is_default(column)
                if not nothing.all() or field.name in _ALWAYS:
                    found[field.name] = np.ascontiguousarray(column)
            elif any(value is not None for value in column):
                found[field.name] = list(column)
        return found

    @classmethod
    def of(cls, content: Mapping[str, Any], rows: int) -> Self:
        """The columns of a `content()`."""
        full: dict[str, Any] = {}
        for field in fields(cls):
            values: Sequence[Any] | None = content.get(field.name)
            kind = _KINDS.get(str(field.type))
            if kind is None:
                full[field.name] = tuple(values) if values is not None else (None,) * rows
            elif values is not None:
                full[field.name] = frozen(np.array(values, dtype=kind[0]))
            else:
                full[field.name] = frozen(np.full(rows, kind[1], dtype=kind[0]))
        return cls(**full)


_KINDS: Final[dict[str, tuple[type, float | bool]]] = {
    "IntArray": (np.int64, NONE),
    "FloatArray": (np.float64, np.nan),
    "BoolArray": (np.bool_, False),
}
_ALWAYS: Final = ("month", "actual", "territory", "rep")


def _is_default(column: npt.NDArray[Any]) -> BoolArray:
    nothing: BoolArray = ~column if column.dtype == np.bool_ else column == NONE
    return nothing


def frozen[Scalar: np.generic](column: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    column.setflags(write=False)
    return column


@dataclass(frozen=True, slots=True, eq=False)
class Units(Columns):
    """(m,) the organisation below the company, by id."""

    id: tuple[str, ...]
    name: Texts
    parent: IntArray
    """Row of the unit above, or `NONE`: the company."""
    min: IntArray
    max: IntArray
    target: IntArray
    over_assignment: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Reps(Columns):
    """(n,) the reps, by id."""

    id: tuple[str, ...]
    unit: IntArray
    """Row of the unit, or `NONE`: the company."""
    vacant: BoolArray
    baseline: FloatArray
    reach: FloatArray
    sigma: FloatArray
    potential: FloatArray
    capacity: FloatArray
    min: IntArray
    max: IntArray
    fixed: IntArray
    last_year: FloatArray
    fte: FloatArray
    hired: IntArray
    margin: FloatArray
    cohorts: tuple[dict[str, str] | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Absences(Columns):
    """(a,) who is away when, by rep and days."""

    rep: IntArray
    first: IntArray
    """First day away."""
    last: IntArray
    """Last day, inclusive, or `NONE`: until further notice."""
    share: FloatArray
    """Part of the working time that is missed."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets(Columns):
    """(p,) what is to be sold of parts of the business, by unit, product, customer type, months."""

    unit: IntArray
    """Row of the unit, or `NONE`: the company."""
    product: Texts
    customer_type: Texts
    first: IntArray
    """First month, or `NONE`: the whole period."""
    last: IntArray
    """Last month, inclusive."""
    amount: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Territories(Columns):
    """(t,) the territories, by id."""

    id: tuple[str, ...]
    potential: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Holders(Columns):
    """(h,) who holds which territory, by territory, rep and days."""

    territory: IntArray
    rep: IntArray
    share: FloatArray
    first: IntArray
    """First day, or `NONE`: always."""
    last: IntArray
    """Last day, inclusive, or `NONE`: until further notice."""


@dataclass(frozen=True, slots=True, eq=False)
class History(Columns):
    """(k,) what was sold, by rep, territory and month; a row names a rep or a territory."""

    rep: IntArray
    territory: IntArray
    month: IntArray
    actual: FloatArray
    product: Texts
    customer_type: Texts
