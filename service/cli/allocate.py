"""`fairquota allocate`: files and a target in, quotas out; the same way as over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from math import inf
from pathlib import Path

import orjson
import typer

from service.allocations.answer import answer
from service.allocations.assemble import Case, Terms, assemble
from service.allocations.infeasible import Infeasible
from service.allocations.measures.solving import SolvedMeasure, solve_and_price_measures
from service.allocations.patience import Patience
from service.allocations.places import Places
from service.allocations.solving import (
    PlanNotConfirmed,
    RoundingFailed,
    SolveTookTooLong,
)
from service.allocations.versions.describe import prove
from service.cli.failure import INFEASIBLE, NO_ANSWER, Failure
from service.cli.faults import faults_listed
from service.cli.impact import impact_lines
from service.cli.lines import lines_for_people, lines_sheet, missed_targets
from service.cli.measures import further_quotas, measure_lines, standards_for_people
from service.cli.output import (
    on_a_terminal,
    show,
    write_bytes,
    write_csv,
    write_parquet,
    write_xlsx,
)
from service.cli.policy_file import read_policy
from service.cli.risk import risk_lines
from service.cli.sheets import (
    Document,
    Names,
    kinds_of_quotas,
    quotas_for_people,
    quotas_for_programs,
    rules_sheet,
    workbook,
)
from service.cli.waiting import solved_while_waiting
from service.cli.words import (
    changes_in_words,
    conflict_in_words,
    gaps_in_words,
    percent,
    quarters_in_words,
    whole,
    with_ids,
)
from service.kit.money import InvalidMoney, minor_digits, to_minor
from service.plans.domain import period_fault
from service.plans.policy import Named, read_spreading, to_policy
from service.roster.domain import Inputs
from service.roster.files import read_files
from solver.allocation import Allocation

_SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line says, as it was typed."""

    source: Path
    target: str | None
    """None: a file of targets tells it."""
    policy: Path | None = None
    currency: str = "USD"
    increment: str | None = None
    period: str | None = None
    time_limit: float = inf
    """Seconds for the plan and its prices."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved case, and what was noticed while its files were read."""

    plan: SolvedMeasure
    notes: tuple[str, ...]

    @property
    def case(self) -> Case:
        return self.plan.case

    @property
    def allocation(self) -> Allocation:
        return self.plan.allocation

    @property
    def units(self) -> dict[str, str]:
        """The names of units, as the pages say them."""
        units = self.case.inputs.units
        return {key: name or key for key, name in zip(units.id, units.name, strict=True)}

    @property
    def by_chance(self) -> bool:
        """Whether the chance of attaining was made even, so that there is no index of effort."""
        return self.allocation.scale.response == "lognormal"


def allocate_files(order: Order, out: Path | None) -> None:
    """Raises Failure: exit code 2 for faults, which are all named, 3 for rules that conflict."""
    if out is not None and out.suffix.lower() not in _SUFFIXES:
        raise Failure(f"--out takes a file that ends in {', '.join(_SUFFIXES)}; {out} does not.")
    solved = solve_files(order)
    for note in solved.notes:
        typer.echo(f"note: {note}", err=True)
    plan = solved.plan
    if out is not None and out.suffix.lower() == ".json":
        plan = plan.with_all_prices()  # a proof holds whatever follows from the plan
    document = answer(plan)
    for warning in document["warnings"][len(solved.case.inputs.warnings) :]:
        typer.echo(f"note: {warning['detail']}", err=True)
    names = {key: person.name for key, person in solved.case.inputs.people.reps.items()}
    units = solved.units
    if out is None:
        _show(solved, document, names)
    else:
        _write(solved, document, names, out)
    for change in changes_in_words(document["relaxed"], *_called(solved.case.inputs)):
        typer.echo(f"gave way: {change}", err=True)
    for missed in missed_targets(document):
        typer.echo(f"missed: {missed}", err=True)
    for gap in gaps_in_words(document["gaps"], units):
        typer.echo(f"nobody can carry {gap}", err=True)
    typer.echo(_in_one_sentence(document) + _where(document, out), err=True)
    impacts = impact_lines(solved.case, solved.allocation, plan.priced, names)
    risks = risk_lines(solved.case, solved.allocation)
    quarters = quarters_in_words(document) if solved.case.spreading.asks_for_months else ()
    for line in chain(quarters, impacts, risks, measure_lines(document, units)):
        typer.echo(line, err=True)


@faults_listed()
def solve_files(order: Order) -> Solved:
    case, notes = read_case(order)
    solve = partial(solve_and_price_measures, case)
    return Solved(solved_in_words(case, solve, order.time_limit), notes)


def read_case(order: Order) -> tuple[Case, tuple[str, ...]]:
    """The case that files and options make, and what was noticed while the files were read."""
    terms = terms_of(order)
    stated = read_policy(order.policy)
    first = terms.period[0] if terms.period else None
    read = read_files(
        order.source, target=order.target, digits=terms.digits, start=first, period=terms.period
    )
    named = Named(frozenset(read.inputs.reps.id), frozenset(read.inputs.units.id))
    places = Places(policy=stated, at=(str(order.policy),))
    policy = to_policy(stated, digits=terms.digits, named=named, path=places.at)
    return assemble(read.inputs, terms, policy, places, read_spreading(stated)), read.told


