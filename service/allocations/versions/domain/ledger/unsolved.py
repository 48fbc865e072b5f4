"""What the row of somebody says who has come since the solve: nothing was solved, so nothing is
proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.allocations.versions.domain.written.content import Row


def unsolved(manifest: Mapping[str, Any]) -> Row:
    """The members that a solve gives to a row, without its months and lines."""
    # Where everybody has the same chance, nobody can expect nothing, or know it for sure.
    by_chance = manifest.get("response") == "lognormal"
    return {
        "floor": 0,
        "cap": None,
        "anchor": 1.0 if by_chance else 0.0,
        "yardstick": 1.0,
        "unrounded": 0.0,
        "baseline": 0.0,
        "reach": 0.0,
        "last_year": None,
        "sigma": 1.0 if by_chance else None,
        "price": None,
        "binding": [],
        "explanation": [0, 0, 0],
    }
