"""What each rep would sell of each product, to customers of today and to new ones: the seed.

    existing_ip = sold_ip (retention_p + expansion_p)
    new_ip      = N_p w_ip / sum over reps of w_p           w: white space, what is not sold yet

`N_p` is what new customers are expected to buy of a product. A strategic product without history
has nothing but that. White space is the potential beyond the existing business; a rep whose
potential is unknown counts as the others do per full-time equivalent, and where nobody's leaves any
room, full-time equivalents alone count.

Only proportions matter: margins decide how much is carried (`table`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import FloatArray

EXISTING, NEW = 0, 1
"""Places of the customer types in a seed."""


@dataclass(frozen=True, slots=True, eq=False)
class Business:
    """What is known of n reps and p products; money in one unit throughout."""

    sold: FloatArray
    """(n, p) sales of the last year, to anybody: its customers are those of today."""
    potential: FloatArray
    """(n,) or (n, p) what could be sold in a year, of everything or of each product; nan: unknown.
    """
    fte: FloatArray
    """(n,) full-time equivalents, > 0."""
    kept: FloatArray
    """(p,) retention + expansion: what customers of today buy next year, per unit of `sold`."""
    from_new: FloatArray
    """(p,) what new customers are expected to buy."""

    def __post_init__(self) -> None:
        n, p = self.sold.shape
        faults = []
        shapes = {"potential": [(n,), (n, p)], "fte": [(n,)], "kept": [(p,)], "from_new": [(p,)]}
        for name, allowed in shapes.items():
            column = getattr(self, name)
            if column.shape not in allowed:
                faults.append(Fault("", None, name, f"has shape {column.shape}, not {allowed[-1]}"))
            elif name != "potential" and not np.all(np.isfinite(column) & (column >= 0)):
                faults.append(Fault("", None, name, "must be finite and 0 or more"))
        if np.any(self.potential < 0) or np.any(np.isinf(self.potential)):
            faults.append(Fault("", None, "potential", "must be 0 or more, or nan where unknown"))
        if not np.all(np.isfinite(self.sold)):
            faults.append(Fault("", None, "sold", "must be finite"))
        if faults:
            raise InvalidProblem(faults)


def kept_rates(before: FloatArray, existing_after: FloatArray) -> FloatArray:
    """(p,) retention + expansion, from the sales `before` (p,) and those that the same customers
    brought a year later.

    A product of which one of the two is not known, or nothing, counts as all others together; 1
    where nothing is known of any.
    """
    known = (before > 0) & (existing_after > 0)
    overall = float(existing_after[known].sum() / before[known].sum()) if known.any() else 1.0
    rates: FloatArray = np.full(before.shape, overall)
    return np.divide(existing_after, before, out=rates, where=known)


def seed(business: Business) -> FloatArray:
    """(n, p, 2) expected sales to existing and to new customers (see the module's docstring).

    What came back more than was sold counts as nothing sold.
    """
    existing = np.maximum(business.sold, 0.0) * business.kept
    white = _white_space(business, existing)
    return np.stack((existing, business.from_new * white), axis=2)


def _white_space(business: Business, existing: FloatArray) -> FloatArray:
    """(n, p) each rep's part of what new customers buy of each product; columns sum to 1."""
    potential, fte = business.potential, business.fte
    if potential.ndim == 1:
        room = np.tile((potential - existing.sum(axis=1))[:, None], existing.shape[1])
    else:
        room = potential - existing
    known = ~np.isnan(room)
    room = np.where(known, np.maximum(room, 0.0), 0.0)
    heads = np.sort(np.where(known, fte[:, None], 0.0), axis=0).sum(axis=0)
    per_head = np.sort(room, axis=0).sum(axis=0) / np.where(heads > 0, heads, 1.0)
    white = np.where(known, room, fte[:, None] * per_head)
    total = np.sort(white, axis=0).sum(axis=0)
    white = np.where(total > 0, white, fte[:, None])
    total = np.where(total > 0, total, np.sort(fte).sum())
    return white / np.where(total > 0, total, 1.0)
