"""What stands in one file or sheet before anybody knows what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from service.roster.files.faults import FileFault, FileFaults

MOST_ROWS: Final = 3_000_000
"""Of one table: two and a half years of months of 100,000 reps."""
MOST_FAULTS: Final = 100_000
"""Beyond so many it is another kind of file; each is kept in memory until all are told."""
MOST_CELLS: Final = 25_000_000
MAX_UNPACKED: Final = 500_000_000
"""Bytes of a workbook or Parquet file once unpacked; a million rows of five columns of a workbook
are about 300 MB.
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """The header, None where there is nothing at all, and the rows that are not blank.

    Cells are texts, numbers, truths and moments (`datetime`); a blank one is "".
    """

    header: list[Any] | None
    cells: list[list[Any]]
    lines: list[int]
    header_line: int | None = None
    notes: tuple[str, ...] = ()
    """How the file was read otherwise than files usually are."""


def refuse(name: str, reason: str, line: int | None = None) -> FileFaults:
    """The whole file is at fault."""
    return FileFaults([FileFault(name, line, None, None, reason)])


def too_many_rows(name: str) -> FileFaults:
    return refuse(
        name, f"has more than {MOST_ROWS:,} rows: add history up to one row per rep and month"
    )