def solved_in_words[Answer](
    case: Case, solve: Callable[[Patience], Answer], seconds: float
) -> Answer:
    """What `solve` answers of a case; raises Failure that says why there is no plan."""
    try:
        return solved_while_waiting(solve, seconds)
    except Infeasible as conflict:
        told = conflict_in_words(conflict.detail, conflict.context, *_called(case.inputs))
        raise Failure(told, INFEASIBLE) from conflict
    except SolveTookTooLong as reason:
        raise Failure(
            f"No plan within {seconds:g} s. A larger --time-limit may find one; so do fewer rules "
            "across teams.",
            NO_ANSWER,
        ) from reason
    except (PlanNotConfirmed, RoundingFailed) as reason:
        raise Failure(reason.detail, NO_ANSWER) from reason


def _called(inputs: Inputs) -> tuple[dict[str, str], dict[str, str]]:
    """What units and reps are called where a rule is at stake: by name and id."""
    people = inputs.people.reps
    return (
        with_ids(inputs.units.id, inputs.units.name),
        with_ids(people, (person.name for person in people.values())),
    )


def terms_of(order: Order) -> Terms:
    """In which money and period; raises Failure for what was typed wrongly."""
    try:
        digits = minor_digits(order.currency)
    except InvalidMoney as fault:
        raise Failure(f"--currency {order.currency} {fault}.") from fault
    if order.target is not None:
        _minor("--target", order.target, digits, least=0)
    increment = 1
    if order.increment is not None:
        increment = _minor("--increment", order.increment, digits, least=1)
    if not order.time_limit > 0:
        raise Failure(f"--time-limit {order.time_limit:g} must be above 0 seconds.")
    period = None if order.period is None else _period(order.period)
    return Terms(order.currency, digits, increment, period)


def _minor(option: str, text: str, digits: int, *, least: int) -> int:
    """An amount as it was typed, in minor units."""
    try:
        amount = to_minor(text, digits)
    except InvalidMoney as fault:
        raise Failure(f"{option} {text} {fault}.") from fault
    if amount < least:
        raise Failure(f"{option} {text} must be {'above 0' if least else '0 or more'}.")
    return amount


def _period(text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise Failure(
            f"--period {text} is not START..END, such as 2027-01-01..2027-12-31."
        ) from None
    fault = "must start on the first day of a month" if start.day != 1 else period_fault(start, end)
    if fault:
        raise Failure(f"--period {text}: {fault}.")
    return start, end


def _show(solved: Solved, document: Document, names: Names) -> None:
    """The quotas; a person on a terminal sees other measures and rules across teams as well."""
    units = solved.units
    people = quotas_for_people(document, names, units, by_chance=solved.by_chance)
    show(quotas_for_programs(document, names), people)
    more = (
        lines_for_people(document, units),
        further_quotas(document, names, units),
        standards_for_people(document, units),
        rules_sheet(document, units),
    )
    for table in more if on_a_terminal() else ():
        if table.rows:
            show(table)


def _where(document: Document, out: Path | None) -> str:
    """Which files there are now."""
    if out is None:
        return ""
    lines = out.suffix.lower() in (".csv", ".parquet") and document["lines"] is not None
    return f" Written to {out}{f' and {beside(out)}' if lines else ''}."


def beside(out: Path) -> Path:
    """Where the lines of quotas go whose rows go to `out`."""
    return out.with_name(f"{out.stem}-lines{out.suffix}")


def _write(solved: Solved, document: Document, names: Names, out: Path) -> None:
    match out.suffix.lower():
        case ".csv" | ".parquet" as suffix:
            kinds = kinds_of_quotas(document, solved.case.terms.digits)
            write = write_csv if suffix == ".csv" else partial(write_parquet, kinds)
            write(quotas_for_programs(document, names, by_month=True), out)
            if document["lines"] is not None:
                write(lines_sheet(document, names), beside(out))
        case ".xlsx":
            sheets = workbook(
                document,
                names,
                solved.units,
                solved.case.terms.digits,
                by_chance=solved.by_chance,
            )
            write_xlsx(sheets, out)
        case _:
            proven = document | {
                "proof": prove(solved.case, solved.allocation, solved.plan.further)
            }
            del proven["warnings"]  # notes on stderr say them, and no proof can
            write_bytes(orjson.dumps(proven, option=orjson.OPT_INDENT_2), out)


def _in_one_sentence(document: Document) -> str:
    growth = document["common"]["growth"]
    over = "" if growth is None else f", {percent(growth)} on expected sales"
    count = len(document["quotas"])
    reps = "1 rep" if count == 1 else f"{count:,} reps"
    return f"{whole(document['assigned'])} over {reps}{over}."
