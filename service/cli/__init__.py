"""The command line: parse, call one function, print.

What a command does stands in its own module, imported when the command runs: `--help` must not pay
for numpy, SQLAlchemy and FastAPI. Tables go to stdout (tab-separated into a pipe), everything said
to the person at the keyboard to stderr. Exit codes: 0 done, 1 the check failed, 2 bad input,
3 the rules cannot all hold, 4 no plan in the time given or none that can be trusted, 130 Ctrl-C.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from service.cli.batch import batch
from service.cli.failure import Failure
from service.kit.cycles import look_for_cycles_rarely


class _Commands(TyperGroup):
    """Commands whose failures are sentences, never tracebacks."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            typer.echo(f"fairquota: {failure}", err=True)
            raise typer.Exit(failure.exit_code) from failure
        except typer.BadParameter as wrong:
            wrong.message = wrong.message.removeprefix("Value error, ")  # as pydantic begins it
            raise


app = typer.Typer(
    name="fairquota",
    cls=_Commands,
    help="Split a sales target into quotas whose extra effort is as even as the rules allow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
database = typer.Typer(help="The database.", no_args_is_help=True)
keys = typer.Typer(help="API keys.", no_args_is_help=True)
workspaces = typer.Typer(help="Workspaces (tenants).", no_args_is_help=True)
app.add_typer(batch, name="batch")
app.add_typer(database, name="db")
app.add_typer(keys, name="keys")
app.add_typer(workspaces, name="workspaces")

Host = Annotated[
    str | None, typer.Option(help="Address to listen on; FAIRQUOTA_HOST, else 127.0.0.1.")
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port; FAIRQUOTA_PORT, else 8000; 0 takes a free one."),
]
Target = Annotated[
    str | None,
    typer.Option(help="The company's target, such as 1080000; without, a file of targets."),
]
PolicyFile = Annotated[Path | None, typer.Option(help="Policy as in the API, a JSON or YAML file.")]
Currency = Annotated[str, typer.Option(help="ISO 4217 code.")]
Increment = Annotated[str | None, typer.Option(help="Round quotas to multiples of this amount.")]


@app.command()
def demo(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of the demo's database; delete it to begin afresh.")
    ] = Path(".demo"),
    host: Host = None,
    port: Port = None,
) -> None:
    """Load the example companies, solve and publish a plan for each, and serve them."""
    from service.cli.demo import run_demo

    run_demo(data, host=host, port=port)


@app.command()
def serve(*, host: Host = None, port: Port = None) -> None:
    """Serve the API and the pages until Ctrl-C.

    A SQLite database is brought up to date by itself; PostgreSQL wants `fairquota db upgrade`.
    """
    from service.cli.serve import run_service

    run_service(host=host, port=port)


@app.command()
def worker(
    *,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="How many; left out: one for each core.")
    ] = None,
) -> None:
    """Carry out what takes long, for services with the same database, until Ctrl-C."""
    from service.cli.worker import run_workers

    run_workers(processes=processes)


@app.command()
def allocate(
    *,
    source: Annotated[
        Path, typer.Argument(help="Folder of reps, territories, history and units files, or XLSX.")
    ],
    target: Target = None,
    policy: PolicyFile = None,
    currency: Currency = "USD",
    increment: Increment = None,
    period: Annotated[
        str | None,
        typer.Option(
            metavar="START..END",
            help="First and last day of the plan; else the twelve months after the last history.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds for the plan and its prices; else as it takes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write .csv, .xlsx, .parquet or .json, not a table.")
    ] = None,
) -> None:
    """Split a target over the reps of a folder of files, without a server.

    Exit codes: 0 done, 2 bad input, 3 the rules cannot all hold, 4 no plan in the time given or
    none that can be trusted, 130 Ctrl-C.
    """
    from service.cli.allocate import Order, allocate_files

    seconds = float("inf") if time_limit is None else time_limit
    allocate_files(Order(source, target, policy, currency, increment, period, seconds), out)


