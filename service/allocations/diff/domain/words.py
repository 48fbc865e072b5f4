"""The sentences of reasons. What a rep's own fields say is told, nothing of anybody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.allocations.diff.domain.facts import Values
from service.kit.money import plain_text

_MINOR: Final = frozenset({"min", "max", "fixed", "target"})
_NOUNS: Final = {
    "unit": "The rep's unit",
    "vacant": "Whether the seat is vacant",
    "potential": "The rep's own potential",
    "fte": "The rep's FTE",
    "hired": "The rep's first day",
    "cohorts": "The rep's peer groups",
    "baseline": "The rep's expected sales (`baseline`)",
    "reach": "The rep's headroom (`reach`)",
    "sigma": "The uncertainty of the rep's sales (`sigma`)",
    "capacity": "The rep's capacity",
    "min": "The rep's own minimum",
    "max": "The rep's own maximum",
    "fixed": "The rep's fixed quota",
    "last_year": "What the rep sold last year",
    "margin": "The rep's margin",
    "target": "The target",
    "forecast": "The forecast of the company's sales",
}
_WHOLES: Final = {
    "territories": "The rep's territories, shares or their potential were changed.",
    "absences": "The rep's absences were changed.",
    "history": "The rep's sales history, or that of a territory of the rep's, was changed.",
    "targets": "The targets of products, kinds of customers or periods were changed.",
    "new": "The rep is new in the inputs.",
    "gone": "The rep is no longer in the inputs.",
}
_SILENT: Final = frozenset({"cohorts", "hired", "vacant"})
"""Fields whose values say nothing in a sentence."""


def field_words(name: str, values: Values, digits: int) -> str:
    """A field of a rep, or of the company."""
    if name in _WHOLES:
        return _WHOLES[name]
    if name in _SILENT:
        return f"{_NOUNS[name]} was changed."
    return f"{_NOUNS[name]} {_went(name, values, digits)}."


def unit_words(unit: str, name: str, values: Values | None, digits: int) -> str:
    if values is None or name in {"new", "gone"}:
        return f"Unit {unit} is {'no longer there' if name == 'gone' else 'new'}."
    what = {"parent": "place below", "over_assignment": "over-assignment"}.get(name, name)
    return f"The {what} of unit {unit} {_went(name, values, digits)}."


def policy_words(name: str, before: Any, after: Any) -> str:
    if isinstance(before, list) or isinstance(after, list):
        return f"The policy's `{name}` was changed."
    return f"The policy's `{name}` went from {_shown(before)} to {_shown(after)}."


def consequence_words(labels: Sequence[str], more: int, *, hidden: bool = False) -> str:
    """`labels`: what the change follows from; `more`: how many besides are not named."""
    named = [f"`{label}`" for label in labels]
    if more:
        named.append("1 more" if more == 1 else f"{more} more")
    if hidden:
        named.append("something outside of what you may see")
    if not named:
        return "Nothing of the rep's own was changed: it is rounding alone."
    last = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
    return f"Nothing of the rep's own was changed: it follows from {last}."


def _went(name: str, values: Values, digits: int) -> str:
    before, after = (
        _amount(value, digits) if name in _MINOR else _shown(value) for value in values
    )
    return f"went from {before} to {after}"


def _amount(value: int | None, digits: int) -> str:
    return "none" if value is None else plain_text(value, digits)


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)
