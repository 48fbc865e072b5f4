"""`make client`: a client generated of the OpenAPI document goes through a season.

openapi-python-client makes it of openapi/fairquota.yaml; a warning is a fault of the document.
mypy reads `season.py` and what it uses of the client, strictly: two things of one name, and answers
of no type, show here. Then the season is played with a running server.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz.serving import new_database, new_key, serving

_HERE = Path(__file__).parent
_DOCUMENT = _HERE.parent / "openapi" / "fairquota.yaml"
_CALLERS = _HERE.parent / ".venv-client" / "bin"
_SEASON = _HERE / "season.py"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m client", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairquota-client-") as name:
        folder = Path(name)
        made = folder / "made"
        made.mkdir()
        _generate(made / "fairquota_client")
        _check_types(made)
        with new_database(asked.database, folder) as settings:
            key = new_key(settings)
            with serving(settings) as address:
                _play(made, address, key)
    return 0


def _generate(client: Path) -> None:
    command: list[str | Path] = [
        _CALLERS / "openapi-python-client",
        "generate",
        f"--path={_DOCUMENT}",
        "--meta=none",
        f"--output-path={client}",
        "--fail-on-warning",
    ]
    _run(command, PATH=f"{_CALLERS}{os.pathsep}{os.environ['PATH']}")  # it formats by its own ruff


def _check_types(made: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        f"--python-executable={_CALLERS / 'python'}",
        f"--cache-dir={made.parent / 'mypy'}",
        "--no-warn-unused-configs",
        _SEASON,
    ]
    _run(command, MYPYPATH=str(made))


def _play(made: Path, address: str, key: str) -> None:
    _run([_CALLERS / "python", _SEASON, address], PYTHONPATH=str(made), FAIRQUOTA_KEY=key)


def _run(command: list[str | Path], **more: str) -> None:
    subprocess.run(command, env=os.environ | more, check=True)  # noqa: S603 - our own command


if __name__ == "__main__":
    sys.exit(main())
