"""`fairquota fairness`: how even a plan is, for whom it is harder, and how groups compare.

A table to stdout (the connections, or the groups of `--cohorts`), sentences to stderr. The plan is
read from its proof, which has to hold; what was so before the plan comes from its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import typer

from service.allocations.fairness_report.present import Document, present_audit, present_report
from service.allocations.fairness_report.traits import Measured, measured, traits_of
from service.allocations.fairness_report.usecases import groups_of
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.written.document import UnreadableProof
from service.cli.cohorts import audit_lines, groups_for_people, groups_for_programs
from service.cli.failure import Failure
from service.cli.fairness_files import read_actuals, read_bands, read_cohorts
from service.cli.faults import faults_listed
from service.cli.output import Table, show, write_bytes
from service.kit.money import from_minor
from service.kit.spreadsheets import Cell
from service.roster.domain import Inputs
from service.roster.files import read_files
from service.web.fairness import FairnessWords
from service.web.figures import Figures
from service.web.i18n import language
from solver.assess import assess, audit

_A_PLAN = "`fairquota allocate … --out plan.json` writes one, and a version's certificate is one."
NOT_VALID = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line says."""

    file: Path
    data: Path | None = None
    actuals: Path | None = None
    cohorts: Path | None = None
    bands: tuple[str, ...] = ()


def report_fairness(order: Order, out: Path | None) -> None:
    """Raises Failure: exit code 1 for a plan that does not hold, 2 for files that cannot be read"""
    if out is not None and out.suffix.lower() != ".json":
        raise Failure(f"--out takes a file that ends in .json; {out} does not.")
    if order.bands and order.cohorts is None:
        raise Failure("--band says how to group a column of --cohorts; there is none.")
    plan = _plan(order.file)
    with faults_listed():
        found, names = _measured(plan, order)
        document = {"report": present_report(assess(found.people), found, plan.digits)}
        if order.cohorts is not None:
            document["audit"] = _audit(found, order, plan.reps)
    _show(document, names, plan)
    if out is not None:
        write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2), out)
        typer.echo(f"Written to {out}.", err=True)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read of a proof that holds."""

    quotas: list[dict[str, Any]]
    target: int
    currency: str
    digits: int
    period: tuple[date, date] | None

    @property
    def reps(self) -> set[str]:
        return {row["rep"] for row in self.quotas}


def _plan(path: Path) -> _Plan:
    try:
        document = orjson.loads(path.read_bytes())
        proof = document.get("proof", document) if isinstance(document, dict) else document
        verdict = examine(proof)
    except OSError as reason:
        raise Failure(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except orjson.JSONDecodeError as reason:
        raise Failure(f"{path} is not JSON. {_A_PLAN}") from reason
    except UnreadableProof as reason:
        raise Failure(f"{path} is no proof of a plan ({reason}). {_A_PLAN}") from reason
    if not verdict.valid:
        raise Failure(f"{path} does not hold: `fairquota verify` says what.", NOT_VALID)
    manifest = proof["manifest"]
    period = manifest.get("period")
    return _Plan(
        proof["quotas"],
        manifest["target"],
        manifest["currency"],
        manifest["digits"],
        period and (date.fromisoformat(period["start"]), date.fromisoformat(period["end"])),
    )


def _measured(plan: _Plan, order: Order) -> tuple[Measured, Mapping[str, str]]:
    traits, names = None, {}
    if order.data is not None:
        inputs = _inputs(order.data, plan)
        traits = traits_of(inputs, plan.period)
        if missing := len(plan.reps - {*traits.ids}):
            _note(f"{missing} of {len(plan.reps)} reps of the plan are not in {order.data}.")
        names = {key: person.name for key, person in inputs.people.reps.items() if person.name}
    sold: dict[str, float] = {}
    if order.actuals is not None:
        found = read_actuals(order.actuals, plan.reps, plan.period)
        sold = {rep: amount * 10**plan.digits for rep, amount in found.of_reps.items()}
        _note_strangers(order.actuals, found.strangers)
    return measured(plan.quotas, traits, sold), names


def _inputs(path: Path, plan: _Plan) -> Inputs:
    start = plan.period[0] if plan.period else None
    target = str(from_minor(plan.target, plan.digits))
    return read_files(path, target=target, digits=plan.digits, start=start).inputs


def _audit(found: Measured, order: Order, reps: set[str]) -> Document:
    bands = read_bands(order.bands)
    assert order.cohorts is not None  # noqa: S101 - asked for by the caller
    read = read_cohorts(order.cohorts, reps, bands)
    _note_strangers(order.cohorts, read.strangers)
    cohorts = [{"rep": rep, "attributes": told} for rep, told in read.of_reps.items()]
    return present_audit(audit(found.people, groups_of(cohorts, bands, reps)))


def _note_strangers(path: Path, count: int) -> None:
    if count:
        _note(f"{count} in {path} have no quota in this plan and are left out.")


def _note(sentence: str) -> None:
    typer.echo(f"note: {sentence}", err=True)


def _show(document: Mapping[str, Document], names: Mapping[str, str], plan: _Plan) -> None:
    english = language("en")
    figures = Figures.of(english.locale, plan.currency, plan.digits, [])
    report = document["report"]
    words = FairnessWords(english, figures, report, lambda rep: names.get(rep, rep))
    if found := document.get("audit"):
        show(groups_for_programs(found), groups_for_people(found))
        for line in audit_lines(found):
            typer.echo(line, err=True)
    else:
        show(_connections(report), _connections_for_people(report))
        for line in (*words.spread(), *words.connections(), *words.review()):
            typer.echo(line, err=True)
    typer.echo(words.limits(), err=True)


_TOLD = ("n", "effect", "low", "high", "p_adjusted", "detectable", "reason", "shown")


def _connections(report: Document) -> Table:
    review = report["review"] or {"comparisons": []}
    rows: list[tuple[Cell, ...]] = [
        (told["measure"], told["against"], *(_cell(told[name]) for name in _TOLD))
        for told in (*report["comparisons"], *review["comparisons"])
    ]
    return Table("connections", ("measure", "against", *_TOLD), rows)


def _connections_for_people(report: Document) -> Table:
    review = report["review"] or {"comparisons": []}
    rows: list[tuple[Cell, ...]] = [
        (
            _WORDS.get(told["measure"], told["measure"]),
            told["against"].replace("_", " "),
            told["n"],
            _two(told["effect"]),
            None if told["p_adjusted"] is None else f"{told['p_adjusted']:.3f}",
            _two(told["detectable"]),
            _WORDS[told["reason"]] if told["reason"] else _cell(told["shown"]),
        )
        for told in (*report["comparisons"], *review["comparisons"])
    ]
    columns = ("measure", "against", "reps", "effect", "p", "detectable", "shown")
    return Table("connections", columns, rows, figures=frozenset(range(2, 6)))


_WORDS = {
    "stretch": "effort",
    "log_attainment": "attainment",
    "unknown": "not known",
    "too_few": "too few",
    "all_equal": "all equal",
    "all_alike": "all alike",
}


def _two(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _cell(value: Any) -> Cell:
    return "yes" if value is True else "no" if value is False else value
