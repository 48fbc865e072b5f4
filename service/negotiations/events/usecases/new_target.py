"""What a new target of the company finds: the open months of everybody, and frozen units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.allocations.versions.domain.deciding.amendable import Amendable
from solver.amend import Standing
from solver.hierarchy import exact_sums
from solver.problem import UNLIMITED, IntArray


def open_part(version: Amendable, first_open: int, open_: IntArray) -> Standing:
    """What everybody carries in open months, `open_` (n,), and the limits that closed ones leave to
    it. `first_open`: the place of the first open month.

    A unit keeps its range. Of one that has to carry one exact sum that is no limit: it is a target,
    which the company's new one makes old.
    """
    standing = version.book.standing(first_open)
    closed = version.book.quota - open_
    h = standing.hierarchy
    elsewhere = version.book.sums - exact_sums(open_, h.first, h.last)
    least, most = standing.unit_min, standing.unit_max
    exact = least == most
    return Standing(
        h,
        open_,
        np.maximum(standing.lowest - closed, 0),
        np.maximum(standing.highest - closed, 0),
        np.where(exact, 0, np.maximum(least - elsewhere, 0)),
        np.where(exact | (most >= UNLIMITED), UNLIMITED, np.maximum(most - elsewhere, 0)),
        standing.increment,
    )


def of_frozen(units: Sequence[str], number: int) -> str:
    """Why frozen units carry nothing of it, and the way out; `number`: of the version."""
    shown = ", ".join(units[:10]) + (f" and {len(units) - 10} more" if len(units) > 10 else "")
    return (
        f" Frozen units keep what they have agreed on and carry nothing of it: {shown}. Those that "
        "are to carry it are unfrozen first, each with the reason: "
        f"POST …/versions/{number}/units/{{unit}}/unfreeze."
    )
