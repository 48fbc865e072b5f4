"""Empty files: they explain what the reader knows, and are read back without a word."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from starlette.testclient import TestClient

from service.kit.settings import Settings
from service.main import create_app
from service.roster.files import FileInputs, read_sent, sent
from service.roster.files.columns import QUOTAS, TABLES, Columns
from service.roster.files.templates import find_template, template, template_names

YEAR = (date(2027, 1, 1), date(2027, 12, 31))


@pytest.fixture(scope="module")
def anybody() -> Iterator[TestClient]:
    """Templates are of no company: no database is asked."""
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def opened(name: str, language: str) -> Any:
    found = find_template(name)
    assert found is not None
    return load_workbook(io.BytesIO(template(*found, language)))


def sent_back(book: Workbook) -> FileInputs:
    stream = io.BytesIO()
    book.save(stream)
    return read_sent([sent("plan.xlsx", stream)], target=None, digits=2, period=YEAR)


@pytest.mark.parametrize(
    ("language", "units", "assignments"), [("en", "units", "assignments"), ("zh", "组织", "分工")]
)
def test_filled_in_as_explained_the_workbook_of_a_plan_is_read_without_a_word(
    language: str, units: str, assignments: str
) -> None:
    book = opened("plan.xlsx", language)
    page = book.worksheets[-1]
    examples = {(row[0], row[1]): row[6] for row in page.iter_rows(min_row=2, values_only=True)}
    for sheet in book.worksheets[:-1]:
        sheet.append([examples[sheet.title, cell.value] for cell in sheet[1]])
    book[units].append(["all"])  # what the example hangs below
    book[assignments].delete_rows(2)  # the territories say who holds them

    found = sent_back(book)

    assert (found.notes, found.repaired) == ((), ())
    assert found.inputs.counts == {"units": 2, "reps": 1, "territories": 1, "history": 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_where_only_the_needed_sheets_are_filled_the_others_do_no_harm(language: str) -> None:
    book = opened("plan.xlsx", language)
    book[TABLES[0].title(language)].append(["r1"])
    book[next(own for own in TABLES if own.name == "targets").title(language)].append(
        [None, None, None, None, None, 500]
    )

    found = sent_back(book)

    assert (found.notes, found.repaired) == ((), ())
    assert found.inputs.reps.id == ("r1",)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_of_one_table_explain_every_column_that_is_read(table: Columns) -> None:
    english = template((table,), ".csv", "en").decode("utf-8-sig")
    book = opened(f"{table.chinese}.xlsx", "zh")

    assert english.strip().split(",") == [field.headers[0] for field in table.fields]
    assert book.sheetnames == [table.chinese, "说明"]
    explained = [*book["说明"].iter_rows(min_row=3, max_col=6, values_only=True)]
    assert [row[1] for row in explained] == [cell.value for cell in book[table.chinese][1]]
    assert [row[5] == "是" for row in explained] == [own.required for own in table.fields]
    assert all(row[3] and row[4] for row in explained)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_header_means_two_columns_in_one_language(table: Columns) -> None:
    for language in ("en", "zh"):
        headers = [field.header(language) for field in table.fields]
        assert len(set(headers)) == len(headers)


def test_the_workbook_of_a_plan_has_no_past_quotas() -> None:
    names = [own.name for own in TABLES if own is not QUOTAS]

    assert opened("plan.xlsx", "en").sheetnames == [*names, "explained"]


def test_ids_and_months_stay_as_they_are_typed() -> None:
    page = opened("history.xlsx", "en")["history"]

    assert [page.column_dimensions[column].number_format for column in "ABCD"] == [
        "@", "@", "@", "General",
    ]  # fmt: skip


def test_are_saved_under_names_by_which_they_are_known(anybody: TestClient) -> None:
    answer = anybody.get("/v1/templates/reps.csv", headers={"Accept-Language": "zh-CN,en;q=0.5"})
    other = anybody.get("/v1/templates/plan.xlsx", params={"lang": "en"})

    assert answer.content.decode("utf-8-sig").startswith("销售员编号,姓名,组织编号")
    disposition = answer.headers["content-disposition"]
    assert "filename=\"reps.csv\"; filename*=UTF-8''%E9%94%80%E5%94%AE%E5%91%98.csv" in disposition
    assert answer.headers["content-language"] == "zh"
    assert other.headers["content-language"] == "en"


@pytest.mark.parametrize("name", ["plan.csv", "people.xlsx", "reps.parquet", "reps", "方案.csv"])
def test_that_there_are_not_are_answered_with_those_that_there_are(
    anybody: TestClient, name: str
) -> None:
    answer = anybody.get(f"/v1/templates/{name}")

    assert answer.status_code == 404
    assert all(own in answer.json()["detail"] for own in template_names())
