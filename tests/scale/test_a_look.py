"""`make release-scale` works; what it measures is in docs/guide/scaling.md."""

import pytest

from tests.scale.__main__ import main


def test_a_look_tells_of_a_batch_and_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    ended = main(["--databases", "sqlite", "--cases", "1x20"])

    said = capsys.readouterr().out
    assert ended == 0, said
    assert "| sqlite | 1 x 20 | 1 |" in said
    for step in ("inputs from Parquet", "quotas, XLSX", "publish", "export, hr-csv"):
        assert f"| sqlite | 20 | {step} |" in said
