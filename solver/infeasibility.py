"""What is said about rules that cannot all hold; `solver.conflict` finds it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

type Words = tuple[str | int, ...]
"""What a sentence is made of; the integers are amounts in minor units."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit by its name in the API.

    `target`, `rep:ID:floor|cap|fixed`, `unit:ID:min|max|target`, `group:ID:min|max`,
    `margin:ID:min`, `row:ID:min|max`, `parity:COHORT`. The value of a target, the company's and a
    unit's, is the amount to assign: with its over-assignment. In minor units, but for a parity,
    whose value is its tolerance.
    """

    name: str
    value: int | float


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A rule that gives way, its value as in `Rule`; infinite where it is lifted altogether."""

    name: str
    before: int | float
    after: int | float


@dataclass(frozen=True, slots=True)
class Infeasibility:
    """An irreducible conflict, and the smallest change of rules that mends everything at once."""

    conflict: tuple[Rule, ...]
    relaxation: tuple[Relaxation, ...]
    feasible_min: int
    feasible_max: int | None
    """Amounts to assign (not targets: the company's over-assignment is in them) that are possible
    once the relaxation is applied; None where there is no limit."""
    words: Words
    """What `sentence` is made of."""

    @property
    def sentence(self) -> str:
        """What contradicts what, amounts in minor units."""
        return self.told(lambda amount: f"{amount:,}")

    def told(self, money: Callable[[int], str]) -> str:
        """The sentence with each amount in minor units written by `money`."""
        return "".join(word if isinstance(word, str) else money(word) for word in self.words)
