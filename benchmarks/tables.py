"""Cells and rows of the page's tables."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence


def head(*names: str) -> Iterable[str]:
    yield row(*names)
    yield row(*["---"] * len(names))


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def seconds(value: float) -> str:
    """Three significant digits, in s or ms."""
    if value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def megabytes(values: Iterable[float]) -> str:
    known = [value for value in values if not math.isnan(value)]
    return f"{statistics.median(known):.0f} MB" if known else "–"


def times(ratios: Sequence[float]) -> str:
    """The median of ratios, and how far they reach."""
    if not ratios:
        return "–"
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    reach = f" ({_ratio(low)} to {_ratio(high)})" if len(ratios) > 1 else ""
    return f"**{_ratio(middle)}**{reach}"


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def beyond(value: float, same: float = 1e-9) -> str:
    """A difference, or `same` where it is no more than noise."""
    return "–" if math.isnan(value) else "same" if abs(value) <= same else f"{value:+.0e}"


def size(value: float) -> str:
    """The order of a small number."""
    return "–" if math.isnan(value) else f"{value:.0e}" if value else "0"
