"""Folders and workbooks of clean files: all of them is read, or every fault is named."""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from service.roster.files import FileFault, FileFaults, FileInputs, read_files
from service.roster.files import rows as limits
from service.roster.present import present

REPS = "rep_id,name,unit\na,Ann,west\nb,Bob,east\n"
EXAMPLES = Path(__file__).parents[3] / "examples"


def a_folder(path: Path, **files: str | bytes) -> Path:
    """CSV files by name; `reps` is there unless it is given."""
    for name, text in {"reps": REPS, **files}.items():
        data = text.encode() if isinstance(text, str) else text
        (path / f"{name}.csv").write_bytes(data)
    return path


def read(path: Path, **facts: Any) -> FileInputs:
    return read_files(path, **{"target": 100, "digits": 2, **facts})


def faults_of(path: Path, **facts: Any) -> list[FileFault]:
    with pytest.raises(FileFaults) as refused:
        read(path, **facts)
    return list(refused.value.faults)


def replace_part(workbook: Path, part: str, text: str) -> None:
    with ZipFile(workbook) as before:
        parts = {name: before.read(name) for name in before.namelist()}
    with ZipFile(workbook, "w", ZIP_DEFLATED) as after:
        for name, data in (parts | {part: text.encode()}).items():
            after.writestr(name, data)


