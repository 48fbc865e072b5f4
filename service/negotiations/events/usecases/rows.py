"""All rows of the version that an event changes, read while a transaction is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.allocations.versions.lanes.usecases.keeping import envelopes_of
from service.negotiations.events.domain.kinds import EventKind
from service.negotiations.events.domain.newcomers import with_newcomer
from service.negotiations.events.usecases.outcome import Outcome
from service.negotiations.events.usecases.standing import InForce

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of the version that is changed, with one for whoever it does not know yet."""

    manifest: Any
    envelopes: Sequence[Any]
    """What its units have agreed on."""
    units: Sequence[Row]
    quotas: Sequence[Row]
    rules: Sequence[Row]


def all_rows(standing: InForce, outcome: Outcome) -> Rows:
    """The rows of the version that is changed."""
    rows, units = standing.stored.quotas(), standing.units
    manifest: Any = standing.stored.manifest
    event = outcome.event
    if event.kind is EventKind.HIRE and event.rep and standing.row_of(event.rep) is None:
        unit = _home_of_newcomer(outcome, event.rep)
        rows = with_newcomer(rows, units, manifest, rep=event.rep, unit=unit)
    envelopes = envelopes_of(standing.session, standing.plan.workspace_id, standing.head)
    return Rows(manifest, envelopes, units, rows, standing.stored.rules())


def _home_of_newcomer(outcome: Outcome, rep: str) -> str | None:
    """The unit of the first seat that is taken over."""
    own = sorted(
        (own.first, own.seat, own.unit) for own in outcome.after.segments if own.holder == rep
    )
    return own[0][2]


def rows_to_see(standing: InForce, outcome: Outcome) -> Rows | None:
    """What `seen_at_once` needs; None: nothing."""
    return all_rows(standing, outcome) if outcome.event.kind is EventKind.TARGET else None
