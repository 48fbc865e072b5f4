"""Which plans a batch is about, as they were typed or stand in a file."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from service.cli.batch.calling import Document
from service.cli.failure import Failure

_PLACE: Final = re.compile(r"/(?:plans|items)/(\d+)(?:/plan)?")
_PIPE: Final = Path("-")
_OPTIONS: Final = {
    "/filter/name": "--filter",
    "/filter/period": "--period",
    "/note": "--note",
    "/deadline": "--deadline",
}
_ID: Final = re.compile(r"plan_\w+", re.ASCII)
_OF_ROLLING: Final = ("from", "target", "targets")
_SHOWN: Final = 80
"""Characters of something that is no id."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks, as it was typed."""

    plans: Sequence[str]
    filter: str | None
    period: str | None
    file: Path | None
    policy: Path | None
    said: Mapping[str, str | None]
    """Of all plans, as the API has it."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent, and where each of its plans was named."""

    body: Document
    places: Sequence[str] = ()
    policy: Path | None = None

    def as_typed(self, fault: Document) -> str:
        """What the service finds wrong, by the words that were typed."""
        pointer, detail = fault.get("pointer") or "", fault["detail"]
        for sent, typed in _OPTIONS.items():
            if pointer.startswith(sent):
                pointer = typed
        if self.policy is not None and pointer.startswith("/policy"):
            pointer = f"{self.policy}{pointer.removeprefix('/policy')}"
        return _PLACE.sub(lambda found: self.places[int(found[1])], f"{pointer}: {detail}")


def batch_of(order: Order) -> Batch:
    """Raises Failure for what was typed, or stands in a file, wrongly."""
    body: Document = {}
    named = [*_typed(order.plans), *_in_file(order.file)]
    _check_ids(named)
    _check_said(order, named)
    if order.filter is not None:
        if named or order.file is not None:
            raise Failure("--filter names all plans there are: leave --plan and --file out.")
        body["filter"] = {"name": order.filter} | _period(order.period)
    elif order.period is not None:
        raise Failure("--period goes with --filter, and with no other way to name plans.")
    elif not named:
        raise Failure(
            "Which plans? Name them by --plan, --file or --filter."
            if order.file is None
            else f"{order.file} names no plan."
        )
    elif all(item.keys() == {"plan"} for _, item in named):
        body["plans"] = [item["plan"] for _, item in named]
    else:
        body["items"] = [item for _, item in named]
    if order.policy is not None:
        from service.cli.policy_file import read_policy  # takes longer than all the rest

        body["policy"] = read_policy(order.policy)
    body |= {name: value for name, value in order.said.items() if value is not None}
    return Batch(body, [place for place, _ in named], order.policy)


def _check_ids(named: Sequence[tuple[str, Document]]) -> None:
    for place, item in named:
        if isinstance(item["plan"], str) and not _ID.fullmatch(item["plan"]):
            raise Failure(
                f"{place} is no id. Plans are named by their ids, plan_…, in a file one a line and "
                "nothing else on it; --filter takes names."
            )


def _check_said(order: Order, named: Sequence[tuple[str, Document]]) -> None:
    """What the service would refuse by the words of its JSON."""
    deadline = order.said.get("deadline")
    if deadline is not None and order.said.get("then") != "submit":
        raise Failure("--deadline is for what is submitted: add --then submit.")
    if deadline is not None and not _is_moment(deadline):
        raise Failure(
            f"--deadline {deadline} is no moment with its offset from UTC, such as "
            "2027-04-09T18:00:00Z or 2027-04-09T18:00:00+02:00."
        )
    if order.said.get("inputs") != "rolled_forward":
        for place, item in named:
            if found := [name for name in _OF_ROLLING if item.get(name) is not None]:
                raise Failure(
                    f"{place} has a `{found[0]}`, which is for inputs that are rolled forward: add "
                    "--inputs rolled_forward."
                )


def _is_moment(typed: str) -> bool:
    try:
        return datetime.fromisoformat(typed).tzinfo is not None
    except ValueError:
        return False


def _period(typed: str | None) -> Document:
    """`2027-04-01..2027-06-30`, of which either day may be left out."""
    if typed is None:
        return {}
    start, dots, end = typed.partition("..")
    days = {name: day for name, day in (("start", start), ("end", end)) if day}
    if not dots or not days:
        raise Failure(f"--period {typed} is not of the form 2027-04-01..2027-06-30.")
    return {"period": days}


def _typed(plans: Sequence[str]) -> Iterator[tuple[str, Document]]:
    for plan in plans:
        yield f"--plan {plan[:_SHOWN]}", {"plan": plan}


def _in_file(path: Path | None) -> Iterator[tuple[str, Document]]:
    if path is None:
        return
    name, text = "stdin" if path == _PIPE else str(path), _text(path)
    if path.suffix.lower() == ".json":
        yield from _in_json(path, text)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if (plan := line.strip()) and not plan.startswith("#"):
            yield f"{name}, line {number} ({plan[:_SHOWN]})", {"plan": plan}


def _in_json(path: Path, text: str) -> Iterator[tuple[str, Document]]:
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is no JSON: {reason}.") from None
    if not isinstance(rows, list):
        raise Failure(f'{path} is no list: write ["plan_…"] or [{{"plan": "plan_…"}}].')
    for number, row in enumerate(rows, start=1):
        item = {"plan": row} if isinstance(row, str) else row
        if not isinstance(item, dict) or "plan" not in item:
            raise Failure(f"{path}, entry {number}: is neither an id nor an object with a `plan`.")
        yield f"{path}, entry {number} ({str(item['plan'])[:_SHOWN]})", item


def _text(path: Path) -> str:
    """`-` is what comes by a pipe."""
    try:
        raw = sys.stdin.buffer.read() if path == _PIPE else path.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except UnicodeError as reason:
        raise Failure(f"{path} is no UTF-8: {reason}.") from reason
