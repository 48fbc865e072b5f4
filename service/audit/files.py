"""The trail as a file: CSV for spreadsheets, NDJSON for programs; written while it is read."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, chain
from typing import Final

from service.audit.repository import AT_ONCE
from service.audit.schemas import AuditEntryOut
from service.kit.audit import AuditEntry
from service.kit.spreadsheets import Cell, csv_lines

CSV: Final = "text/csv"
NDJSON: Final = "application/x-ndjson"
SUFFIXES: Final = {CSV: "csv", NDJSON: "ndjson"}


def pieces(media_type: str, entries: Iterable[Sequence[AuditEntry]]) -> Iterator[bytes]:
    """The bytes of the file."""
    if media_type == NDJSON:
        for some in entries:
            yield b"".join(_line(entry) for entry in some)
    else:
        rows = (_row(entry) for entry in chain.from_iterable(entries))
        lines = csv_lines(list(AuditEntryOut.model_fields), rows)
        yield from map(b"".join, batched(lines, AT_ONCE))


def _line(entry: AuditEntry) -> bytes:
    return AuditEntryOut.of(entry).model_dump_json().encode() + b"\n"


def _row(entry: AuditEntry) -> Sequence[Cell]:
    told = AuditEntryOut.of(entry).model_dump(mode="json")
    return [
        json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
        for value in told.values()
    ]
