"""What is installed is what pyproject.toml declares, pinned and hashed, from wherever one likes."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PINNED = sorted((ROOT / "requirements").glob("*.txt"))


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def group(name: str) -> list[Requirement]:
    """A dependency group, with the groups that it includes."""
    found: list[Requirement] = []
    for entry in pyproject()["dependency-groups"][name]:
        if isinstance(entry, dict):
            found += group(entry["include-group"])
        else:
            found.append(Requirement(entry))
    return found


def pins(file: str) -> dict[str, str]:
    """Package to version, as one file of requirements/ pins them."""
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)", text, flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def declared() -> dict[str, list[Requirement]]:
    runtime = [Requirement(line) for line in pyproject()["project"]["dependencies"]]
    extras = pyproject()["project"]["optional-dependencies"]
    otel = [Requirement(line) for line in extras["otel"]]
    return {
        "runtime.txt": runtime,
        "otel.txt": runtime + otel,
        "dev.txt": runtime + group("dev"),
        "bench.txt": runtime + group("bench"),
        "fuzz.txt": runtime + group("fuzz"),
        "client.txt": group("client"),
        "build.txt": group("build"),
        "uv.txt": group("uv"),
    }


@pytest.mark.parametrize("file", declared())
def test_every_declared_dependency_is_pinned_within_its_range(file: str) -> None:
    pinned = pins(file)

    for requirement in declared()[file]:
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not pinned: run `make requirements`"
        assert version in requirement.specifier, f"{requirement} is pinned to {version}"


def test_tests_and_benchmarks_run_on_the_versions_that_are_shipped() -> None:
    assert pins("runtime.txt").items() <= pins("otel.txt").items()
    assert pins("otel.txt").items() <= pins("dev.txt").items()
    assert pins("runtime.txt").items() <= pins("bench.txt").items()
    assert pins("runtime.txt").items() <= pins("fuzz.txt").items()
    assert pins("build.txt").items() <= pins("dev.txt").items()


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
class TestPinnedFile:
    def test_names_no_host(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")

        assert "://" not in text
        assert "index-url" not in text

    def test_has_a_hash_for_every_package(self, path: Path) -> None:
        text = re.sub(r"\\\n", "", path.read_text(encoding="utf-8"))
        entries = [line for line in text.splitlines() if re.match(r"[\w.-]+", line)]

        assert entries
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_there_is_one_set_of_pins() -> None:
    assert not (ROOT / "uv.lock").exists()
