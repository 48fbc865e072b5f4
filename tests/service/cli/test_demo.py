"""`fairquota demo`: the examples, solved once and served."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.commands import address_in, started
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestDemo:
    def test_solves_every_example_once_and_shows_where_to_look(self) -> None:
        with started("demo", "--port", "0") as (process, said):
            assert said.count("Solving ") == said.count(": version 1, published") == 3
            assert f"{address_in(said)}/docs" in said
            rows = json.loads(self.pasted(said))["items"]
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        assert len(rows) == 3
        assert (process.returncode, rest.strip()) == (0, "")

        with started("demo", "--port", "0") as (process, said):
            assert "Solving " not in said
            assert said.count(": version 1, published") == 3
            assert json.loads(self.pasted(said))["items"] == rows

    def test_goes_on_where_an_interrupted_run_stopped(self) -> None:
        with started("demo", "--port", "0", until="Solving Huadong") as (process, _):
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "Traceback" not in rest

        with started("demo", "--port", "0") as (_, said):
            assert "Solving AdventureWorks" not in said
            assert said.count(": version 1, published") == 3

    @staticmethod
    def pasted(said: str) -> bytes:
        """What the printed line answers when it is pasted into a shell."""
        line = re.search(r"curl .*", said)
        assert line
        return subprocess.run(  # noqa: S602 - the very point
            line[0], shell=True, check=True, capture_output=True
        ).stdout

    def test_a_folder_that_cannot_be_used_is_named(self) -> None:
        Path("file").write_text("")

        assert "file/data cannot be used" in failed(run("demo", "--data", "file/data"), 2)
