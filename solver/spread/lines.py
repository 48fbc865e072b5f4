"""Lines of business that part targets tell apart, and what each rep would sell of each: the seed.

A line is a product, a kind of customer, or one of the other: what targets count alike is one line,
so that there are as few as possible. What no target names is one line more, everything else.

What the customers of today would buy of the lines is the rep's mix: all to whom something was sold
in the last year, so that none of them is new (`buyers`). New customers, and a line that nobody has
sold yet, go by white space (`mix`), to those whom a target asks for it. Who has sold nothing at all
is taken to sell what the others do, per full-time equivalent. Where there is no history, every line
goes by white space. Who sells, and sells nothing of a line that others sell, gets none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.problem import BoolArray, FloatArray
from solver.spread.mix import Business, seed
from solver.targets import Target

NEW, EXISTING = "new", "existing"
"""The kinds of customers of which something is known by their names."""
HARDLY: Final = 1e-15
"""A part so small that it is nothing, unless a target leaves nothing else."""


@dataclass(frozen=True, slots=True)
class Line:
    """A product of a kind of customer; None stands for all that no other line counts."""

    product: str | None = None
    customer_type: str | None = None

    @property
    def is_everything_else(self) -> bool:
        return self.product is None and self.customer_type is None


def lines_of(targets: Sequence[Target]) -> tuple[Line, ...]:
    """The lines that the targets tell apart, by name, everything else last."""
    products: list[str | None] = [*sorted({t.product for t in targets if t.product}), None]
    kinds: list[str | None] = [*sorted({t.customer_type for t in targets if t.customer_type}), None]
    alike: dict[bytes, list[Line]] = {}
    for line in (Line(product, kind) for product in products for kind in kinds):
        alike.setdefault(_counted_by(targets, line), []).append(line)
    nothing = _counted_by(targets, Line())
    named = [_joined(parts) for key, parts in alike.items() if key != nothing]
    return (*named, Line())


def _counted_by(targets: Sequence[Target], line: Line) -> bytes:
    return bytes(
        target.product in (None, line.product)
        and target.customer_type in (None, line.customer_type)
        for target in targets
    )


def _joined(parts: list[Line]) -> Line:
    """Lines that every target counts alike differ in what none of these targets names."""
    products = {line.product for line in parts}
    kinds = {line.customer_type for line in parts}
    return Line(
        products.pop() if len(products) == 1 else None, kinds.pop() if len(kinds) == 1 else None
    )


def counted(targets: Sequence[Target], lines: Sequence[Line]) -> BoolArray:
    """(m, k) whether each target counts each line."""
    rows = [list(column) for column in (_counted_by(targets, line) for line in lines)]
    return np.array(rows, np.bool_).reshape(len(lines), len(targets)).T


def line_of(
    lines: Sequence[Line], targets: Sequence[Target], product: str | None, kind: str | None
) -> int:
    """The line that a sale of this product to this kind of customer belongs to."""
    known = (
        product if any(t.product == product for t in targets) else None,
        kind if any(t.customer_type == kind for t in targets) else None,
    )
    own = _counted_by(targets, Line(*known))
    return [_counted_by(targets, line) for line in lines].index(own)


def buyers(kind: str | None) -> str | None:
    """The kind of customer that somebody is in the plan's period who was of `kind` the year before:
    nobody stays new.
    """
    return EXISTING if kind == NEW else kind


@dataclass(frozen=True, slots=True, eq=False)
class Sellers:
    """What is known of n reps and k lines, everything else last; money in minor units."""

    sold: FloatArray
    """(n, k) what the customers of today would buy; below 0 where more came back."""
    potential: FloatArray
    """(n,) what a rep's market could yield in a year; nan where unknown."""
    fte: FloatArray
    """(n,) > 0."""
    asked: BoolArray
    """(n, k) whether a target asks the rep for the line, and not for everything."""
    wanted: FloatArray
    """(k,) about what targets want of a line in the plan's period."""
    total: float
    """What the company wants in all."""


def mix(sellers: Sellers) -> FloatArray:
    """(n, k) the part of each line in what a rep would sell; rows sum to 1.

    Only proportions matter, inside what targets leave open. Give reps in the order of ids.
    """
    sold = np.maximum(sellers.sold, 0.0)
    everything = np.sort(sold, axis=0).sum(axis=0)
    yet_unsold = everything == 0
    if yet_unsold.all():
        rest = sellers.total - sellers.wanted[:-1].sum()
        new = np.append(sellers.wanted[:-1], max(rest, HARDLY * sellers.total))
    else:
        new = np.where(yet_unsold, sellers.wanted, 0.0)
        new[-1] = HARDLY * everything.sum() if yet_unsold[-1] else 0.0
        sold = _filled(sold, sellers.fte, everything)
    asked = sellers.asked.copy()
    asked[:, -1] = True
    business = Business(sold, sellers.potential, sellers.fte, np.ones(len(new)), new)
    found = seed(business).sum(axis=2)
    found[:, yet_unsold] = _given_to(asked[:, yet_unsold], found[:, yet_unsold], new[yet_unsold])
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 0, found / np.where(total > 0, total, 1.0), 1 / len(new))


def _given_to(asked: BoolArray, new: FloatArray, wanted: FloatArray) -> FloatArray:
    """New business (n, k), nobody's but of those who are asked for it, with the sums `wanted`."""
    kept = np.where(asked, new, 0.0)
    total = kept.sum(axis=0)
    scale: FloatArray = np.divide(wanted, total, out=np.zeros_like(total), where=total > 0)
    return kept * scale


def _filled(sold: FloatArray, fte: FloatArray, everything: FloatArray) -> FloatArray:
    """The same where somebody who sold nothing sells what the others do."""
    active = (sold > 0).any(axis=1)
    per_head = everything / np.sort(fte[active]).sum()
    return np.where(active[:, None], sold, fte[:, None] * per_head)
