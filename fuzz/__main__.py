"""`make fuzz`: thousands of generated requests against a running server, held against its own
OpenAPI document, which is validated first.

Schemathesis makes them of the document, the same for the same seed: examples, edges of every
field, bodies drawn by chance, chains of calls that use what earlier answers said. A fault is a 5xx;
a status, header, content type or body that the document does not declare; bad input that is taken;
a call without a key, or by a method that is not documented, that is answered.

It ends with 1 where something was found, and where fewer cases ran than were asked for.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2
from openapi_spec_validator import validate

from fuzz.seeding import Seeded, seed
from fuzz.serving import new_database, new_key, serving

_HERE = Path(__file__).parent
_BESIDE_PYTHON = Path(sys.executable).parent


def main() -> int:
    asked = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="fairquota-fuzz-") as folder,
        new_database(asked.database, Path(folder)) as settings,
    ):
        key = new_key(settings)
        with serving(settings) as address:
            # Made at its first request, which takes seconds on a busy machine.
            validate(httpx2.get(f"{address}/openapi.json", timeout=60).json())
            _write_config(Path(folder), seed(address, key))
            _call(address, key, Path(folder), asked)
        return _tell(Path(folder) / "report.json", asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--examples", type=int, default=5, help="drawn bodies for each operation")
    parser.add_argument("--at-least", type=int, default=5000, help="how many cases have to run")
    parser.add_argument("more", nargs="*", help="after --, options for `st run`")
    return parser.parse_args()


def _write_config(folder: Path, seeded: Seeded) -> None:
    """The settings of the run, and the ids that it asks for, one quoted text a line."""
    shutil.copy(_HERE / "schemathesis.toml", folder)
    for name in ("plans", "requests", "events"):
        lines = (json.dumps(entry) + "\n" for entry in getattr(seeded, name))
        (folder / f"{name}.txt").write_text("".join(lines))


def _call(address: str, key: str, folder: Path, asked: argparse.Namespace) -> None:
    command: list[str | Path] = [
        _BESIDE_PYTHON / "st",
        "--config-file",
        "schemathesis.toml",
        "run",
        f"{address}/openapi.json",
        f"--seed={asked.seed}",
        f"--max-examples={asked.examples}",
        "--report-json-path=report.json",
        *asked.more,
    ]
    subprocess.run(command, cwd=folder, env={"FUZZ_KEY": key}, check=False)  # noqa: S603 - our own


def _tell(report: Path, asked: argparse.Namespace) -> int:
    """What came out, in one line; the exit code."""
    if not report.exists():
        return 1  # it has said why it could not begin
    found: dict[str, Any] = json.loads(report.read_text())
    cases, failures = found["test_cases"]["generated"], found["test_cases"]["unique_failures"]
    print(
        f"{cases:,} cases in {found['running_time']:.0f} s on {asked.database}, "
        f"seed {asked.seed}: {failures} failures, {len(found['errors'])} errors"
    )
    if cases < asked.at_least:
        print(f"fewer than {asked.at_least:,} cases ran", file=sys.stderr)
        return 1
    return int(found["exit_code"])


if __name__ == "__main__":
    sys.exit(main())
