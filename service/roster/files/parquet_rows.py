"""Parquet: columns with types, as the cells that a workbook would have.

How much a file unpacks to is written in it, and looked at before anything is read; and again, piece
by piece, as what is written there need not be true. Lines are rows, counted from 1: there is no
header line.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

from service.roster.files import rows as limits
from service.roster.files.rows import Rows, refuse, too_many_rows
from service.roster.files.sources import Source

_LOCKED: Final = b"PARE"
"""How a file begins whose very footer is encrypted."""
_MOST_COLUMNS: Final = 1000
_PIECE: Final = 65_536
"""Rows."""
_SHARED_BEGINNINGS: Final = "DELTA_BYTE_ARRAY"
"""An encoding in which a few bytes may stand for any number of long texts."""


def parquet_rows(source: Source) -> Rows:
    """Raises `FileFaults`."""
    import pyarrow as pa

    with source.open() as stream:
        _refuse_locked(source.name, stream)
        try:
            return _rows(source.name, stream)
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            if "encrypt" in str(error).lower():
                raise _locked(source.name) from None
            reason = f"cannot be read as a Parquet file ({type(error).__name__})"
            raise refuse(source.name, reason) from None


def _rows(name: str, stream: BinaryIO) -> Rows:
    from pyarrow import parquet

    with parquet.ParquetFile(stream, pre_buffer=False) as file:
        _refuse_too_much(name, file.metadata)
        texts = _texts(name, file.schema_arrow)
    # Repeated texts are kept once, in the file and here.
    stream.seek(0)
    with parquet.ParquetFile(
        stream, pre_buffer=False, page_checksum_verification=True, read_dictionary=texts
    ) as file:
        cells, lines = [], []
        size = line = 0
        for piece in file.iter_batches(batch_size=_PIECE, use_threads=False):
            size += piece.nbytes
            if size > limits.MAX_UNPACKED:
                raise _too_much(name)
            columns = [_cells(column) for column in piece.columns]
            for row in zip(*columns, strict=True):
                line += 1
                if any(cell != "" for cell in row):
                    cells.append(list(row))
                    lines.append(line)
        return Rows(file.schema_arrow.names or None, cells, lines)


def _refuse_locked(name: str, stream: BinaryIO) -> None:
    stream.seek(0)
    if stream.read(len(_LOCKED)) == _LOCKED:
        raise _locked(name)
    stream.seek(0)


def _locked(name: str) -> Exception:
    return refuse(name, "is encrypted: write it without encryption")


def _refuse_too_much(name: str, metadata: Any) -> None:
    groups = [metadata.row_group(k) for k in range(metadata.num_row_groups)]
    if metadata.num_columns > _MOST_COLUMNS:
        raise refuse(name, f"has more than {_MOST_COLUMNS} columns: leave out what is not needed")
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if rows > limits.MOST_ROWS or rows * metadata.num_columns > limits.MOST_CELLS:
        raise too_many_rows(name)
    columns = [group.column(k) for group in groups for k in range(group.num_columns)]
    if any(_SHARED_BEGINNINGS in column.encodings for column in columns):
        raise refuse(name, f"is encoded as {_SHARED_BEGINNINGS}: write it with dictionaries")
    if sum(column.total_uncompressed_size for column in columns) > limits.MAX_UNPACKED:
        raise _too_much(name)


def _too_much(name: str) -> Exception:
    return refuse(name, f"unpacks to more than {limits.MAX_UNPACKED // 10**6} MB")


def _texts(name: str, schema: Any) -> list[str]:
    """The columns that hold texts. Raises `FileFaults` for types that are no cells."""
    from pyarrow import types

    faults = []
    for field in schema:
        kind = field.type.value_type if types.is_dictionary(field.type) else field.type
        if not _is_cell(kind):
            faults.append(f"column {field.name[:80]!r} is of type {str(field.type)[:80]}")
    if faults:
        more = f" and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise refuse(
            name,
            f"{', '.join(faults[:5])}{more}: a cell holds one text, number, day or truth; "
            "turn the column into one, or leave it out",
        )
    return [
        field.name
        for field in schema
        if types.is_string(field.type) or types.is_large_string(field.type)
    ]


def _is_cell(kind: Any) -> bool:
    from pyarrow import types

    return any(
        test(kind)
        for test in (
            types.is_string, types.is_large_string, types.is_string_view, types.is_integer,
            types.is_floating, types.is_decimal, types.is_boolean, types.is_date,
            types.is_timestamp, types.is_null,
        )
    )  # fmt: skip


def _cells(column: Any) -> list[Any]:
    import pyarrow as pa
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        values = [*map(_cell, column.dictionary.to_pylist())]
        return ["" if place is None else values[place] for place in column.indices.to_pylist()]
    if types.is_timestamp(column.type):  # finer than a cell can say, and in a zone of its own
        if column.type.tz is not None:
            column = compute.local_timestamp(column)
        column = compute.cast(column, pa.timestamp("us"), safe=False)
    return [*map(_cell, column.to_pylist())]


def _cell(value: Any) -> Any:
    if value is None or value != value:  # noqa: PLR0124 -- NaN is how a missing number is written
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- as in a workbook
    return value
