"""`fairquota openapi`."""

from pathlib import Path

import pytest

from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestOpenApi:
    def test_the_checked_in_document_is_what_the_app_says(self) -> None:
        result = run("openapi", "--check")

        assert result.exit_code == 0, result.stderr

    def test_a_drift_is_shown_shortly(self) -> None:
        run("openapi", "--out", "api.yaml")
        path = Path("api.yaml")
        path.write_text(path.read_text(encoding="utf-8").replace("/v1/plans:", "/v1/plan:"))

        said = failed(run("openapi", "--check", "--out", "api.yaml"), 1)

        assert "-  /v1/plan:" in said
        assert "+  /v1/plans:" in said
        assert len(said.splitlines()) < 50