class TestFolder:
    def test_reads_every_table(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path,
            units="unit_id,name,parent,owner,min,max,target\nwest,West,all,m1,,60,\n"
            "east,East,all,,,,40\nall,,,,,,\n",
            reps="rep_id,name,unit,fte,hired,capacity,min,max,fixed,last_year,vacant,potential\n"
            "a,Ann,west,0.5,2024-05-01,50,1,49.99,,31.5,,\nb,,east,,2027-03-01,,,,12,,true,7\n",
            territories="territory_id,rep_id,share,potential,from,to\n"
            "t,a,0.4,9,,2026-12-31\nt,b,0.6,9,,2026-12-31\nt,b,1,9,2027-01-01,\n",
            history="rep_id,territory_id,period,actual,product\na,,2026-01,5.5,x\n,t,2026-02,-1,\n",
        )

        document = present(read(folder).inputs)

        assert document == {
            "target": 100,
            "forecast": None,
            "units": [
                {"id": "all"},
                {"id": "east", "name": "East", "parent": "all", "target": 40},
                {"id": "west", "name": "West", "parent": "all", "owner": "m1", "max": 60},
            ],
            "reps": [
                {
                    "id": "a",
                    "name": "Ann",
                    "unit": "west",
                    "capacity": 50,
                    "min": 1,
                    "max": 49.99,
                    "last_year": 31.5,
                    "fte": 0.5,
                    "hired": "2024-05-01",
                },
                {
                    "id": "b",
                    "unit": "east",
                    "vacant": True,
                    "potential": 7,
                    "fixed": 12,
                    "hired": "2027-03-01",
                },
            ],
            "territories": [
                {
                    "id": "t",
                    "potential": 9,
                    "holders": [
                        {"rep": "a", "share": 0.4, "to": "2026-12-31"},
                        {"rep": "b", "share": 0.6, "to": "2026-12-31"},
                        {"rep": "b", "share": 1.0, "from": "2027-01-01"},
                    ],
                }
            ],
            "history": [
                {"territory": "t", "period": "2026-02", "actual": -1},
                {"rep": "a", "period": "2026-01", "actual": 5.5, "product": "x"},
            ],
        }

    def test_reads_margins_and_a_column_for_each_cohort(self, tmp_path: Path) -> None:
        reps = "rep_id,margin,Cohort: Role,cohort:since\na,0.35,AE,2024\nb,,SDR,\nc,-0.1,,\n"

        inputs = read(a_folder(tmp_path, reps=reps)).inputs

        assert present(inputs)["reps"] == [
            {"id": "a", "margin": 0.35, "cohorts": {"Role": "AE", "since": "2024"}},
            {"id": "b", "cohorts": {"Role": "SDR"}},
            {"id": "c", "margin": -0.1},
        ]

    def test_names_margins_and_cohorts_that_cannot_be(self, tmp_path: Path) -> None:
        long = "y" * 129
        reason = "must be a text of at most 128 characters"
        reps = f"rep_id,margin,cohort:,cohort:role\na,1.5,x,{long}\n"

        assert set(map(str, faults_of(a_folder(tmp_path, reps=reps)))) == {
            "reps.csv, column cohort:: needs a name of 1 to 128 characters, as in cohort:role",
            "reps.csv:2, column margin: '1.5' must be a share between -1 and 1",
            f"reps.csv:2, column cohort:role: {long[:80]!r} {reason}",
        }

    def test_reads_fifty_cohorts_at_most(self, tmp_path: Path) -> None:
        header = ",".join(f"cohort:c{k}" for k in range(51))

        folder = a_folder(tmp_path, reps=f"rep_id,{header}\na{',x' * 51}\n")

        assert list(map(str, faults_of(folder))) == [
            "reps.csv: has 51 columns of cohorts, and at most 50 are read"
        ]

    def test_a_byte_order_mark_and_windows_line_ends_are_fine(self, tmp_path: Path) -> None:
        text = b"\xef\xbb\xbf" + REPS.replace("\n", "\r\n").encode()

        assert read(a_folder(tmp_path, reps=text)).inputs.reps.id == ("a", "b")

    def test_names_what_was_not_read(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, reps="rep_id,shoe_size\na,44\n", quotas="rep_id\na\n")

        assert read(folder).notes == (
            "reps.csv: columns not read: shoe_size",
            "not read: quotas.csv",
        )

    def test_makes_units_of_teams_below_their_regions(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, reps="rep_id,team,region\na,T1,R\nb,T2,R\nc,,R\n")

        document = present(read(folder).inputs)

        assert document["units"] == [
            {"id": "R", "name": "R"},
            {"id": "T1", "name": "T1", "parent": "R"},
            {"id": "T2", "name": "T2", "parent": "R"},
        ]
        assert [row["unit"] for row in document["reps"]] == ["T1", "T2", "R"]

    def test_leaves_regions_out_that_teams_lie_across(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, reps="rep_id,team,region\na,T1,R1\nb,T1,R2\n")

        assert present(read(folder).inputs)["units"] == [{"id": "T1", "name": "T1"}]

    def test_who_left_before_the_start_carries_no_quota(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path,
            reps="rep_id,leave_date,status\na,,active\nb,2026-06-30,left\nc,2027-03-31,active\n",
            territories="territory_id,rep_id,share\nt,a,1\nu,b,1\n",
            history="rep_id,period,actual\na,2026-12,5\nb,2026-05,3\n",
        )

        found = read(folder)

        assert found.inputs.reps.id == ("a", "c")
        assert len(found.inputs.history) == 1
        assert found.notes == (
            (
                "reps.csv: no quota for 1 rep who left before 2027-01-01; "
                "1 row of their history (3) not used"
            ),
            "reps.csv: a quota for the whole period for 1 rep who leaves later",
            "1 territory has no holder: its potential and history count for nobody",
        )
        assert read(folder, start=date(2026, 1, 1)).inputs.reps.id == ("a", "b", "c")

    def test_scales_shares_that_do_not_sum_to_one_and_says_so(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, territories="territory_id,rep_id,share\nt,a,0.3\nt,b,0.1\n")

        found = read(folder)

        assert found.inputs.holders.share.tolist() == pytest.approx([0.75, 0.25])
        assert found.notes[-1] == (
            "the shares of these territories did not sum to 1 and were scaled: t"
        )

    def test_potential_that_differs_between_rows_is_the_reps_own(self, tmp_path: Path) -> None:
        territories = "territory_id,rep_id,share,potential\nt,a,0.5,30\nt,b,0.5,10\nu,a,1,5\n"

        found = read(a_folder(tmp_path, territories=territories))

        assert found.inputs.reps.potential.tolist() == [35, 10]

    def test_holders_may_stand_in_a_file_of_assignments(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path,
            territories="territory_id,potential\nt,9\n",
            assignments="rep_id,territory_id,share\na,t,0.5\nb,t,0.5\n",
        )

        assert present(read(folder).inputs)["territories"] == [
            {
                "id": "t",
                "potential": 9,
                "holders": [{"rep": "a", "share": 0.5}, {"rep": "b", "share": 0.5}],
            }
        ]


