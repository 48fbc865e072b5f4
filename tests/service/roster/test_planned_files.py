"""Sheets that planners made by hand: what is read, what is repaired and told, what is refused."""

import io
from typing import Any

import pytest
from openpyxl import Workbook

from service.roster.files import FileFaults, read_planned
from service.roster.files.planned import amount


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def faults(name: str, raw: bytes) -> list[str]:
    with pytest.raises(FileFaults) as refused:
        read_planned(name, raw)
    return [str(fault) for fault in refused.value.faults]


def test_a_plain_file_is_read_as_it_stands() -> None:
    found = read_planned("plan.csv", b"rep_id,name,quota\nr1,Ann,105000\nr2,Bob,112000.50\n")

    assert [(row.line, row.rep, row.quota, row.months) for row in found.rows] == [
        (2, "r1", "105000", None),
        (3, "r2", "112000.50", None),
    ]
    assert found.repaired == []


def test_a_chinese_sheet_is_read_and_every_repair_is_told() -> None:
    raw = (
        '销售员编号,姓名,年度目标\nr1,李安,10.5万\nr2,王博,"112,000"\nr3,陈西,１１２０００元\n'
        "合计,,329000\n"
    )

    found = read_planned("目标.csv", raw.encode("gb18030"))

    assert {row.rep: row.quota for row in found.rows} == {
        "r1": "105000", "r2": "112000", "r3": "112000",
    }  # fmt: skip
    assert [str(note) for note in found.repaired] == [
        "目标.csv: was read as GB18030",
        "目标.csv:2, column 年度目标: '10.5万' was read as 105000",
        "目标.csv:3, column 年度目标: '112,000' was read as 112000",
        "目标.csv:4, column 年度目标: '１１２０００元' was read as 112000",
        "目标.csv:5, column 销售员编号: '合计' is a sum, and was left out",
    ]


def test_columns_of_months_are_read_and_add_up_where_no_quota_is_given() -> None:
    raw = workbook(["Rep ID", "2027-01", "2027年2月"], ["r1", 10.5, 20], ["r2", None, 7])

    found = read_planned("plan.xlsx", raw)

    assert [(row.rep, row.quota, row.months) for row in found.rows] == [
        ("r1", "30.5", {"2027-01": 10.5, "2027-02": 20}),
        ("r2", "7", {"2027-01": 0, "2027-02": 7}),
    ]


def test_every_fault_is_told_at_once() -> None:
    raw = b'rep_id,quota\nr1,abc\n,5\nr2,\nr1,7\nr3,"1,5"\n'

    assert faults("plan.csv", raw) == [
        "plan.csv:2, column quota: 'abc' must be an amount such as 20500.25, 20,500.25 or 2.05万",
        (
            "plan.csv:3, column rep_id: must be an id of 1 to 128 characters without control "
            "characters"
        ),
        "plan.csv:4, column quota: is required",
        "plan.csv:5, column rep_id: 'r1' stands already in line 2",
        "plan.csv:6, column quota: '1,5' must be an amount such as 20500.25, 20,500.25 or 2.05万",
    ]


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("plan.csv", b"name,quota\nAnn,5\n", "needs a column rep_id"),
        ("plan.csv", b"rep_id,name\nr1,Ann\n", "needs a column quota"),
        ("plan.csv", b"rep_id,quota\n", "has no row"),
        ("plan.csv", b"", "is empty"),
        ("plan.txt", b"rep_id,quota\nr1,5\n", "is no .csv, .xlsx or .parquet file"),
        ("plan.xlsx", b"no workbook", "cannot be read as an .xlsx workbook"),
        ("plan.csv", b"rep_id,2027-01,2027-1\nr1,5,6\n", "stands for a month twice"),
        ("../../etc/plan.csv", b"rep_id\n", "plan.csv: needs a column quota"),
    ],
)
def test_what_is_no_plan_is_refused(name: str, raw: bytes, reason: str) -> None:
    (told,) = faults(name, raw)

    assert reason in told


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1,080,000", "1080000"), ("¥108万", "1080000"), ("1.2亿", "120000000"), ("$5.50", "5.50"),
        (" 7 000 ", "7000"), ("-3", "-3"), ("CNY 12", "12"),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(written: str, meant: str) -> None:
    assert amount(written)[0] == meant


@pytest.mark.parametrize("written", ["1.080.000", "1,5", "10,00", "five", "1e5", "NaN", "", "万"])
def test_what_may_mean_two_things_is_no_amount(written: str) -> None:
    with pytest.raises(ValueError, match="must be an amount"):
        amount(written)
