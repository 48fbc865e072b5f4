"""What the API says of what a unit, or the company, comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field

from service.allocations.figures import PLACES, PLACES_OF_UNITS
from service.allocations.summary.domain.sums import NOBODY, Part
from service.allocations.summary.usecases import Figures
from service.kit.money import MoneyOut, from_minor


class PeopleOut(BaseModel):
    """The seats that somebody sits in."""

    reps: int = Field(examples=[9])
    quota: MoneyOut = Field(description="What they carry", examples=[990000])
    per_head: float | None = Field(
        description="What one of them carries on average", examples=[110000]
    )


class VacantOut(BaseModel):
    """The seats that are to be filled."""

    reps: int = Field(examples=[1])
    quota: MoneyOut = Field(description="What they carry", examples=[90000])


class FullTimeOut(BaseModel):
    """The people whose full-time equivalents are known: all who were there when it was solved."""

    reps: int = Field(examples=[9])
    fte: float = Field(description="Of those together", examples=[8.5])
    quota: MoneyOut = Field(description="What they carry", examples=[990000])
    per_fte: float = Field(
        description="What one full-time equivalent carries", examples=[116470.58823529]
    )


class YearOnYearOut(BaseModel):
    """The same people this year and last: everybody whose `last_year` is known."""

    reps: int = Field(examples=[8])
    last_year: float = Field(description="What they sold", examples=[900000])
    quota: MoneyOut = Field(description="What they carry now", examples=[945000])
    change: float = Field(examples=[45000])
    growth: float | None = Field(
        description="null where they sold nothing together", examples=[0.05]
    )


class ChanceOut(BaseModel):
    """How likely sales reach a target, as the version tells it."""

    target: MoneyOut = Field(description="The one that it was solved for")
    reaching: float | None = Field(description="The chance of it", examples=[0.42])
    expected: float | None = Field(description="Expected sales", examples=[1000000])
    reps: int = Field(examples=[10])
    reps_with_sigma: int = Field(description="It rests on these", examples=[10])


class FiguresOut(BaseModel):
    """What a unit, with all below it, or the company comes to."""

    unit: str | None = Field(description="null: the company", examples=["west"])
    parent: str | None = Field(
        description="The unit above; null: the company, or a unit that the caller does not see",
        examples=[None],
    )
    quota: MoneyOut = Field(
        description="What it carries. Of a unit that people moved from or to in the middle of the "
        "period this is not the sum of the quotas of its people"
    )
    gap: MoneyOut = Field(description="What nobody there can carry", examples=[0])
    reps: int = Field(
        description="People and vacant seats, by the unit of their quota", examples=[10]
    )
    baseline: float = Field(description="Their expected sales", examples=[1000000])
    growth: float | None = Field(description="Of `quota` on `baseline`", examples=[0.08])
    people: PeopleOut
    vacant: VacantOut
    full_time: FullTimeOut | None = Field(description="null where nobody's are known")
    year_on_year: YearOnYearOut | None = Field(
        description="null where nobody's last year is known, and in plans that are not of a year"
    )
    chance: ChanceOut | None = Field(
        description="null where it has no target, or no rep a sigma", examples=[None]
    )

    @classmethod
    def of(cls, figures: Figures, digits: int) -> Self:
        sums = figures.sums
        people, vacant = sums.people, sums.vacant
        return cls(
            unit=figures.unit,
            parent=figures.parent,
            quota=from_minor(figures.quota, digits),
            gap=from_minor(figures.gap, digits),
            reps=sums.expected.reps,
            baseline=measured(sums.expected.amount, digits),
            growth=figures.growth,
            people=PeopleOut(
                reps=people.reps,
                quota=from_minor(people.quota, digits),
                per_head=_known(people.per(people.reps), digits),
            ),
            vacant=VacantOut(reps=vacant.reps, quota=from_minor(vacant.quota, digits)),
            full_time=_full_time(sums.full_time, digits),
            year_on_year=_year_on_year(sums.last_year, digits),
            chance=None if figures.chance is None else _chance(figures.chance, digits),
        )


def _full_time(part: Part, digits: int) -> FullTimeOut | None:
    per_fte = part.per(part.amount)
    if per_fte is None:
        return None
    return FullTimeOut(
        reps=part.reps,
        fte=round(part.amount, PLACES),
        quota=from_minor(part.quota, digits),
        per_fte=measured(per_fte, digits),
    )


def _year_on_year(part: Part, digits: int) -> YearOnYearOut | None:
    if part == NOBODY:
        return None
    return YearOnYearOut(
        reps=part.reps,
        last_year=measured(part.amount, digits),
        quota=from_minor(part.quota, digits),
        change=measured(part.quota - part.amount, digits),
        growth=ratio(part.growth),
    )


def _chance(row: Mapping[str, Any], digits: int) -> ChanceOut:
    return ChanceOut(
        target=from_minor(row["target"], digits),
        reaching=row["reaching"],
        expected=_known(row["expected"], digits),
        reps=row["reps"],
        reps_with_sigma=row["reps_with_sigma"],
    )


def measured(minor: float, digits: int) -> float:
    """A measurement in minor units in the currency itself."""
    plain: float = minor / 10**digits
    return round(plain, PLACES_OF_UNITS + digits) + 0.0  # no -0.0


def _known(minor: float | None, digits: int) -> float | None:
    return None if minor is None else measured(minor, digits)


def ratio(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES) + 0.0
