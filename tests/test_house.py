"""The import rules hold, and each of them bites.

A rule that nobody has seen fail may check nothing, so every contract of pyproject.toml is broken
once, in a copy of the tree.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


@dataclass(frozen=True, slots=True)
class Offence:
    """One import that one contract forbids."""

    contract: str
    importer: str
    imported: str

    def __str__(self) -> str:
        """As the report has it."""
        return f"{self.importer} -> {self.imported}"


OFFENCES = (
    Offence("solver-is-pure", "solver.planted", "service.planted"),
    Offence("solver-is-pure", "solver.planted", "fastapi"),
    Offence("solver-is-pure", "solver.planted", "sqlalchemy"),
    Offence("solver-is-pure", "solver.planted", "pydantic"),
    Offence("solver-is-pure", "solver.planted", "typer"),
    Offence("solver-is-pure", "solver.planted", "pandas"),
    Offence("solver-libraries-stay-in-few-modules", "solver.planted", "pulp"),
    Offence("solver-libraries-stay-in-few-modules", "solver.planted", "highspy"),
    Offence("solver-libraries-stay-in-few-modules", "solver.planted", "clarabel"),
    Offence("solver-libraries-stay-in-few-modules", "service.kit.planted", "pulp"),
    Offence("features-are-ordered", "service.kit.planted", "service.roster.planted"),
    Offence("features-are-ordered", "service.roster.planted", "service.plans.planted"),
    Offence("features-are-ordered", "service.plans.planted", "service.allocations.planted"),
    Offence("features-are-ordered", "service.allocations.planted", "service.web.planted"),
    Offence("rooms-are-ordered", "service.plans.domain", "service.plans.tables"),
    Offence("rooms-are-ordered", "service.plans.tables", "service.plans.repository"),
    Offence("rooms-are-ordered", "service.plans.repository", "service.plans.usecases"),
    Offence("rooms-are-ordered", "service.plans.usecases", "service.plans.schemas"),
    Offence("rooms-are-ordered", "service.plans.schemas", "service.plans.router"),
    Offence("allocations-are-ordered", "service.allocations.versions", "service.allocations.diff"),
    Offence("allocations-are-ordered", "service.allocations.diff", "service.allocations.imports"),
    Offence(
        "a-proof-needs-no-decisions",
        "service.allocations.versions.domain.proof",
        "service.allocations.versions.domain.deciding",
    ),
    Offence(
        "negotiations-do-not-meet", "service.negotiations.levels", "service.negotiations.events"
    ),
    Offence("domain-knows-neither-http-nor-sql", "service.plans.domain", "fastapi"),
    Offence("domain-knows-neither-http-nor-sql", "service.plans.domain", "sqlalchemy"),
    Offence("usecases-know-no-http", "service.plans.usecases", "fastapi"),
    Offence("usecases-know-no-http", "service.plans.life_cycle", "fastapi"),
)
CONTRACTS = tuple(dict.fromkeys(offence.contract for offence in OFFENCES))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages and of the rules about them."""
    for package in ("solver", "service"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own tool, our own arguments
        [LINT_IMPORTS, "--no-cache", *options],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},  # the copy, not the checkout
        capture_output=True,
        text=True,
        check=False,
    )


def module_file(tree: Path, module: str) -> Path:
    """Where a module of the copy is written; made if it is missing, with the packages above it."""
    path = tree.joinpath(*module.split("."))
    if not path.is_dir():
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    file.touch()
    return file


def plant(tree: Path, offence: Offence) -> None:
    if offence.imported.startswith("service."):
        module_file(tree, offence.imported)
    with module_file(tree, offence.importer).open("a") as source:
        source.write(f"\nimport {offence.imported}\n")


def test_the_import_rules_hold_here(tree: Path) -> None:
    answer = lint_imports(tree)

    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("contract", CONTRACTS)
def test_forbidden_imports_are_found(tree: Path, contract: str) -> None:
    offences = [offence for offence in OFFENCES if offence.contract == contract]
    for offence in offences:
        plant(tree, offence)

    answer = lint_imports(tree, "--contract", contract)

    assert answer.returncode == 1
    assert "0 kept, 1 broken" in answer.stdout
    told = " ".join(answer.stdout.split())
    assert [str(own) for own in offences if str(own) not in told] == []


def test_a_feature_without_a_place_in_the_order_is_found(tree: Path) -> None:
    module_file(tree, "service.holidays.domain")

    answer = lint_imports(tree, "--contract", "features-are-ordered")

    assert answer.returncode == 1
    assert "service.holidays" in answer.stdout


def test_every_contract_has_been_seen_to_break() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"] for contract in pyproject["tool"]["importlinter"]["contracts"]}

    assert set(CONTRACTS) == contracts
