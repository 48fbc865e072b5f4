"""The two charts of the fairness report, laid out as numbers; the template draws them as SVG.

    by unit        a box per organisation unit: from the lowest to the highest rep, the middle half
                   as a bar, the median as a stroke
    against size   a mark per rep, or for several who lie close together

Places are percentages of a panel, as in `chart`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final

from service.web.chart import LinearAxis, LogAxis, Tick

BOXES_AT_MOST: Final = 24
"""Units drawn: those whose medians lie farthest from the common value, the largest first."""

type Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnitBox:
    """One unit. Places in per cent from the left."""

    unit: str | None
    reps: int
    low: float
    low_quarter: float
    median: float
    high_quarter: float
    high: float
    value: float
    """The median itself."""


@dataclass(frozen=True, slots=True)
class Point:
    """In per cent from the left and from the top."""

    x: float
    y: float
    size: int
    """1 for one rep, up to 4 for many."""
    facts: Facts


@dataclass(frozen=True, slots=True)
class FairnessCharts:
    measure: str
    """effort or growth"""
    boxes: Sequence[UnitBox]
    left_out: int
    """Units that are not drawn."""
    points: Sequence[Point]
    common: float
    """The common value, in per cent from the left."""
    value_ticks: Sequence[Tick]
    size_ticks: Sequence[Tick]
    cut: bool
    """Whether somebody lies beyond the axis and is drawn at its edge."""


def lay_out(
    charts: Facts,
    common: float | None,
    money: Callable[[float], str],
    value: Callable[[float], str],
) -> FairnessCharts | None:
    """`common`: what the measure is for the company; `money` writes sizes, `value` the measure.

    None where nobody's measure is known.
    """
    rows, points = charts["units"], charts["points"]
    if not rows:
        return None
    ends = [row[name] for row in rows for name in ("min", "low_quarter", "high_quarter", "max")]
    everybody = [point["value"] for point in points] or ends
    middle = sorted(everybody)[len(everybody) // 2] if common is None else common
    axis = LinearAxis.over(everybody, middle)
    sizes = LogAxis.over(point["size"] for point in points) if points else None

    def at(number: float) -> float:
        return round(100 - (axis.from_top(number) or 0.0), 2)

    farthest = sorted(rows, key=lambda row: (-abs(row["median"] - middle), -row["n"]))
    drawn = sorted(farthest[:BOXES_AT_MOST], key=lambda row: -row["median"])
    return FairnessCharts(
        measure=charts["measure"],
        boxes=[_box(row, at) for row in drawn],
        left_out=len(rows) - len(drawn),
        points=[
            Point(
                x=round(sizes.at(point["size"]), 2),
                y=round(100 - at(point["value"]), 2),
                size=min(4, 1 + int(log(point["reps"], 4))),
                facts=point,
            )
            for point in points
            if sizes is not None
        ],
        common=at(middle),
        value_ticks=[Tick(at(number), value(number)) for number in axis.ticks()],
        size_ticks=[Tick(sizes.at(number), money(number)) for number in sizes.ticks()]
        if sizes
        else [],
        cut=any(not axis.low <= end <= axis.high for end in ends),
    )


def _box(row: Facts, at: Callable[[float], float]) -> UnitBox:
    return UnitBox(
        row["unit"],
        row["n"],
        at(row["min"]),
        at(row["low_quarter"]),
        at(row["median"]),
        at(row["high_quarter"]),
        at(row["max"]),
        row["median"],
    )
