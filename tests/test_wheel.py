"""The wheel carries everything that the running service reads, wherever it is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUNDLED = {"migrations": "service/_bundled/migrations", "examples": "service/_bundled/examples"}
LEFT_BEHIND = {".db", ".db-shm", ".db-wal", ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603 - our own tool, our own arguments
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("folder", ["solver", "service", "migrations", "examples"])
def test_every_file_is_in_it(wheel: set[str], folder: str) -> None:
    place = BUNDLED.get(folder, folder)
    expected = {
        f"{place}/{file.relative_to(ROOT / folder).as_posix()}"
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix not in LEFT_BEHIND
    }

    assert expected <= wheel


def test_nothing_else_is_in_it(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel if ".dist-info/" not in name}

    assert tops == {"solver", "service"}
