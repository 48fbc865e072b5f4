"""`fairquota db upgrade`, and databases that cannot be used."""

from pathlib import Path

import pytest

from tests.later_release import tables_of_a_later_release
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestDatabase:
    def test_upgrade_makes_the_tables_and_says_so(self) -> None:
        done = run("db", "upgrade")

        assert (done.exit_code, done.stderr) == (0, "The tables are those of this release.\n")
        assert Path("fairquota.db").exists()

    def test_tables_of_a_later_release_are_worked_with_and_stay_as_they_are(
        self, tmp_path: Path
    ) -> None:
        run("db", "upgrade")
        with tables_of_a_later_release("sqlite:///fairquota.db", tmp_path):
            made, upgraded = run("keys", "create"), run("db", "upgrade")

        assert (made.exit_code, upgraded.exit_code) == (0, 0)
        assert "has the tables of a later release. This one works with them" in made.stderr
        assert upgraded.stderr == "The tables are those of a later release, and stay as they are.\n"

    @pytest.mark.parametrize("command", [["db", "upgrade"], ["keys", "create"]])
    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("sqlite:////nowhere/x.db", "unable to open database file"),
            ("postgresql://me:secret@127.0.0.1:1/x", "Connection refused"),
            ("nonsense", "cannot be used"),
            ("oracle://x", "cannot be used"),
        ],
    )
    def test_one_that_cannot_be_used_is_named_without_its_password(
        self, monkeypatch: pytest.MonkeyPatch, command: list[str], url: str, said: str
    ) -> None:
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", url)

        message = failed(run(*command), 2)

        assert said in message
        assert "secret" not in message

    def test_a_file_that_is_none_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("notes.db").write_text("no database at all " * 100)
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", "sqlite:///notes.db")

        assert "file is not a database" in failed(run("db", "upgrade"), 2)
