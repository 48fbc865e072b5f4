"""What readers see of the ledger of a version: a term for each amendment of a quota, and locks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from service.allocations.versions.domain.written.content import Row
from service.kit.money import from_minor

FUNDING: Final = "funding"
"""The term of those who carry what was decided about somebody else."""


@dataclass(frozen=True, slots=True)
class ShownLedger:
    """The amendments of a version, oldest first, and its locks by rep."""

    amendments: Sequence[Mapping[str, Any]] = ()
    locks: Mapping[str, str] = field(default_factory=dict)
    """References."""

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self:
        locks = {own["rep"]: own["reference"] for own in manifest.get("locks", ())}
        return cls(manifest.get("amendments", ()), locks)

    def terms(self, row: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
        """What amendments did to a stored row: term, change in minor units, reference.

        Closed months that were kept move months, not the quota.
        """
        for number, change, *_ in row.get("amended", ()):
            part = self.amendments[number]
            if part["kind"] == "closed_months":
                continue
            about = row["rep"] in part["reps"] if "reps" in part else True
            yield part["kind"] if about else FUNDING, change, part["reference"]

    def members(self, row: Mapping[str, Any], digits: int) -> Row:
        """What the API says of a stored row besides: of an amended one what was solved, of a
        locked one by what.
        """
        told: Row = {}
        if "solved" in row:
            solved = row["solved"]
            told["solved"] = None if solved is None else from_minor(solved, digits)
        if (lock := self.locks.get(row["rep"])) is not None:
            told["lock"] = lock
        return told


NO_LEDGER: Final = ShownLedger()
