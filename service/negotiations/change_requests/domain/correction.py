"""Facts corrected: evidence that an input is wrong changes the input, not who carries what.

A correction is rows in the shape of the inputs: what a row says replaces what was there, what it
leaves out stays. Sales of a month are replaced as a whole: those rows of the same rep or territory,
month, product, kind of customer and measure. Nothing is added that was not there before, but for
sales of months that had none.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from service.kit.errors import Fault
from service.kit.money import from_minor
from service.negotiations.change_requests.domain.evidence import Evidence, EvidenceKind

type Row = dict[str, Any]
type Correction = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows of `reps`, `territories` and `history`."""

_SALES: Final = ("rep", "territory", "period", "measure", "product", "customer_type")
"""What tells rows of sales apart."""


def corrected(document: Mapping[str, Any], correction: Correction) -> Row:
    """The inputs with the correction; both in the shape in which inputs are put.

    Rows of nobody are left out: `correction_faults` tells them.
    """
    return {
        **document,
        **{
            table: _replaced(document.get(table, ()), correction.get(table, ()))
            for table in ("reps", "territories")
        },
        "history": _resold(document, correction.get("history", ())),
    }


def correction_faults(document: Mapping[str, Any], correction: Correction) -> Iterator[Fault]:
    """What it is about that the inputs do not know, and what is corrected twice."""
    known = {
        table: {row["id"] for row in document.get(table, ())} for table in ("reps", "territories")
    }
    if not any(correction.get(table) for table in ("reps", "territories", "history")):
        yield Fault("/correct", "must correct something")
    for table, ids in known.items():
        seen: set[str] = set()
        for number, row in enumerate(correction.get(table, ())):
            at = f"/correct/{table}/{number}/id"
            if row["id"] not in ids:
                yield Fault(at, "is in no row of the inputs of this version", row["id"])
            elif row["id"] in seen:
                yield Fault(at, "stands twice", row["id"])
            seen.add(row["id"])
    for number, row in enumerate(correction.get("history", ())):
        for name, table in (("rep", "reps"), ("territory", "territories")):
            if row.get(name) is not None and row[name] not in known[table]:
                at = f"/correct/history/{number}/{name}"
                yield Fault(at, "is in no row of the inputs of this version", row[name])


def stated_by(
    evidence: Iterable[Evidence], rep: str, document: Mapping[str, Any], digits: int
) -> dict[str, list[Row]]:
    """The correction that the evidence asks for, as far as it says what is right; empty where it
    does not. `document`: the inputs as they are.
    """
    own: Row = {}
    territories: dict[str, Row] = {}
    history: list[Row] = []
    reps = {row["id"]: row for row in document.get("reps", ())}
    held = {row["id"]: row for row in document.get("territories", ())}
    for piece in evidence:
        amount = None if piece.amount is None else from_minor(piece.amount, digits)
        territory = piece.territory or ""
        whose = {"territory": territory} if territory else {"rep": rep}
        if piece.kind == EvidenceKind.POTENTIAL_ERROR and not territory:
            own["potential"] = amount
        elif piece.kind == EvidenceKind.POTENTIAL_ERROR and territory in held:
            territories.setdefault(territory, {})["potential"] = amount
        elif piece.kind == EvidenceKind.HISTORY_ERROR:
            history.append(whose | {"period": piece.period, "actual": amount})
        elif piece.kind == EvidenceKind.ABSENCE and piece.date and piece.until:
            away = {"from": piece.date.isoformat(), "to": piece.until.isoformat()}
            before = own.get("absences") or reps.get(rep, {}).get("absences", [])
            own["absences"] = [*before, away]
        elif piece.share is not None and territory in held:
            holders = _with_share(held[territory].get("holders", []), rep, piece.share)
            territories.setdefault(territory, {})["holders"] = holders
    found = {
        "reps": [{"id": rep, **own}] if own else [],
        "territories": [{"id": key, **row} for key, row in sorted(territories.items())],
        "history": history,
    }
    return {table: rows for table, rows in found.items() if rows}


def _with_share(holders: Sequence[Row], rep: str, share: float) -> list[Row]:
    """The rep has this share, the others what is left in the proportions that they had."""
    others = [row for row in holders if row["rep"] != rep]
    had = sum(row.get("share", 1.0) for row in others)
    left = [row | {"share": row.get("share", 1.0) / had * (1 - share)} for row in others if had]
    return [{"rep": rep, "share": share}, *left] if share else left


def _replaced(rows: Iterable[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> list[Row]:
    by_id = {change["id"]: change for change in changes}
    return [{**row, **by_id.get(row["id"], {})} for row in rows]


def _resold(document: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> list[Row]:
    main = document["measures"][0]["id"] if document.get("measures") else None
    replaced = {_sale(change, main) for change in changes}
    kept = (row for row in document.get("history", ()) if _sale(row, main) not in replaced)
    return [*kept, *map(dict, changes)]


def _sale(row: Mapping[str, Any], main: str | None) -> tuple[Any, ...]:
    return tuple((row.get(name) or main) if name == "measure" else row.get(name) for name in _SALES)


def as_sent(correction: Mapping[str, Any]) -> dict[str, list[Row]]:
    """A correction whose days are texts, as JSON has them."""
    return {table: [_plain(row) for row in rows or ()] for table, rows in correction.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
