"""The quotas of a version as files: those of the JSON pages, all of them, as far as one sees."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pytest
from anyio import Event, Semaphore, run, sleep_forever
from fastapi import FastAPI
from httpx2 import Response
from openpyxl import load_workbook
from pyarrow import parquet
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.allocations.versions.quota_files import (
    AT_ONCE,
    CSV,
    NDJSON,
    PARQUET,
    XLSX,
    file_of_version,
    written,
)
from service.kit.spreadsheets import restored
from service.kit.workbooks import unescaped
from service.plans.tables import Plan, PlanVersion
from tests.service.allocations.plans import Document, a_plan, a_version, four_reps, publish
from tests.service.callers import Callers

type Rows = list[dict[str, Any]]


def quota_file(client: TestClient, version: str, media_type: str, **params: Any) -> Response:
    return client.get(f"{version}/quotas", params=params, headers={"Accept": media_type})


def of_csv(raw: bytes) -> Rows:
    return [*csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))]


def of_xlsx(raw: bytes) -> Rows:
    book = load_workbook(io.BytesIO(raw), read_only=True)
    header, *rows = book["quotas"].iter_rows(values_only=True)
    rows = [tuple(unescaped(c) if isinstance(c, str) else c for c in row) for row in rows]
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def of_ndjson(raw: bytes) -> Rows:
    return [json.loads(line) for line in raw.splitlines()]


def of_parquet(raw: bytes) -> Rows:
    rows: Rows = parquet.read_table(io.BytesIO(raw)).to_pylist()
    return rows


READ: dict[str, Callable[[bytes], Rows]] = {
    CSV: of_csv,
    XLSX: of_xlsx,
    PARQUET: of_parquet,
    NDJSON: of_ndjson,
}


def read(client: TestClient, version: str, media_type: str, **params: Any) -> Rows:
    answer = quota_file(client, version, media_type, **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == media_type
    return READ[media_type](answer.content)


def pages(client: TestClient, version: str, **params: Any) -> Rows:
    def all_of() -> Iterator[Document]:
        cursor: dict[str, str] = {}
        while True:
            page = client.get(f"{version}/quotas", params={"limit": 3, **params, **cursor}).json()
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    return [*all_of()]


COLUMNS = ("quota", "floor", "cap", "baseline", "growth", "effort", "attainment_probability")


def as_json(cell: str | float | Decimal | None) -> float | None:
    return None if cell in (None, "") else float(cell)


def cents(rows: Rows, column: str = "quota") -> dict[str, Decimal]:
    return {row["rep"]: Decimal(str(row[column])) for row in rows}


@pytest.fixture
def odd_cents(client: TestClient) -> str:
    """A version of amounts that no float has, and of ids that a spreadsheet would run."""
    names = ("=1+1", "+a", "-b", "@c", "'=d", "安", "_x0041_")
    rep = {"baseline": "33333.33", "reach": 10000}
    reps = [{"id": name, "unit": "west", **rep} for name in names]
    plan = a_plan(
        client, {"target": "246296.37", "units": [{"id": "west"}], "reps": reps}, increment="0.01"
    )
    a_version(client, plan)
    return f"{plan}/versions/1"


def test_every_format_tells_the_quotas_of_the_pages_to_the_cent(
    client: TestClient, odd_cents: str
) -> None:
    expected = pages(client, odd_cents)

    assert read(client, odd_cents, NDJSON) == expected
    table, book, typed = (read(client, odd_cents, each) for each in (CSV, XLSX, PARQUET))
    assert [restored(row["rep"]) for row in table] == [row["rep"] for row in expected]
    assert [row["rep"] for row in book] == [row["rep"].replace("'=", "''=") for row in expected]
    assert [row["rep"] for row in typed] == [row["rep"] for row in expected]
    for row, cells, other, exact in zip(expected, table, book, typed, strict=True):
        told = {name: row[name] for name in COLUMNS} | row["months"]
        assert {name: as_json(cells[name]) for name in told} == told
        assert {name: other[name] for name in told} == told
        assert {name: as_json(exact[name]) for name in told} == told
    assert sum(Decimal(row["quota"]) for row in table) == Decimal("246296.37")
    assert sum(row["quota"] for row in typed) == Decimal("246296.37")


def test_no_id_runs_as_a_formula(client: TestClient, odd_cents: str) -> None:
    text = [row["rep"] for row in read(client, odd_cents, CSV)]
    raw = quota_file(client, odd_cents, XLSX).content
    cells = [cell for (cell,) in load_workbook(io.BytesIO(raw))["quotas"].iter_rows(max_col=1)]

    assert sorted(text) == ["''=d", "'+a", "'-b", "'=1+1", "'@c", "_x0041_", "安"]
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize("media_type", [CSV, XLSX, PARQUET])
def test_a_file_can_be_imported_again(client: TestClient, odd_cents: str, media_type: str) -> None:
    raw = quota_file(client, odd_cents, media_type).content
    plan = odd_cents.rpartition("/versions/")[0]
    name = {CSV: "plan.csv", XLSX: "plan.xlsx", PARQUET: "plan.parquet"}[media_type]

    answer = client.post(f"{plan}/versions/import", files={"file": (name, raw)})

    assert answer.status_code == 201, answer.text
    again = f"{plan}/versions/{answer.json()['number']}"
    for column in ("quota", "months"):
        before, after = (
            {row["rep"]: row[column] for row in pages(client, own)} for own in (odd_cents, again)
        )
        assert before == after


def test_a_file_has_the_name_and_the_hash_of_its_version(client: TestClient) -> None:
    plan = a_plan(client, name='华东 2027: "ours"/a')
    version = a_version(client, plan)

    headers = quota_file(client, f"{plan}/versions/1", CSV).headers

    key = plan.rpartition("/")[2]
    assert headers["content-disposition"] == (
        f'attachment; filename="{key}-1.csv"; '
        "filename*=UTF-8''%E5%8D%8E%E4%B8%9C%202027-%20-ours-a-1.csv"
    )
    assert headers["version-hash"] == version["hash"]
    assert headers["vary"] == "Accept"
    assert client.get(f"{plan}/versions/1/quotas").headers["vary"] == "Accept"


@pytest.mark.parametrize(
    ("plan", "file"),
    [
        ("..", "plan_1-1.csv"),
        ("\u202e\u2066", "plan_1-1.csv"),
        ("a\u202egpj", "agpj-1.csv"),  # else it would be read as a-jpg
        ("../../etc/passwd", "-..-etc-passwd-1.csv"),
        ('a"; x="b\r\nSet-Cookie: c', "a-; x=-b-Set-Cookie- c-1.csv"),
        ("🜁" * 200, "🜁" * 60 + "-1.csv"),
    ],
)
def test_no_name_of_a_plan_makes_an_odd_name_of_a_file(plan: str, file: str) -> None:
    version = PlanVersion(number=1, hash="h")
    answer = file_of_version(version, Plan(id="plan_1", name=plan), CSV, io.BytesIO())

    plain, _, told = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="plan_1-1.csv"'
    assert unquote(told) == file
    assert told.isascii()
    assert len(file.encode()) <= 255


@pytest.mark.parametrize(
    ("currency", "target"), [("JPY", "100001"), ("USD", "100000.01"), ("KWD", "100000.001")]
)
def test_parquet_has_decimals_of_the_currency_and_says_what_it_is(
    client: TestClient, currency: str, target: str
) -> None:
    rep = {"baseline": 33333, "reach": 10000}
    digits = len(target.partition(".")[2])
    inputs = {"target": target, "reps": [rep | {"id": name} for name in "abc"]}
    plan = a_plan(client, inputs, currency=currency, increment=None, name="华东")
    version = a_version(client, plan)

    raw = quota_file(client, f"{plan}/versions/1", PARQUET, period="2027-Q1").content

    table = parquet.read_table(io.BytesIO(raw))
    amounts = ["quota", "part", "floor", "cap", *(f"2027-{month:02}" for month in range(1, 13))]
    assert {table.schema.field(name).type for name in amounts} == {pa.decimal128(18, digits)}
    assert {table.schema.field(name).type for name in ("rep", "binding")} == {pa.string()}
    assert table.schema.field("growth").type == pa.float64()
    assert sum(table["quota"].to_pylist()) == Decimal(target)
    for other in (CSV, XLSX, NDJSON):
        assert sum(cents(read(client, f"{plan}/versions/1", other)).values()) == Decimal(target)
    assert table.schema.metadata == {
        b"fairquota.plan": plan.rpartition("/")[2].encode(),
        b"fairquota.plan_name": "华东".encode(),
        b"fairquota.version": b"1",
        b"fairquota.version_hash": version["hash"].encode(),
        b"fairquota.measure": b"revenue",
        b"fairquota.currency": currency.encode(),
        b"fairquota.part": b"2027-01 2027-02 2027-03",
    }


def test_filters_are_those_of_the_pages(client: TestClient) -> None:
    plan = a_plan(client)
    a_version(client, plan)
    version = f"{plan}/versions/1"

    for params in ({"unit": "east"}, {"rep": "d/d"}, {"unit": "west", "rep": "d/d"}):
        for media_type in READ:
            assert cents(read(client, version, media_type, **params)) == cents(
                pages(client, version, **params)
            )
    quarter = pages(client, version, period="2027-Q1")
    for media_type in READ:
        found = read(client, version, media_type, period="2027-Q1")
        assert cents(found, "part") == cents(quarter, "part")
    refused = quota_file(client, version, CSV, unit="nowhere")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "unit"


@pytest.mark.parametrize("name", ["limit", "cursor"])
def test_a_file_has_no_pages(client: TestClient, name: str) -> None:
    plan = a_plan(client)
    a_version(client, plan)

    answer = quota_file(client, f"{plan}/versions/1", CSV, **{name: "1"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"parameter": name, "detail": "is for application/json: a file has all rows"}
    ]


def of_targets(*targets: Document) -> Document:
    inputs = four_reps(targets=targets)
    del inputs["target"]
    return inputs


def test_another_measure_is_a_file_of_its_own(client: TestClient) -> None:
    plan = a_plan(client, of_targets({"amount": 441}, {"measure": "new_customers", "amount": 61}))
    a_version(client, plan)

    table = read(client, f"{plan}/versions/1", CSV, measure="new_customers")
    typed = quota_file(client, f"{plan}/versions/1", PARQUET, measure="new_customers").content

    assert [row["quota"] for row in table] == [
        str(row["quota"]) for row in pages(client, f"{plan}/versions/1", measure="new_customers")
    ]
    assert sum(int(row["quota"]) for row in table) == 61
    assert sum(row["quota"] for row in of_parquet(typed)) == 61
    told = parquet.read_schema(io.BytesIO(typed)).metadata
    assert told[b"fairquota.measure"] == b"new_customers"
    assert told[b"fairquota.counted_in"] == b"customers"


def test_lines_of_a_product_have_a_row_each(client: TestClient) -> None:
    plan = a_plan(client, of_targets({"amount": 441}, {"amount": 130, "product": "new"}))
    a_version(client, plan)
    version = f"{plan}/versions/1"

    table = read(client, version, CSV, product="new", period="H1")

    told = [
        (row["rep"], line["product"], line["quota"], row["part"])
        for row in pages(client, version, product="new", period="H1")
        for line in row["lines"]
    ]
    assert told
    assert [
        (row["rep"], row["product"], float(row["quota"]), float(row["part"])) for row in table
    ] == told
    assert sum(Decimal(row["quota"]) for row in table) == 130


@pytest.mark.parametrize("accept", ["application/xml", "application/vnd.ms-excel", "text/csv;q=0"])
def test_another_format_is_refused_by_naming_what_there_is(client: TestClient, accept: str) -> None:
    plan = a_plan(client)
    a_version(client, plan)

    answer = quota_file(client, f"{plan}/versions/1", accept)

    assert answer.status_code == 406
    assert answer.headers["vary"] == "Accept"
    for media_type in ("application/json", accept.partition(";")[0], *READ):
        assert media_type in answer.json()["detail"]


def test_pages_come_before_files_that_wait_for_others(client: TestClient, app: FastAPI) -> None:
    plan = a_plan(client)
    a_version(client, plan)
    turns: Semaphore = app.state.turns_of_files
    portal = client.portal
    assert portal is not None

    for _ in range(AT_ONCE):
        portal.call(turns.acquire)
    with ThreadPoolExecutor(1) as other:
        file = other.submit(quota_file, client, f"{plan}/versions/1", CSV)
        while not turns.statistics().tasks_waiting:
            assert not file.done()
        assert client.get(f"{plan}/versions/1/quotas").status_code == 200
        assert not file.done()
        portal.call(turns.release)
        assert file.result().status_code == 200
    portal.call(turns.release)
    assert turns.value == AT_ONCE


async def told(app: ASGIApp, path: str = "/", *, parts: int) -> list[Message]:
    """What is sent to somebody who asks for a file and goes away after so many parts of it."""
    sent: list[Message] = []
    gone = Event()

    async def receive() -> Message:
        if parts:
            await gone.wait()
        return {"type": "http.disconnect"}

    async def send(part: Message) -> None:
        sent.append(part)
        if len(sent) == parts:
            gone.set()
            await sleep_forever()

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET",
        "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"accept", CSV.encode())], "http_version": "1.1",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize("parts", [1, 2])
def test_a_file_is_closed_where_its_reader_goes_away(parts: int) -> None:
    file = io.BytesIO(b"x" * 200_000)
    answer = file_of_version(PlanVersion(number=1, hash="h"), Plan(id="p", name="n"), CSV, file)

    sent = run(partial(told, answer, parts=parts))

    assert len(sent) == parts
    assert file.closed


def test_no_connection_is_held_while_a_file_is_sent(client: TestClient, app: FastAPI) -> None:
    plan = a_plan(client)
    a_version(client, plan)
    pool = app.state.database.engine.pool
    held: list[int] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def look_and_send(part: Message) -> None:
            held.append(pool.checkedout())
            await send(part)

        await app(scope, receive, look_and_send)

    assert client.portal is not None
    start, _ = client.portal.call(partial(told, watched, f"{plan}/versions/1/quotas", parts=2))

    assert start["status"] == 200
    assert held == [0, 0]
    assert pool.checkedout() == 0


def test_a_file_that_nobody_waits_for_is_not_written(client: TestClient, app: FastAPI) -> None:
    plan = a_plan(client)
    a_version(client, plan)
    assert client.portal is not None

    start, _ = client.portal.call(partial(told, app, f"{plan}/versions/1/quotas", parts=0))

    assert start["status"] == 503


def test_everybody_gets_what_they_see_of_the_version(callers: Callers) -> None:
    admin = callers("admin")
    inputs = four_reps()
    plan = a_plan(admin, inputs | {"reps": [row | {"sigma": 0.2} for row in inputs["reps"]]})
    a_version(admin, plan)
    version = f"{plan}/versions/1"
    hr = callers("hr")

    for media_type in READ:
        assert quota_file(hr, version, media_type).status_code == 404
    publish(admin, version)

    for caller, reps in (
        (hr, {"ann", "bob", "cyd", "d/d"}),
        (callers("manager", unit="east"), {"cyd", "d/d"}),
        (callers("rep", rep="ann"), {"ann"}),
    ):
        for media_type in READ:
            rows = read(caller, version, media_type)
            assert {row["rep"] for row in rows} == reps
            chances = {row["attainment_probability"] for row in rows}
            assert (chances <= {None, ""}) == (reps == {"ann"})


def test_a_large_file_stays_out_of_memory_while_it_is_written() -> None:
    line = b"x" * 10_000
    tracemalloc.start()
    try:
        with written(lambda stream: stream.writelines(line for _ in range(1000))) as file:
            _, peak = tracemalloc.get_traced_memory()
            size = file.tell()
    finally:
        tracemalloc.stop()

    assert size == 10_000_000
    assert peak < 4_000_000
