"""Cohort audit: do groups that an auditor names come out alike, and can so few people show it?

The groups (by sex, age band, site …) come with the question and are kept nowhere; no allocation
ever reads them. Each group is compared with the other groups that are shown.

Nobody is to be found in the figures. A group of fewer than five is not shown; nor is the next
smallest one where those not shown would otherwise be fewer than five, for the mean of everybody
less those shown would tell theirs. Nor is a whole attribute if its groups and those of attributes
before it, added and subtracted, tell the figures of fewer than five (`disclosure`). What several
questions tell together is not checked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

import numpy as np

from solver.assess.association import ALPHA, Comparison, difference, holm
from solver.assess.disclosure import somebody_found
from solver.assess.four_fifths import FourFifths, four_fifths
from solver.assess.people import People
from solver.assess.report import SEED
from solver.assess.review import LEAST, Share, attained, log_attainment
from solver.errors import Fault, InvalidProblem
from solver.problem import BoolArray, FloatArray, IntArray

MOST_GROUPS: Final = 50

type Groups = Mapping[str, str]
"""The group of each rep by id; who is not named has none."""
type NotShown = Literal["too_few", "subtraction"]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group of five or more."""

    group: str
    n: int
    mean: float
    attaining: Share | None
    """Where the sales of the period are known."""


@dataclass(frozen=True, slots=True)
class AuditTable:
    """One measure by the groups of one attribute."""

    attribute: str
    measure: str
    n: int
    """Reps who have the measure."""
    groups: tuple[GroupFigures, ...]
    """By name."""
    not_shown: int
    """Of the `n`, reps of small groups and of none; 0, or five and more, unless nothing is shown"""
    comparisons: tuple[Comparison, ...]
    """Each group with the others that are shown; two groups are compared once."""
    four_fifths: FourFifths | None
    reason: NotShown | None
    """Why there are no groups: fewer than two are left, or somebody could be found."""


@dataclass(frozen=True, slots=True)
class Audit:
    """All tables of one question; their comparisons are one family (Holm)."""

    reps: int
    alpha: float
    tables: tuple[AuditTable, ...]


def audit(people: People, attributes: Mapping[str, Groups], *, seed: int = SEED) -> Audit:
    """Compare the groups of each attribute, by chance of attaining (where nobody's is known, by
    effort) and, where sales of the period are known, by ln attainment and the share attaining.

    Raises `InvalidProblem` for an attribute of more than 50 groups: it wants bands.
    """
    faults = [
        Fault("attributes", None, name, f"has {len(found)} groups, at most {MOST_GROUPS} compare")
        for name, groups in sorted(attributes.items())
        if len(found := set(groups.values())) > MOST_GROUPS
    ]
    if faults:
        raise InvalidProblem(faults)
    tables: list[AuditTable] = []
    for measure, values in _measures(people):
        known = ~np.isnan(values)
        won = attained(people)[known] if measure == "log_attainment" else None
        asked = _Measured(measure, [*np.array(people.ids)[known]], values[known], won)
        tables += _tables(asked, attributes, seed)
    return Audit(len(people), ALPHA, tuple(_judged(tables)))


def banded(values: Mapping[str, float], edges: Sequence[float]) -> dict[str, str]:
    """Numbers as bands: edges 1970, 1980 make three. Each band begins with its lower edge."""
    cuts = sorted(set(edges))
    told = [_figure(edge) for edge in cuts]
    names = [
        f"under {told[0]}",
        *(f"{a} to under {b}" for a, b in pairwise(told)),
    ]
    names.append(f"{told[-1]} and over")
    return {rep: names[bisect_right(cuts, value)] for rep, value in values.items()}


def _figure(edge: float) -> str:
    """With all its digits: two edges never have one name, which would make their bands one."""
    return f"{edge:.0f}" if float(edge).is_integer() and abs(edge) < 1e15 else repr(float(edge))


def _measures(people: People) -> Iterator[tuple[str, FloatArray]]:
    if np.isnan(people.probability).all():
        yield "stretch" if np.isnan(people.effort).all() else "effort", people.effort_or_stretch
    else:
        yield "probability", people.probability
    if not np.isnan(people.attainment).all():
        yield "log_attainment", log_attainment(people)


@dataclass(frozen=True, slots=True)
class _Measured:
    """Those who have a measure."""

    measure: str
    ids: list[str]
    values: FloatArray
    attained: BoolArray | None


def _tables(asked: _Measured, attributes: Mapping[str, Groups], seed: int) -> Iterator[AuditTable]:
    told: list[IntArray] = []
    """Of each attribute that is told, the part of each rep: a group that is shown, or the rest."""
    for attribute in sorted(attributes):
        labels = np.array([attributes[attribute].get(rep, "") for rep in asked.ids], dtype=object)
        shown = shown_groups(labels)
        sets = {group: labels == group for group in shown}
        own = np.full(len(labels), len(shown))
        for number, members in enumerate(sets.values()):
            own[members] = number
        if len(shown) < 2:
            yield _nothing(asked, attribute, "too_few")
        elif somebody_found([*told, own]):
            yield _nothing(asked, attribute, "subtraction")
        else:
            told.append(own)
            yield _table(asked, attribute, sets, seed)


def shown_groups(labels: np.ndarray) -> list[str]:
    """Names of the groups of five or more, fewer if those not shown would be one to four.

    `labels`: (n,) the group of each rep, an empty text for none.
    """
    sizes = Counter(label for label in labels.tolist() if label)
    by_size = sorted(sizes, key=lambda group: (-sizes[group], group))
    shown = [group for group in by_size if sizes[group] >= LEAST]
    while shown and 0 < len(labels) - sum(sizes[group] for group in shown) < LEAST:
        shown.pop()
    return sorted(shown)


def _nothing(asked: _Measured, attribute: str, reason: NotShown) -> AuditTable:
    n = len(asked.ids)
    return AuditTable(attribute, asked.measure, n, (), n, (), None, reason)


def _table(
    asked: _Measured, attribute: str, sets: Mapping[str, BoolArray], seed: int
) -> AuditTable:
    compared = np.logical_or.reduce([*sets.values()])
    values, won = asked.values, asked.attained
    figures, attaining = [], {}
    for group, members in sets.items():
        n, share = int(members.sum()), None
        if won is not None:
            count = int(np.count_nonzero(won[members]))
            attaining[group], share = (count, n), Share.of(count, n)
        figures.append(GroupFigures(group, n, float(values[members].mean()), share))
    once = [*sets][:1] if len(sets) == 2 else [*sets]
    return AuditTable(
        attribute=attribute,
        measure=asked.measure,
        n=len(values),
        groups=tuple(figures),
        not_shown=int(np.count_nonzero(~compared)),
        comparisons=tuple(
            difference(asked.measure, values[compared], group, sets[group][compared], seed=seed)
            for group in once
        ),
        four_fifths=four_fifths(attaining),
        reason=None,
    )


def _judged(tables: Sequence[AuditTable]) -> Iterator[AuditTable]:
    """With adjusted p: differences and Fisher's tests of all tables are one family."""
    p: list[float | None] = []
    for table in tables:
        p += [comparison.p for comparison in table.comparisons]
        p += [table.four_fifths.p] if table.four_fifths else []
    adjusted = iter(holm(p))
    for table in tables:
        comparisons = tuple(replace(one, p_adjusted=next(adjusted)) for one in table.comparisons)
        ratio = table.four_fifths and replace(table.four_fifths, p_adjusted=next(adjusted))
        yield replace(table, comparisons=comparisons, four_fifths=ratio)