class TestRefuses:
    def test_every_bad_cell_by_file_line_and_column(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path,
            units="unit_id,parent,max\nwest,,1.234\neast,nowhere,\n",
            reps='rep_id,name,team_id,fte,hired,min\na,"Ann\nLee",west,0,,1\n,,east,,01/02/2026,\n'
            "a,,south,,,-4\n",
            history="rep_id,period,actual\na,2026-13,5\nz,2026-01,1e5\n\na,2026-01,\n",
        )

        assert list(map(str, faults_of(folder))) == [
            "history.csv:2, column period: '2026-13' must be a month written YYYY-MM",
            "history.csv:3, column actual: '1e5' must be a plain decimal such as 20500.25",
            "history.csv:5, column actual: is required",
            "reps.csv:2, column fte: '0' must be a number above 0, at most 100",
            "reps.csv:4, column hired: '01/02/2026' must be a date written YYYY-MM-DD",
            "reps.csv:4, column rep_id: is required",
            "reps.csv:5, column min: '-4' must be 0 or more",
            "reps.csv:5, column rep_id: 'a' stands already in line 2",
            "reps.csv:5, column team_id: 'south' names no unit of units",
            "units.csv:2, column max: '1.234' has more than 2 decimals",
            "units.csv:3, column parent: 'nowhere' names no unit of units",
        ]

    def test_rows_of_the_wrong_length(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, reps="rep_id,name\na,Ann,1\nb\n")

        assert [(fault.line, fault.reason) for fault in faults_of(folder)] == [
            (2, "has 3 cells where the header has 2"),
            (3, "has 1 cells where the header has 2"),
        ]

    def test_bytes_that_are_not_utf_8(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, reps=b"rep_id,name\na,Ann\nb,Z\xfcrich\n")

        [fault] = faults_of(folder)

        assert (fault.file, fault.line) == ("reps.csv", 3)
        assert "UTF-8" in fault.reason

    @pytest.mark.parametrize(
        ("reps", "reason"),
        [
            ("", "is empty: a header row is needed"),
            ("name\nAnn\n", "needs a column rep_id or id or 销售员编号"),
            ("rep_id,rep_id\na,b\n", "stands twice in the header"),
            ("rep_id\n", "at least one rep is needed to carry the target"),
            ('rep_id\n"a\n', "is not CSV: unexpected end of data"),
        ],
    )
    def test_files_that_are_no_table_of_reps(self, tmp_path: Path, reps: str, reason: str) -> None:
        reasons = {fault.reason for fault in faults_of(a_folder(tmp_path, reps=reps))}

        assert reason in reasons

    def test_a_folder_without_reps(self, tmp_path: Path) -> None:
        assert faults_of(tmp_path)[0].reason == "is missing: who carries the target?"

    def test_a_workbook_without_reps(self, tmp_path: Path) -> None:
        path = a_workbook(tmp_path / "plan.xlsx", {"people": [["rep_id"], ["a"]]})

        [fault] = faults_of(path)

        assert str(fault) == "plan.xlsx: has no sheet named reps: who carries the target?"

    def test_what_is_not_there(self, tmp_path: Path) -> None:
        assert faults_of(tmp_path / "x")[0].reason == "does not exist"

    def test_two_files_for_one_table(self, tmp_path: Path) -> None:
        a_workbook(tmp_path / "reps.xlsx", {"Sheet": [["rep_id"], ["a"]]})

        [fault] = faults_of(a_folder(tmp_path))

        assert fault.reason == "reps.csv says the same: leave one of them"

    def test_a_file_that_only_looks_like_a_workbook(self, tmp_path: Path) -> None:
        (tmp_path / "plan.xlsx").write_bytes(b"rep_id\na\n")

        [fault] = faults_of(tmp_path / "plan.xlsx")

        assert fault.reason == "cannot be read as an .xlsx workbook (BadZipFile)"

    def test_a_workbook_whose_sheet_is_damaged_is_refused(self, tmp_path: Path) -> None:
        path = a_workbook(tmp_path / "plan.xlsx", {"reps": [["rep_id"], ["a"]]})
        bomb = '<!DOCTYPE w [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><w>&b;'
        replace_part(path, "xl/worksheets/sheet1.xml", bomb)

        [fault] = faults_of(path)

        assert fault.reason == "cannot be read as an .xlsx workbook (ParseError)"

    def test_a_stray_cell_in_the_last_corner_costs_nothing(self, tmp_path: Path) -> None:
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "reps"
        sheet.append(["rep_id"])
        sheet.append(["a"])
        sheet["XFD1048576"] = "x"
        book.save(tmp_path / "plan.xlsx")

        [fault] = faults_of(tmp_path / "plan.xlsx")

        assert str(fault) == ("plan.xlsx[reps]:1048576: has 16384 cells where the header has 1")

    def test_a_workbook_that_unpacks_to_too_much_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MAX_UNPACKED", 2_000_000)
        path = a_workbook(tmp_path / "plan.xlsx", {"reps": [["rep_id"], ["a"]]})
        replace_part(path, "xl/worksheets/sheet1.xml", " " * 2_000_000)
        assert path.stat().st_size < 20_000

        [fault] = faults_of(path)

        assert fault.reason == "holds more than 2 MB: save its sheets as CSV"

    def test_a_target_that_is_none(self, tmp_path: Path) -> None:
        [fault] = faults_of(a_folder(tmp_path), target=-1)

        assert str(fault) == "column target: '-1' must be 0 or more"


