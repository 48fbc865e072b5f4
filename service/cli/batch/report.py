"""What became of the plans of a batch: all of them for programs, what failed for people."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import typer

from service.cli.batch.calling import Document, Refused, Service
from service.cli.batch.following import Outage
from service.cli.failure import plain
from service.cli.output import Table, on_a_terminal, show
from service.cli.words import changes_in_words
from service.kit.spreadsheets import Cell

_PAGE: Final = 1000
_SHOWN: Final = 100
"""Failures on a terminal."""
_LOGGED: Final = 500
"""From here on the log tells more than a problem does, under its request id."""
_NO_TARGET: Final = "/roll_forward/target"
"""Where inputs that are rolled forward lack one, which `retry` cannot give."""
_TOLD: Final = 3
"""Faults of one plan, or changes that mend it, in its sentence."""


def show_plans(service: Service, batch_id: str, outage: Outage) -> Sequence[Document]:
    """Answers the problems of those that failed. Raises Failure."""
    if not on_a_terminal():
        items = [*_items(service, batch_id, outage)]
        rows = [*map(_row, items)]
        show(Table("plans", ("plan", "state", "version", "problem", "detail"), rows))
        return [item["problem"] for item in items if item["problem"] is not None]
    failing = _items(service, batch_id, outage, failed=True)
    failed = [item for item in failing if item["problem"] is not None]
    drawn = [
        (plain(_called(service, item["plan"])), plain(_sentence(item["problem"]) or ""))
        for item in failed[:_SHOWN]
    ]
    if drawn:
        show(Table("failed", ("plan", "why it failed"), drawn))
    if len(failed) > _SHOWN:
        rest = f"… and {len(failed) - _SHOWN:,} more: fairquota batch status {batch_id} | cat"
        typer.echo(rest, err=True)
    return [item["problem"] for item in failed]


def what_mends(problems: Sequence[Document]) -> str:
    """What is to be done before their plans are tried again."""
    if any(_wants_a_target(problem) for problem in problems):
        return "Mend what they say, targets by POST /v1/plans/{plan}/inputs/roll-forward"
    return "Mend what they say"


def _wants_a_target(problem: Document) -> bool:
    return any(fault.get("pointer") == _NO_TARGET for fault in problem.get("errors") or ())


def _items(service: Service, batch_id: str, outage: Outage, **query: object) -> Iterator[Document]:
    asked: dict[str, object] = {"limit": _PAGE, **query}
    while True:
        page = outage.outlast(lambda: service.get("batches", batch_id, "items", **asked))
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]


def _row(item: Mapping[str, Any]) -> tuple[Cell, ...]:
    problem = item["problem"]
    kind = None if problem is None else problem["type"].rpartition("/")[2]
    return (item["plan"], state_of(item), item["version"], kind, _sentence(problem))


def state_of(item: Mapping[str, Any]) -> str:
    if item["cancelled"]:
        return "cancelled"
    if not item["done"]:
        return "waiting"
    return "failed" if item["version"] is None else "solved"


def _sentence(problem: Mapping[str, Any] | None) -> str | None:
    """What it says, with the first of its faults, and what would mend rules that conflict."""
    if problem is None:
        return None
    if faults := problem.get("errors") or []:
        told = [f"{(own.get('pointer') or '').lstrip('/')}: {own['detail']}" for own in faults]
        return f"{problem['title']} {_first_of(told, problem.get('more') or 0)}"
    said = f"{problem['title']} {problem['detail']}"
    if changes := [*changes_in_words(problem.get("relaxation") or [])]:
        return f"{said} The smallest change that mends it: {_first_of(changes)}."
    return f"{said} ({problem['request_id']})" if problem["status"] >= _LOGGED else said


def _first_of(told: Sequence[str], more: int = 0) -> str:
    left_out = len(told) - _TOLD + more
    rest = [f"and {left_out:,} more"] if left_out > 0 else []
    return "; ".join([*told[:_TOLD], *rest])


def _called(service: Service, plan: str) -> str:
    """`BU West (plan_…)`, or the id alone where it has no name any more."""
    with suppress(Refused):
        return f"{service.get('plans', plan)['name']} ({plan})"
    return plan
