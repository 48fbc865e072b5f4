"""Backtest: which way of setting quotas would have come nearest to what people then sold?

At each past window (`origins`) every method (`methods`) splits the same total, what the window
really brought, by what was known when it began. Its quotas are then held against what each rep
sold. So a method is judged by how it tells reps apart, never by how well it guesses the company.

    error        |ln(sold / quota)|: .10 is about 10 % off to either side; 50 times off at most
    overloaded   sold less than 80 % of the quota
    best, last   the fifths who did best and worst in the last period: sold over the own mean of
                 the up to three periods before that
    penalty      how much more growth on that mean is asked of the best fifth than of all others;
                 where it is paid for in missed quotas, selling well was punished (鞭打快牛)

Differences to flat growth are paired by rep and window; `paired` says how sure they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.assess.methods import (
    METHODS,
    YARDSTICK,
    Method,
    NotApplicable,
    Own,
    PastQuotas,
    planned,
)
from solver.assess.origins import Skipped, Window, windows
from solver.assess.paired import DRAWS, intervals
from solver.assess.review import LEAST
from solver.assess.scoring import Rows, Standing, rows_of
from solver.estimate import Evidence
from solver.problem import BoolArray, FloatArray, IntArray
from solver.watch import Watch

SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Fifth:
    """What came of the quotas of some of the reps; None of fewer than five rows."""

    rows: int
    """Reps times windows."""
    attainment: float | None = None
    """The geometric mean of sold / quota."""
    attaining: float | None = None
    overloaded: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The error less that of flat growth for the same reps in the same windows: below 0, nearer."""

    flat_growth: float
    """Its error there."""
    mean: float
    low: float | None
    high: float | None
    """95 % interval; None of fewer than five reps."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one method did over all windows it can be used in; None where there is none."""

    method: Method
    windows: int
    reps: int
    rows: int
    """Reps times windows."""
    error: float | None = None
    against: Difference | None = None
    """None of flat growth itself, and where that is not applicable."""
    attaining: float | None = None
    within_10: float | None = None
    within_20: float | None = None
    overloaded: float | None = None
    best: Fifth | None = None
    others: Fifth | None = None
    """All who are in neither of the other two."""
    last: Fifth | None = None
    penalty: float | None = None
    not_applicable: tuple[str, ...] = ()
    """Why not, in the windows where the method says nothing."""


@dataclass(frozen=True, slots=True)
class Round:
    """One window."""

    first: int
    end: int
    reps: int
    """Who is scored."""
    joined: int
    left: int
    """Who is not, because they came or went; see `origins`."""
    total: float
    relaxed: bool
    """Whether rules of the policy had to give way in our plan."""
    errors: dict[Method, float]
    """Of the methods that can be used here."""


@dataclass(frozen=True, slots=True)
class Backtest:
    months: int
    """Of a window."""
    rounds: tuple[Round, ...]
    """The oldest first."""
    skipped: tuple[Skipped, ...]
    scores: tuple[Score, ...]
    """Of all methods, in one order."""
    seed: int
    draws: int


def backtest(
    evidence: Evidence,
    own: Own | None = None,
    *,
    origins: int | None = None,
    seed: int = SEED,
    watch: Watch | None = None,
) -> Backtest:
    """Compare the methods on the past windows of this evidence, at most the newest `origins`.

    The answer depends on no order of rows. Raises `TimeIsUp` and `SolveStopped` as `watch` wants
    it: half a comparison is none.
    """
    own, watch = own or Own(), watch or Watch()
    evidence, own = _in_order_of_ids(evidence, own)
    skipped: list[Skipped] = []
    played: list[_Played] = []
    for window in windows(evidence, origins):
        if isinstance(window, Skipped):
            skipped.append(window)
        else:
            played.append(_play(window, own, watch))
    played.reverse()
    watch.look()
    tables = {method: _table(method, played) for method in METHODS}
    found = intervals(_differences(tables), seed=seed)
    return Backtest(
        months=evidence.length,
        rounds=tuple(each.round for each in played),
        skipped=tuple(reversed(skipped)),
        scores=tuple(_score(tables[method], found.get(method)) for method in METHODS),
        seed=seed,
        draws=DRAWS,
    )


