"""The one chart: quota against expected sales, and below it the growth that separates the two.

The server lays it out as numbers, the template draws them as SVG: it needs no script, prints, and
takes its colours from the page. Places are percentages of a panel, so the chart fills any width
while marks and letters keep their size.

    upper panel   both axes logarithmic and alike; the diagonal is the company's growth, so who
                  grows faster lies above it
    lower panel   growth on a linear axis: here the few per cent that differ can be seen

Every rep is one mark that leads to the rep's page. With more than `MARKS_AT_MOST` reps, those who
lie close together and are held by the same kind of rule share a mark whose area says how many.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from service.allocations.summary.domain.held import Hold
from service.web.domain.quotas import COMPANY, Rep
from service.web.domain.version import VersionView

MARKS_AT_MOST: Final = 1_500
_CELLS: Final = 64
"""Cells per axis when reps share marks: one is about as wide as a mark."""
_GUTTER: Final = 6.0
"""Per cent of the axis kept for 0, which has no logarithm."""
_STEEP: Final = 3.0
"""Growth this many times further from the company's than usual is drawn at the edge."""


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    """Per cent from the left or from the bottom."""
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One rep, or several that lie together. Places in per cent from the left and from the top."""

    x: float
    y: float
    growth_y: float | None
    hold: Hold
    reps: tuple[Rep, ...]
    size: int
    """1 for one rep, up to 4 for many."""


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Chart:
    marks: Sequence[Mark]
    money_ticks: Sequence[Tick]
    growth_ticks: Sequence[Tick]
    common: Line | None
    """Where quota is expected sales times the company's growth."""
    equal: Line
    """Where quota equals expected sales."""
    growth_at: float | None
    """The company's growth in the lower panel, per cent from the top."""
    zero_at: float | None
    """No growth in the lower panel; None where that lies outside."""
    grouped: bool
    """Whether marks stand for several reps."""
    cut: bool
    """Whether the growth of somebody lies outside the lower panel."""


def draw(
    version: VersionView, money: Callable[[float], str], percent: Callable[[float], str]
) -> Chart:
    """Lay the chart out; `money` and `percent` write the labels of the axes."""
    axis = LogAxis.over(amount for rep in version.reps for amount in (rep.baseline, rep.quota))
    growth = version.totals[COMPANY].growth
    growths = LinearAxis.over(
        [rep.growth for rep in version.reps if rep.growth is not None], growth
    )
    places = [
        (axis.at(rep.baseline), 100 - axis.at(rep.quota), growths.from_top(rep.growth), rep)
        for rep in version.reps
    ]
    grouped = len(places) > MARKS_AT_MOST
    marks = _shared(places) if grouped else [_mark([place]) for place in places]
    # rare kinds are drawn last, on top of the many that nothing holds
    often = version.held
    marks.sort(key=lambda mark: -often[mark.hold])
    zero_at = growths.from_top(0.0)
    return Chart(
        marks=marks,
        money_ticks=[Tick(axis.at(value), money(value)) for value in axis.ticks()],
        growth_ticks=[
            Tick(100 - (growths.from_top(value) or 0), percent(value)) for value in growths.ticks()
        ],
        common=None if growth is None or growth <= -1 else axis.diagonal(1 + growth),
        equal=axis.diagonal(1.0),
        growth_at=growths.from_top(growth),
        zero_at=zero_at if growths.low < 0 < growths.high else None,
        grouped=grouped,
        cut=any(
            not growths.low <= rep.growth <= growths.high for rep in version.reps if rep.growth
        ),
    )


type _Place = tuple[float, float, float | None, Rep]


def _mark(places: Sequence[_Place]) -> Mark:
    count = len(places)
    heights = [place[2] for place in places if place[2] is not None]
    return Mark(
        x=round(math.fsum(place[0] for place in places) / count, 2),
        y=round(math.fsum(place[1] for place in places) / count, 2),
        growth_y=round(math.fsum(heights) / len(heights), 2) if heights else None,
        hold=places[0][3].hold,
        reps=tuple(place[3] for place in places),
        size=min(4, 1 + int(math.log(count, 4))),
    )


def _shared(places: Iterable[_Place]) -> list[Mark]:
    cells: dict[tuple[Hold, int, int, int], list[_Place]] = {}
    for x, y, growth_y, rep in places:
        height = -1 if growth_y is None else int(growth_y * _CELLS / 200)
        cell = rep.hold, int(x * _CELLS / 100), int(y * _CELLS / 100), height
        cells.setdefault(cell, []).append((x, y, growth_y, rep))
    return [_mark(cell) for cell in cells.values()]


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Amounts from `low` to `high` by their logarithm; 0 has a place of its own at the left."""

    low: float
    high: float
    zeros: bool

    @classmethod
    def over(cls, amounts: Iterable[float]) -> Self:
        known = list(amounts)
        positive = [amount for amount in known if amount > 0] or [1.0]
        low, high = min(positive), max(positive)
        # at least a factor of four is shown, or equal amounts would fill the axis with noise
        margin = max(1.12, math.sqrt(4 * low / high))
        return cls(low / margin, high * margin, zeros=len(positive) < len(known))

    def at(self, amount: float) -> float:
        """Per cent of the axis."""
        if amount <= 0:
            return _GUTTER / 3
        share = math.log(amount / self.low) / math.log(self.high / self.low)
        start = _GUTTER if self.zeros else 0.0
        return start + share * (100 - start)

    def diagonal(self, ratio: float) -> Line:
        """Where the vertical amount is the horizontal one times the ratio, inside the panel."""
        left = max(self.low, self.low / ratio)
        right = min(self.high, self.high / ratio)
        ends = (self.at(left), self.at(left * ratio), self.at(right), self.at(right * ratio))
        x1, y1, x2, y2 = (round(end, 2) for end in ends)
        return Line(x1, 100 - y1, x2, 100 - y2)

    def ticks(self) -> list[float]:
        decades = math.log10(self.high / self.low)
        steps: Mapping[bool, tuple[float, ...]] = {True: (1, 2, 5), False: (1,)}
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        ticks = [
            step * 10.0**exponent
            for exponent in exponents
            for step in steps[decades < 2.6]
            if self.low <= step * 10.0**exponent <= self.high
        ]
        return ([0.0] if self.zeros else []) + ticks


@dataclass(frozen=True, slots=True)
class LinearAxis:
    """Growth from `low` to `high`; what lies outside is drawn at the edge."""

    low: float
    high: float

    @classmethod
    def over(cls, growths: Sequence[float], common: float | None) -> Self:
        middle = common if common is not None else 0.0
        away = sorted(abs(growth - middle) for growth in growths) or [0.0]
        usual = away[int(0.9 * (len(away) - 1))]
        reach = max(_STEEP * usual, 0.05)
        low = max([middle - reach, min([*growths, middle])])
        high = min([middle + reach, max([*growths, middle])])
        low, high = min(low, middle - 0.02), max(high, middle + 0.02)
        margin = 0.12 * (high - low)
        return cls(low - margin, high + margin)

    def from_top(self, growth: float | None) -> float | None:
        if growth is None:
            return None
        share = (self.high - growth) / (self.high - self.low)
        return round(100 * min(max(share, 0.03), 0.97), 2)

    def ticks(self) -> list[float]:
        rough = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(step * count, 6) for count in range(first, last + 1)]
