"""Rules that cut across the organisation, as rows over the reps.

    min_k <= sum over i of coefficient_ki quota_i <= max_k

    group         the quotas of its reps together: coefficient 1
    parity        one row for each peer group, around its even share: coefficient 1
    margin floor  the gross margin of a unit: coefficient is the rep's margin
    row           the caller's own coefficients

The even share of a peer group a is C_a + R_a (T - C) / R: what its reps carry together when the
whole amount T is spread at one stretch and nobody has a limit (C and R: sums of anchors and
yardsticks; no index: over the company). It is free of the unit in which yardsticks are measured,
and known before anything is solved, so the rule stays linear and its limits whole minor units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

import numpy as np

from solver.bounds import Bounds
from solver.errors import Fault, InvalidProblem
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray, Problem

_PLACES: Final = 6
"""Decimals of a minor unit that count; 1.1 x 420 is 462, not 462.00000000000006."""


@dataclass(frozen=True, eq=False)
class Coupling:
    """k rows over the n reps of a hierarchy, sorted by name; money in minor units."""

    name: tuple[str, ...]
    """(k,) the rule without its side: `group:ID`, `margin:ID`, `parity:COHORT`, `row:ID`."""
    peers: tuple[str | None, ...]
    """(k,) the value of the cohort that a row of a parity is about."""
    start: IntArray
    """(k + 1,) the entries of row k are start[k] <= e < start[k + 1]."""
    rep: IntArray
    """(e,) place of the rep in the layout, ascending within a row."""
    coefficient: FloatArray
    """(e,) none is 0."""
    min: IntArray
    max: IntArray
    """(k,) limits of the row's sum; +-`UNLIMITED` where there is none."""
    tolerance: FloatArray
    """(k,) how far the peers of a parity may stand from their even share; nan of other rows."""
    even: FloatArray
    """(k, 2) the even share of these peers is the first + the second x total; nan of others."""
    reps: int
    """n"""

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def row(self) -> IntArray:
        """(e,) the row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    @cached_property
    def whole(self) -> BoolArray:
        """(k,) whether all coefficients of the row are 1, so that its sum is an amount."""
        odd = np.bincount(self.row, self.coefficient != 1, len(self))
        return np.asarray(odd == 0)

    @cached_property
    def largest_coefficient(self) -> FloatArray:
        """(k,) in size; 0 of a row that counts nobody."""
        largest = np.zeros(len(self))
        np.maximum.at(largest, self.row, np.abs(self.coefficient))
        return largest

    def members(self, k: int) -> IntArray:
        """The places in the layout of the reps that row k counts."""
        return self.rep[self.start[k] : self.start[k + 1]]

    def at(self, total: int) -> Coupling:
        """The same rules when `total` is assigned: what is even moves with it."""
        least, most = self.min.copy(), self.max.copy()
        for k in np.flatnonzero(~np.isnan(self.tolerance)).tolist():
            share = even_share(self.even[k], total)
            least[k], most[k] = around(share, float(self.tolerance[k]))
        return replace(self, min=least, max=most)

    def side(self, k: int, end: Literal["min", "max"]) -> str:
        """The rule of row k by its whole name; a parity is one rule for both sides."""
        return self.name[k] if self.peers[k] is not None else f"{self.name[k]}:{end}"

    def sums(self, quota: FloatArray) -> FloatArray:
        """(k,) the sums of (n,) quotas in floats."""
        return slice_sums(self.coefficient * quota[self.rep], self.start[:-1], self.start[1:])

    def pushes(self, price: FloatArray) -> FloatArray:
        """(n,) sum over k of coefficient_ki price_k: what prices of the rows do to each rep."""
        return np.bincount(self.rep, self.coefficient * price[self.row], self.reps)

    def misses(self, quota: IntArray) -> tuple[Decimal, ...]:
        """(k,) by how much each row misses a limit, exactly: above 0 over the max, below 0 under
        the min, 0 where it holds.

        A row whose limits lie closer together than its largest coefficient may be out of reach of
        whole minor units; it may miss them by half of that.
        """
        return tuple(self._miss(k, total) for k, total in enumerate(self.exact_sums(quota)))

    def _miss(self, k: int, total: Decimal) -> Decimal:
        least, most, slack = int(self.min[k]), int(self.max[k]), Decimal(0)
        if not self.whole[k]:
            narrow = Decimal(repr(float(self.largest_coefficient[k]))) - (most - least)
            slack = max(narrow, slack) / 2
        if total > most + slack:
            return total - most
        if total < least - slack:
            return total - least
        return Decimal(0)

    def exact_sums(self, quota: IntArray) -> tuple[Decimal, ...]:
        """(k,) the sums of whole quotas, with coefficients as they are written."""
        return tuple(self._exact_sum(k, quota) for k in range(len(self)))

    def _exact_sum(self, k: int, quota: IntArray) -> Decimal:
        entries = slice(int(self.start[k]), int(self.start[k + 1]))
        amounts = quota[self.rep[entries]]
        if self.whole[k]:
            return Decimal(sum(amounts.tolist()))
        size, of_size = np.unique(self.coefficient[entries], return_inverse=True)
        exact = [Decimal(repr(c)) for c in size.tolist()]
        places = max(0, *(-int(c.as_tuple().exponent) for c in exact))
        scaled = [int(c.scaleb(places)) for c in exact]
        pairs = zip(scaled, _sums_by_size(amounts, of_size), strict=True)
        return Decimal(sum(c * amount for c, amount in pairs)).scaleb(-places)


def _sums_by_size(amounts: IntArray, of_size: IntArray) -> list[int]:
    """Exact sums of the amounts of each class; floats count up to 2**53 of halves of 32 bits."""
    upper, lower = (np.bincount(of_size, half) for half in (amounts >> 32, amounts & 0xFFFFFFFF))
    pairs = zip(upper.tolist(), lower.tolist(), strict=True)
    return [(int(high) << 32) + int(low) for high, low in pairs]


def couple(
    problem: Problem, policy: Policy, hierarchy: Hierarchy, bounds: Bounds, scale: Scale
) -> Coupling:
    """The rows of a policy. `scale` is in the problem's row order, as `Scale` comes.

    Raises `InvalidProblem` where a rule names somebody who is not there, where a margin is needed
    and unknown, and where a parity has nothing to compare.
    """
    company = _Company(problem, hierarchy)
    laid_out = Scale(scale.anchor[hierarchy.rep_row], scale.yardstick[hierarchy.rep_row])
    rows = [
        *_group_rows(policy.groups, company),
        *_parity_rows(policy.parity, company, bounds.total, laid_out),
        *_margin_rows(policy.margin_floors, company),
        *_own_rows(policy.rows, company),
    ]
    if company.faults:
        raise InvalidProblem(company.faults)
    rows.sort(key=lambda row: (row.name, row.peers or ""))
    sizes = [len(row.rep) for row in rows]
    return Coupling(
        name=tuple(row.name for row in rows),
        peers=tuple(row.peers for row in rows),
        start=np.append(0, np.cumsum(sizes, dtype=np.int64)),
        rep=_joined([row.rep for row in rows], np.int64),
        coefficient=_joined([row.coefficient for row in rows], np.float64),
        min=np.array([row.min for row in rows], dtype=np.int64),
        max=np.array([row.max for row in rows], dtype=np.int64),
        tolerance=np.array([row.tolerance for row in rows], dtype=np.float64),
        even=np.array([row.even for row in rows], dtype=np.float64).reshape(-1, 2),
        reps=len(hierarchy.rep_row),
    )


def even_lines(members: Sequence[IntArray], scale: Scale) -> FloatArray:
    """(sets, 2) what each set of reps carries together when a total is spread at one stretch.

    `members`: rows of `scale`, whose anchors and yardsticks are those of the whole company. Before
    anything below 0 is cut (`even_share`), the share of a set is a line over the total: what it is
    at a total of 0, and what it grows by with each unit.
    """
    anchors, yardsticks = np.sort(scale.anchor).sum(), np.sort(scale.effective).sum()
    slope = np.array([np.sort(scale.effective[rows]).sum() for rows in members]) / yardsticks
    own = np.array([np.sort(scale.anchor[rows]).sum() for rows in members])
    return np.column_stack((own - slope * anchors, slope))


def even_share(line: FloatArray, total: int) -> float:
    """The even share of a row of `Coupling.even` when `total` is assigned; never below 0."""
    return max(0.0, float(line[0] + line[1] * total))


def around(share: float, tolerance: float) -> tuple[int, int]:
    """Limits around an even share, outwards to whole minor units: with a tolerance of 0 a share
    between two of them must stay possible. An infinite tolerance is none.
    """
    if np.isinf(tolerance):
        return 0, UNLIMITED
    share = min(share, float(UNLIMITED))
    low, high = max(0.0, (1 - tolerance) * share), min((1 + tolerance) * share, float(UNLIMITED))
    least, most = int(np.floor(round(low, _PLACES))), int(np.ceil(round(high, _PLACES)))
    return least, most


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    rep: IntArray
    coefficient: FloatArray
    min: int
    max: int
    peers: str | None = None
    tolerance: float = np.nan
    even: tuple[float, float] = (np.nan, np.nan)


def _joined[Number: np.generic](columns: list[np.ndarray], kind: type[Number]) -> np.ndarray:
    return np.concatenate(columns).astype(kind) if columns else np.empty(0, dtype=kind)


@dataclass(frozen=True, eq=False)
class _Company:
    """Who is there by name, and what was wrong with the names that rules used."""

    problem: Problem
    hierarchy: Hierarchy
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each rep stands in the layout."""
        ids = self.problem.reps.ids
        return {ids[row]: k for k, row in enumerate(self.hierarchy.rep_row.tolist())}

    def known(self, reps: Sequence[str], table: str, row: int, column: str) -> list[int]:
        """The places of these reps; a fault for each that is not there."""
        self.faults.extend(
            Fault(table, row, column, f"{rep!r} is the id of no rep")
            for rep in reps
            if rep not in self.place
        )
        return [self.place[rep] for rep in reps if rep in self.place]

    def id_of(self, k: int) -> str:
        return self.problem.reps.ids[int(self.hierarchy.rep_row[k])]


