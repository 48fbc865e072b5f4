"""`fairquota backtest`: which way of setting quotas would have come nearest, on a folder's past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Final

import orjson
import typer

from service.allocations.assemble import Terms, period_of
from service.allocations.backtest.usecases import compare
from service.allocations.patience import Patience
from service.allocations.solving import SolveTookTooLong
from service.cli.allocate import Order, terms_of
from service.cli.failure import NO_ANSWER, Failure
from service.cli.faults import faults_listed
from service.cli.output import Table, on_a_terminal, show, write_bytes, write_csv
from service.cli.policy_file import read_policy
from service.cli.waiting import solved_while_waiting
from service.cli.words import percent
from service.kit.spreadsheets import Cell
from service.plans.policy import Named, to_policy
from service.roster.files import FileInputs, read_files

type Document = dict[str, Any]

_SUFFIXES: Final = (".csv", ".json")
_MONTHS: Final = 120
_CALLED: Final[Mapping[str, str]] = {
    "equal_split": "equal split",
    "potential_share": "by potential",
    "flat_growth": "flat growth",
    "three_period_average": "mean of three",
    "half_and_half": "half and half",
    "own_quotas": "own quotas",
    "fairquota": "FairQuota",
}
_BY_WINDOW: Final = ("flat_growth", "three_period_average", "own_quotas", "fairquota")
"""Methods whose windows a terminal of eighty columns has room for."""
_ENOUGH: Final = 20
"""Reps from which on the command says in words which method came nearer."""
_FIFTHS: Final = ("best_fifth", "others", "last_fifth")


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks, as it was typed."""

    source: Path
    policy: Path | None = None
    currency: str = "USD"
    period: str | None = None
    months: int | None = None
    origins: int | None = None
    time_limit: float = inf


def backtest_files(question: Question, out: Path | None) -> None:
    """Raises Failure: exit code 2 for faults, which are all named, 4 where the time is up."""
    if out is not None and out.suffix.lower() not in _SUFFIXES:
        raise Failure(f"--out takes a file that ends in {', '.join(_SUFFIXES)}; {out} does not.")
    found, notes = _compared(question)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    if out is None:
        show(_for_programs(found), _for_people(found))
        if on_a_terminal():
            for more in (_of_the_best(found), _windows(found)):
                if more.rows:
                    show(more)
    elif out.suffix.lower() == ".csv":
        write_csv(_for_programs(found), out)
    else:
        write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2), out)
    for line in _in_words(found):
        typer.echo(line, err=True)
    if out:
        typer.echo(f"Written to {out}.", err=True)


@faults_listed()
def _compared(question: Question) -> tuple[Document, tuple[str, ...]]:
    try:
        terms = _terms(question)
        stated = read_policy(question.policy)
        first = terms.period[0] if terms.period else None
        read = read_files(
            question.source, target=0, digits=terms.digits, start=first, with_quotas=True
        )
        work = partial(_compare, question, read, _counted(question, read, terms), stated)
        return solved_while_waiting(work, question.time_limit), read.told
    except SolveTookTooLong as reason:
        raise Failure(
            f"The comparison was not done within {question.time_limit:g} s, and part of it would "
            "mislead. A larger --time-limit or fewer --origins may help.",
            NO_ANSWER,
        ) from reason


def _compare(
    question: Question, read: FileInputs, terms: Terms, stated: Document, patience: Patience
) -> Document:
    inputs = read.inputs
    named = Named(frozenset(inputs.reps.id), frozenset(inputs.units.id))
    policy = to_policy(stated, digits=terms.digits, named=named, path=(str(question.policy),))
    return compare(inputs, terms, policy, read.quotas, origins=question.origins, patience=patience)


def _terms(question: Question) -> Terms:
    """Raises Failure for what was typed wrongly."""
    if question.origins is not None and question.origins < 1:
        raise Failure(f"--origins {question.origins} must be 1 or more.")
    if question.months is not None:
        if question.period is not None:
            raise Failure("--period says how long a window is: leave --months out.")
        if not 1 <= question.months <= _MONTHS:
            raise Failure(f"--months {question.months} must lie between 1 and {_MONTHS}.")
    return terms_of(
        Order(
            question.source,
            target="0",
            currency=question.currency,
            period=question.period,
            time_limit=question.time_limit,
        )
    )


def _counted(question: Question, read: FileInputs, terms: Terms) -> Terms:
    """The terms with the period that windows are counted back from."""
    period = period_of(read.inputs, terms)
    if period is None or question.months is None:
        return replace(terms, period=period)
    start = period[0]
    after = start.year * 12 + start.month - 1 + question.months
    end = date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
    return replace(terms, period=(start, end))


