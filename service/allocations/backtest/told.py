"""A comparison of methods as a document: months and amounts as the caller writes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from service.roster.domain import NONE, Inputs
from solver.assess.backtest import Backtest, Fifth, Round, Score
from solver.assess.origins import Skipped
from solver.policy import Policy

type Document = dict[str, Any]

_SKIPPED = {
    "months_unknown": "nobody has a row in some month of it",
    "period_before_unknown": "nobody has a row in some month of the period before it",
    "nobody_to_score": "nobody has rows both in the period before and in its second half",
    "nothing_sold": "nothing was sold in it",
}


def told(found: Backtest, inputs: Inputs, policy: Policy) -> Document:
    return {
        "months": found.months,
        "windows": [_window(each, inputs.digits) for each in found.rounds],
        "skipped": [_skipped(each) for each in found.skipped],
        "methods": [_method(each) for each in found.scores],
        "seed": found.seed,
        "draws": found.draws,
        "left_out": [*left_out(inputs, policy)],
    }


def left_out(inputs: Inputs, policy: Policy) -> Iterator[str]:
    """What was set for this plan alone, and is not asked of the past. By name of the field."""
    for name in ("over_assignment", "groups", "margin_floors", "rows", "relax"):
        if getattr(policy, name):
            yield f"policy.{name}"
    for table, names in (
        ("units", ("min", "max", "target", "over_assignment")),
        ("reps", ("baseline", "reach", "capacity", "min", "max", "fixed", "last_year")),
    ):
        columns = getattr(inputs, table)
        for name in names:
            column = getattr(columns, name)
            given = ~np.isnan(column) if column.dtype == np.float64 else column != NONE
            if given.any():
                yield f"{table}.{name}"
    if inputs.forecast is not None:
        yield "forecast"


def label(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _window(each: Round, digits: int) -> Document:
    return {
        "start": label(each.first),
        "end": label(each.end - 1),
        "reps": each.reps,
        "joined": each.joined,
        "left": each.left,
        "sold": round(each.total / 10**digits, digits),
        "rules_gave_way": each.relaxed,
        "errors": each.errors,
    }


def _skipped(each: Skipped) -> Document:
    return {
        "start": label(each.first),
        "end": label(each.end - 1),
        "reason": _SKIPPED[each.why],
    }


def _method(score: Score) -> Document:
    return {
        "method": score.method,
        "windows": score.windows,
        "reps": score.reps,
        "rows": score.rows,
        "error": score.error,
        "against_flat_growth": asdict(score.against) if score.against else None,
        "attaining": score.attaining,
        "within_10": score.within_10,
        "within_20": score.within_20,
        "overloaded": score.overloaded,
        "best_fifth": _fifth(score.best),
        "others": _fifth(score.others),
        "last_fifth": _fifth(score.last),
        "penalty": score.penalty,
        "not_applicable": list(score.not_applicable),
    }


def _fifth(fifth: Fifth | None) -> Document | None:
    return None if fifth is None else asdict(fifth)
