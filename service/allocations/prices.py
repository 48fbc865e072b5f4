"""Marginal impact: what one more unit of money costs whom, as answers say it and versions store it.

The solver's prices hold for a unit of money and say it in stretch. People read amounts, so each
price comes with a step: a round number of money, about a hundredth of the company's at most, for
which it holds as it stands, and what that step does to whom. Money is in minor units until it is
presented.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from math import floor, isfinite, log10
from typing import Any, Final

import numpy as np

from service.kit.money import from_minor
from solver.allocation import Allocation
from solver.errors import TimeIsUp
from solver.hierarchy import slice_sums
from solver.prices.coupled import CoupledPrices
from solver.prices.growth import nobody_can_carry_more
from solver.prices.on_the_tree import Price, Prices
from solver.problem import UNLIMITED, BoolArray, FloatArray
from solver.watch import Watch

type Row = dict[str, Any]

_NOISE: Final = 1e-9

_RULES: Final = 10
"""The rules told at length: those that keep reps farthest apart. Every unit has its price."""
_SHARE: Final = 0.01
"""A step is at most this part of the money assigned."""
_DIGITS: Final = 9
"""Significant digits of a price; more is noise of floats."""


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """What one more unit of money costs whom, in one plan."""

    facts: Row | None
    """The target's price and those of the rules that matter most; null where none is known."""
    of_units: list[float | None]
    """Parents first: what one more unit of money in the range of each does to everyone else."""
    in_time: bool = True
    """Whether all was found before the time was up; else nothing is told."""


def find_impact(allocation: Allocation, digits: int, stretch: float, watch: Watch) -> Impact:
    """`stretch` is what one unit of stretch is counted in, in answers.

    Where rules cut across the tree, prices take work of their own, which `watch` may end: raises
    `SolveStopped`, but not `TimeIsUp`.
    """
    telling = _Telling(allocation, digits, stretch, watch)
    try:
        return Impact(telling.facts(), telling.of_units())
    except TimeIsUp:
        return Impact(None, [None] * (allocation.hierarchy.nodes - 1), in_time=False)


def rep_prices(allocation: Allocation, digits: int, stretch: float) -> list[float | None]:
    """What one more unit of money in the cap, floor or lock of each rep does to everyone else.

    In the order of the hierarchy; null where none binds, and where rules cut across the tree.
    """
    prices = allocation.prices
    if not isinstance(prices, Prices):
        return [None] * len(allocation.rounded)
    binding = np.where(prices.rep_side != 0, prices.rep_price, np.nan)
    return _Telling(allocation, digits, stretch, Watch()).told(binding)