@app.command()
def check(
    *,
    source: Annotated[Path, typer.Argument(help="Folder of files as for allocate, or XLSX.")],
    target: Annotated[
        str | None, typer.Option(help="The company's target; not needed to check the rest.")
    ] = None,
    currency: Currency = "USD",
    period: Annotated[
        str | None, typer.Option(metavar="START..END", help="First and last day of the plan.")
    ] = None,
    good_rows_only: Annotated[
        bool, typer.Option(help="Leave out rows that cannot be read, and what depends on them.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the report as .json beside the table.")
    ] = None,
) -> None:
    """List every row of files that is refused, or read otherwise than it stands there.

    Exit codes: 0 the files can be read, 2 they are refused.
    """
    from service.cli.check import Question, check_files

    check_files(Question(source, target, currency, period, good_rows_only), out)


@app.command()
def backtest(
    *,
    source: Annotated[
        Path, typer.Argument(help="Folder as for allocate, with past `quotas` if you have them.")
    ],
    policy: PolicyFile = None,
    currency: Currency = "USD",
    months: Annotated[
        int | None, typer.Option(help="Length of a window, counted back from the last history.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            metavar="START..END",
            help="Windows are as long as this period and counted back from its start.",
        ),
    ] = None,
    origins: Annotated[
        int | None, typer.Option(help="At most so many windows; else all of the history.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds for the comparison; else as it takes.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a .csv or .json file, no table.")] = None,
) -> None:
    """Compare ways of setting quotas on the past of a folder: which came nearest?

    At each past window every method splits the same total by what was known before.
    """
    from service.cli.backtest import Question, backtest_files

    seconds = float("inf") if time_limit is None else time_limit
    question = Question(source, policy, currency, period, months, origins, seconds)
    backtest_files(question, out)


@app.command()
def simulate(
    *,
    source: Annotated[Path, typer.Argument(help="Folder or .xlsx as for allocate.")],
    target: Target = None,
    draws: Annotated[int, typer.Option(help="Years to draw.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same years.")] = 1,
    pay_curve: Annotated[
        Path | None, typer.Option(help="Pay curve as in the API, a JSON or YAML file.")
    ] = None,
    target_pay: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT|FILE", help="For everybody, or a file: rep_id, target_pay."),
    ] = None,
    policy: PolicyFile = None,
    currency: Currency = "USD",
    increment: Increment = None,
    period: Annotated[
        str | None,
        typer.Option(metavar="START..END", help="First and last day of the plan."),
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds for the plan, and for the draws.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the reps as .csv, or everything as .json.")
    ] = None,
) -> None:
    """Draw years of sales around the plan of a folder: who attains, what is sold, what is paid.

    Exit codes: 0 done, 2 bad input, 3 the rules cannot all hold, 4 not done in the time given.
    """
    from service.cli.allocate import Order
    from service.cli.simulate import Question, simulate_files

    seconds = float("inf") if time_limit is None else time_limit
    order = Order(source, target, policy, currency, increment, period, seconds)
    simulate_files(Question(order, draws, seed, pay_curve, target_pay), out)


@app.command()
def verify(
    *,
    file: Annotated[Path, typer.Argument(help="A version's certificate, or allocate's .json.")],
    head: Annotated[
        str | None,
        typer.Option(metavar="sha256:…", help="The hash that you know it by, as publishing said."),
    ] = None,
    parent: Annotated[
        list[Path] | None,
        typer.Option(help="Certificate of the version it was made of; again for that one's own."),
    ] = None,
) -> None:
    """Check a plan from its own numbers, offline: unchanged, sums, limits, evenness.

    Exit codes: 0 it holds, 1 it does not, and which check failed, 2 the file cannot be read.
    """
    from service.cli.verify import verify_file

    verify_file(file, head=head, parents=parent or ())


