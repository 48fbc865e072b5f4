"""What explains one quota, and a unit of the organisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.allocations.summary.domain.held import Hold, hold_of
from service.web.decisions import Amended

COMPANY: Final = None
"""The unit of reps, and the parent of units, that hang on the company itself."""

type Names = Mapping[str, str]
"""What the reps are called, by their ids; who has no name is called by the id."""


@dataclass(frozen=True, slots=True)
class Rep:
    """One quota with what explains it. Money in minor units; None where there is nothing to say.

    Names of people are no part of a version; they come beside it (`Names`).
    """

    id: str
    unit: str | None
    baseline: float
    reach: float | None
    quota: int
    growth: float | None
    over_last_year: float | None
    effort: float | None
    floor: int
    cap: int | None
    binding: tuple[str, ...]
    anchor: int
    effort_amount: int
    """The term `stretch` of the explanation; anchor + this + rounding = quota, exactly."""
    rounding: int
    yardstick: float
    """What one unit of stretch is in this rep's money; under `lognormal` the rep's sigma."""
    chance: float | None = None
    """The probability of attaining the quota; None where it is unknown."""
    estimate: Mapping[str, Any] | None = None
    """What an estimated baseline rests on; None where it was given."""
    counted_by: tuple[int, ...] = ()
    """The places in `VersionView.rules` of the rules across the tree that count this quota."""
    months: tuple[int, ...] | None = None
    """What each month carries; None where there are none."""
    lines: Mapping[int, int] | None = None
    """What each line of business carries, by its number; None where there are no lines."""
    amended: tuple[Amended, ...] = ()
    """What was changed since the solve, oldest first; the terms and these add up to the quota."""
    lock: str = ""
    """Which decision has later solves keep the quota; empty where they need not."""

    @property
    def is_locked(self) -> bool:
        return bool(self.lock)

    @property
    def decided(self) -> tuple[str, ...]:
        """The references of all decisions that have to do with the quota, oldest first."""
        found = (self.lock, *(own.reference for own in self.amended))
        return tuple(dict.fromkeys(reference for reference in found if reference))

    @property
    def hold(self) -> Hold:
        return hold_of(self.binding, amended=bool(self.amended))

    @property
    def last_year(self) -> float | None:
        if self.over_last_year is None or self.over_last_year <= -1:
            return None
        return self.quota / (1 + self.over_last_year)


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation unit; its sums are in `VersionView.totals`."""

    id: str
    name: str
    parent: str | None
    minimum: int | None = None
    maximum: int | None = None
    quota: int | None = None
    """What it carries; None: what its reps do. People who moved carry a part of their quotas for
    the unit that they came from."""
    binding: tuple[str, ...] = ()
    is_priced: bool = True
    """Whether it is known what it would cost whom if the own limit gave way."""

    @property
    def own_limit(self) -> str:
        """The name of the unit's own limit that binds; empty where none does."""
        nearest = self.binding[0] if self.binding else ""
        return nearest if nearest.startswith(f"unit:{self.id}:") else ""