def _group_rows(groups: Sequence[Group], company: _Company) -> Iterator[_Row]:
    for number, group in enumerate(groups):
        known = company.known(group.reps, "groups", number, "reps")
        rep = np.sort(np.array(known, dtype=np.int64))
        yield _Row(f"group:{group.id}", rep, np.ones(len(rep)), group.min, group.max)


def _parity_rows(
    rules: Sequence[Parity], company: _Company, total: int, scale: Scale
) -> Iterator[_Row]:
    for number, rule in enumerate(rules):
        values = company.problem.cohorts.get(rule.cohort, ())
        peers: dict[str, list[int]] = {}
        for k, row in enumerate(company.hierarchy.rep_row.tolist() if values else ()):
            if (value := values[row]) is not None:
                peers.setdefault(value, []).append(k)
        if reason := _nothing_to_compare(rule, peers, company):
            company.faults.append(Fault("parity", number, "cohort", reason))
            continue
        members = {value: np.array(rows) for value, rows in sorted(peers.items())}
        lines = even_lines(list(members.values()), scale)
        for (value, rep), line in zip(members.items(), lines, strict=True):
            least, most = around(even_share(line, total), rule.tolerance)
            name, ones, even = f"parity:{rule.cohort}", np.ones(len(rep)), tuple(line.tolist())
            yield _Row(name, rep, ones, least, most, value, rule.tolerance, even)


