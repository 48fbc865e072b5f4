"""The facts of a plan out of CSV, XLSX and Parquet files: of a folder, or as they were sent.

    sources.py       files by name, wherever they are
    csv_rows.py, parquet_rows.py, workbook_rows.py      rows of cells, with their lines
    sheets.py        which tables these are
    columns.py       what tables and columns there are, in which words; what a cell must look like
    cells.py, spellings.py      single cells: what is read, and what people write instead
    table.py         cells as values: read, repaired and told, or refused
    organisation.py  units out of team and region columns
    seats.py         who left before the plan starts
    territories.py   holders and potential out of one file or two
    measures.py      what is planned beside revenue
    body.py          all of it as the body that JSON would have, places.py where that stood
    left_out.py      the good rows only
    read.py          read_files, read_sent: inputs, or every fault by file, line and column
    templates.py     empty files, headed and explained
    planned.py       a plan that somebody made by hand: who is to carry how much

Headers may be English or Chinese, amounts and days as people write them. What is read otherwise
than it stands there is told; what can be meant in two ways is refused.
"""

from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.planned import Planned, PlannedQuota, read_planned
from service.roster.files.read import FileInputs, read_files, read_sent
from service.roster.files.sheets import Sheet, read_sheet
from service.roster.files.sources import Source, sent

__all__ = [
    "FileFault",
    "FileFaults",
    "FileInputs",
    "Planned",
    "PlannedQuota",
    "Sheet",
    "Source",
    "read_files",
    "read_planned",
    "read_sent",
    "read_sheet",
    "sent",
]