def a_day(year: int, month: int) -> datetime:
    """The first of a month as a workbook holds it: without a zone."""
    return datetime(year, month, 1)  # noqa: DTZ001


def a_workbook(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


class TestWorkbook:
    def test_reads_typed_cells(self, tmp_path: Path) -> None:
        path = a_workbook(
            tmp_path / "plan.xlsx",
            {
                "Reps": [
                    ["rep_id", "unit", "hired", "vacant", "max"],
                    [274, "West", a_day(2024, 5), True, 49.99],
                    ["275", "West", None, None, 50],
                ],
                "history": [["rep_id", "period", "actual"], [274, a_day(2026, 1), 5.5]],
                "Sheet3": [["anything"]],
            },
        )

        found = read(path)

        assert present(found.inputs)["reps"] == [
            {"id": "274", "unit": "West", "vacant": True, "max": 49.99, "hired": "2024-05-01"},
            {"id": "275", "unit": "West", "max": 50},
        ]
        assert present(found.inputs)["history"] == [
            {"rep": "274", "period": "2026-01", "actual": 5.5}
        ]
        assert "not read: Sheet3" in found.notes

    def test_names_the_row_of_a_bad_cell(self, tmp_path: Path) -> None:
        sheets: dict[str, list[list[Any]]] = {
            "reps": [["rep_id", "fte"], ["a", 1], [None, None], ["b", "half"]]
        }

        [fault] = faults_of(a_workbook(tmp_path / "plan.xlsx", sheets))

        assert str(fault) == (
            "plan.xlsx[reps]:4, column fte: 'half' must be a plain decimal such as 20500.25"
        )

    def test_a_folder_may_mix_workbooks_and_csv(self, tmp_path: Path) -> None:
        a_workbook(tmp_path / "history.xlsx", {"Any": [["rep_id", "period", "actual"]]})

        assert len(read(a_folder(tmp_path)).inputs.history) == 0


@pytest.mark.parametrize("name", ["adventureworks", "huadong_manufacturer", "iowa_counties"])
def test_the_bundled_examples_are_read_without_a_word(name: str) -> None:
    assert read_files(EXAMPLES / name, target=1, digits=2).notes == ()


class TestPastQuotas:
    HISTORY = "rep_id,period,actual\na,2026-12,5\n"

    def test_are_read_only_where_they_are_asked_for(self, tmp_path: Path) -> None:
        folder = a_folder(tmp_path, quotas="rep_id,period,quota\na,2026-01,100\nb,2026-04,50.25\n")

        assert "not read: quotas.csv" in read(folder).notes
        found = read(folder, with_quotas=True)
        assert "not read: quotas.csv" not in found.notes
        assert found.quotas == (
            {"rep": "a", "period": "2026-01", "quota": 100.0},
            {"rep": "b", "period": "2026-04", "quota": 50.25},
        )

    def test_of_who_left_are_left_out_like_their_history(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path,
            reps="rep_id,left\na,\nb,2026-05-31\n",
            history=self.HISTORY,
            quotas="rep_id,period,quota\na,2026-01,100\nb,2026-01,50\n",
        )

        assert [row["rep"] for row in read(folder, with_quotas=True).quotas] == ["a"]

    def test_name_every_fault_by_line(self, tmp_path: Path) -> None:
        folder = a_folder(
            tmp_path, quotas="rep_id,period,quota\nx,2026-01,1\na,2026-13,1\na,2026-02,-1\n"
        )

        assert [str(fault) for fault in faults_of(folder, with_quotas=True)] == [
            "quotas.csv:2, column rep_id: 'x' names no rep of the reps file",
            "quotas.csv:3, column period: '2026-13' must be a month written YYYY-MM",
            "quotas.csv:4, column quota: '-1.0' must be an amount of 0 to 9,007,199,254,740,991",
        ]
