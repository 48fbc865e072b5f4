"""What the guide to files shows is what the service answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.guides.pages import examples, guide
from tests.service.typed import run

GUIDE = guide("files")
PLAN = {"name": "FY27", "currency": "CNY", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def row(note: dict[str, Any]) -> str:
    cells = [note["file"], note["line"], note["column"], note["value"], note["detail"]]
    return "|" + "|".join(f" {cell} " if cell is not None else " " for cell in cells) + "|"


def send(client: TestClient, plan: str, files: dict[str, bytes], **how: bool) -> Any:
    sent = [("file", item) for item in files.items()]
    address = f"{plan}/inputs/files"
    return client.post(address, files=sent, data={"target": "900000"}, params=how)


def test_the_example_is_read_repaired_and_refused_as_told(client: TestClient) -> None:
    reps, units, more, history = (shown.encode() for shown in examples(GUIDE, "csv"))
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"

    both = {"reps.csv": reps.decode().encode("gb18030"), "units.csv": units}
    first = send(client, plan, both).json()
    for note in first["repaired"]:
        assert row(note) in GUIDE
    assert (len(first["repaired"]), first["notes"]) == (6, [])

    three = {"reps.csv": more, "units.csv": units, "history.csv": history}
    refused = send(client, plan, three)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/file-faults")
    looked = send(client, plan, three, dry_run=True, good_rows_only=True).json()
    assert client.get(f"{plan}/inputs").headers["etag"] == f'"{first["hash"]}"'
    for note in looked["refused"]:
        assert row(note) in GUIDE
    assert len(looked["refused"]) == 2


def test_without_a_server_the_command_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, units, more, history = examples(GUIDE, "csv")
    Path("company").mkdir()
    for name, text in {"reps": more, "units": units, "history": history}.items():
        Path("company", f"{name}.csv").write_text(text, encoding="utf-8")
    (line,) = examples(GUIDE, "console")

    told = run(*line.split()[2:])

    assert told.exit_code == 2
    report = json.loads(Path("report.json").read_bytes())
    assert [len(report[name]) for name in ("refused", "repaired")] == [1, 5]
    for note in report["refused"] + report["repaired"]:
        assert row(note) in GUIDE


def test_the_empty_files_are_where_the_guide_says(client: TestClient) -> None:
    for shown in examples(GUIDE, "sh")[0].split():
        if "http" in shown:
            address = shown.strip("'").removeprefix("http://127.0.0.1:8000")
            assert client.get(address).status_code == 200
