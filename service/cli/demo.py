"""`fairquota demo`: the example companies, one solved and published plan for each, served.

The database lies in the folder of --data. What is already there is not made again, so the second
run starts at once; a plan that an interrupted run left half made is completed.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import typer
import yaml
from sqlalchemy.orm import Session

from service.allocations.publishing.usecases import publish
from service.allocations.versions.usecases.solving import Order, solve_version
from service.cli.database import in_words, opened, read_settings
from service.cli.failure import Failure
from service.cli.policy_file import policy_of
from service.cli.serve import address_of, answer, listening
from service.kit.auth import DEFAULT_WORKSPACE, Caller, Role
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.money import minor_digits, to_minor
from service.kit.pages import MAX_LIMIT, PageRequest
from service.kit.resources import examples_folder
from service.kit.settings import Settings
from service.plans import life_cycle
from service.plans.domain import VersionStatus
from service.plans.inputs import put_inputs
from service.plans.repository import Plans, PlanVersions
from service.plans.steps import VersionStep
from service.plans.usecases import create_plan
from service.roster.files import read_files

DEMO = Caller(DEFAULT_WORKSPACE, Role.ADMIN, "demo", "demo")


NOTES: Final = {
    "real": "real example data",
    "fictional": "fictional example data",
    "synthetic": "synthetic example data",
}
"""What every version of an example says about its data; the pages know it in Chinese, too."""


@dataclass(frozen=True, slots=True)
class Example:
    """A bundled company: a folder of files, and what its plan.yaml says."""

    folder: Path
    name: str
    kind: str
    """`real`, `fictional` or `synthetic`."""
    currency: str
    increment: str
    period: tuple[date, date]
    target: str
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demo has to show for an example."""

    example: Example
    plan_id: str
    version: int


def run_demo(data: Path, *, host: str | None, port: int | None) -> None:
    settings = _settings(data, host, port)
    with listening(settings) as listener:
        with opened(settings) as database, in_words(settings):
            own = database.of(DEFAULT_WORKSPACE)
            shown = [_load(own, example) for example in read_examples(examples_folder())]
        _tell(address_of(listener), shown, data)
        answer(settings, listener)


def _settings(data: Path, host: str | None, port: int | None) -> Settings:
    """The demo's own database, without keys: it listens on this machine only."""
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise Failure(f"{data} cannot be used: {reason.strerror or reason}.") from reason
    own = {
        "database_url": f"sqlite:///{data.resolve() / 'fairquota.db'}",
        "access": "local",
        "log_format": "text",
        "log_level": "warning",
    }
    return read_settings(host=host, port=port).model_copy(update=own)


def read_examples(folder: Path) -> list[Example]:
    """Every folder with a plan.yaml, by name."""
    return [_read_example(found.parent) for found in sorted(folder.glob("*/plan.yaml"))]


def _read_example(folder: Path) -> Example:
    said: Mapping[str, Any] = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    start, end = (date.fromisoformat(said["period"][day]) for day in ("start", "end"))
    return Example(
        folder=folder,
        name=said["name"]["en"],
        kind=said["kind"],
        currency=said["currency"],
        increment=str(said["increment"]),
        period=(start, end),
        target=str(said["target"]),
        policy=policy_of(said["policy"], f"{folder.name}/plan.yaml"),
    )


def _load(database: Database, example: Example) -> Shown:
    """Make what is missing of plan, inputs, version and publication."""
    with database.reading.begin() as session:
        plan_id = _plan_called(session, example.name)
        published = PlanVersions(session).published(plan_id) if plan_id else None
        newest = PlanVersions(session).newest_number(plan_id) if plan_id else None
    if plan_id and published:
        return Shown(example, plan_id, published.number)
    typer.echo(f"Solving {example.name} …", err=True)
    digits = minor_digits(example.currency)
    start = example.period[0]
    read = read_files(example.folder, target=example.target, digits=digits, start=start)
    with database.sessions.begin() as session:
        plan_id = plan_id or _create(session, example, digits)
        put_inputs(session, DEMO, plan_id, read.inputs, now=utc_now())
    if newest is None:
        order = Order(example.policy, note=NOTES[example.kind])
        sessions, reading = database.sessions, database.reading
        solved = solve_version(sessions, reading, DEMO, plan_id, order, now=utc_now())
        newest = solved.version.number
    _publish(database, plan_id, newest)
    return Shown(example, plan_id, newest)


def _publish(database: Database, plan_id: str, number: int) -> None:
    """Take the steps that an interrupted run has left to take."""
    step = VersionStep(caller=DEMO, plan_id=plan_id, number=number, now=utc_now())
    with database.sessions.begin() as session:
        version = PlanVersions(session).get(plan_id, number)
        if version.status is VersionStatus.DRAFT:
            life_cycle.submit(session, step)
        if version.status is VersionStatus.SUBMITTED:
            life_cycle.approve(session, step, four_eyes=False)
    publish(database.sessions, database.reading, step)


def _plan_called(session: Session, name: str) -> str | None:
    plans, _ = Plans(session).page(DEFAULT_WORKSPACE, PageRequest(MAX_LIMIT))
    return next((plan.id for plan in plans if plan.name == name), None)


def _create(session: Session, example: Example, digits: int) -> str:
    return create_plan(
        session,
        DEMO,
        name=example.name,
        currency=example.currency,
        increment=to_minor(example.increment, digits),
        period=example.period,
        now=utc_now(),
    ).id


def _tell(address: str, shown: list[Shown], data: Path) -> None:
    """Where to look, and a line to paste."""
    plans = [f"  {found.example.name}: version {found.version}, published" for found in shown]
    first = f"{address}/v1/plans/{shown[0].plan_id}/versions/{shown[0].version}"
    lines = [
        "",
        "FairQuota is ready.",
        *plans,
        "",
        f"  the plans      {address}/",
        f"  the API        {address}/docs",
        f"  in a terminal  curl -s {shlex.quote(f'{first}/quotas?limit=3')}",
        "",
        f"Its data lies in {data}; delete that folder to begin afresh. Ctrl-C stops it.",
        "",
    ]
    typer.echo("\n".join(lines))
