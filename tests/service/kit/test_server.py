"""Libraries that are loaded while the service answers already."""

import sys
import threading
from pathlib import Path

import pytest

from service.kit.server import loading


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "slow_to_load.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_to_load", raising=False)
    return "slow_to_load"


def loader() -> threading.Thread | None:
    return next((thread for thread in threading.enumerate() if thread.name == "loading"), None)


def test_they_are_loaded_beside_what_is_done(library: str) -> None:
    with loading(["json", library]):
        if thread := loader():
            thread.join(timeout=30)
        assert library in sys.modules


def test_nobody_is_left_loading_when_it_ends(library: str) -> None:
    with loading([library]):
        pass

    assert loader() is None
