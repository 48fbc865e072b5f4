"""The bias watch: who asks for changes, and what is granted, by what is known of people.

Of one version. For each attribute (tenure, rank of the quota, peer groups) the people of a group
are counted, those of them who asked, what was decided and granted, and which part of what was asked
for. Rates come with 95 % intervals, and with no verdict: they say what was decided in this version,
not why, and so few decisions show little.

Nobody is to be found in the figures, by the rules of `solver.assess.cohorts`: groups of fewer than
five people are not told, nor the next smallest one where those not told would otherwise be fewer
than five, nor a whole attribute if its groups and those of attributes before it, added and
subtracted, tell of fewer than five. That holds for the people of the version, and again for those
whose requests were decided: where these are too few, what was decided is not told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from solver.assess import Share
from solver.assess.cohorts import MOST_GROUPS, shown_groups
from solver.assess.disclosure import somebody_found
from solver.assess.review import LEAST
from solver.problem import IntArray

FIFTHS: Final = 5
TENURE_YEARS: Final = (1, 3, 5)
"""Where bands of tenure begin."""

type Groups = Mapping[str, str]
"""The group of each rep by id; who is not named has none."""
type NotTold = Literal["too_few", "subtraction", "too_many_groups"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A request that was accepted or rejected; changes in minor units."""

    rep: str
    asked: int
    granted: int
    accepted: bool

    @property
    def share(self) -> float:
        """The part of what was asked for that was granted, from 0 to 1; resources count as 0."""
        return min(1.0, max(0.0, self.granted / self.asked))


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about the requests of some people."""

    requests: int
    granted: Share
    mean_share: float

    @classmethod
    def of(cls, decisions: Sequence[Decision]) -> Self | None:
        """None where they are about fewer than five people."""
        if len({each.rep for each in decisions}) < LEAST:
            return None
        count = sum(each.accepted for each in decisions)
        shares = [each.share for each in decisions]
        return cls(len(decisions), Share.of(count, len(decisions)), float(np.mean(shares)))


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """A group of five or more people."""

    group: str
    asking: Share
    """Of its people, those who asked."""
    decided: Decided | None
    """None where fewer than five people would be told of."""


@dataclass(frozen=True, slots=True)
class Table:
    """The groups of one attribute, by name."""

    attribute: str
    groups: tuple[GroupCounts, ...]
    not_told: int
    """People of small groups and of none: 0, or five and more, unless nothing is told."""
    reason: NotTold | None
    """Why there are no groups: fewer than two are left, or somebody could be found."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of all people, and by attribute."""

    people: int
    asking: Share | None
    decided: Decided | None
    tables: tuple[Table, ...]


def statistics(
    people: Sequence[str],
    asked: frozenset[str],
    decisions: Sequence[Decision],
    attributes: Mapping[str, Groups],
) -> Statistics:
    """`people`: everybody with a quota; `asked`: whose requests were filed."""
    told: list[IntArray] = []
    told_decided: list[IntArray] = []
    whose = sorted({each.rep for each in decisions})
    tables = []
    for attribute, groups in attributes.items():
        shown, reason = _told_apart(people, groups, told)
        decided, _ = _told_apart(whose, groups, told_decided)
        tables.append(
            Table(
                attribute,
                tuple(_counts(group, groups, asked, decisions, decided) for group in shown),
                len(people) - sum(groups.get(rep) in shown for rep in people),
                reason,
            )
        )
    some = len(people) >= LEAST
    asking = Share.of(len(asked), len(people)) if some else None
    return Statistics(len(people), asking, Decided.of(decisions), tuple(tables))


def _counts(
    group: str,
    groups: Groups,
    asked: frozenset[str],
    decisions: Sequence[Decision],
    decided: Sequence[str],
) -> GroupCounts:
    members = [rep for rep, own in groups.items() if own == group]
    own = [each for each in decisions if groups.get(each.rep) == group]
    return GroupCounts(
        group,
        Share.of(sum(rep in asked for rep in members), len(members)),
        Decided.of(own) if group in decided else None,
    )


def _told_apart(
    people: Sequence[str], groups: Groups, told: list[IntArray]
) -> tuple[list[str], NotTold | None]:
    """The groups that may be told beside those of the attributes in `told`, which grows."""
    labels = np.array([groups.get(rep, "") for rep in people], dtype=object)
    if len(set(groups.values())) > MOST_GROUPS:
        return [], "too_many_groups"
    shown = shown_groups(labels)
    if len(shown) < 2:
        return [], "too_few"
    place = {group: number for number, group in enumerate(shown)}
    part = np.array([place.get(label, len(shown)) for label in labels.tolist()])
    if somebody_found([*told, part]):
        return [], "subtraction"
    told.append(part)
    return shown, None


def fifths(quotas: Mapping[str, int]) -> dict[str, str]:
    """Who carries the smallest fifth of the quotas, up to the largest; equal quotas go together."""
    ranked = sorted(quotas.values())
    n = len(ranked)
    first = {quota: number for number, quota in reversed([*enumerate(ranked)])}
    return {rep: f"{first[quota] * FIFTHS // n + 1} of {FIFTHS}" for rep, quota in quotas.items()}
