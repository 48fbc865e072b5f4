"""Sums over the reps below a node of the organisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from service.web.domain.quotas import Rep, Unit


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the reps below a node of the organisation, in minor units."""

    baseline: float
    quota: int
    last_year: float | None
    """None unless it is known for every rep below."""
    effort_amount: int
    """What they carry beyond their anchors, before rounding, with what was decided since."""
    yardstick: float
    reps: int

    @property
    def growth(self) -> float | None:
        return self.quota / self.baseline - 1 if self.baseline > 0 else None

    @property
    def over_last_year(self) -> float | None:
        return self.quota / self.last_year - 1 if self.last_year else None


@dataclass(slots=True)
class _Sums:
    """Totals while they are added up."""

    baseline: float = 0.0
    quota: int = 0
    last_year: float | None = 0.0
    effort_amount: int = 0
    yardstick: float = 0.0
    reps: int = 0

    def add(self, rep: Rep) -> None:
        self.baseline += rep.baseline
        self.quota += rep.quota
        self.effort_amount += rep.effort_amount + sum(own.amount for own in rep.amended)
        self.yardstick += rep.yardstick
        self.reps += 1
        if self.last_year is not None:
            sold = rep.last_year
            self.last_year = None if sold is None else self.last_year + sold


def totals_of(
    units: Sequence[Unit],
    reps: Sequence[Rep],
    upwards: Callable[[str | None], Sequence[Unit]],
) -> dict[str | None, Totals]:
    """The sums of the company (under None) and of every unit; `upwards`: a unit and those above."""
    sums = {node: _Sums() for node in (None, *(unit.id for unit in units))}
    for rep in reps:
        for node in (None, *(unit.id for unit in upwards(rep.unit))):
            sums[node].add(rep)
    for unit in units:
        if unit.quota is not None:  # with what people carry for it who hang elsewhere
            own = sums[unit.id]
            own.effort_amount += unit.quota - own.quota
            own.quota = unit.quota
    return {node: Totals(**asdict(own)) for node, own in sums.items()}
