"""What the commands do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

import typer

from service.cli.batch.calling import NOT_DONE, Document, Refused, Service, faults_of
from service.cli.batch.following import Outage, follow, once
from service.cli.batch.naming import Order, batch_of
from service.cli.batch.progress import Lines, progress_shown
from service.cli.batch.report import show_plans, what_mends
from service.cli.failure import STOPPED, Failure, plain
from service.cli.output import Table, show
from service.kit.spreadsheets import Cell

_KIND = "create_batch"
_NEWEST = 1000
_LONGEST_KEY = 255
_FOR_PROGRAMS = ("batch", "state", "plans", "finished", "failed", "started", "ended")
_FOR_PEOPLE = ("batch", "state", "plans", "failed", "began")


def run_batch(service: Service, order: Order, key: str | None, *, detach: bool) -> None:
    """Raises Failure."""
    wanted = batch_of(order)
    key = _checked(key) if key is not None else str(uuid4())
    service.get("operations", limit=1)  # who cannot be reached now is not waited for
    with progress_shown() as shows:
        try:
            batch_id = once(service, ("batches",), key, Outage(shows), wanted.body)
        except Refused as refusal:
            if not refusal.problem.get("errors"):
                raise
            raise faults_of(refusal.problem, wanted.as_typed) from refusal
        except KeyboardInterrupt:
            raise Failure(
                "stopped. If the batch was begun, the same command with "
                f"--idempotency-key {key} follows it.",
                STOPPED,
            ) from None
    _go_on(service, batch_id, detach=detach)


def retry_batch(service: Service, batch_id: str, *, detach: bool) -> None:
    """Raises Failure."""
    service.get("batches", batch_id)
    with progress_shown() as shows:
        once(service, ("batches", batch_id, "retry"), str(uuid4()), Outage(shows))
    _go_on(service, batch_id, detach=detach)


def tell_status(service: Service, batch_id: str, *, follow: bool) -> None:
    """Raises Failure."""
    told = service.get("batches", batch_id)
    if follow and not told["done"]:
        _go_on(service, batch_id, detach=False)
    else:
        _report(service, told)


def cancel_batch(service: Service, batch_id: str) -> None:
    """Raises Failure."""
    if (told := service.get("batches", batch_id))["done"]:
        raise Failure(f"There is nothing to cancel: {_in_words(told)}")
    service.post("operations", batch_id, "cancel")
    typer.echo(_in_words(service.get("batches", batch_id)), err=True)


def print_batches(service: Service) -> None:
    """Raises Failure."""
    found = service.get("operations", limit=_NEWEST)["items"]
    batches = [own for own in found if own["kind"] == _KIND]
    show(
        Table("batches", _FOR_PROGRAMS, [*map(_row, batches)]),
        Table("batches", _FOR_PEOPLE, [*map(_short_row, batches)]),
    )


def _checked(key: str) -> str:
    if not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Failure(f"--idempotency-key has 1 to {_LONGEST_KEY} visible ASCII characters.")
    return key


def _go_on(service: Service, batch_id: str, *, detach: bool) -> None:
    if detach:
        typer.echo(batch_id)
        return
    typer.echo(f"{plain(batch_id)} is under way (Ctrl-C leaves it to go on).", err=True)
    with _left_to_go_on(batch_id), progress_shown() as shows:
        told = follow(service, batch_id, shows, Outage(shows))
    _report(service, told)


@contextmanager
def _left_to_go_on(batch_id: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise Failure(
            f"{batch_id} goes on without us. To look:  fairquota batch status {batch_id}\n"
            f"To end it:  fairquota batch cancel {batch_id}",
            STOPPED,
        ) from None


def _report(service: Service, told: Document) -> None:
    """What became of each plan; raises Failure with exit code 1 where some have no version."""
    batch_id, counts = plain(told["id"]), told["progress"]
    problems = show_plans(service, told["id"], Outage(Lines()))
    said = _in_words(told)
    if told["cancelled"] or told["problem"] is not None:
        raise Failure(said, NOT_DONE)
    if told["done"] and counts["failed"]:
        again = f"{what_mends(problems)}; then:  fairquota batch retry {batch_id}"
        raise Failure(f"{said}\n{again}", NOT_DONE)
    typer.echo(said, err=True)


def _in_words(told: Document) -> str:
    counts = told["progress"]
    solved, failed = counts["finished"] - counts["failed"], counts["failed"]
    state = " was cancelled" if told["cancelled"] else f" is {_state(told)}"
    said = f"{plain(told['id'])}{state}: {solved:,} of {counts['total']:,} plans are solved"
    said += f", {failed:,} failed." if failed else "."
    return said if told["problem"] is None else f"{said} {plain(told['problem']['detail'])}"


def _row(batch: Document) -> tuple[Cell, ...]:
    counts = batch["progress"]
    numbers = (counts[name] for name in ("total", "finished", "failed"))
    return (batch["id"], _state(batch), *numbers, batch["started"], batch["ended"])


def _short_row(batch: Document) -> tuple[Cell, ...]:
    """It fits into eighty columns with its whole id."""
    counts, began = batch["progress"], datetime.fromisoformat(batch["started"]).astimezone()
    numbers = counts["total"], counts["failed"]
    return (batch["id"], _state(batch), *numbers, f"{began:%m-%d %H:%M}")


def _state(batch: Document) -> str:
    if batch["cancelled"]:
        return "cancelled"
    return "done" if batch["done"] else "under way"
