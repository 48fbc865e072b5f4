"""What the documents show is what happens: their examples are run and compared."""

import copy
import csv
import html
import io
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.settings import Settings
from service.main import create_app
from service.roster.files.columns import (
    ABSENCES,
    ASSIGNMENTS,
    HISTORY,
    MEASURES,
    QUOTAS,
    REPS,
    TARGETS,
    TERRITORIES,
    UNITS,
)
from solver.policy import Fairness
from tests.commands import address_in, on_a_terminal, started

ROOT = Path(__file__).parents[1]
A_PLAN = {
    "name": "Guide",
    "currency": "USD",
    "increment": 0.01,
    "period": {"start": "2027-01-01", "end": "2027-12-31"},
}


class Block(NamedTuple):
    """A fenced block of a page, and the text before it."""

    before: str
    language: str
    content: str


def blocks(page: Path) -> list[Block]:
    found = re.findall(
        r"(.*?)^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [Block(*parts) for parts in found]


def test_the_readme_shows_what_its_curl_line_answers(tmp_path: Path) -> None:
    shell = [block.content for block in blocks(ROOT / "README.md") if block.language == "sh"]
    (call,) = [content for content in shell if content.startswith("curl")]
    (shown,) = [block.content for block in blocks(ROOT / "README.md") if block.language == "text"]
    body = re.search(r"-d '(.*?)'", call, re.DOTALL)
    assert body

    app = create_app(
        Settings(database_url=f"sqlite:///{tmp_path / 'unused.db'}", answer_within=600)
    )
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        answer = client.post("/v1/allocations", json=json.loads(body[1])).json()

    rows = answer["quotas"]
    assert [" ".join([row["rep"], str(row["quota"]), *row["binding"]]) for row in rows] == (
        shown.splitlines()
    )


@pytest.mark.parametrize(
    "page",
    [
        "fairness-report.md",
        "first-plan.md",
        "over-assignment.md",
        "pay.md",
        "prices.md",
        "probability.md",
        "proof.md",
        "rules.md",
        "simulation.md",
    ],
)
def test_the_guides_show_what_their_commands_print(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = None
    for block in blocks(ROOT / "docs" / "guide" / page):
        if block.language in {"csv", "yaml"}:
            named = re.findall(r"`([\w/]+\.(?:csv|yaml))`:", block.before)
            name = named[-1] if named else name
            assert name
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(block.content, encoding="utf-8")
        elif block.language == "console":
            for part in re.split(r"^\$ ", block.content, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                assert printed(shlex.split(command)) == shown.splitlines()


@pytest.mark.parametrize("guide", ["prices.md", "rules.md"])
def test_the_guides_quote_the_pages(guide: str, tmp_path: Path) -> None:
    """Each quotation stands on the page of the plan of the last policy before it."""
    text = (ROOT / "docs" / "guide" / guide).read_text(encoding="utf-8")
    files = {
        name: content
        for name, content in re.findall(r"`([\w/]+\.\w+)`:\n```\w+\n(.*?)```", text, re.DOTALL)
        if name.endswith(".csv")
    }
    target = int(re.findall(r"--target (\d+)", text)[0])
    quotes = list(re.finditer(r"(?:^> .*\n)+", text, re.MULTILINE))
    app = an_app_with_a_database(tmp_path)

    assert quotes
    with TestClient(app, base_url="http://127.0.0.1") as client:
        for quote in quotes:
            policy = re.findall(r"```yaml\n(.*?)```", text[: quote.start()], re.DOTALL)[-1]
            page = the_page(client, files, target, yaml.safe_load(policy))
            assert " ".join(quote[0].replace("\n> ", " ")[2:].split()) in page


def an_app_with_a_database(folder: Path) -> FastAPI:
    settings = Settings(database_url=f"sqlite:///{folder / 'guide.db'}", answer_within=600)
    migrations.upgrade(settings.database_url)
    return create_app(settings)


def the_page(client: TestClient, files: dict[str, str], target: int, policy: object) -> str:
    """The text of the page of a plan of these files."""
    plan = client.post("/v1/plans", json=A_PLAN).raise_for_status().json()["id"]
    inputs: dict[str, Any] = {"target": target}
    inputs |= {table: body_rows(files[f"company/{table}.csv"]) for table in ("reps", "units")}
    client.put(f"/v1/plans/{plan}/inputs", json=inputs).raise_for_status()
    client.post(f"/v1/plans/{plan}/versions", json={"policy": policy}).raise_for_status()
    answer = client.get(f"/plans/{plan}").raise_for_status()
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def body_rows(table: str) -> list[dict[str, Any]]:
    """The rows of a CSV file as a body has them."""
    rows: list[dict[str, Any]] = []
    for cells in csv.DictReader(io.StringIO(table)):
        row = {name: value for name, value in cells.items() if value and ":" not in name}
        row["id"] = row.pop("rep_id", None) or row.pop("unit_id")
        numbers = {"baseline", "reach", "margin"} & row.keys()
        row |= {name: float(row[name]) for name in numbers}
        row |= {"cohorts": {"role": cells["cohort:role"]}} if "cohort:role" in cells else {}
        rows.append(row)
    return rows


def printed(command: list[str]) -> list[str]:
    """The lines that a plain terminal of eighty columns shows."""
    program, *arguments = command
    assert program == "fairquota"
    return on_a_terminal(*arguments, TERM="dumb", COLUMNS="80").splitlines()


def test_the_guide_to_the_first_plan_makes_one_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = blocks(ROOT / "docs" / "guide" / "first-plan.md")
    (script,) = [block.content for block in page if block.language == "sh"]
    names, create, rest = re.split(r"^(?=curl .*\$api )|^plan=.*\n", script, flags=re.MULTILINE)

    with started("serve", "--port", "0") as (_, said):
        names = names.replace("http://127.0.0.1:8000", address_in(said))
        made = json.loads(in_a_shell(names + create))
        in_a_shell(f"{names}plan=$api/{made['id']}\n{rest}")

    assert Path("quotas.csv").read_text("utf-8-sig").startswith("rep,unit,quota,")
    checks = printed(["fairquota", "verify", "proof.json"])
    assert checks[3:-2]
    assert all("holds" in line for line in checks[3:-2])


def in_a_shell(script: str) -> bytes:
    """What the script says; every call of it must succeed."""
    strict = script.replace("curl -s", "curl -sS --fail-with-body")
    return subprocess.run(["sh", "-ec", strict], check=True, stdout=subprocess.PIPE).stdout  # noqa: S603, S607 - our own page


def test_the_guide_to_ideas_of_evenness_shows_what_they_answer() -> None:
    page = ROOT / "docs" / "guide" / "fairness.md"
    (company,) = [json.loads(block.content) for block in blocks(page) if block.language == "json"]
    free, chances, capped = ideas_in_tables(page.read_text(encoding="utf-8"))
    with_cap = copy.deepcopy(company)
    with_cap["reps"][0]["max"] = 405_000

    assert set(free) == set(chances) == set(capped) == set(get_args(Fairness))
    for idea in get_args(Fairness):
        rows, rows_with_cap = solved(company, idea), solved(with_cap, idea)
        assert [f"{row['quota']:,}" for row in rows] == free[idea][:3]
        assert [f"{row['attainment_probability']:.0%}".replace("%", " %") for row in rows] == (
            chances[idea]
        )
        assert [f"{row['quota']:,}" for row in rows_with_cap] == capped[idea]
        held = [] if idea == "equal_potential_share" else ["cap"]
        assert [row["binding"] for row in rows_with_cap] == [held, [], []]
    medians = [row["explanation"][0]["amount"] for row in solved(company, "equal_probability")]
    for rep, median in zip(company["reps"], medians, strict=True):
        line = f"| {rep['id']} | {rep['baseline']:,} | {median:,.2f} |"
        assert line in page.read_text(encoding="utf-8")


def ideas_in_tables(text: str) -> list[dict[str, list[str]]]:
    """The cells beside each idea of fairness, table by table."""
    tables = re.findall(r"^\| `fairness` \|.*\n\|[-|]*\n((?:\|.*\n)*)", text, flags=re.MULTILINE)
    return [
        {idea.strip("`"): cells for idea, *cells in map(cells_of, table.splitlines())}
        for table in tables
    ]


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def solved(body: dict[str, Any], idea: str) -> list[dict[str, Any]]:
    """The rows that the API answers."""
    app = create_app(Settings(database_url="sqlite:///unused.db", answer_within=600))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.post("/v1/allocations", json=body | {"policy": {"fairness": idea}})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["quotas"]
    return rows


def test_the_guide_names_the_columns_that_are_read() -> None:
    page = (ROOT / "docs" / "guide" / "first-plan.md").read_text(encoding="utf-8")
    tables = {
        "reps": REPS,
        "units": UNITS,
        "territories": TERRITORIES,
        "assignments": ASSIGNMENTS,
        "absences": ABSENCES,
        "history": HISTORY,
        "targets": TARGETS,
        "measures": MEASURES,
        "quotas": QUOTAS,
    }

    for name, table in tables.items():
        (row,) = re.findall(rf"^\| `{name}` \| (.*) \|$", page, flags=re.MULTILINE)
        listed = set(re.findall(r"`([a-z_]+)`", row))
        needed = set(re.findall(r"\*\*`([a-z_]+)`\*\*", row))
        assert listed <= {header for field in table.fields for header in field.headers}, name
        assert {field.headers[0] for field in table.fields} <= listed, name
        assert needed == {field.headers[0] for field in table.fields if field.required}, name
