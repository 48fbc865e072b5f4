"""The facts of a plan out of a folder of CSV and XLSX files, or out of one workbook.

    sheets.py        tables of cells, with their lines
    cells.py         what a single cell must look like
    columns.py       which headers mean which fields
    organisation.py  units out of team and region columns
    seats.py         who left before the plan starts
    territories.py   holders and potential out of one file or two
    measures.py      what is planned beside revenue
    planned.py       a plan that somebody made by hand: who is to carry how much
    read.py          read_files: all of it as inputs, or every fault by file, line and column

Headers are the English ones of the API's page on files; clean values only. A plan made by hand may
have Chinese headers and amounts as people write them; what is read otherwise than it stands there
is told.
"""

from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.planned import Planned, PlannedQuota, read_planned
from service.roster.files.read import FileInputs, read_files
from service.roster.files.sheets import Sheet, read_sheet

__all__ = [
    "FileFault",
    "FileFaults",
    "FileInputs",
    "Planned",
    "PlannedQuota",
    "Sheet",
    "read_files",
    "read_planned",
    "read_sheet",
]
