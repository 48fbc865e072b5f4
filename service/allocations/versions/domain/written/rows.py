"""The rows that a manifest lists: units, rules across the tree, and quotas.

Plans whose rules do not cross the tree have no rows of rules, no `largest_price` and no entries of
rules in their quotas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, TypedDict

from pydantic import Field, TypeAdapter, with_config

from service.allocations.versions.domain.written.document import (
    OPEN,
    Amount,
    Factor,
    Months,
    NotNegative,
    Positive,
    Signed,
    read_as,
)
from service.plans.domain import MAX_MONTHS

Part = Annotated[float, Field(ge=0, le=1)]
LineMonths = Annotated[list[Amount | Months], Field(min_length=2, max_length=2)]
RuleEntry = Annotated[list[float], Field(min_length=2, max_length=2)]
Moves = Annotated[list[Signed], Field(min_length=1, max_length=MAX_MONTHS)]
AmendedEntry = Annotated[list[Signed | str | Moves | None], Field(min_length=2, max_length=4)]


@with_config(OPEN)
class UnitRow(TypedDict):
    """What is checked of a unit; `max` is None where nothing limits it.

    `target` and `over_assignment` are as the inputs state them, None where they do not.
    """

    id: str
    parent: str | None
    min: Amount
    max: Amount | None
    level: float
    quota: Amount
    target: NotRequired[Amount | None]
    over_assignment: NotRequired[Factor | None]
    largest_price: NotRequired[float]
    months: NotRequired[Months | None]
    levels: NotRequired[dict[str, int]]


@with_config(OPEN)
class RuleRow(TypedDict):
    """What is checked of a rule across the tree; None where nothing limits it on that side."""

    rule: str
    peers: str | None
    min: Signed | None
    max: Signed | None
    level: float
    largest_price: float


@with_config(OPEN)
class Unlocked(TypedDict):
    """Floor and cap of somebody whom a lock held in the solve; what was decided is inside."""

    floor: Amount
    cap: Amount | None


@with_config(OPEN)
class QuotaRow(TypedDict):
    """What is checked of a quota; `cap` is None where nothing limits it.

    What the inputs do not tell is None: last year, sigma, and the potential, which is told where it
    counts.
    """

    rep: str
    unit: str | None
    quota: Amount
    floor: Amount
    cap: Amount | None
    anchor: float
    yardstick: Positive
    unrounded: float
    baseline: NotNegative
    reach: NotNegative
    last_year: NotRequired[float | None]
    potential: NotRequired[NotNegative | None]
    sigma: NotRequired[Positive | None]
    over_last_year: float | None
    binding: list[str]
    explanation: Annotated[list[int], Field(min_length=3, max_length=3)]
    rules: NotRequired[list[RuleEntry]]
    """[number of the rule, coefficient], by number."""
    lines: NotRequired[list[LineMonths]]
    """[number of the line, its months], by number."""
    months: NotRequired[Months | None]
    solved: NotRequired[Amount | None]
    """Of a quota that was amended: what the certificate proves; None for somebody who is new."""
    amended: NotRequired[list[AmendedEntry]]
    """[number of the amendment, change, and where they differ from what follows: the unit that it
    belongs to, the change of each month], by number."""
    solved_months: NotRequired[Months | None]
    solved_lines: NotRequired[list[LineMonths]]
    """Both as they were solved, where the quota was amended."""
    present: NotRequired[list[Part]]
    """Of somebody who is not always there, where a season is given: the part of each month."""
    levels: NotRequired[dict[str, int]]
    unlocked: NotRequired[Unlocked]
    """What holds instead of `floor` and `cap`, which are the lock, once another quota is decided.
    """


_UNITS = TypeAdapter(list[UnitRow])
_RULES = TypeAdapter(list[RuleRow])
_QUOTAS = TypeAdapter(list[QuotaRow])


def read_units(rows: Any) -> list[UnitRow]:
    """Rows in a JSON value. Raises `UnreadableProof`, as its neighbours do."""
    return read_as(_UNITS, rows)


def read_rules(rows: Any) -> list[RuleRow]:
    return read_as(_RULES, rows)


def decided_within(row: Mapping[str, Any]) -> tuple[int, int | None]:
    """Floor and cap that hold for whatever is decided about a quota; `row`: a `QuotaRow`."""
    ends = row.get("unlocked", row)
    return ends["floor"], ends["cap"]


def read_quotas(rows: Any) -> list[QuotaRow]:
    return read_as(_QUOTAS, rows)
