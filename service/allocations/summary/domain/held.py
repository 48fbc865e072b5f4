"""What holds a quota away from the common effort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

type Hold = Literal["none", "floor", "cap", "fixed", "unit", "across", "amended"]
"""What holds a quota away from the common effort: the kind of its nearest rule, or decisions since
the solve."""

HOLDS: Final[tuple[Hold, ...]] = ("none", "cap", "floor", "fixed", "unit", "across", "amended")


def hold_of(binding: Sequence[str], *, amended: bool) -> Hold:
    """`binding`: the rules that hold the quota as it was solved, the nearest first; `amended`:
    whether anything changed it since.
    """
    if amended:
        return "amended"
    if not binding:
        return "none"
    for own in ("floor", "cap", "fixed"):
        if binding[0] == own:
            return own
    return "unit" if binding[0].startswith("unit:") else "across"


def counted(holds: Iterable[Hold]) -> dict[Hold, int]:
    """How many quotas each holds; every one counts once."""
    counts = dict.fromkeys(HOLDS, 0)
    for hold in holds:
        counts[hold] += 1
    return counts


def is_amended(row: Mapping[str, Any], amendments: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a decision changed a stored quota; that closed months were kept moves none."""
    return any(amendments[entry[0]]["kind"] != KEPT for entry in row.get("amended", ()))


KEPT: Final = "closed_months"