@app.command()
def fairness(
    *,
    file: Annotated[Path, typer.Argument(help="A version's certificate, or allocate's .json.")],
    data: Annotated[
        Path | None,
        typer.Option(help="The plan's folder or .xlsx: sales, potential and hiring before it."),
    ] = None,
    actuals: Annotated[
        Path | None,
        typer.Option(help="Sales of the plan's period: rep_id, actual, and period if by month."),
    ] = None,
    cohorts: Annotated[
        Path | None,
        typer.Option(help="Groups to compare: rep_id and a column per attribute. Kept nowhere."),
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=EDGES", help="Bands of a number, such as birth_year=1970,1980."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a .json file as well.")] = None,
) -> None:
    """Say how even a plan is, and for whom it is harder; with --cohorts, compare groups."""
    from service.cli.fairness import Order, report_fairness

    report_fairness(Order(file, data, actuals, cohorts, tuple(band or ())), out)


@app.command()
def openapi(
    *,
    check: Annotated[bool, typer.Option("--check", help="Compare with the file instead.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write this file, not stdout.")] = None,
) -> None:
    """Print the OpenAPI document of the API."""
    from service.cli.openapi import check_document, write_document

    if check:
        check_document(out)
    else:
        write_document(out)


@database.command()
def upgrade() -> None:
    """Bring the tables of the database that FAIRQUOTA_DATABASE_URL names up to date.

    On PostgreSQL as their owner; FAIRQUOTA_SERVICE_ROLE names the role that the service works as,
    which is given what it needs. With SQLite `serve` does it by itself.
    """
    from service.cli.administration import upgrade_database

    upgrade_database()


@database.command("verify")
def verify_all() -> None:
    """Check everything that is stored for ever: every version, its inputs, its trail.

    Exit codes: 0 it holds, 1 it does not, and what was changed, 2 the database cannot be used.
    """
    from service.cli.verify_database import verify_database

    verify_database()


Of = Annotated[
    str | None, typer.Option("--workspace", help="Id of the workspace; else the default one.")
]


@keys.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "administrator",
    role: Annotated[
        str,
        typer.Option(help="admin, planner, manager, rep, hr, auditor or integration."),
    ] = "admin",
    unit: Annotated[str | None, typer.Option(help="A manager's unit, by its id.")] = None,
    rep: Annotated[
        str | None,
        typer.Option(help="Which rep a rep is, by its id; or a manager who carries a quota, too."),
    ] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Whose key it is: the subject at the identity provider, or any name."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="DATE", help="From then on it opens nothing.")
    ] = None,
    workspace: Of = None,
) -> None:
    """Make an API key and print it; it is stored hashed and cannot be shown again."""
    from service.cli.keys import Wanted, make_key

    make_key(Wanted(name, role, unit, rep, person, expires, workspace))


@keys.command(name="list")
def list_keys(*, workspace: Of = None) -> None:
    """Print all keys but for their texts, oldest first."""
    from service.cli.keys import list_keys as print_keys

    print_keys(workspace)


@keys.command()
def revoke(
    *, key: Annotated[str, typer.Argument(help="Its id, key_…")], workspace: Of = None
) -> None:
    """Revoke a key: from the next call on it opens nothing."""
    from service.cli.keys import end_key

    end_key(key, workspace)


@workspaces.command(name="create")
def create_workspace(*, name: Annotated[str, typer.Argument(help="What people call it.")]) -> None:
    """Make a workspace, of which nothing is seen from another, and print its id."""
    from service.cli.keys import make_workspace

    make_workspace(name)


@workspaces.command(name="list")
def list_workspaces() -> None:
    """Print all workspaces."""
    from service.cli.keys import list_workspaces as print_workspaces

    print_workspaces()


def main() -> None:
    # Nothing here multiplies matrices that are worth a second thread. Threads that wait for a turn
    # on busy cores made the smoothing of a company's total five times slower. Read by numpy and
    # scipy when they are loaded, which is later.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    look_for_cycles_rarely()
    app()
