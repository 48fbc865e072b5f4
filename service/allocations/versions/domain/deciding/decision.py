"""What may be decided about quotas that stand, and why a decision is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.allocations.versions.domain.written.manifest import AmendmentKind
from solver.amend import Funding
from solver.infeasibility import Rule, Words


@dataclass(frozen=True, slots=True)
class Wanted:
    """The quota that somebody is to have, in minor units."""

    rep: str
    quota: int
    months: Sequence[int] | None = None
    """What each month of the period is to carry; None: the change goes to the open months in
    proportion to what these carry."""
    unit: str | None = None
    """The unit that the change belongs to; None: the rep's own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at once; the order of `wanted` does not matter."""

    kind: AmendmentKind
    reference: str
    wanted: Sequence[Wanted]
    funding: Funding | None
    """None: the changes add up to what they should by themselves, and nobody else moves."""
    effective: str | None = None
    """The first month that moves, `2027-04`; None: all of them."""
    unit: str | None = None
    """Without carriers: the unit that it is about; None: the company, or each one's own unit where
    nobody funds it."""
    whole: bool = False
    """Where nobody funds it: whether it is one change of the whole company, as a plan by hand is,
    whose units need not add up to what they did."""
    locks: bool = False
    """Whether later solves keep the wanted quotas."""
    beyond: bool = False
    """Whether it may leave limits of the solve: an import, an approved exception."""
    apart: Sequence[str] = ()
    """Who carries nothing of it besides those who are locked: whoever has left."""
    through: str | None = None
    """The last month that is closed for it and for all that is solved later, where that is said."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a decision is refused."""

    words: Words
    """A sentence; the integers in it are amounts in minor units."""
    rep: str | None = None
    rule: str | None = None
    """The limit that it would not keep, by its name, and its amount in minor units."""
    limit: int | None = None

    def told(self, money: Callable[[int], str]) -> str:
        """The sentence with each amount in minor units written by `money`."""
        return "".join(word if isinstance(word, str) else money(word) for word in self.words)


class Refused(Exception):
    """The decision contradicts the plan; every reason at once."""

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        super().__init__("; ".join(reason.told("{:,}".format) for reason in reasons))
        self.reasons = reasons


class NotCarried(Exception):
    """The others cannot carry the change inside their limits."""

    def __init__(self, unit: str | None, could: Mapping[str, int], stops: Sequence[Rule]) -> None:
        where = f"unit {unit}" if unit else "the company"
        super().__init__(f"nobody else of {where} can carry all of it")
        self.unit = unit
        """The funding unit; None: the company."""
        self.could = could
        """The quotas that could be had instead, by rep, in minor units."""
        self.stops = stops
        """The limits that are reached; empty where nobody else is there."""
