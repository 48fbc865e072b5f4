"""What of a policy further measures keep."""

from collections.abc import Mapping
from typing import Any, Final

NOT_SHARED: Final = (
    "groups", "margin_floors", "rows", "relax", "min_probability", "max_probability",
)  # fmt: skip
"""Parameters of a policy that are the main measure's alone: amounts of it, and names of its rules.
Chances need a sigma, which reps state for the main measure.
"""


def left_out(policy: Mapping[str, Any]) -> list[str]:
    """Those of them that a policy, as versions store it, states."""
    return [name for name in NOT_SHARED if policy.get(name)]
