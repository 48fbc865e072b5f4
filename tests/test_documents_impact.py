"""The guides to marginal impact and over-assignment show what their commands print."""

import re
import shlex
from pathlib import Path

import pytest

from tests.test_documents import ROOT, blocks, printed


@pytest.mark.parametrize("page", ["prices", "over-assignment"])
def test_the_guide_shows_what_its_commands_print(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(ROOT / "docs" / "guide" / f"{page}.md"):
        if block.language in ("csv", "yaml"):
            file = Path(re.findall(r"`(company/[\w.]+)`:", block.before)[-1])
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.content, encoding="utf-8")
        else:
            command, _, shown = block.content.removeprefix("$ ").partition("\n")
            assert printed(shlex.split(command)) == shown.splitlines()
