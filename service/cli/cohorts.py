"""A cohort audit in tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, expm1
from typing import Final

from service.allocations.fairness_report.present import Document
from service.cli.output import Table
from service.kit.spreadsheets import Cell

_TOLD: Final = ("effect", "low", "high", "p_adjusted", "detectable")
_MEASURES: Final = {
    "probability": "chance of attaining",
    "effort": "effort index",
    "stretch": "stretch",
    "log_attainment": "attainment",
}


def groups_for_programs(found: Document) -> Table:
    """A row per group; comparisons stand with their group, the ratio with the lowest one."""
    rows: list[tuple[Cell, ...]] = []
    for table in found["tables"]:
        compared = {told["against"]: told for told in table["comparisons"]}
        for group in table["groups"]:
            told = compared.get(group["group"], {})
            attaining = group["attaining"] or {}
            rows.append(
                (
                    *(table["attribute"], table["measure"], group["group"], group["n"]),
                    *(group["mean"], attaining.get("share")),
                    *(told.get(name) for name in _TOLD),
                )
            )
    columns = ("attribute", "measure", "group", "n", "mean", "attaining", *_TOLD)
    return Table("groups", columns, rows)


def groups_for_people(found: Document) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            table["attribute"],
            _MEASURES[table["measure"]],
            group["group"],
            group["n"],
            _level(table["measure"], group["mean"], table["decimals"]),
            None if group["attaining"] is None else f"{group['attaining']['share']:.1%}",
        )
        for table in found["tables"]
        for group in table["groups"]
    ]
    columns = ("attribute", "measure", "group", "reps", "mean", "attained")
    return Table("groups", columns, rows, figures=frozenset({3, 4, 5}))


def audit_lines(found: Document) -> Iterator[str]:
    """What was compared, what came of it, and what so few would miss."""
    for table in found["tables"]:
        attribute, measure = table["attribute"], table["measure"]
        name = f"{attribute}, {_MEASURES[measure]}"
        if table["reason"] == "too_few":
            yield f"{name}: fewer than two groups can be shown (five reps, and nobody to be found)."
        elif table["reason"] == "subtraction":
            yield f"{name}: not shown; with another attribute, single people could be found."
        for told in table["comparisons"]:
            yield f"{name}: {_difference(told, table['decimals'])}"
        if ratio := table["four_fifths"]:
            yield f"{name}: {_four_fifths(ratio)}"
        if table["not_shown"] and not table["reason"]:
            hidden = f"{table['not_shown']} of {table['n']} reps"
            yield f"{name}: {hidden} are in no group that is shown."


def _four_fifths(ratio: Document) -> str:
    side = "below" if ratio["below"] else "not below"
    return (
        f"{ratio['lowest']} attained {ratio['ratio']:.2f} times as often as {ratio['highest']} "
        f"(four-fifths rule: {side} 0.80; Fisher's p {_p(ratio['p_adjusted'])} after correction). "
        f"Groups this large fall below 0.80 in {ratio['false_alarms']:.0%} of cases where nothing "
        "differs."
    )


def _difference(told: Document, decimals: int) -> str:
    who = f"{told['against']} ({told['inside']} of {told['n']} reps)"
    if told["reason"]:
        return f"{who} cannot be compared: everybody's figure is the same."
    interval = ", ".join(_change(told["measure"], told[end], decimals) for end in ("low", "high"))
    verdict = "a difference is shown" if told["shown"] else "no difference is shown"
    least = _change(told["measure"], told["detectable"], decimals).lstrip("+")
    effect = _change(told["measure"], told["effect"], decimals)
    return (
        f"{who} against the others {effect} (95% interval {interval}), p "
        f"{_p(told['p_adjusted'])} after correction: {verdict}. So few miss a true one "
        f"below {least} in more than one of five cases."
    )


def _change(measure: str, value: float | None, decimals: int) -> str:
    if value is None:
        return "–"
    in_hundredths = max(decimals - 2, 0)
    if measure == "probability":
        return f"{100 * value:+.{in_hundredths}f} points"
    if measure == "log_attainment":
        return f"{expm1(value):+.{in_hundredths}%}"
    return f"{value:+.{decimals}f}"


def _level(measure: str, value: float, decimals: int) -> str:
    """Means of logarithms as the geometric mean of the attainments."""
    if measure in {"probability", "log_attainment"}:
        share = exp(value) if measure == "log_attainment" else value
        return f"{share:.{max(decimals - 2, 0)}%}"
    return f"{value:.{decimals}f}"


def _p(p: float) -> str:
    """As roughly as the audit tells it."""
    if p <= 0.001:
        return "≤ 0.001"
    return f"= {p:.2f}" if p >= 0.1 else f"= {p:.3f}"
