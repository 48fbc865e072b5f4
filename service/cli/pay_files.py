"""What people are paid, as a command takes it: a file of the curve, and amounts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.allocations.simulation.schemas import PayCurveBody
from service.cli.failure import Failure, listed
from service.cli.rep_files import REP, Cells, rows_of, sheet_with
from service.cli.yaml_file import read_yaml
from service.kit.documents import DocumentReader
from service.kit.errors import InvalidInput, MalformedBody
from service.kit.money import InvalidMoney, plain_text, to_minor
from service.roster.files import FileFault, FileFaults
from service.roster.files.cells import amount, key

type Document = dict[str, Any]

_AMOUNT = "target_pay"


def read_pay_curve(path: Path) -> Document:
    """The curve in a JSON or YAML file as the API takes it, its shape checked as the API does."""
    content = read_yaml(path)
    try:
        # Python's own writer says NaN, which is then refused.
        body: Document = DocumentReader(PayCurveBody).parse(json.dumps(content).encode())  # type: ignore[assignment]
    except InvalidInput as faults:
        raise listed(
            [f"{path}{fault.pointer}: {fault.detail}" for fault in faults.faults]
        ) from None
    except (MalformedBody, TypeError, ValueError) as reason:
        raise Failure(f"{path}: {reason}") from reason
    except RecursionError:
        raise Failure(f"{path}: it contains itself, or is nested too deeply.") from None
    return body


def read_target_pay(typed: str, reps: Mapping[str, int], digits: int) -> tuple[Document, int]:
    """An amount for everybody, or a file of `rep_id` and `target_pay`, as the API takes it; and
    how many in the file are no reps of the plan. Raises `FileFaults` and Failure.
    """
    try:
        if to_minor(typed, digits) < 0:
            raise Failure(f"--target-pay {typed} must be 0 or more.")
    except InvalidMoney as fault:
        path = Path(typed)
        if not path.exists():
            raise Failure(
                f"--target-pay {typed} {fault}, and no file has this name either."
            ) from None
        return _amounts(path, reps, digits)
    return {"everyone": typed}, 0


def _amounts(path: Path, reps: Mapping[str, int], digits: int) -> tuple[Document, int]:
    sheet = sheet_with(path, REP, _AMOUNT)
    faults: list[FileFault] = []
    own: dict[str, str] = {}
    strangers: set[str] = set()

    def parsed(cell: Any) -> str:
        """In minor units first, so that faults name the line."""
        minor = to_minor(amount(cell), digits)  # InvalidMoney is a ValueError
        if minor < 0:
            raise ValueError("must be 0 or more")
        return plain_text(minor, digits)

    for row, line in rows_of(sheet):
        cells = Cells(sheet, row, line, faults, tells=False)
        rep, pay = cells.read(REP, key), cells.read(_AMOUNT, parsed)
        if rep is None or pay is None:
            continue
        if rep not in reps:
            strangers.add(rep)
        elif rep in own:
            faults.append(FileFault(sheet.file, line, REP, rep, "stands twice"))
        else:
            own[rep] = pay
    if faults:
        raise FileFaults(faults)
    return {"reps": [{"rep": rep, "amount": pay} for rep, pay in own.items()]}, len(strangers)
