"""`hr-csv`: a row for each person, measure, month, and what was carried on which of its days.

A row without a person is a vacant seat's. A row without days is one of a month in which another
version is in force: it makes the sum whole, and is nothing to pay by.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from service.exports.domain.published import Published
from service.exports.domain.tables import Table
from service.kit.spreadsheets import Cell

COLUMNS: Final = (
    "person", "measure", "period", "effective_from", "effective_to", "amount", "currency",
    "version", "hash",
)  # fmt: skip


def write(published: Published, stream: BinaryIO) -> None:
    Table(COLUMNS, _rows(published)).write(stream)


def _rows(published: Published) -> Iterator[Sequence[Cell]]:
    for measure in published.measures:
        for quota in measure.quotas:
            for k, month in enumerate(published.months):
                for dated in published.dated(quota, k):
                    days = published.in_force(dated.first, dated.last)
                    yield (
                        None if quota.vacant else quota.rep,
                        measure.name,
                        month,
                        *(day.isoformat() for day in days or ()),
                        *(() if days else (None, None)),
                        measure.amount(dated.amount),
                        measure.currency,
                        published.version,
                        published.hash,
                    )