def _nothing_to_compare(rule: Parity, peers: dict[str, list[int]], company: _Company) -> str | None:
    if not peers:
        return f"no rep belongs to a cohort {rule.cohort!r}"
    if len(peers) == 1:
        return f"every rep who has a {rule.cohort!r} has the same one, {next(iter(peers))!r}"
    alone = sorted(value for value, rows in peers.items() if len(rows) == 1)
    if alone:
        only = company.id_of(peers[alone[0]][0])
        return (
            f"{only!r} is the only rep whose {rule.cohort!r} is {alone[0]!r}: a balance of one "
            "person is a limit on that person, so give the rep a min and a max instead"
        )
    return None


def _margin_rows(floors: Sequence[MarginFloor], company: _Company) -> Iterator[_Row]:
    hierarchy, units = company.hierarchy, company.problem.units
    node = {units.ids[row]: v for v, row in enumerate(hierarchy.unit_row.tolist()) if v}
    margin = company.problem.reps.margin[hierarchy.rep_row]
    for number, floor in enumerate(floors):
        if floor.unit is not None and floor.unit not in node:
            reason = f"{floor.unit!r} is the id of no unit"
            company.faults.append(Fault("margin_floors", number, "unit", reason))
            continue
        v = 0 if floor.unit is None else node[floor.unit]
        rep = np.arange(hierarchy.first[v], hierarchy.last[v])
        unknown = hierarchy.rep_row[rep[np.isnan(margin[rep])]].tolist()
        reason = f"is unknown, and the margin floor {floor.id!r} needs it"
        company.faults.extend(Fault("reps", row, "margin", reason) for row in unknown)
        if not unknown:
            rep = rep[margin[rep] != 0]
            yield _Row(f"margin:{floor.id}", rep, margin[rep], floor.min, UNLIMITED)


def _own_rows(rules: Sequence[LinearRow], company: _Company) -> Iterator[_Row]:
    for number, rule in enumerate(rules):
        given = {rep: size for rep, size in rule.coefficients if size != 0}
        known = company.known(list(given), "rows", number, "coefficients")
        sizes = [size for rep, size in given.items() if rep in company.place]
        pairs = sorted(zip(known, sizes, strict=True))
        yield _Row(
            f"row:{rule.id}",
            np.array([k for k, _ in pairs], dtype=np.int64),
            np.array([size for _, size in pairs], dtype=np.float64),
            -UNLIMITED if rule.min is None else rule.min,
            UNLIMITED if rule.max is None else rule.max,
        )
