"""A new target of the company: what it is, and what it finds: the open months of everybody, and
frozen units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from service.allocations.versions.domain.deciding.amendable import Amendable
from service.negotiations.events.domain.kinds import Event
from service.negotiations.events.repository import Events
from solver.amend import Standing
from solver.hierarchy import exact_sums
from solver.problem import UNLIMITED, IntArray


def new_target(session: Session, plan_id: str, manifest: Mapping[str, Any]) -> int | None:
    """What events made of the company's target since a version was solved, before over-assignment
    and in minor units; None where none did. As `plans/standing_target.py` asks.
    """
    parts = manifest.get("amendments", ())
    events = [part["reference"] for part in parts if part["kind"] == "event"]
    found = Events(session, plan_id).with_new_target(events) if events else None
    return None if found is None else Event.of_stored(found.facts).amount


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
