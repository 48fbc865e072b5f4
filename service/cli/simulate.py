"""`fairquota simulate`: years of sales drawn at random around the plan of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
import typer

from service.allocations.assemble import Case
from service.allocations.risk import market_of
from service.allocations.simulation.asked import LEAST_DRAWS, MOST_DRAWS, MOST_SEED, read_asked
from service.allocations.simulation.usecases import NothingToDraw, drawn
from service.allocations.solving import SolveTookTooLong, allocate
from service.cli.allocate import Order, read_case, solved_in_words
from service.cli.failure import NO_ANSWER, Failure
from service.cli.faults import faults_listed
from service.cli.output import Table, on_a_terminal, show, write_bytes, write_csv
from service.cli.pay_files import read_pay_curve, read_target_pay
from service.cli.waiting import solved_while_waiting
from service.cli.words import unit_in_words, whole
from service.kit.errors import Fault, InvalidInput
from service.kit.spreadsheets import Cell

type Document = dict[str, Any]

_SUFFIXES: Final = (".csv", ".json")
_FIGURE: Final = ("formula", "drawn", "error")
_OF_TOTAL: Final = ("reaching", "expected", "variation", "p10", "p50", "p90")
_SPREAD: Final = ("expected", "deviation", "p10", "p50", "p90")
_SUBJECTS: Final = {
    "attaining": "reps attaining",
    "pay_over_target": "pay over target pay",
    "pay_amount": "pay of all",
}
_CALLED: Final = {
    "reaching": "reaches the target",
    "expected": "on average",
    "deviation": "give or take",
    "variation": "give or take",
    "p10": "at least, 9 years in 10",
    "p50": "at least, 5 years in 10",
    "p90": "at least, 1 year in 10",
}
_PERCENTS: Final = frozenset({"reaching", "variation"})


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks, as it was typed."""

    order: Order
    draws: int
    seed: int
    pay_curve: Path | None = None
    target_pay: str | None = None


def simulate_files(question: Question, out: Path | None) -> None:
    """Raises Failure: exit code 2 for faults, 3 for rules that conflict, 4 where time is up."""
    if out is not None and out.suffix.lower() not in _SUFFIXES:
        raise Failure(f"--out takes a file that ends in {', '.join(_SUFFIXES)}; {out} does not.")
    _check(question)
    case, found, notes = _simulated(question)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    units = case.inputs.units
    called = {key: name or key for key, name in zip(units.id, units.name, strict=True)}
    figures = [*_figures(found)]
    if out is None:
        show(_for_programs(figures), _for_people(figures, called))
        if on_a_terminal():
            show(_reps_for_people(found))
    elif out.suffix.lower() == ".csv":
        write_csv(_reps(found), out)
    else:
        write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2), out)
    for line in _in_words(found):
        typer.echo(line, err=True)
    if out:
        typer.echo(f"Written to {out}.", err=True)


def _check(question: Question) -> None:
    if not LEAST_DRAWS <= question.draws <= MOST_DRAWS:
        raise Failure(
            f"--draws {question.draws} must lie between {LEAST_DRAWS:,} and {MOST_DRAWS:,}."
        )
    if not 0 <= question.seed <= MOST_SEED:
        raise Failure(f"--seed {question.seed} must lie between 0 and {MOST_SEED}.")
    if question.target_pay is not None and question.pay_curve is None:
        raise Failure("--target-pay is what --pay-curve pays for the quota; there is no curve.")


@faults_listed()
def _simulated(question: Question) -> tuple[Case, Document, tuple[str, ...]]:
    order = question.order
    case, notes = read_case(order)
    reps = {rep: row for row, rep in enumerate(case.inputs.reps.id)}
    asked: Document = {"draws": question.draws, "seed": question.seed}
    if question.pay_curve is not None:
        asked["pay_curve"] = read_pay_curve(question.pay_curve)
    if question.target_pay is not None:
        digits = case.terms.digits
        asked["target_pay"], strangers = read_target_pay(question.target_pay, reps, digits)
        if strangers:
            told = f"{strangers} in {question.target_pay} are no reps of the plan and are left out."
            notes = (*notes, told)
    wanted, faults = read_asked(asked, case.terms.digits, reps)
    if faults:
        raise InvalidInput([_in_the_file(fault, question.pay_curve) for fault in faults])
    plan = solved_in_words(case, partial(allocate, case), order.time_limit)
    work = partial(drawn, plan, market_of(case.estimate), wanted, case.terms.digits)
    try:
        return case, solved_while_waiting(work, order.time_limit), notes
    except NothingToDraw as reason:
        raise Failure(
            "There is nothing to draw around: no rep has a sigma, and none could be estimated. "
            "Give reps a column `sigma`, or leave `baseline` out and add a longer history."
        ) from reason
    except SolveTookTooLong as reason:
        raise Failure(
            f"The draws were not done within {order.time_limit:g} s. A larger --time-limit or "
            "fewer --draws may help.",
            NO_ANSWER,
        ) from reason


