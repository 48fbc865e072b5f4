"""`fairquota keys` and `fairquota workspaces`."""

import re

import pytest
import sqlalchemy as sa

from service.kit.db import open_database
from service.kit.keys import ApiKey
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestKeys:
    def test_are_shown_once_and_stored_hashed(self) -> None:
        result = run("keys", "create", "--name", "CRM", "--role", "admin")

        assert result.exit_code == 0, result.output
        key = result.stdout.strip()
        assert re.fullmatch(r"fq_[\w-]{43}", key)
        database = open_database("sqlite:///fairquota.db")
        with database.reading.begin() as session:
            stored = session.scalars(sa.select(ApiKey)).one()
        database.close()
        assert stored.name == "CRM"
        assert key not in (stored.sha256, stored.id)

    def test_have_a_scope_and_an_end_and_are_listed_without_their_text(self) -> None:
        options = ("--role", "manager", "--unit", "west", "--expires", "2927-01-01")
        key = run("keys", "create", "--name", "Wes", *options).stdout.strip()

        listed = run("keys", "list").stdout
        header, row = (line.split("\t") for line in listed.splitlines())
        columns = ["name", "role", "unit", "rep", "state", "expires", "last_used", "person"]
        assert header[1:] == columns
        assert row[1:] == ["Wes", "manager", "west", "", "valid", "2927-01-01 00:00", "", ""]
        assert key[3:] not in listed

        assert run("keys", "revoke", row[0]).exit_code == 0
        assert "\trevoked\t" in run("keys", "list").stdout

    def test_of_another_workspace_are_kept_apart(self) -> None:
        workspace = run("workspaces", "create", "Daughter").stdout.strip()
        run("keys", "create", "--workspace", workspace, "--name", "hers")

        assert f"{workspace}\tDaughter" in run("workspaces", "list").stdout
        assert "hers" in run("keys", "list", "--workspace", workspace).stdout
        assert "hers" not in run("keys", "list").stdout

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--role", "king"], "There is no role 'king'"),
            (["--name", ""], "1 to 200 characters"),
            (["--role", "manager", "--rep", "r1"], "--unit: is required: a manager has one unit."),
            (["--role", "hr", "--rep", "r1"], "--rep: is for the role rep, not for hr."),
            (["--expires", "soon"], "soon is no date"),
            (["--expires", "2020-01-01"], "is in the past"),
            (["--workspace", "wsp_none"], "There is no workspace wsp_none"),
        ],
    )
    def test_a_slip_is_named(self, options: list[str], said: str) -> None:
        assert said in failed(run("keys", "create", *options), 2)
