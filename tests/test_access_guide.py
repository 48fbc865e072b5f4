"""What the guide to access says is what the code does."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined
from starlette.testclient import TestClient
from typer.testing import CliRunner

from service.cli import app as commands
from service.kit.access import ALLOWED
from service.kit.roles import Role
from service.kit.settings import Settings
from service.main import create_app

GUIDE = (Path(__file__).parents[1] / "docs" / "guide" / "access.md").read_text(encoding="utf-8")
CREATE, ROTATE, GROUPS = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
)
TYPED = re.findall(r"^\$ fairquota (.*)$", GUIDE, re.MULTILINE)


@pytest.fixture
def database_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'guide.db'}"
    monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", url)
    return url


def test_the_table_of_roles() -> None:
    head = f"| may | {' | '.join(Role)} |"
    rows = [
        f"| {permission} |" + "".join(" x |" if role in roles else " |" for role in Role)
        for permission, roles in ALLOWED.items()
    ]

    assert "\n".join([head, "|---" * (len(Role) + 1) + "|", *rows]) in GUIDE


def test_the_table_of_settings() -> None:
    told = dict(re.findall(r"^\| `FAIRQUOTA_(OIDC_\w+)` \|.*\| (.*) \|$", GUIDE, re.MULTILINE))
    fields = {name: field for name, field in Settings.model_fields.items() if "oidc" in name}

    assert [name.lower() for name in told] == list(fields)
    for name, field in fields.items():
        if isinstance(field.default, str):
            assert told[name.upper()] == f"`{field.default}`"
        elif isinstance(field.default, tuple):
            assert json.loads(told[name.upper()].strip("`")) == list(field.default)
        else:
            assert field.default in (None, PydanticUndefined)


def test_the_groups_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.findall(r"^(FAIRQUOTA_\w+)=(.*)$", GUIDE, re.MULTILINE)
    for name, value in [*lines, ("FAIRQUOTA_OIDC_ROLES", json.dumps(GROUPS))]:
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.access == "oidc"
    assert settings.oidc_roles == {name: Role(role) for name, role in GROUPS.items()}


@pytest.mark.usefixtures("database_url")
def test_the_commands_do_what_they_say() -> None:
    made: dict[str, str] = {}
    for line in TYPED:
        words = [_known(word) for word in shlex.split(line)]
        done = CliRunner().invoke(commands, words)
        assert done.exit_code == 0, done.output
        made[words[0]] = done.stdout.strip()

    assert made["keys"].startswith("fq_")
    listed = CliRunner().invoke(commands, ["keys", "list"]).stdout
    states = [line.split("\t")[2:6] for line in listed.splitlines()[1:]]
    assert states == [
        ["admin", "", "", "revoked"],
        ["manager", "west", "", "valid"],
        ["rep", "", "r1", "valid"],
    ]


def _known(word: str) -> str:
    """Ids of the guide are examples: the first one made here stands for each."""
    if word.startswith("wsp_"):
        listed = CliRunner().invoke(commands, ["workspaces", "list"]).stdout
        return next(row.split("\t")[0] for row in listed.splitlines() if "Daughter" in row)
    if word.startswith("key_"):
        listed = CliRunner().invoke(commands, ["keys", "list"]).stdout
        return listed.splitlines()[1].split("\t")[0]
    return word


def test_the_calls_do_what_they_say(database_url: str) -> None:
    CliRunner().invoke(commands, ["db", "upgrade"])
    with TestClient(
        create_app(Settings(database_url=database_url)), base_url="http://127.0.0.1"
    ) as client:
        made: dict[str, Any] = client.post("/v1/keys", json=CREATE).json()
        rotated = client.post(f"/v1/keys/{made['id']}/rotate", json=ROTATE)

        assert made["key"].startswith("fq_")
        assert rotated.status_code == 200
        assert rotated.json()["key"] != made["key"]
        assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
