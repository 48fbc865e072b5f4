"""A report and an audit as the API says them: ratios to nine decimals, those of an audit to as many
as so few people can show; money in the currency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from service.allocations.fairness_report.coarse import decimals, rough_p
from service.allocations.fairness_report.traits import Measured
from solver.assess import (
    Audit,
    AuditTable,
    Chart,
    Comparison,
    FourFifths,
    GroupFigures,
    Inequality,
    Report,
    Review,
    Spread,
    chart,
)

PLACES: Final = 9
NAMED_AT_MOST: Final = 100

type Document = dict[str, Any]


def present_report(report: Report, measured: Measured, digits: int) -> Document:
    """The whole report; `digits` are those of the currency."""
    return {
        "reps": report.reps,
        "alpha": report.alpha,
        "effort": {
            "kind": "index" if report.is_index else "stretch",
            **_spread(report.effort),
            "inequality": _inequality(report.effort_index),
        },
        "growth": _spread(report.growth),
        "attainment_probability": _spread(report.probability),
        "quota_over_baseline": _inequality(report.over_baseline),
        "quota_over_potential": _inequality(report.over_potential),
        "far_growth": {
            "n": report.far.n,
            "usual": _number(report.far.usual),
            "below": _number(report.far.beyond and report.far.beyond[0]),
            "above": _number(report.far.beyond and report.far.beyond[1]),
            "count": len(report.far.reps),
            "reps": list(report.far.reps[:NAMED_AT_MOST]),
        },
        "size": measured.size,
        "comparisons": _comparisons(report.comparisons),
        "review": report.review and _review(report.review),
        "charts": _charts(chart(measured.people), measured.units, digits),
    }


def present_audit(found: Audit) -> Document:
    return {
        "reps": found.reps,
        "alpha": found.alpha,
        "tables": [_table(table) for table in found.tables],
    }


def _review(review: Review) -> Document:
    told = _rounded(asdict(review))
    told["comparisons"] = _comparisons(review.comparisons)
    return told


def _charts(found: Chart, units: Sequence[str | None], digits: int) -> Document:
    cloud = found.cloud
    ids = cloud.ids or (None,) * len(cloud.reps)
    columns = zip(ids, cloud.size.tolist(), cloud.value.tolist(), cloud.reps, strict=True)
    return {
        "measure": found.measure,
        "units": [{"unit": units[box.unit], **_spread(box.spread)} for box in found.boxes],
        "points": [
            {
                "rep": rep,
                "size": round(size) / 10**digits,
                "value": _number(value),
                "reps": reps,
            }
            for rep, size, value, reps in columns
        ],
    }


def _table(table: AuditTable) -> Document:
    places = decimals(table)
    return {
        "attribute": table.attribute,
        "measure": table.measure,
        "n": table.n,
        "decimals": places,
        "groups": [_group(group, places) for group in table.groups],
        "not_shown": table.not_shown,
        "comparisons": [_compared(told, places) for told in table.comparisons],
        "four_fifths": table.four_fifths and _four_fifths(table.four_fifths),
        "reason": table.reason,
    }


def _group(group: GroupFigures, places: int) -> Document:
    return _rounded(asdict(group)) | {"mean": _number(group.mean, places)}


def _compared(told: Comparison, places: int) -> Document:
    figures = {name: _number(getattr(told, name), places) for name in _FIGURES}
    return _rounded(asdict(told)) | figures | _rough(told) | {"shown": told.shown()}


_FIGURES: Final = ("effect", "low", "high", "detectable")


def _four_fifths(found: FourFifths) -> Document:
    return _rounded(asdict(found)) | _rough(found) | {"below": found.alarm}


def _rough(found: Comparison | FourFifths) -> Document:
    return {"p": rough_p(found.p), "p_adjusted": rough_p(found.p_adjusted)}


def _comparisons(found: Sequence[Comparison]) -> list[Document]:
    return [_rounded(asdict(told)) | {"shown": told.shown()} for told in found]


def _spread(spread: Spread) -> Document:
    return _rounded(asdict(spread))


def _inequality(found: Inequality) -> Document:
    return _rounded(asdict(found))


def _rounded(facts: Mapping[str, Any]) -> Document:
    return {name: _value(value) for name, value in facts.items()}


def _value(value: Any) -> Any:
    told: Mapping[type, Callable[[Any], Any]] = {float: _number, dict: _rounded}
    return told.get(type(value), lambda same: same)(value)


def _number(value: float | None, places: int = PLACES) -> float | None:
    return None if value is None else round(value, places) + 0.0  # no -0.0
