"""How much of a version somebody sees.

Administrators, planners and auditors see all of every version; HR and integrations all of what was
published. A manager sees the units at and below the own one and their reps, a rep the own row, and
both the company's figures. What lies outside does not exist for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_OF_EVERYBODY: Final = frozenset(
    {
        "fairness", "over_assignment", "min_over_baseline", "max_over_baseline",
        "min_over_last_year", "max_over_last_year", "min_probability", "max_probability",
        "on_infeasible", "engine", "season", "country",
    }
)  # fmt: skip
"""What a policy says without naming people or units."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody sees of one version, by that version's own tree."""

    units: frozenset[str] | None = None
    """None: all there is."""
    rep: str | None = None
    """The only one who is seen; None: all of `units`."""

    @property
    def is_whole(self) -> bool:
        return self.units is None

    @property
    def tells_chances(self) -> bool:
        """Reps see everything of their own quota but the chance of attaining it."""
        return self.rep is None

    @property
    def name(self) -> str:
        """Tells lists of different sights apart; one caller's sight of a version never changes."""
        if self.units is None:
            return "everything"
        return f"rep {self.rep}" if self.rep is not None else f"units {sorted(self.units)}"

    def sees_unit(self, unit: str) -> bool:
        return self.units is None or unit in self.units

    def sees_rep(self, row: Mapping[str, Any]) -> bool:
        """`row`: of a quota, with its `rep` and `unit`."""
        if self.rep is not None:
            return bool(row["rep"] == self.rep)
        return self.units is None or row["unit"] in self.units

    def sees_place(self, row: Mapping[str, Any]) -> bool:
        """`row`: of something that hangs on a `unit`, or on the company (None)."""
        return row["unit"] is None or self.sees_unit(row["unit"])

    def sees_rule(self, rule: str) -> bool:
        """By its name, such as `unit:west:min`; rules across units are nobody's in particular."""
        if self.units is None:
            return True
        kind, _, rest = rule.partition(":")
        subject = rest.rpartition(":")[0]
        if kind == "rep" and self.rep is not None:
            return subject == self.rep
        return kind == "unit" and subject in self.units

    def of_policy(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        """The policy as far as it is about everybody; all of it to whom sees the whole version."""
        return {
            name: value
            for name, value in policy.items()
            if self.units is None or name in _OF_EVERYBODY
        }


EVERYTHING: Final = Sight()
