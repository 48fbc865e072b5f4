"""`fairquota batch`: many plans solved together by a running service, which is called over HTTP.

What is typed is here. `calling` speaks to the service, `naming` says which plans are meant,
`following` waits for their end, `progress` shows it, `report` says what became of each plan, and
`commands` puts these together.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

batch = typer.Typer(
    help="Many plans solved together by a running service; FAIRQUOTA_KEY is its API key.",
    no_args_is_help=True,
)

Url = Annotated[
    str,
    typer.Option("--url", envvar="FAIRQUOTA_URL", help="Where the service is."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="File with the API key; else the environment variable FAIRQUOTA_KEY."),
]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="Its id, op_…")]
Detach = Annotated[bool, typer.Option("--detach", help="Print its id and leave it to go on.")]
HERE = "http://127.0.0.1:8000"


@batch.command()
def run(
    *,
    plan: Annotated[list[str] | None, typer.Option(help="Id of a plan; again for others.")] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--filter", metavar="NAME", help="All plans of this name; * stands for anything."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Ids, one a line, or a .json list as in the API; - reads from a pipe."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            metavar="START..END", help="Of plans of --filter; either day may be left out."
        ),
    ] = None,
    inputs: Annotated[
        Literal["as_they_stand", "rolled_forward"] | None,
        typer.Option(
            help="Roll those of the quarter before forward; else as they stand. Targets come by "
            '--file x.json: [{"plan": "plan_…", "target": 500}].'
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="For plans without one of their own, as in the API: JSON or YAML."),
    ] = None,
    then: Annotated[
        Literal["draft", "submit"] | None,
        typer.Option(help="What becomes of every version; else draft."),
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="Of a decision, such as 2027-04-09T18:00:00Z."),
    ] = None,
    note: Annotated[str | None, typer.Option(help="Of every version.")] = None,
    priority: Annotated[
        Literal["low", "normal", "high"] | None,
        typer.Option(help="Among the batches of the workspace; else normal."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Run again with the same one, it follows that batch."),
    ] = None,
    detach: Detach = False,
    url: Url = HERE,
    key_file: KeyFile = None,
) -> None:
    """Solve many plans together, each into a new version, and say what became of each.

    Ctrl-C leaves the batch to go on. Exit codes: 0 all are solved, 1 some failed,
    it was cancelled, or the service does not answer, 2 bad input, 130 Ctrl-C.
    """
    from service.cli.batch.calling import service_at
    from service.cli.batch.commands import run_batch
    from service.cli.batch.naming import Order

    said = {
        "inputs": inputs,
        "then": then,
        "deadline": deadline,
        "note": note,
        "priority": priority,
    }
    order = Order(plan or (), name, period, file, policy, said)
    run_batch(service_at(url, key_file), order, idempotency_key, detach=detach)


@batch.command()
def status(
    *,
    batch_id: BatchId,
    follow: Annotated[bool, typer.Option("--follow", help="Until it is done.")] = False,
    url: Url = HERE,
    key_file: KeyFile = None,
) -> None:
    """Say how far a batch is, and what became of its plans. Exit codes as of `run`."""
    from service.cli.batch.calling import service_at
    from service.cli.batch.commands import tell_status

    tell_status(service_at(url, key_file), batch_id, follow=follow)


@batch.command(name="list")
def list_batches(*, url: Url = HERE, key_file: KeyFile = None) -> None:
    """Print the batches among the newest 1,000 operations: yours, or as administrator all."""
    from service.cli.batch.calling import service_at
    from service.cli.batch.commands import print_batches

    print_batches(service_at(url, key_file))


@batch.command()
def cancel(*, batch_id: BatchId, url: Url = HERE, key_file: KeyFile = None) -> None:
    """End a batch: what is stored stays, and nothing more is stored."""
    from service.cli.batch.calling import service_at
    from service.cli.batch.commands import cancel_batch

    cancel_batch(service_at(url, key_file), batch_id)


@batch.command()
def retry(
    *, batch_id: BatchId, detach: Detach = False, url: Url = HERE, key_file: KeyFile = None
) -> None:
    """Solve those plans of a batch again that failed. Exit codes as of `run`."""
    from service.cli.batch.calling import service_at
    from service.cli.batch.commands import retry_batch

    retry_batch(service_at(url, key_file), batch_id, detach=detach)
