"""What the API says on the one page of a version."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from service.allocations.summary.domain.decided import Decided
from service.allocations.summary.domain.movers import Mover
from service.allocations.summary.figures_schemas import FiguresOut, measured, ratio
from service.allocations.summary.usecases import Reserves, Summary
from service.kit.money import MoneyOut, from_minor
from service.plans.version_schemas import LifeOut, life_of


class CompanyOut(BaseModel):
    """The company's own figures, told to everybody who may read a summary."""

    target: MoneyOut = Field(description="As it stands, with events that changed it")
    solved_target: MoneyOut = Field(
        description="What it was solved for: another one where a new company target came since"
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
            last_year=measured(mover.last_year, digits),
            change=measured(mover.change, digits),
            growth=ratio(mover.growth),
        )


class MoversOut(BaseModel):
    """Whose quotas are furthest from last year's sales, the furthest first; by id where alike.
    Nobody's are where the plan is not of a year.
    """

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
    def of(cls, found: Summary, now: datetime) -> Self:
        manifest, version, plan = found.manifest, found.version, found.plan
        digits: int = manifest["digits"]
        counted_in: str | None = manifest.get("counted_in")
        return cls(
            plan=plan.id,
            name=plan.name,
            version=version.number,
            life=life_of(version, now=now),
            hash=version.hash,
            parent_hash=version.parent_hash,
            measure=found.measure,
            currency=plan.currency if counted_in is None else None,
            counted_in=counted_in,
            period_start=plan.period_start,
            period_end=plan.period_end,
            company=CompanyOut(
                target=from_minor(found.target, digits),
                solved_target=from_minor(manifest["target"], digits),
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
