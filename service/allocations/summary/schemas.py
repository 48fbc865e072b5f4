"""What the API says on the one page of a version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Self

from pydantic import BaseModel, Field

from service.allocations.figures import PLACES, PLACES_OF_UNITS
from service.allocations.summary.domain.decided import Decided
from service.allocations.summary.domain.movers import Mover
from service.allocations.summary.domain.sums import NOBODY, Part
from service.allocations.summary.usecases import Figures, Reserves, Summary
from service.kit.money import MoneyOut, from_minor
from service.plans.domain import VersionStatus
from service.plans.sight import Sight
from service.plans.version_schemas import VersionOut


class CompanyOut(BaseModel):
    """The company's own figures, told to everybody who may read a summary."""

    target: MoneyOut = Field(
        description="What it was solved for. A new company target since then is an event: "
        "`decided` says by how much it changed what is assigned"
    )
    assigned: MoneyOut = Field(description="The sum of all quotas")
    gap: MoneyOut = Field(description="What nobody can carry", examples=[0])
    growth: float | None = Field(description="Of `assigned` on expected sales", examples=[0.08])


class ReservesOut(BaseModel):
    """What of the assigned amount may be given back; of all reserves that the caller sees."""

    amount: MoneyOut = Field(examples=[20000])
    used: MoneyOut = Field(examples=[11000])
    left: MoneyOut = Field(examples=[9000])

    @classmethod
    def of(cls, reserves: Reserves, digits: int) -> Self:
        amount, used = reserves.amount, reserves.used
        return cls(
            amount=from_minor(amount, digits),
            used=from_minor(used, digits),
            left=from_minor(amount - used, digits),
        )


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
    """The same people this year and last: everybody whose `last_year` is stated."""

    reps: int = Field(examples=[8])
    last_year: float = Field(description="What they sold", examples=[900000])
    quota: MoneyOut = Field(description="What they carry now", examples=[945000])
    change: float = Field(examples=[45000])
    growth: float | None = Field(
        description="null where they sold nothing together", examples=[0.05]
    )


class ChanceOut(BaseModel):
    """How likely sales reach a target, as the version tells it."""

    target: MoneyOut
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
    year_on_year: YearOnYearOut | None = Field(description="null where nobody's last year is known")
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
            baseline=_amount(sums.expected.amount, digits),
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


class YearlyMoverOut(BaseModel):
    """One quota beside last year's sales."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    quota: MoneyOut = Field(examples=[291000])
    last_year: float = Field(examples=[231000])
    change: float = Field(examples=[60000])
    growth: float | None = Field(description="null where nothing was sold", examples=[0.2597])

    @classmethod
    def of(cls, mover: Mover, digits: int) -> Self:
        return cls(
            rep=mover.rep,
            unit=mover.unit,
            quota=from_minor(mover.quota, digits),
            last_year=_amount(mover.last_year, digits),
            change=_amount(mover.change, digits),
            growth=_ratio(mover.growth),
        )


class MoversOut(BaseModel):
    """Whose quotas are furthest from last year's sales, the furthest first; by id where alike."""

    up: list[YearlyMoverOut]
    down: list[YearlyMoverOut] = Field(examples=[[]])


class HeldOut(BaseModel):
    """What holds quotas away from the common effort; each counts once, by its nearest rule."""

    none: int = Field(description="Nothing does", examples=[6])
    cap: int = Field(description="The own cap", examples=[2])
    floor: int = Field(description="The own floor", examples=[0])
    fixed: int = Field(description="Locked when it was solved", examples=[1])
    unit: int = Field(description="The range of a unit", examples=[0])
    across: int = Field(description="A rule across units", examples=[0])
    amended: int = Field(description="Decisions since the solve", examples=[1])


class LimitsOut(BaseModel):
    """Whether what the caller sees is within its limits."""

    kept: bool = Field(description="No decision since the solve left a limit of it")
    beyond: int = Field(description="How many limits are not kept any more", examples=[0])
    relaxed: int = Field(description="How many rules gave way when it was solved", examples=[0])


class DecidedKindOut(BaseModel):
    """What decisions of one kind did to quotas since the solve, with those who carry a part of it.

    A decision that no quota names that the caller sees is not counted.
    """

    kind: str = Field(
        description="adjustment, change_request, event, import, repair or unit_solve",
        examples=["adjustment"],
    )
    decisions: int = Field(examples=[3])
    reps: int = Field(description="Whose quotas name them", examples=[12])
    raised: MoneyOut = Field(
        description="By how much quotas went up; whoever only moves to another unit moves none",
        examples=[11000],
    )
    lowered: MoneyOut = Field(description="And down: at most 0", examples=[-11000])
    change: MoneyOut = Field(description="Both together", examples=[0])

    @classmethod
    def of(cls, own: Decided, digits: int) -> Self:
        return cls(
            kind=own.kind,
            decisions=len(own.decisions),
            reps=len(own.reps),
            raised=from_minor(own.raised, digits),
            lowered=from_minor(own.lowered, digits),
            change=from_minor(own.change, digits),
        )


