"""`hr-csv`: a row for each person, measure, month, and what was carried on which of its days.

A row without a person is a vacant seat's. A row without days is one of a month in which another
version is in force: it makes the sum whole, and is nothing to pay by.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
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
    @cache
    def in_force(first: date, last: date) -> tuple[str | None, str | None]:
        days = published.in_force(first, last)
        return (days[0].isoformat(), days[1].isoformat()) if days else (None, None)

    for measure in published.measures:
        for quota in measure.quotas:
            person = None if quota.vacant else quota.rep
            for k, month in enumerate(published.months):
                for dated in published.dated(quota, k):
                    yield (
                        person,
                        measure.name,
                        month,
                        *in_force(dated.first, dated.last),
                        measure.amount(dated.amount),
                        measure.currency,
                        published.version,
                        published.hash,
                    )
