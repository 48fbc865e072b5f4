"""`fairquota serve`: a process of its own."""

import signal
import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
import sqlalchemy as sa

from service.cli.database import shown
from service.kit.settings import Settings
from tests.commands import address_in, started
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestServe:
    def test_makes_its_tables_answers_and_ends_cleanly_at_ctrl_c(self) -> None:
        with started("serve", "--port", "0") as (process, said):
            with urlopen(f"{address_in(said)}/readyz") as answer:  # noqa: S310 - our own address
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)

        assert process.returncode == 0
        assert "Traceback" not in rest

    @pytest.mark.parametrize("typed", [("serve", "--port", "0"), ("worker", "--processes", "1")])
    def test_whoever_starts_it_reads_which_database_it_has(self, typed: tuple[str, ...]) -> None:
        with started(*typed) as (_, said):
            assert f"the database sqlite:///{Path.cwd() / 'fairquota.db'} (" in said
            assert "processes" not in said

    @pytest.mark.parametrize(
        "address", ["postgresql://p:secret@h/d", "postgresql://h/d?password=secret"]
    )
    def test_a_database_is_told_without_its_password(self, address: str) -> None:
        said = shown(Settings(database_url=address))

        assert said.startswith("postgresql://")
        assert "secret" not in said

    def test_the_command_line_wins_over_the_settings(self) -> None:
        with started("serve", "--port", "0", FAIRQUOTA_PORT="1") as (_, said):
            assert address_in(said) != "http://127.0.0.1:1"

    def test_a_taken_port_is_named(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            said = failed(run("serve", "--port", port), 2)

        assert f"Port {port} of 127.0.0.1 cannot be used: Address already in use." in said

    @pytest.mark.parametrize("command", ["serve", "demo"])
    def test_local_mode_listens_on_this_machine_only(self, command: str) -> None:
        said = failed(run(command, "--host", "0.0.0.0"), 2)  # noqa: S104 - refused

        assert "it listens on 127.0.0.1 only" in said

    def test_an_odd_setting_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAIRQUOTA_PORT", "many")
        monkeypatch.setenv("FAIRQUOTA_WORKER_MEMORY_LIMIT", "100")

        said = failed(run("serve"), 2)

        assert "FAIRQUOTA_PORT: must be a whole number" in said
        assert "FAIRQUOTA_WORKER_MEMORY_LIMIT: is at least 512, or 0 for no limit" in said

    def test_only_the_odd_setting_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The limit of calls, whose default depends on the access, is not odd."""
        monkeypatch.setenv("FAIRQUOTA_ACCESS", "kyes")

        said = failed(run("serve"), 2)

        assert "FAIRQUOTA_ACCESS: must be 'local', 'keys' or 'oidc'" in said
        assert "CALLS_PER_MINUTE" not in said

    @pytest.mark.parametrize("place", ["the environment", "a file .env"])
    def test_a_misspelt_setting_is_named_before_anybody_relies_on_it(
        self, monkeypatch: pytest.MonkeyPatch, place: str
    ) -> None:
        if place == "a file .env":
            Path(".env").write_text("FAIRQUOTA_FOUREYES=1\n")
        else:
            monkeypatch.setenv("FAIRQUOTA_FOUREYES", "1")

        said = failed(run("serve"), 2)

        assert "FAIRQUOTA_FOUREYES is no setting; is FAIRQUOTA_FOUR_EYES meant?" in said

    def test_what_looks_like_no_setting_is_left_to_others(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAIRQUOTA_KEY", "fq_1")  # of a program that calls the API

        assert run("keys", "list").exit_code == 0

    def test_postgresql_wants_to_be_upgraded_first(
        self, monkeypatch: pytest.MonkeyPatch, postgresql_server: sa.URL
    ) -> None:
        """The server's own database has none of our tables."""
        url = postgresql_server.render_as_string(hide_password=False)
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", url)

        said = failed(run("serve", "--port", "0"), 2)

        assert "run `fairquota db upgrade` first" in said
