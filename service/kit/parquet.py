"""Tables as Parquet, which databases and data frames read: every column has its type.

Amounts are decimals with the digits of their currency, so they are exact, and in the currency
itself, as in every other file.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any, BinaryIO, Final

from service.kit.spreadsheets import Cell

type Kind = type[str | float] | int
"""What stands in a column: texts, measurements, or amounts with so many digits."""

_IN_MEMORY: Final = 10_000
"""Rows of a group; those of 23 columns take about 20 MB."""
_PRECISION: Final = 18
"""Digits of an amount: as many as 8 bytes hold. `money.MAX_MINOR` has 16."""


def write_parquet(
    columns: Mapping[str, Kind],
    rows: Iterable[Sequence[Cell]],
    told: Mapping[str, str],
    stream: BinaryIO,
) -> None:
    """Group by group: the rows are gone through once. `told`: what the file says of itself."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([(name, _type(kind)) for name, kind in columns.items()], metadata=told)
    with parquet.ParquetWriter(stream, schema, store_decimal_as_integer=True) as writer:
        for some in batched(rows, _IN_MEMORY):
            by_column = zip(zip(*some, strict=True), schema.types, strict=True)
            arrays = [pa.array(cells, own) for cells, own in by_column]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _type(kind: Kind) -> Any:
    import pyarrow as pa

    if isinstance(kind, int):
        return pa.decimal128(_PRECISION, kind)
    return pa.string() if kind is str else pa.float64()
