"""What is known about the reps before anything is estimated: frozen tables of columns.

Money is in minor units of the currency (cents), months are counted `year * 12 + month - 1`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import AMOUNT_LIMIT, BoolArray, FloatArray, IntArray, frozen

NOBODY: Final = -1
"""In `SalesHistory`: the row names no rep (but a territory), or no territory (but a rep)."""
ALWAYS: Final = -(2**31)
UNTIL_FURTHER_NOTICE: Final = 2**31
"""First and last month of a holding whose ends are open."""


@dataclass(frozen=True, slots=True, eq=False)
class SalesHistory:
    """One row per actual, all columns of shape (k,). Rows of one month and rep add up."""

    rep: IntArray
    """Row of the rep in `Evidence.rep_ids`, or `NOBODY`."""
    territory: IntArray
    """Row of the territory in `Evidence.territory_ids`, or `NOBODY`: one of the two is set."""
    month: IntArray
    actual: FloatArray
    """Money; negative where more came back than was sold."""

    def __post_init__(self) -> None:
        _freeze(self, integers=("rep", "territory", "month"), floats=("actual",))

    def __len__(self) -> int:
        return len(self.month)


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Who holds which territory, with what share, and when; all columns of shape (h,)."""

    territory: IntArray
    rep: IntArray
    share: FloatArray
    """Part of the territory, 1.0 where the rep holds it alone."""
    first: IntArray
    """First month held; `ALWAYS` where no date is known."""
    last: IntArray
    """Last month held, inclusive; `UNTIL_FURTHER_NOTICE` where no date is known."""

    def __post_init__(self) -> None:
        _freeze(self, integers=("territory", "rep", "first", "last"), floats=("share",))

    def __len__(self) -> int:
        return len(self.rep)

    def at(self, month: int) -> BoolArray:
        """Which of the holdings are in force in `month`. Shape (h,)."""
        held = (self.first <= month) & (month <= self.last) & (self.share > 0)
        return np.asarray(held, np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Absences:
    """Who was, or will be, away for which part of a month; all columns of shape (a,).

    Rows of one rep and month add up, to the whole month at most. Nobody needs to say why.
    """

    rep: IntArray
    month: IntArray
    share: FloatArray
    """Part of the month's work that was missing, 0 … 1."""

    def __post_init__(self) -> None:
        _freeze(self, integers=("rep", "month"), floats=("share",))

    def __len__(self) -> int:
        return len(self.rep)

    @classmethod
    def none(cls) -> Absences:
        nothing = np.zeros(0)
        return cls(nothing.astype(np.int64), nothing.astype(np.int64), nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything the estimate reads. Columns of reps have shape (n,), of territories (t,).

    nan means: not known. Raises `InvalidProblem` with every fault found.
    """

    rep_ids: tuple[str, ...]
    start: int
    """First month of the plan's period."""
    end: int
    """First month after it."""
    baseline: FloatArray
    reach: FloatArray
    """Figures the caller gives; they are taken as they are. nan: to be estimated."""
    potential: FloatArray
    """The rep's own potential; it wins over that of the territories. Any unit of measure, as
    long as it is the same for everybody."""
    capacity: FloatArray
    last_year: FloatArray
    """What the rep sold in the twelve months before the start; read only for reps without a
    single row of history."""
    fte: FloatArray
    """Full-time equivalents, > 0."""
    in_seat: FloatArray
    """Part of the period in which the seat is filled and its holder is there, 0 … 1; scales an
    estimated baseline."""
    territory_ids: tuple[str, ...]
    territory_potential: FloatArray
    holdings: Holdings
    history: SalesHistory
    forecast: float | None
    """The owner's expected company total of the period, every seat filled."""
    target: float | None = None
    """The company's target. Read in one case only: when neither forecast nor history nor any
    given baseline says how large the company is, the baselines add up to the target."""
    hired: FloatArray = field(default_factory=lambda: np.zeros(0))
    """First day in the seat, counted in months: 24324.5 is the middle of January 2027. Left out:
    not known of anybody."""
    absences: Absences = field(default_factory=Absences.none)
    """Of months before the start. Later ones change nothing: `in_seat` tells of the period."""

    def __post_init__(self) -> None:
        if not len(self.hired):
            object.__setattr__(self, "hired", np.full(len(self), np.nan))
        _freeze(self, integers=(), floats=(*REP_COLUMNS, "territory_potential"))
        if found := list(_faults(self)):
            raise InvalidProblem(found)

    def __len__(self) -> int:
        return len(self.rep_ids)

    @property
    def length(self) -> int:
        """Months of the plan's period."""
        return self.end - self.start

    def reordered(self, order: IntArray) -> Evidence:
        """The same evidence with the reps in another order: row k is now row `order[k]`."""
        place = np.empty(len(self), np.int64)
        place[order] = np.arange(len(self))
        moved = np.append(place, NOBODY)  # so that NOBODY (-1) stays NOBODY
        return replace(
            self,
            rep_ids=tuple(self.rep_ids[row] for row in order.tolist()),
            holdings=replace(self.holdings, rep=moved[self.holdings.rep]),
            history=replace(self.history, rep=moved[self.history.rep]),
            absences=replace(self.absences, rep=moved[self.absences.rep]),
            **{name: getattr(self, name)[order] for name in REP_COLUMNS},
        )


REP_COLUMNS: Final = (
    "baseline", "reach", "potential", "capacity", "last_year", "fte", "in_seat",
    "hired",
)  # fmt: skip


def _freeze(table: object, *, integers: tuple[str, ...], floats: tuple[str, ...]) -> None:
    """Replace each column by its own read-only copy of the right type."""
    for names, kind in ((integers, np.int64), (floats, np.float64)):
        for name in names:
            object.__setattr__(table, name, frozen(getattr(table, name), kind))


def _faults(evidence: Evidence) -> Iterator[Fault]:
    """Everything that would make the estimate wrong or undefined."""
    if not evidence.rep_ids:
        yield Fault("", None, "rep_ids", "is empty; an estimate needs at least one rep")
    if evidence.start >= evidence.end:
        yield Fault("", None, "end", "the period ends before it starts")
    for name in ("forecast", "target"):
        total = getattr(evidence, name)
        if total is not None and not 0 <= total <= AMOUNT_LIMIT:
            yield Fault("", None, name, f"is {total}; expected an amount of 0 to {AMOUNT_LIMIT}")
    misshapen = list(_misshapen(evidence))
    yield from misshapen or _wrong_values(evidence)


def _misshapen(evidence: Evidence) -> Iterator[Fault]:
    rows = dict.fromkeys(REP_COLUMNS, len(evidence))
    rows["territory_potential"] = len(evidence.territory_ids)
    for name, expected in rows.items():
        if (shape := getattr(evidence, name).shape) != (expected,):
            yield Fault("", None, name, f"has shape {shape}, not ({expected},)")
    for name in ("holdings", "history", "absences"):
        table = getattr(evidence, name)
        if len({getattr(table, column.name).shape for column in fields(table)}) > 1:
            yield Fault("", None, name, "has columns of different lengths")


def _wrong_values(evidence: Evidence) -> Iterator[Fault]:
    n, holdings, history = len(evidence), evidence.holdings, evidence.history
    absences = evidence.absences
    territories = len(evidence.territory_ids)
    amounts = ("baseline", "reach", "potential", "last_year")
    checks = [
        *(("reps", name, _amount(getattr(evidence, name), name)) for name in amounts),
        ("reps", "capacity", ~(evidence.capacity < 0)),
        ("reps", "fte", (evidence.fte > 0) & np.isfinite(evidence.fte)),
        ("reps", "in_seat", (evidence.in_seat >= 0) & (evidence.in_seat <= 1)),
        ("territories", "potential", _amount(evidence.territory_potential, "potential")),
        ("holdings", "rep", _index(holdings.rep, n)),
        ("holdings", "territory", _index(holdings.territory, territories)),
        ("holdings", "share", (holdings.share >= 0) & (holdings.share <= 1)),
        ("reps", "hired", np.isnan(evidence.hired) | np.isfinite(evidence.hired)),
        ("absences", "rep", _index(absences.rep, n)),
        ("absences", "share", (absences.share >= 0) & (absences.share <= 1)),
        ("history", "actual", np.abs(history.actual) <= AMOUNT_LIMIT),
        (
            "history",
            "rep",
            (_index(history.rep, n) & (history.territory == NOBODY))
            | (_index(history.territory, territories) & (history.rep == NOBODY)),
        ),
    ]
    for table, name, right in checks:
        for row in np.flatnonzero(~right)[:100].tolist():
            yield Fault(table, row, name, _EXPECTED.get(name, _AN_AMOUNT))


_AN_AMOUNT: Final = f"expected an amount of 0 to {AMOUNT_LIMIT}"
_EXPECTED: Final = {
    "fte": "expected a number above 0",
    "hired": "expected a day, counted in months",
    "in_seat": "expected a part of the period, between 0 and 1",
    "share": "expected a share between 0 and 1",
    "rep": "expected a known rep, or in history a known territory instead",
    "territory": "expected a known territory",
    "actual": f"expected an amount of at most {AMOUNT_LIMIT}",
    "last_year": f"expected an amount of at most {AMOUNT_LIMIT}",
}


def _amount(column: FloatArray, name: str) -> BoolArray:
    """Known amounts are within reason and, sales apart, not negative."""
    good = np.isnan(column) | (np.abs(column) <= AMOUNT_LIMIT)
    return np.asarray(good if name == "last_year" else good & ~(column < 0), np.bool_)


def _index(column: IntArray, rows: int) -> BoolArray:
    return np.asarray((column >= 0) & (column < rows), np.bool_)
