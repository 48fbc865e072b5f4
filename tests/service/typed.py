"""The command as it is typed, in the process of the test."""

from typer.testing import CliRunner, Result

from service.cli import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def failed(result: Result, exit_code: int) -> str:
    """What was said on stderr by a command that failed as it should."""
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr
