"""Segments of seats, what is known of people, and all of it together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from solver.estimate.ramp import RAMP_MONTHS
from solver.proration.parts import first_of
from solver.spread.calendar import Calendar


class Why(StrEnum):
    """Why nobody carries a segment."""

    VACANT = "vacant"
    """whoever held it has left it"""
    AWAY = "away"
    """the holder is away for a while"""
    PART_TIME = "part_time"
    """the holder works a part of the time that the seat asks for"""
    RAMP = "ramp"
    """the holder is new and sells less yet"""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a seat, from one day to another."""

    seat: str
    """Whose row of the plan it began as."""
    holder: str
    """Who carries it; where `why` is told, whose it was."""
    unit: str | None
    first: int
    """Days are ordinals of `datetime.date`, both included."""
    last: int
    months: tuple[int, ...]
    """Minor units in each month of the period. Below 0 only where somebody works more than the seat
    asks for, and with PART_TIME."""
    why: Why | None = None

    @property
    def amount(self) -> int:
        return sum(self.months)


@dataclass(frozen=True, slots=True)
class People:
    """What is known of people beyond what the plan was made with."""

    absences: frozenset[tuple[str, int, int]] = frozenset()
    """Person, first and last day away."""
    working_time: frozenset[tuple[str, int, float]] = frozenset()
    """Person, day from which on it holds, full-time equivalents above 0. Where nothing is told,
    somebody works as much as the seat asks for."""
    hired: Mapping[str, int] = field(default_factory=dict)
    """Month (`year * 12 + month - 1`) in which somebody new begins; others have no ramp."""
    ramp_months: float = RAMP_MONTHS


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats that events have touched, or are about to; all others are as the plan says."""

    calendar: Calendar
    increment: int
    segments: tuple[Segment, ...]
    people: People = field(default_factory=People)
    working_time: Mapping[str, float] = field(default_factory=dict)
    """Full-time equivalents that a seat asks for; 1 where left out."""

    @property
    def start(self) -> int:
        """First day of the period."""
        return first_of(self.calendar.start)

    @property
    def end(self) -> int:
        """Last day of the period."""
        return first_of(self.calendar.start + len(self.calendar)) - 1

    def with_segments(self, segments: Iterable[Segment]) -> Self:
        return replace(self, segments=tuple(segments))

    def with_row(
        self, rep: str, unit: str | None, months: Iterable[int], first: int | None = None
    ) -> Self:
        """The same, and the row of somebody who holds one seat, from its first day to the end;
        None: from the start of the period on.
        """
        begins = self.start if first is None else first
        whole = Segment(rep, rep, unit, begins, self.end, tuple(months))
        return replace(self, segments=(*self.segments, whole))

    def of_working_time(self, fte: Mapping[str, float]) -> Self:
        """The same with what each seat asks for."""
        return replace(self, working_time=fte)
