"""What was decided about a version since it was solved, as its ledger says it, and who says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple


class Amended(NamedTuple):
    """What one decision did to a quota, in minor units."""

    term: str
    """Its kind, or `funding` for what is carried for somebody else."""
    amount: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at once; the ledger has a part of it for each unit that funds it."""

    reference: str
    kind: str
    funding: str | None
    """Who carries the difference; None: it adds up by itself."""
    units: frozenset[str | None]
    """Those that fund it; None: the company."""
    effective: str | None
    """The first month that it moves; None: all of them, or closed months."""
    through: str | None
    change: int
    """Of what is assigned, in minor units."""
    reps: tuple[str, ...]
    """Whom it is about, where others carry it; else everybody whose quota names it."""


def decisions_in(manifest: Mapping[str, Any]) -> list[Decision]:
    """Oldest first; before them those that a solve keeps as locks alone."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for part in manifest.get("amendments", ()):
        parts.setdefault(part["reference"], []).append(part)
    locked: dict[str, list[str]] = {}
    for lock in manifest.get("locks", ()):
        if lock["reference"] not in parts:
            locked.setdefault(lock["reference"], []).append(lock["rep"])
    return [
        *(_lock(reference, reps) for reference, reps in locked.items()),
        *(_decision(reference, own) for reference, own in parts.items()),
    ]


def _lock(reference: str, reps: Sequence[str]) -> Decision:
    kind = "change_request" if reference.startswith("chg_") else "adjustment"
    return Decision(reference, kind, None, frozenset(), None, None, 0, tuple(reps))


def _decision(reference: str, parts: Sequence[Mapping[str, Any]]) -> Decision:
    first = parts[0]
    return Decision(
        reference=reference,
        kind=first["kind"],
        funding=next((part["funding"] for part in parts if part["funding"]), None),
        units=frozenset(part["unit"] for part in parts),
        effective=first["effective"],
        through=first.get("through"),
        change=sum(part["change"] for part in parts),
        reps=tuple(rep for part in parts for rep in part.get("reps", ())),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """Who decided, when and why, as far as the reader may know: it stands beside the version."""

    at: datetime | None = None
    by: str = ""
    event: Mapping[str, Any] | None = None
    """What an event says: `kind`, `rep` and `other`, `first`."""
    evidence: tuple[str, ...] = ()
    """The kinds of evidence of a change request."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """What was written about each rep."""


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True)
class NewTarget:
    """What an event made of the company's target since the solve, in minor units."""

    amount: int
    first: date | None
    """The day from which on; None: the reader may not know the event."""
