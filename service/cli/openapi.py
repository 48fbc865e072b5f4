"""`fairquota openapi`: the API's document, generated from the app and compared with the file."""

import difflib
from pathlib import Path

import typer
import yaml

from service.cli.failure import Failure
from service.cli.output import write_bytes

DRIFTED = 1
CHECKED_IN = Path("openapi/fairquota.yaml")
_SHOWN_LINES = 40


def document() -> str:
    from service.kit.settings import Settings
    from service.main import create_app

    return yaml.dump(
        create_app(Settings()).openapi(),
        Dumper=_WithoutAliases,
        allow_unicode=True,
        sort_keys=False,
        width=100,
    )


class _WithoutAliases(yaml.SafeDumper):
    """`*id007` says nothing to readers, and each new one would rename those behind it."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def write_document(path: Path | None) -> None:
    if path is None:
        typer.echo(document(), nl=False)
    else:
        write_bytes(document().encode(), path)


def check_document(path: Path | None) -> None:
    """Raises Failure with exit code 1 and a short diff where the file is not the document."""
    path = path or _checked_in()
    try:
        written = path.read_text(encoding="utf-8")
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    lines = difflib.unified_diff(
        written.splitlines(), document().splitlines(), str(path), "the app", lineterm="", n=2
    )
    difference = list(lines)
    if difference:
        more = len(difference) - _SHOWN_LINES
        shown = difference[:_SHOWN_LINES] + ([f"… {more} lines more"] if more > 0 else [])
        raise Failure(
            "\n".join([f"{path} is not what the app says; run `make openapi`.", *shown]), DRIFTED
        )


def _checked_in() -> Path:
    beside_the_package = Path(__file__).resolve().parents[2] / CHECKED_IN
    return beside_the_package if beside_the_package.is_file() else CHECKED_IN
