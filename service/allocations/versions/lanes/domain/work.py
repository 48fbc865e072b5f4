"""What stands in a lane, as bytes that name themselves.

    {"format": "fairquota.lane/1", "frame": hash of the version, "unit": …, "envelope": …,
     "effective": …, "start": [[rep, quota], …], "quotas": [[rep, quota], …], "ledger": [entry, …]}

All by rep, in minor units. `start` is what was frozen, `effective` the first month that moves
(None: all). The ledger says how `quotas` came about, oldest first; who did it, when and why stands
beside (`tables.LaneStep`), for it is personal:

    {"kind": "unit_solve", "fairness": …, "limits": [[rep, floor, cap], …], "changes": …}
    {"kind": "adjustment", "quotas": [[rep, quota], …], "released": [rep, …], "changes": …}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import orjson

from service.allocations.versions.domain.written.canonical import canonical, digest

FORMAT: Final = "fairquota.lane/1"

type Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """The reps of a unit, those of lanes inside it too, and what each carries in this lane."""

    frame: str
    """The hash of the version that the lane belongs to."""
    unit: str
    envelope: int
    start: Mapping[str, int]
    quotas: Mapping[str, int]
    ledger: tuple[Entry, ...] = field(default=())
    effective: str | None = None

    def __post_init__(self) -> None:
        if self.start.keys() != self.quotas.keys() or sum(self.quotas.values()) != self.envelope:
            raise ValueError(f"the quotas of unit {self.unit} do not fill its envelope")

    @classmethod
    def begun(
        cls, frame: str, unit: str, quotas: Mapping[str, int], effective: str | None = None
    ) -> Self:
        total = sum(quotas.values())
        return cls(frame, unit, total, dict(quotas), dict(quotas), effective=effective)

    @property
    def locks(self) -> dict[str, int]:
        """Who was adjusted, and not released since: what later solves keep."""
        found: dict[str, int] = {}
        for entry in self.ledger:
            if entry["kind"] == "adjustment":
                for rep in entry["released"]:
                    found.pop(rep, None)
                found |= dict(entry["quotas"])
        return found

    @property
    def changes(self) -> dict[str, int]:
        """Of each rep who moved since the unit was frozen, by how much."""
        pairs = ((rep, quota - self.start[rep]) for rep, quota in self.quotas.items())
        return {rep: change for rep, change in sorted(pairs) if change}

    @property
    def was_solved(self) -> bool:
        return any(entry["kind"] == "unit_solve" for entry in self.ledger)

    def solved(
        self,
        quotas: Mapping[str, int],
        fairness: str | None,
        limits: Mapping[str, tuple[int | None, int | None]],
    ) -> Self:
        stated = [[rep, *ends] for rep, ends in sorted(limits.items())]
        return self._then({"kind": "unit_solve", "fairness": fairness, "limits": stated}, quotas)

    def adjusted(
        self, quotas: Mapping[str, int], wanted: Mapping[str, int], released: frozenset[str]
    ) -> Self:
        entry = {
            "kind": "adjustment",
            "quotas": _by_rep(wanted),
            "released": sorted(released),
        }
        return self._then(entry, quotas)

    def _then(self, entry: Entry, quotas: Mapping[str, int]) -> Self:
        after = {**self.quotas, **quotas}
        moved = {rep: quota - self.quotas[rep] for rep, quota in quotas.items()}
        changes = _by_rep({rep: change for rep, change in moved.items() if change})
        return replace(self, quotas=after, ledger=(*self.ledger, {**entry, "changes": changes}))

    def as_bytes(self) -> bytes:
        return canonical(
            {
                "format": FORMAT,
                "frame": self.frame,
                "unit": self.unit,
                "envelope": self.envelope,
                "effective": self.effective,
                "start": _by_rep(self.start),
                "quotas": _by_rep(self.quotas),
                "ledger": list(self.ledger),
            }
        )

    @property
    def hash(self) -> str:
        return digest(self.as_bytes())

    @classmethod
    def of_bytes(cls, data: bytes) -> Self:
        """Raises ValueError and KeyError for what `as_bytes` cannot have made."""
        told = orjson.loads(data)
        if told["format"] != FORMAT:
            raise ValueError(f"{told['format']} is no lane")
        return cls(
            told["frame"],
            told["unit"],
            told["envelope"],
            dict(told["start"]),
            dict(told["quotas"]),
            tuple(told["ledger"]),
            told["effective"],
        )


def _by_rep(amounts: Mapping[str, int]) -> list[list[str | int]]:
    return [[rep, amount] for rep, amount in sorted(amounts.items())]
