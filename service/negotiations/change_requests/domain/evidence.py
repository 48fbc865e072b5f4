"""Typed evidence: why a quota should change.

Each kind says certain things and no others, so that requests can be compared and counted. Free text
(`note`) is personal: it is kept beside the evidence and can be erased; only evidence of the
kind `other` needs it.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from service.kit.errors import Fault, pointer
from service.kit.kinds import Fields, Stored
from service.kit.money import amount_faults, to_minor

MOST: Final = 20
"""Pieces of evidence in one request."""

_DAYS: Final = ("date", "until")

type Row = Mapping[str, Any]


class EvidenceKind(StrEnum):
    ACCOUNT_LOST = "account_lost"
    ACCOUNT_WON = "account_won"
    POTENTIAL_ERROR = "potential_error"
    HISTORY_ERROR = "history_error"
    ABSENCE = "absence"
    TERRITORY_ERROR = "territory_error"
    PRODUCT_DELAY = "product_delay"
    OTHER = "other"


CORRECTING: Final = frozenset(
    {
        EvidenceKind.POTENTIAL_ERROR,
        EvidenceKind.HISTORY_ERROR,
        EvidenceKind.TERRITORY_ERROR,
        EvidenceKind.ABSENCE,
    }
)
"""Say that an input is wrong: then the input is corrected, instead of moving money."""


def _fields(needed: str, optional: str = "") -> Fields:
    return Fields.of(needed, optional, beside="note")


FIELDS: Final[Mapping[EvidenceKind, Fields]] = {
    EvidenceKind.ACCOUNT_LOST: _fields("reference amount date", "territory product"),
    EvidenceKind.ACCOUNT_WON: _fields("reference amount date", "territory product"),
    EvidenceKind.POTENTIAL_ERROR: _fields("amount reference", "territory"),
    EvidenceKind.HISTORY_ERROR: _fields("period amount reference", "territory"),
    EvidenceKind.ABSENCE: _fields("date until"),
    EvidenceKind.TERRITORY_ERROR: _fields("territory reference", "share"),
    EvidenceKind.PRODUCT_DELAY: _fields("product amount date", "reference"),
    EvidenceKind.OTHER: _fields("note", "reference amount date period territory product"),
}
"""What each kind has to say, and what it may say besides.

`amount` is the business lost, won or delayed; of an error it is what the input should be: the
potential of `territory` (left out: the rep's own), the sales of the month `period`. `reference` is
where it can be looked up: an account, a document.
"""


@dataclass(frozen=True, slots=True)
class Evidence(Stored):
    """One piece, without its note; `amount` in minor units."""

    kind: EvidenceKind
    amount: int | None = None
    reference: str | None = None
    date: dt.date | None = None
    until: dt.date | None = None
    period: str | None = None
    territory: str | None = None
    product: str | None = None
    share: float | None = None


def read_evidence(rows: Sequence[Row], digits: int, faults: list[Fault]) -> tuple[Evidence, ...]:
    """The evidence that rows of the right shape state; adds every fault of them to `faults`.

    A row without a kind had a faulty one, which is told already, as is whatever `faults` names.
    """
    told = {fault.pointer for fault in faults}
    rows = [{**row, **{name: day_of(row.get(name)) for name in _DAYS}} for row in rows]
    if not rows and "/evidence" not in told:
        faults.append(Fault("/evidence", "must say at least one thing"))
    if len(rows) > MOST:
        faults.append(Fault("/evidence", f"has {len(rows)} pieces, at most {MOST} are read"))
    pieces = []
    for number, row in enumerate(rows[:MOST]):
        if "kind" not in row:
            continue
        every = _faults(row, ("evidence", number), digits)
        found = [fault for fault in every if fault.pointer not in told]
        faults += found
        if not found:
            pieces.append(_piece(row, digits))
    return tuple(pieces)


def day_of(value: dt.date | str | None) -> dt.date | None:
    """A day out of a body whose other members have faults is still a text."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def _faults(row: Row, at: tuple[str, int], digits: int) -> Iterator[Fault]:
    kind = EvidenceKind(row["kind"])
    yield from FIELDS[kind].faults(row, kind, at=at)
    said = {name for name, value in row.items() if value is not None}
    if "amount" in said:
        yield from amount_faults(row["amount"], digits, pointer((*at, "amount")))
    if "date" in said and "until" in said and row["until"] < row["date"]:
        yield Fault(pointer((*at, "until")), "must not be before date", row["until"].isoformat())
    if "note" in FIELDS[kind].needed and "note" in said and not row["note"].strip():
        yield Fault(pointer((*at, "note")), "must say something")


def _piece(row: Row, digits: int) -> Evidence:
    said = {name: value for name, value in row.items() if value is not None and name != "note"}
    said["kind"] = EvidenceKind(said["kind"])
    if "amount" in said:
        said["amount"] = to_minor(said["amount"], digits)
    return Evidence(**said)
