"""What was measured so far, in a scratch folder, so that an interrupted run can go on.

A measurement counts as long as the code that it measured is the same. The folder goes when the page
is written: the next run measures everything again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class Notebook:
    """Measurements by name."""

    folder: Path

    @classmethod
    def open(cls, scratch: Path, *code: Path) -> Self:
        """Of what the code in these folders and files was measured to be."""
        digest = hashlib.sha256()
        for place in code:
            for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                digest.update(file.read_bytes())
        folder = scratch / digest.hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    def noted[Note](self, name: str, kind: type[Note], measure: Callable[[], Note]) -> Note:
        """What is noted under this name, a dataclass; measured and noted where nothing is."""
        file = self.folder / f"{name}.json"
        if file.exists():
            return TypeAdapter(kind).validate_python(json.loads(file.read_text()))
        note = measure()
        columns: dict[str, Any] = asdict(note)  # type: ignore[call-overload]
        unfinished = file.with_suffix(".part")
        unfinished.write_text(json.dumps(columns))
        unfinished.rename(file)
        return note

    def close(self) -> None:
        shutil.rmtree(self.folder)
