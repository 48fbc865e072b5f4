"""What no command should pay for, and how the command is started."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("own_folder")


class TestHelp:
    def test_is_quick_for_it_imports_nothing_heavy(self) -> None:
        heavy = (
            "numpy", "sqlalchemy", "fastapi", "pydantic", "scipy", "pulp", "openpyxl", "xlsxwriter",
        )  # fmt: skip
        program = (
            "import sys; from typer.testing import CliRunner; from service.cli import app; "
            "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
            f"print([name for name in {heavy} if name in sys.modules])"
        )

        found = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )

        assert found.stdout.strip() == "[]"

    def test_commands_that_need_no_database_do_not_pay_for_one(self) -> None:
        program = (
            "import sys; import service.cli.allocate, service.cli.batch.commands, "
            "service.cli.check, service.cli.verify; "
            "print([name for name in ('fastapi', 'sqlalchemy') if name in sys.modules])"
        )

        found = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )

        assert found.stdout.strip() == "[]"

    def test_python_m_service_is_the_same(self) -> None:
        found = subprocess.run(
            [sys.executable, "-m", "service", "--help"], check=True, capture_output=True, text=True
        )

        assert "allocate" in found.stdout


@pytest.mark.parametrize(("told", "threads"), [(None, "1"), ("2", "2")])
def test_sums_take_one_thread_where_nobody_says_otherwise(
    told: str | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is settled before anything reads it."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", told)
    script = (
        "import atexit, os, sys\n"
        "from service.cli import main\n"
        "assert 'numpy' not in sys.modules\n"
        "atexit.register(lambda: print(os.environ['OPENBLAS_NUM_THREADS']))\n"
        "sys.argv = ['fairquota', '--help']\n"
        "main()\n"
    )

    said = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", script], check=True, capture_output=True
    )

    assert said.stdout.decode().splitlines()[-1] == threads