def _in_the_file(fault: Fault, curve: Path | None) -> Fault:
    """A fault of the curve at its place in the file."""
    return replace(fault, pointer=fault.pointer.replace("/pay_curve", f"/{curve}", 1))


def _figures(found: Document) -> Iterator[tuple[str, str | None, str, Document]]:
    """What it is of, the unit, the name of the figure, and the figure itself."""
    for name in _SPREAD:
        yield "attaining", None, name, found["attaining"][name]
    for total in found["totals"]:
        for name in _OF_TOTAL:
            yield "sales", total["unit"], name, total[name]
    for of in ("over_target", "amount"):
        if found["pay"] and found["pay"][of]:
            for name in _SPREAD:
                yield f"pay_{of}", None, name, found["pay"][of][name]


def _for_programs(figures: list[tuple[str, str | None, str, Document]]) -> Table:
    rows: list[list[Cell]] = [
        [of, unit, name, *(figure[part] for part in _FIGURE)] for of, unit, name, figure in figures
    ]
    return Table("figures", ("of", "unit", "figure", *_FIGURE), rows)


def _for_people(
    figures: list[tuple[str, str | None, str, Document]], called: dict[str, str]
) -> Table:
    """The same, pay in money where that is known."""
    paid = any(of == "pay_amount" for of, *_ in figures)
    rows: list[list[Cell]] = []
    for of, unit, name, figure in figures:
        if paid and of == "pay_over_target":
            continue
        share = of in {"attaining", "pay_over_target"} or name in _PERCENTS
        first = name == (_OF_TOTAL if of == "sales" else _SPREAD)[0]
        rows.append(
            [
                _SUBJECTS.get(of, unit_in_words(unit, called)) if first else None,
                _CALLED[name],
                *(_cell(figure[part], share=share) for part in _FIGURE),
            ]
        )
    columns = ("", "", "formula", "drawn", "±")
    return Table("figures", columns, rows, figures=frozenset({2, 3, 4}))


def _cell(value: float | None, *, share: bool) -> str | None:
    if value is None:
        return None
    return f"{value:.1%}" if share else f"{value:,.0f}"


def _reps(found: Document) -> Table:
    """One row a rep, in the names of the API."""
    plain = ("pay_deviation", "target_pay", "expected_pay")
    columns = (
        "rep", "unit", "quota",
        *(f"attaining.{part}" for part in _FIGURE), *(f"pay.{part}" for part in _FIGURE), *plain,
    )  # fmt: skip
    rows: list[list[Cell]] = [
        [
            *(row[name] for name in ("rep", "unit", "quota")),
            *((row[of] or {}).get(part) for of in ("attaining", "pay") for part in _FIGURE),
            *(row[name] for name in plain),
        ]
        for row in found["quotas"]
    ]
    return Table("reps", columns, rows)


def _reps_for_people(found: Document) -> Table:
    paid = found["pay"] is not None
    columns = ["rep", "quota", "chance", "drawn", "±", *(("pay", "drawn", "±") if paid else ())]
    rows: list[list[Cell]] = [
        [
            row["rep"],
            whole(row["quota"]),
            *(_cell(row["attaining"][part], share=True) for part in _FIGURE),
            *((_cell(row["pay"][part], share=True) for part in _FIGURE) if paid else ()),
        ]
        for row in found["quotas"]
    ]
    return Table("reps", columns, rows, figures=frozenset(range(1, len(columns))))


def _in_words(found: Document) -> Iterator[str]:
    yield (
        f"{found['draws']:,} years drawn at random (seed {found['seed']}). Two figures in three "
        "stray less than ± from what endless draws would give, 19 in 20 less than twice that."
    )
    if unknown := found["reps"] - found["reps_with_sigma"]:
        yield (
            f"{unknown:,} of {found['reps']:,} reps have no sigma: nothing is told of them, nor of "
            "sums that they are a part of."
        )
    if (pay := found["pay"]) is None:
        return
    if pay["reps"] < found["reps"]:
        missing = found["reps"] - pay["reps"]
        yield f"{missing:,} of {found['reps']:,} reps have no target pay and cost nothing here."
    if pay["amount"]:
        expected = pay["amount"]["expected"]["formula"]
        yield (
            f"Target pay {whole(pay['target'])}; {expected:,.0f} are paid on average, "
            f"{expected / pay['target']:.1%} of it."
        )