def _in_order_of_ids(evidence: Evidence, own: Own) -> tuple[Evidence, Own]:
    ids = evidence.rep_ids
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    cohorts = {
        name: tuple(peers[row] for row in order.tolist()) for name, peers in own.cohorts.items()
    }
    quotas = own.quotas
    if quotas is not None:
        rep = np.argsort(order)[quotas.rep]
        by = np.lexsort((quotas.quota, quotas.month, rep))  # sums must not depend on the order
        quotas = PastQuotas(rep[by], quotas.month[by], quotas.quota[by])
    sigma = None if own.sigma is None else own.sigma[order]
    own = Own(own.policy, sigma=sigma, cohorts=cohorts, quotas=quotas)
    return evidence.reordered(order), own


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    """One window, and what each method asked for in it."""

    round: Round
    rows: dict[Method, Rows]
    refused: dict[Method, str]


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """All windows of one method."""

    method: Method
    windows: int
    refused: tuple[str, ...]
    rows: Rows | None


def _play(window: Window, own: Own, watch: Watch) -> _Played:
    asked: dict[Method, FloatArray] = {}
    refused: dict[Method, str] = {}
    relaxed = False
    for method in METHODS:
        watch.look()
        try:
            plan = planned(method, window, own, watch)
        except NotApplicable as why:
            refused[method] = str(why)
            continue
        asked[method], relaxed = plan.quota, relaxed or plan.relaxed
    flat = asked.get(YARDSTICK, np.full(len(window.ids), np.nan))
    standing = Standing.of(window)
    rows: dict[Method, Rows] = {}
    for method, quota in asked.items():
        try:
            rows[method] = rows_of(window, standing, quota, flat)
        except NotApplicable as why:
            refused[method] = str(why)
    told = Round(
        first=window.first,
        end=window.end,
        reps=len(window.ids),
        joined=window.joined,
        left=window.left,
        total=window.total,
        relaxed=relaxed,
        errors={method: float(of.error.mean()) for method, of in rows.items()},
    )
    return _Played(told, rows, refused)


def _table(method: Method, played: Sequence[_Played]) -> _Table:
    found = [each.rows[method] for each in played if method in each.rows]
    refused = tuple(
        dict.fromkeys(each.refused[method] for each in played if method in each.refused)
    )
    if not played:
        refused = ("there is no past period to score",)
    if not found:
        return _Table(method, 0, refused, None)
    return _Table(method, len(found), refused, Rows.joined(found))


def _score(table: _Table, interval: tuple[float, float] | None) -> Score:
    rows = table.rows
    if rows is None:
        return Score(table.method, 0, 0, 0, not_applicable=table.refused)
    return Score(
        method=table.method,
        windows=table.windows,
        reps=len(np.unique(rows.rep)),
        rows=len(rows.rep),
        error=float(rows.error.mean()),
        against=_against(table.method, rows, interval),
        attaining=float(rows.attained.mean()),
        within_10=float(rows.within(0.1).mean()),
        within_20=float(rows.within(0.2).mean()),
        overloaded=float(rows.overloaded.mean()),
        best=_fifth(rows, rows.best),
        others=_fifth(rows, rows.ranked & ~rows.best & ~rows.last),
        last=_fifth(rows, rows.last),
        penalty=_penalty(rows),
        not_applicable=table.refused,
    )


def _fifth(rows: Rows, inside: BoolArray) -> Fifth:
    count = int(np.count_nonzero(inside))
    if count < LEAST:
        return Fifth(count)
    return Fifth(
        count,
        attainment=float(np.exp(np.log(rows.ratio[inside]).mean())),
        attaining=float(rows.attained[inside].mean()),
        overloaded=float(rows.overloaded[inside].mean()),
    )


def _penalty(rows: Rows) -> float | None:
    """exp of the mean ln of quota over usual, of the best less of all others, less 1."""
    best, others = rows.best, rows.ranked & ~rows.best
    if min(np.count_nonzero(best), np.count_nonzero(others)) < LEAST:
        return None
    return float(np.exp(rows.asked[best].mean() - rows.asked[others].mean()) - 1)


def _against(method: Method, rows: Rows, interval: tuple[float, float] | None) -> Difference | None:
    paired = ~np.isnan(rows.flat)
    if method == YARDSTICK or not paired.any():
        return None
    low, high = interval or (None, None)
    return Difference(
        flat_growth=float(np.abs(np.log(rows.flat[paired])).mean()),
        mean=float(rows.difference[paired].mean()),
        low=low,
        high=high,
    )


def _differences(tables: dict[Method, _Table]) -> dict[Method, tuple[IntArray, FloatArray]]:
    """To flat growth, with the reps they are of."""
    found = {}
    for method, table in tables.items():
        if table.rows is not None and method != YARDSTICK:
            paired = ~np.isnan(table.rows.flat)
            found[method] = (table.rows.rep[paired], table.rows.difference[paired])
    return found
