"""`fairquota check`: every row of files that is refused, or read otherwise than it stands there.

A table to stdout, sentences to stderr. Nothing is solved, so a target is not needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import typer

from service.cli.allocate import Order, terms_of
from service.cli.failure import Failure, plain
from service.cli.output import Table, show, write_bytes
from service.roster.files import FileFault, FileFaults, FileInputs, read_files

_COLUMNS = ("file", "line", "column", "value", "found", "detail")


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line says, as it was typed."""

    source: Path
    target: str | None = None
    """None: a file of targets tells it, if there is one."""
    currency: str = "USD"
    period: str | None = None
    good_rows_only: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    refused: Sequence[FileFault]
    read: FileInputs | None
    """What can be read, where rows are refused without them; None where nothing can."""

    @property
    def repaired(self) -> Sequence[FileFault]:
        return () if self.read is None else self.read.repaired

    @property
    def notes(self) -> Sequence[str]:
        return () if self.read is None else self.read.notes


def check_files(question: Question, out: Path | None) -> None:
    """Raises Failure where the files cannot be read as they are: exit code 2."""
    if out is not None and out.suffix.lower() != ".json":
        raise Failure(f"--out takes a file that ends in .json; {out} does not.")
    found = _look(question)
    if found.refused or found.repaired:
        show(_table(found))
    for note in found.notes:
        typer.echo(plain(note), err=True)
    if out is not None:
        write_bytes(orjson.dumps(_document(found), option=orjson.OPT_INDENT_2), out)
        typer.echo(f"Written to {out}.", err=True)
    said = _in_one_sentence(found, question)
    if found.refused and (found.read is None or not question.good_rows_only):
        raise Failure(said)
    typer.echo(said, err=True)


def _look(question: Question) -> _Found:
    terms = terms_of(
        Order(
            question.source,
            target=question.target,
            currency=question.currency,
            period=question.period,
        )
    )
    read = partial(
        read_files,
        question.source,
        target=question.target,
        digits=terms.digits,
        start=terms.period[0] if terms.period else None,
        period=terms.period,
        with_quotas=True,
        any_target=True,
    )
    try:
        return _Found((), read())
    except FileFaults as faults:
        refused = faults.faults
    try:
        rest = read(good_rows_only=True)
    except FileFaults as faults:
        return _Found(faults.faults if question.good_rows_only else refused, None)
    return _Found(rest.left_out if question.good_rows_only else refused, rest)


def _table(found: _Found) -> Table:
    rows = [(fault, "refused") for fault in found.refused]
    rows += [(note, "repaired") for note in found.repaired]
    rows.sort(key=lambda row: (row[0].file, row[0].line or 0))
    return Table(
        "check",
        _COLUMNS,
        [
            (
                plain(own.file),
                own.line,
                own.column and plain(own.column),
                own.value and plain(own.value),
                what,
                plain(own.reason),
            )
            for own, what in rows
        ],
    )


def _document(found: _Found) -> dict[str, Any]:
    """Named as in the API's answer to files that are sent."""
    return {
        "counts": found.read and dict(found.read.inputs.counts),
        "notes": [*found.notes],
        "repaired": [note.as_json() for note in found.repaired],
        "refused": [fault.as_json() for fault in found.refused],
    }


def _in_one_sentence(found: _Found, question: Question) -> str:
    refused, repaired = _counted(found.refused, "fault"), _counted(found.repaired, "place")
    if found.read is None:
        return f"{question.source} cannot be read: {refused}."
    counts = ", ".join(f"{name} {count:,}" for name, count in found.read.inputs.counts.items())
    otherwise = f" Read otherwise than written: {repaired}." if found.repaired else ""
    if not found.refused:
        return f"{question.source} can be read: {counts}.{otherwise}"
    if question.good_rows_only:
        return f"{question.source} without what is refused ({refused}): {counts}.{otherwise}"
    return (
        f"{question.source} is refused: {refused}.{otherwise} "
        f"With --good-rows-only there would be left: {counts}."
    )


def _counted(found: Sequence[FileFault], noun: str) -> str:
    return f"{len(found):,} {noun}{'' if len(found) == 1 else 's'}"
