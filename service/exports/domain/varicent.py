"""`varicent`: a quota file of Varicent Sales Planning.

A quota there is a territory's. What a rep or a vacant seat sells into is one territory here, under
the rep's id, so nothing is left out and nobody is named.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from service.exports.domain.published import Published
from service.exports.domain.tables import Table
from service.kit.spreadsheets import Cell

COLUMNS: Final = ("Quota component", "Territory ID", "Value", "Period")


def write(published: Published, stream: BinaryIO) -> None:
    Table(COLUMNS, _rows(published)).write(stream)


def _rows(published: Published) -> Iterator[Sequence[Cell]]:
    for measure in published.measures:
        for quota in measure.quotas:
            for month, amount in zip(published.months, quota.months, strict=True):
                yield measure.name, quota.rep, measure.amount(amount), month
