"""`Inputs`: one immutable state of the facts of a plan, known by the hash of its content.

The content is the columns as JSON with sorted keys, in an order that depends on ids alone, so the
same facts in any order have the same hash. What identifies a person (names, free attributes, who
owns a unit) is no part of it: it is kept beside the chain in `People`, and can be erased there
while every hash stays valid.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import orjson

from service.kit.errors import Fault
from service.roster.domain.columns import (
    Absences,
    History,
    Holders,
    Reps,
    Targets,
    Territories,
    Units,
)
from service.roster.domain.measures import Measures

FORMAT: Final = "fairquota-inputs/1"


@dataclass(frozen=True, slots=True)
class Person:
    """What is kept of a rep beside the hashed inputs."""

    name: str | None = None
    attributes: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Personal data by the ids of reps, and the owners of units by the ids of units."""

    reps: Mapping[str, Person] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Inputs:
    """The validated facts of a plan. Equal content has an equal hash."""

    digits: int
    """Minor digits of the currency that the limits are counted in."""
    target: int
    """In minor units."""
    forecast: float | None
    """In the currency itself, like every measurement."""
    units: Units
    reps: Reps
    territories: Territories
    holders: Holders
    history: History
    """Of the main measure."""
    absences: Absences = field(default_factory=lambda: Absences.of({}, 0))
    measures: Measures = field(default_factory=Measures)
    parts: Targets = field(default_factory=lambda: Targets.of({}, 0))
    """Targets of parts of the business; the others are `target` and those of the units."""
    people: People = field(default_factory=People)
    warnings: tuple[Fault, ...] = ()
    """What is legal but looks like a mistake. No part of the content."""

    @property
    def counts(self) -> dict[str, int]:
        return {
            "units": len(self.units),
            "reps": len(self.reps),
            "territories": len(self.territories),
            "history": sum(map(len, self.histories)),
        }

    @property
    def histories(self) -> tuple[History, ...]:
        """Of the main measure, then of each further one."""
        return (self.history, *(each.history for each in self.measures.further))

    @cached_property
    def content(self) -> bytes:
        """The canonical bytes that `hash` is of."""
        document: dict[str, Any] = {
            "format": FORMAT,
            "digits": self.digits,
            "target": self.target,
            "forecast": self.forecast,
            "counts": self.counts | {"holders": len(self.holders), "history": len(self.history)},
            "units": self.units.content(),
            "reps": self.reps.content(),
            "territories": self.territories.content(),
            "holders": self.holders.content(),
            "history": self.history.content(),
        }
        if len(self.absences):  # facts from before there were any keep their hash
            document["counts"] |= {"absences": len(self.absences)}
            document["absences"] = self.absences.content()
        if not self.measures.are_plain:
            document["measures"] = self.measures.content()
        if len(self.parts):
            document["counts"] |= {"parts": len(self.parts)}
            document["parts"] = self.parts.content()
        return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)

    @cached_property
    def hash(self) -> str:
        return content_hash(self.content)

    @classmethod
    def of_content(cls, content: bytes, people: People | None = None) -> Self:
        """The inputs that `content` was made of. The content is trusted: check its hash before."""
        document = orjson.loads(content)
        counts = document["counts"]
        return cls(
            digits=document["digits"],
            target=document["target"],
            forecast=document["forecast"],
            units=Units.of(document["units"], counts["units"]),
            reps=Reps.of(document["reps"], counts["reps"]),
            territories=Territories.of(document["territories"], counts["territories"]),
            holders=Holders.of(document["holders"], counts["holders"]),
            history=History.of(document["history"], counts["history"]),
            absences=Absences.of(document.get("absences", {}), counts.get("absences", 0)),
            measures=Measures.of(document["measures"]) if "measures" in document else Measures(),
            parts=Targets.of(document.get("parts", {}), counts.get("parts", 0)),
            people=people or People(),
        )


def content_hash(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
