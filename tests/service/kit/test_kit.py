"""Small parts: ids, settings, listening, pages and ETags."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database, open_database
from service.kit.errors import PreconditionFailed, pointer
from service.kit.etags import IfMatch
from service.kit.ids import is_id, new_id
from service.kit.local_mode import ListeningRefused, check_listening
from service.kit.pages import PageRequest, cursor_after, fetch_page
from service.kit.problems import InvalidParameters
from service.kit.resources import migrations_folder
from service.kit.settings import Settings


class TestIds:
    def test_later_ids_sort_later(self) -> None:
        first = new_id("plan")
        time.sleep(0.002)

        assert first < new_id("plan")

    def test_ids_of_one_moment_differ(self) -> None:
        assert len({new_id("op") for _ in range(1000)}) == 1000

    @pytest.mark.parametrize(
        "text", ["", "plan_", "key_" + "0" * 26, "plan_" + "u" * 26, "plan_\0"]
    )
    def test_what_was_not_made_here_is_no_id(self, text: str) -> None:
        assert is_id("plan", new_id("plan"))
        assert not is_id("plan", text)


class TestSettings:
    def test_a_laptop_needs_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

        settings = Settings()

        assert settings.database_url == f"sqlite:///{tmp_path / 'fairquota.db'}"
        assert (settings.host, settings.port, settings.access) == ("127.0.0.1", 8000, "local")

    def test_the_environment_wins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAIRQUOTA_PORT", "9000")

        assert Settings().port == 9000

    def test_a_database_in_memory_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must be a file"):
            open_database("sqlite://")

    def test_another_kind_of_database_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must be sqlite"):
            open_database("mysql://localhost/quotas")

    def test_bundled_files_are_found_from_any_directory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)

        assert (migrations_folder() / "env.py").is_file()


class TestListening:
    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.com"])  # noqa: S104
    def test_local_mode_stays_on_this_machine(self, host: str) -> None:
        with pytest.raises(ListeningRefused, match="FAIRQUOTA_ACCESS=keys"):
            check_listening(Settings(host=host))

    def test_with_keys_any_address_will_do(self) -> None:
        check_listening(Settings(host="0.0.0.0", access="keys"))  # noqa: S104

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.0.1"])
    def test_loopback_is_this_machine(self, host: str) -> None:
        check_listening(Settings(host=host))


class TestPages:
    def test_pages_meet_without_gap_or_repeat(self, database: Database) -> None:
        ids = sorted(f"wsp_{n}" for n in range(7))
        with database.sessions.begin() as session:
            session.add_all(Workspace(id=i, name=i, created_at=utc_now()) for i in ids)
        query = sa.select(Workspace).where(Workspace.id != DEFAULT_WORKSPACE)

        seen: list[str] = []
        cursor: str | None = None
        with database.reading.begin() as session:
            while True:
                rows, cursor = fetch_page(
                    session, query, PageRequest(3, cursor), Workspace.id, listing="w"
                )
                seen += [row.id for row in rows]
                if cursor is None:
                    break

        assert seen == ids

    @pytest.mark.parametrize("cursor", ["", "x", "AAAA", cursor_after("other", "a"), "é", "\0"])
    def test_a_cursor_that_is_none_of_ours_is_refused(self, cursor: str) -> None:
        with pytest.raises(InvalidParameters):
            PageRequest(10, cursor).after("plans", str)

    def test_a_cursor_of_another_kind_of_key_is_refused(self) -> None:
        with pytest.raises(InvalidParameters):
            PageRequest(10, cursor_after("plans", 7)).after("plans", str)


class TestIfMatch:
    @pytest.mark.parametrize("header", [None, "*", '"7"', '"6", "7"'])
    def test_the_state_one_has_read_may_be_changed(self, header: str | None) -> None:
        IfMatch(header).check('"7"')

    @pytest.mark.parametrize("header", ['"6"', 'W/"7"', "7", ""])
    def test_another_state_may_not(self, header: str) -> None:
        with pytest.raises(PreconditionFailed):
            IfMatch(header).check('"7"')


def test_pointers_escape_slashes_and_tildes() -> None:
    assert pointer(("reps", 3, "a/b~c")) == "/reps/3/a~1b~0c"
