"""The rules across the tree of a version, what gave way, and what nobody can carry.

Rules have the names that the API gives them: `cap`, `unit:west:max`, `group:overlay:max`,
`parity:role`, `margin:year:min`, `row:mentor:min`. Ids may contain colons themselves. Money is in
minor units.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

PARITY: Final = "parity"
_SUMS: Final = 6
"""Decimals of a minor unit in sums that count quotas in parts; more than that is noise."""


@dataclass(frozen=True, slots=True)
class RuleName:
    """`unit:west:1:max` is the `max` of the unit `west:1`; a parity is one rule for both sides."""

    kind: str
    key: str = ""
    side: str = ""

    @classmethod
    def of(cls, name: str) -> Self:
        kind, _, rest = name.partition(":")
        if not rest or kind == PARITY:
            return cls(kind, rest)
        key, _, side = rest.rpartition(":")
        return cls(kind, key, side)


@dataclass(frozen=True, slots=True)
class CrossingRule:
    """A rule across the tree, or one peer group of a parity, and how it came out."""

    kind: str
    """group, parity, margin or row."""
    key: str
    """The id of the rule; of a parity the cohort."""
    peers: str | None
    """Which peer group of a parity."""
    reps: int
    sum: float
    minimum: int | None
    maximum: int | None
    binding: str
    """`min` or `max`: the limit that holds quotas away from the common effort; else empty."""
    unit: str | None = None
    """Below which unit a margin floor counts; None is the company."""

    @property
    def limit(self) -> str:
        """The name of the limit that binds."""
        rule = f"{self.kind}:{self.key}"
        return rule if self.kind == PARITY else f"{rule}:{self.binding}"

    @property
    def is_empty(self) -> bool:
        return self.minimum is not None and self.sum <= self.minimum

    @property
    def is_full(self) -> bool:
        return self.maximum is not None and self.sum >= self.maximum


@dataclass(frozen=True, slots=True)
class GaveWay:
    """A rule that the plan does not keep as it is stated; None is no limit."""

    rule: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """What nobody can carry in a unit, or in the company."""

    unit: str | None
    amount: int


def crossing_rules(document: Mapping[str, Any]) -> list[CrossingRule]:
    """Of a version's proof, in its order; the rows of its quotas name rules by their places."""
    rows: Sequence[Mapping[str, Any]] = document.get("rules", ())
    parts: list[list[float]] = [[] for _ in rows]
    for quota in document["quotas"]:
        for place, coefficient in quota.get("rules", ()):
            parts[int(place)].append(coefficient * quota["quota"])
    floors = document["manifest"]["policy"].get("margin_floors", ())
    units = {floor["id"]: floor["unit"] for floor in floors}
    return [_crossing_rule(row, own, units) for row, own in zip(rows, parts, strict=True)]


def _crossing_rule(
    row: Mapping[str, Any], parts: Sequence[float], units: Mapping[str, str | None]
) -> CrossingRule:
    kind, _, key = row["rule"].partition(":")
    # sums of whole quotas are never below 0, so that 0 is no limit of theirs
    is_none = row["min"] == 0 and kind in ("group", PARITY)
    return CrossingRule(
        kind=kind,
        key=key,
        peers=row["peers"],
        reps=len(parts),
        sum=round(math.fsum(parts), _SUMS),
        minimum=None if is_none else row["min"],
        maximum=row["max"],
        binding="min" if row["level"] > 0 else "max" if row["level"] < 0 else "",
        unit=units.get(key) if kind == "margin" else None,
    )
