"""Guides say nothing of databases: each is read once, beside SQLite."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def owners_url(sqlite_template: Path, tmp_path: Path) -> str:
    shutil.copy(sqlite_template, tmp_path / "guide.db")
    return f"sqlite:///{tmp_path / 'guide.db'}"