class LifeOut(BaseModel):
    """Where the version stands, and who brought it there."""

    status: VersionStatus
    created_at: datetime
    created_by: str
    submitted_at: datetime | None
    submitted_by: str | None
    deadline: datetime | None = Field(description="When a decision is due")
    overdue: bool = Field(description="Submitted, and its deadline has passed")
    approved_at: datetime | None
    approved_by: str | None
    published_at: datetime | None
    published_by: str | None
    effective_from: date | None
    effective_to: date | None = Field(description="null: until the plan's period ends")
    superseded_at: datetime | None


_LIFE: Final = frozenset(LifeOut.model_fields)


class SummaryOut(BaseModel):
    """A version on one page, as far as the caller sees it: a manager the own unit and below."""

    plan: str
    name: str = Field(description="The plan's", examples=["FY27"])
    version: int
    life: LifeOut
    hash: str
    parent_hash: str | None
    measure: str = Field(examples=["revenue"])
    currency: str | None = Field(description="null: something is counted", examples=["USD"])
    counted_in: str | None = Field(description="What is counted; null: money", examples=[None])
    period_start: date
    period_end: date
    company: CompanyOut
    reserves: ReservesOut
    total: FiguresOut = Field(
        description="All that the caller sees: the company, or a manager's own unit"
    )
    units: list[FiguresOut] = Field(description="Parents first")
    movers: MoversOut
    held: HeldOut
    locked: int = Field(description="Quotas that later solves keep until they are released")
    limits: LimitsOut
    decided: list[DecidedKindOut] = Field(examples=[[]])

    @classmethod
    def of(cls, found: Summary, sight: Sight, now: datetime) -> Self:
        manifest, version, plan = found.manifest, found.version, found.plan
        digits: int = manifest["digits"]
        counted_in: str | None = manifest.get("counted_in")
        told = VersionOut.of(version, plan.currency, sight, now=now)
        return cls(
            plan=plan.id,
            name=plan.name,
            version=version.number,
            life=LifeOut(**told.model_dump(include={*_LIFE})),
            hash=version.hash,
            parent_hash=version.parent_hash,
            measure=found.measure,
            currency=plan.currency if counted_in is None else None,
            counted_in=counted_in,
            period_start=plan.period_start,
            period_end=plan.period_end,
            company=CompanyOut(
                target=from_minor(manifest["target"], digits),
                assigned=from_minor(manifest["assigned"], digits),
                gap=from_minor(found.gap, digits),
                growth=manifest["common"]["growth"],
            ),
            reserves=ReservesOut.of(found.reserves, digits),
            total=FiguresOut.of(found.total, digits),
            units=[FiguresOut.of(own, digits) for own in found.units],
            movers=MoversOut(
                up=[YearlyMoverOut.of(mover, digits) for mover in found.movers.up],
                down=[YearlyMoverOut.of(mover, digits) for mover in found.movers.down],
            ),
            held=HeldOut.model_validate(found.held),
            locked=found.locked,
            limits=LimitsOut(kept=found.beyond == 0, beyond=found.beyond, relaxed=found.relaxed),
            decided=[DecidedKindOut.of(own, digits) for own in found.decided],
        )


def _full_time(part: Part, digits: int) -> FullTimeOut | None:
    per_fte = part.per(part.amount)
    if per_fte is None:
        return None
    return FullTimeOut(
        reps=part.reps,
        fte=round(part.amount, PLACES),
        quota=from_minor(part.quota, digits),
        per_fte=_amount(per_fte, digits),
    )


def _year_on_year(part: Part, digits: int) -> YearOnYearOut | None:
    if part == NOBODY:
        return None
    return YearOnYearOut(
        reps=part.reps,
        last_year=_amount(part.amount, digits),
        quota=from_minor(part.quota, digits),
        change=_amount(part.quota - part.amount, digits),
        growth=_ratio(part.growth),
    )


def _chance(row: Mapping[str, Any], digits: int) -> ChanceOut:
    return ChanceOut(
        target=from_minor(row["target"], digits),
        reaching=row["reaching"],
        expected=_known(row["expected"], digits),
        reps=row["reps"],
        reps_with_sigma=row["reps_with_sigma"],
    )


def _amount(minor: float, digits: int) -> float:
    """A measurement in minor units in the currency itself."""
    amount: float = minor / 10**digits
    return round(amount, PLACES_OF_UNITS + digits) + 0.0  # no -0.0


def _known(minor: float | None, digits: int) -> float | None:
    return None if minor is None else _amount(minor, digits)


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES) + 0.0
