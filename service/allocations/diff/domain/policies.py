"""Which parameters of two policies differ, and on whom each of them acts.

season and country move months and no quota; so do engines, which answer the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from service.allocations.diff.domain.measured import OF_LIMITS, Moved
from service.allocations.diff.domain.sides import Row, Side

_NOTHING: Final[dict[str, Any]] = {
    "groups": [], "parity": [], "margin_floors": [], "rows": [], "relax": [],
    "on_infeasible": "refuse",
}  # fmt: skip
"""What versions of before had, which did not know these."""
_LISTS: Final = {
    "groups": ("group", "id"),
    "rows": ("row", "id"),
    "parity": ("parity", "cohort"),
    "margin_floors": ("margin", "id"),
    "relax": ("", "rule"),
}
"""The kind of each rule across the tree, and what it is called by."""


@dataclass(frozen=True, eq=False)
class PolicyChange:
    """The policies of two versions."""

    before: Side
    after: Side

    def acts_on(self, rep: str, moved: Moved) -> Iterator[str]:
        """The parameters that differ and act on this rep."""
        if moved.scale and self.differs("fairness"):
            yield "fairness"
        yield from (name for name in OF_LIMITS if name in moved.limits and self.differs(name))
        limits = {f"rep:{rep}:{end}" for end in ("floor", "cap", "fixed")}
        if moved.felt and limits & self.relaxed:
            yield "relax"
        yield from (name for name in ("groups", "rows") if rep in self._named[name])

    def acts_on_unit(self, unit: str) -> bool:
        """Whether a rule of the unit gives way in one of them only."""
        return any(f"unit:{unit}:{end}" in self.relaxed for end in ("min", "max", "target"))

    def acts_on_all(self) -> Iterator[str]:
        """The parameters that differ and act on the company as a whole."""
        if self.differs("over_assignment"):
            yield "over_assignment"
        yield from (name for name in ("parity", "margin_floors") if self._felt(name))
        if any(not rule.startswith(("rep:", "unit:")) for rule in self.relaxed):
            yield "relax"
        given_way = any(
            side.manifest.get(name) for side in self._both for name in ("gaps", "relaxed")
        )
        if given_way and self.differs("on_infeasible"):
            yield "on_infeasible"
        parts = any(side.manifest.get("part_rules") for side in self._both)
        yield from (name for name in ("season", "country") if parts and self.differs(name))

    def differs(self, name: str) -> bool:
        before, after = (side.policy(name, _NOTHING.get(name)) for side in self._both)
        return bool(before != after)

    def told(self, name: str) -> tuple[Any, Any]:
        """The parameter before and after."""
        before, after = (side.policy(name, _NOTHING.get(name)) for side in self._both)
        return before, after

    @property
    def crosses_the_tree(self) -> bool:
        return any(side.manifest.get("across") is not None for side in self._both)

    @cached_property
    def relaxed(self) -> frozenset[str]:
        """The rules that give way in one of the two, or to another limit."""
        return frozenset(rule["rule"] for rule in self._differing("relax"))

    @property
    def _both(self) -> tuple[Side, Side]:
        return self.before, self.after

    def _differing(self, name: str) -> list[Row]:
        before, after = self.told(name)
        return [rule for rule in (*before, *after) if (rule in before) != (rule in after)]

    @cached_property
    def _named(self) -> dict[str, frozenset[str]]:
        """Reps whom a group or a row names that differs and is felt."""
        groups = self._differing("groups") if self._felt("groups") else []
        rows = self._differing("rows") if self._felt("rows") else []
        return {
            "groups": frozenset(rep for rule in groups for rep in rule["reps"]),
            "rows": frozenset(rep for rule in rows for rep in rule["coefficients"]),
        }

    def _felt(self, name: str) -> bool:
        """Whether a rule that differs holds anybody in either version."""
        kind, key = _LISTS[name]
        names = {f"{kind}:{rule[key]}" for rule in self._differing(name)}
        return any(
            _is(rule["rule"], names) and (rule["level"] or rule["largest_price"])
            for side in self._both
            for rule in side.rules
        )


def _is(rule: str, names: set[str]) -> bool:
    return any(rule == name or rule.startswith(f"{name}:") for name in names)
