"""What the guide to access says is what the code does."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from pydantic_core import PydanticUndefined
from starlette.testclient import TestClient
from typer.testing import CliRunner

from service.cli import app as commands
from service.kit.access import ALLOWED
from service.kit.roles import Role
from service.kit.settings import Settings
from tests.service.guides.pages import documents, guide

GUIDE = guide("access")
CREATE, ROTATE, GROUPS = documents(GUIDE)
TYPED = re.findall(r"^\$ fairquota (.*)$", GUIDE, re.MULTILINE)


@pytest.fixture
def _in_the_shell(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the database as the guide's do."""
    monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", database_url)


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


@pytest.mark.usefixtures("_in_the_shell")
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
        ["manager", "west", "r1", "valid"],
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


def test_the_calls_do_what_they_say(client: TestClient) -> None:
    made: dict[str, Any] = client.post("/v1/keys", json=CREATE).json()
    rotated = client.post(f"/v1/keys/{made['id']}/rotate", json=ROTATE)

    assert made["key"].startswith("fq_")
    assert rotated.status_code == 200
    assert rotated.json()["key"] != made["key"]
    assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