@dataclass(frozen=True, slots=True, eq=False)
class _Telling:
    """How the prices of one plan are told."""

    allocation: Allocation
    digits: int
    stretch: float
    watch: Watch

    def of_units(self) -> list[float | None]:
        prices = self.allocation.prices
        if prices is None:
            return [None] * (self.allocation.hierarchy.nodes - 1)
        self._look(_RULES + 1)
        if isinstance(prices, Prices):
            return self.told(prices.unit_price[1:])
        return self.told(prices.unit_prices(self.watch)[1:])

    def facts(self) -> Row | None:
        prices = self.allocation.prices
        if prices is None:
            return None
        self._look(0)
        return {
            "target": self._target(prices.target),
            "can_grow": self._can_grow(prices),
            "rules": [*islice(filter(None, self._rules(prices)), _RULES)],
        }

    def _can_grow(self, prices: Prices | CoupledPrices) -> bool | None:
        """Whether anybody can carry more; where rules cut across the tree, only if that shows."""
        if isinstance(prices, Prices):
            return prices.grows
        if prices.target is not None and prices.target.range >= 1:
            return True
        return False if nobody_can_carry_more(self.allocation) else None

    def _look(self, found: int) -> None:
        """Whether to go on, `found` prices being found; those of the tree are next to no work."""
        if not isinstance(self.allocation.prices, Prices):
            self.watch.tell("prices", found)
            self.watch.look()

    def _rules(self, prices: Prices | CoupledPrices) -> Iterator[Row | None]:
        """Those that may matter most, the first of them first; None where no price is found."""
        found = count(1)
        if isinstance(prices, Prices):
            apart = np.where(prices.unit_side != 0, prices.unit_apart, 0.0)
            order = np.argsort(-apart, kind="stable")
            nodes = order[apart[order] > 0]
        else:
            for k in np.flatnonzero(prices.row_side)[:_RULES].tolist():
                self._look(next(found))
                yield self._row_rule(prices, k)
            nodes = np.flatnonzero(prices.unit_side)
        for node in nodes[:_RULES].tolist():
            self._look(next(found))
            yield self._unit_rule(prices, node)

    def _target(self, price: Price | None) -> Row | None:
        if price is None:
            return None
        step = self._step(price.range)
        return {
            "step": step,
            "range": _range(price.range),
            "price": self.told(np.array([price.around]))[0],
            "level": _significant(np.array([price.around]))[0],
            "reps": _moving(price.change),
            "units": self._by_unit(price.change * step),
            "most": self._most(price.change * step),
        }

    def _unit_rule(self, prices: Prices | CoupledPrices, node: int) -> Row | None:
        price, side = prices.unit(node), int(prices.unit_side[node])
        h, b = self.allocation.hierarchy, self.allocation.bounds
        inside = np.zeros(len(h.rep_row), dtype=np.bool_)
        inside[h.first[node] : h.last[node]] = True
        end = "target" if b.unit_target[node] else "max" if side > 0 else "min"
        limit = int((b.unit_max if side > 0 else b.unit_min)[node])
        return self._rule(f"unit:{self._unit(node)}:{end}", price, side, limit, inside)

    def _row_rule(self, prices: CoupledPrices, k: int) -> Row | None:
        price, side, c = prices.row(k), int(prices.row_side[k]), prices.plan.coupling
        inside = np.zeros(c.reps, dtype=np.bool_)
        inside[c.rep[c.start[k] : c.start[k + 1]]] = True
        limit = int((c.max if side > 0 else c.min)[k])
        return self._rule(c.side(k, "max" if side > 0 else "min"), price, side, limit, inside)

    def _rule(
        self, name: str, price: Price | None, side: int, limit: int, inside: BoolArray
    ) -> Row | None:
        if price is None or price.range < 1:
            return None
        step = self._step(price.range)
        own, around = (np.where(of, price.change * step, 0.0) for of in (inside, ~inside))
        return {
            "rule": name,
            "to": limit + side * step,
            "step": step,
            "range": _range(price.range),
            "price": self.told(np.array([price.around]))[0],
            "inside": self._part(own),
            "around": self._part(around),
        }

    def _part(self, change: FloatArray) -> Row:
        """What those of one side carry of a change together, and who of it the most."""
        amount = round(float(change.sum()))
        return {"reps": _moving(change), "amount": amount, "most": self._most(change)}

    def _by_unit(self, change: FloatArray) -> list[Row]:
        """The change of each unit of the highest level that has more than one part."""
        h = self.allocation.hierarchy
        top = 0
        while True:
            below = np.flatnonzero(h.parent == top)
            own = h.first[top], h.first[below[0]] if len(below) else h.last[top]
            if len(below) != 1 or own[0] < own[1]:
                break
            top = int(below[0])
        parts = [(top, *own), *((node, h.first[node], h.last[node]) for node in below.tolist())]
        first, last = (np.array([part[end] for part in parts]) for end in (1, 2))
        sums = slice_sums(change, first, last)
        counts = slice_sums(_moves(change).astype(np.float64), first, last)
        rows = [
            {"unit": self._unit(node) if node else None, "reps": int(count), "amount": round(sum_)}
            for (node, _, _), count, sum_ in zip(parts, counts, sums, strict=True)
            if count
        ]
        return sorted(rows, key=lambda row: -abs(row["amount"]))

    def _most(self, change: FloatArray) -> Row:
        k = int(np.argmax(np.abs(change)))
        rep = self.allocation.problem.reps.ids[int(self.allocation.hierarchy.rep_row[k])]
        return {"rep": rep, "amount": round(float(change[k]))}

    def _unit(self, node: int) -> str:
        return self.allocation.problem.units.ids[int(self.allocation.hierarchy.unit_row[node])]

    def _step(self, most: float) -> int:
        """A round number of minor units for which a price holds: 1, 2 or 5 with zeros."""
        assigned = self.allocation.assigned or 10**self.digits
        limit = max(1, min(_whole(min(most, assigned)), _SHARE * assigned))
        power = 10 ** floor(log10(limit))
        return int(max(size * power for size in (1, 2, 5) if size * power <= limit))

    def told(self, price: FloatArray) -> list[float | None]:
        """Prices per minor unit as answers say them: stretch per unit of the currency."""
        return _significant(price * (10.0**self.digits / self.stretch))


def _significant(column: FloatArray) -> list[float | None]:
    """Without the digits that are noise of floats; null where a number is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.floor(np.log10(np.abs(column)))
    scale = 10.0 ** (_DIGITS - 1 - np.where(np.isfinite(power), power, 0.0))
    rounded: list[float] = (np.round(column * scale) / scale).tolist()
    return [value if isfinite(value) else None for value in rounded]


def present_prices(facts: Row | None, digits: int) -> Row | None:
    """The API's member of what `Impact.facts` says."""
    if facts is None:
        return None
    target = facts["target"]
    if target is not None:
        target = _presented(target, digits)
        del target["level"]  # the same as `price`, in the units of the certificate
    return facts | {
        "target": target,
        "rules": [_presented(rule, digits) for rule in facts["rules"]],
    }


_MONEY: Final = frozenset({"step", "range", "to", "amount"})


def _presented(value: Any, digits: int) -> Any:
    """The same with all money in the currency itself."""
    if isinstance(value, list):
        return [_presented(item, digits) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: from_minor(item, digits)
        if key in _MONEY and item is not None
        else _presented(item, digits)
        for key, item in value.items()
    }


def _moves(change: FloatArray) -> BoolArray:
    """(n,) who moves, but for the noise of floats."""
    return np.asarray(np.abs(change) > _NOISE * np.abs(change).max(initial=0.0))


def _moving(change: FloatArray) -> int:
    return int(np.count_nonzero(_moves(change)))


def _range(most: float) -> int | None:
    return None if most >= UNLIMITED else _whole(most)


def _whole(most: float) -> int:
    """Down to whole minor units, but for the noise of floats."""
    return floor(most * (1 + _NOISE))