def _for_programs(found: Document) -> Table:
    """One row a method, in the names of the API; nothing where it is not applicable."""
    plain = (
        "windows", "reps", "rows", "error", "attaining", "within_10", "within_20", "overloaded",
        "penalty",
    )  # fmt: skip
    difference = ("flat_growth", "mean", "low", "high")
    fifth = ("rows", "attainment", "attaining", "overloaded")
    columns = [
        "method",
        *plain,
        *(f"against_flat_growth.{name}" for name in difference),
        *(f"{group}.{name}" for group in _FIFTHS for name in fifth),
        "not_applicable",
    ]
    rows: list[list[Cell]] = [
        [
            score["method"],
            *(score[name] for name in plain),
            *((score["against_flat_growth"] or {}).get(name) for name in difference),
            *((score[group] or {}).get(name) for group in _FIFTHS for name in fifth),
            "; ".join(score["not_applicable"]) or None,
        ]
        for score in found["methods"]
    ]
    return Table("methods", columns, rows)


def _for_people(found: Document) -> Table:
    columns = ("method", "off", "to flat", "95 %", "met", "±10%", "±20%", "<80%")
    rows: list[list[Cell]] = []
    for score in found["methods"]:
        name = _CALLED[score["method"]]
        if score["error"] is None:
            rows.append([name, "n/a", *[None] * 6])
            continue
        against = score["against_flat_growth"]
        shares = (score[of] for of in ("attaining", "within_10", "within_20", "overloaded"))
        rows.append(
            [
                name,
                f"{score['error']:.3f}",
                None if against is None else f"{against['mean']:+.3f}",
                None if against is None else _interval(against),
                *(f"{share:.0%}" for share in shares),
            ]
        )
    return Table("methods", columns, rows, figures=frozenset(range(1, 8)))


def _interval(against: Document) -> str | None:
    if against["low"] is None:
        return None
    return f"{against['low']:+.3f} {against['high']:+.3f}"


def _of_the_best(found: Document) -> Table:
    """Last period's best fifth, everybody between, and last period's worst fifth: how many met
    their quotas, and how many sold less than 80 % of them.
    """
    columns = ("method", "best asked", "best met/<80%", "others", "worst")
    rows: list[list[Cell]] = [
        [
            _CALLED[score["method"]],
            percent(score["penalty"]),
            *(_met_and_overloaded(score[group]) for group in _FIFTHS),
        ]
        for score in found["methods"]
        if score["penalty"] is not None
    ]
    return Table("last period's best", columns, rows, figures=frozenset(range(1, 5)))


def _met_and_overloaded(fifth: Document) -> str | None:
    if fifth["attaining"] is None:
        return None
    return f"{fifth['attaining']:.0%} / {fifth['overloaded']:.0%}"


def _windows(found: Document) -> Table:
    shown = [
        method
        for method in _BY_WINDOW
        if any(method in window["errors"] for window in found["windows"])
    ]
    columns = ["from", "reps", "joined", "left", *(_CALLED[method] for method in shown)]
    rows: list[list[Cell]] = [
        [
            window["start"],
            window["reps"],
            window["joined"],
            window["left"],
            *(
                f"{window['errors'][method]:.3f}" if method in window["errors"] else "n/a"
                for method in shown
            ),
        ]
        for window in found["windows"]
    ]
    return Table("windows", columns, rows, figures=frozenset(range(4, 8)))


def _in_words(found: Document) -> Iterator[str]:
    windows, months = found["windows"], found["months"]
    length = "1 month" if months == 1 else f"{months} months"
    if windows:
        joined, left = (sum(window[name] for window in windows) for name in ("joined", "left"))
        count = "1 window" if len(windows) == 1 else f"{len(windows)} windows"
        yield (
            f"{count} of {length}, {windows[0]['start']} … {windows[-1]['end']}. Not scored: "
            f"{joined} who joined and {left} who left within one."
        )
    else:
        yield f"There is no past window of {length} to score."
    for each in found["skipped"]:
        yield f"skipped {each['start']} … {each['end']}: {each['reason']}"
    for score in found["methods"]:
        reasons = score["not_applicable"] if windows else []
        for why in reasons[-1:]:  # the newest window's
            where = "" if score["error"] is None else " in some windows"
            yield f"{_CALLED[score['method']]}: not applicable{where}, {why}"
    gave_way = [window["start"] for window in windows if window["rules_gave_way"]]
    if gave_way:
        yield f"rules of the policy could not all hold from {', '.join(gave_way)}, and gave way"
    if found["left_out"]:
        yield f"not asked of the past: {', '.join(found['left_out'])}"
    yield from _verdict(found)


def _verdict(found: Document) -> Iterator[str]:
    (ours,) = (score for score in found["methods"] if score["method"] == "fairquota")
    against = ours["against_flat_growth"]
    if against is None or against["low"] is None:
        return
    if ours["reps"] < _ENOUGH:
        yield f"{ours['reps']} reps are too few to say which method came nearer."
        return
    if against["high"] < 0:
        told = "FairQuota came nearer than flat growth"
    elif against["low"] > 0:
        told = "FairQuota was further off than flat growth"
    else:
        told = "No difference between FairQuota and flat growth is shown"
    off = f"off by {ours['error']:.3f} against {against['flat_growth']:.3f}"
    yield f"{told}: {off}, {ours['reps']} reps, {ours['rows']:,} quotas."
