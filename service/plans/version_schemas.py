"""What the API says about versions: how they stand, and what they could not keep."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from service.kit.money import MoneyOut, from_minor, minor_digits
from service.plans.amended import LedgerOut
from service.plans.domain import VersionStatus, is_overdue
from service.plans.outcome import Outcome
from service.plans.policy import present_policy, present_rule
from service.plans.sight import EVERYTHING, Sight
from service.plans.tables import PlanVersion


class LifeOut(BaseModel):
    """Where a version stands, and who brought it there."""

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
    effective_from: date | None = Field(description="The first day on which it is in force")
    effective_to: date | None = Field(
        description="The last one; null: until the plan's period ends. Before `effective_from` "
        "where it was replaced before it took effect"
    )
    superseded_at: datetime | None


def life_of(version: PlanVersion, *, now: datetime) -> LifeOut:
    return LifeOut(
        status=version.status,
        created_at=version.created_at,
        created_by=version.created_by,
        submitted_at=version.submitted_at,
        submitted_by=version.submitted_by,
        deadline=version.deadline,
        overdue=is_overdue(version.status, version.deadline, now),
        approved_at=version.approved_at,
        approved_by=version.approved_by,
        published_at=version.published_at,
        published_by=version.published_by,
        effective_from=version.effective_from,
        effective_to=version.effective_to,
        superseded_at=version.superseded_at,
    )


class VersionOut(LifeOut):
    """A version without its quotas.

    To managers and reps it tells of the policy what holds for everybody, and neither note nor
    fairness.
    """

    number: int
    inputs_hash: str
    hash: str
    parent_hash: str | None
    base_version: int | None
    policy: dict[str, Any]
    engine: str
    assigned: MoneyOut
    fairness: dict[str, Any]
    note: str | None

    @classmethod
    def of(
        cls, version: PlanVersion, currency: str, sight: Sight = EVERYTHING, *, now: datetime
    ) -> Self:
        digits = minor_digits(currency)
        return cls(
            number=version.number,
            inputs_hash=version.inputs_hash,
            hash=version.hash,
            parent_hash=version.parent_hash,
            base_version=version.base_version,
            policy=present_policy(sight.of_policy(version.policy), digits),
            engine=version.engine,
            assigned=from_minor(version.assigned, digits),
            fairness=version.fairness if sight.is_whole else {},
            note=version.note if sight.is_whole else None,
            **life_of(version, now=now).model_dump(),
        )


class HoldingOut(BaseModel):
    """A limit that is reached, and whom it keeps from carrying more."""

    rule: str = Field(
        description="As in `relaxation`; `cap`: reps’ own limits, counted together",
        examples=["unit:west:max"],
    )
    reps: int = Field(description="How many of those at and below the unit", examples=[6])


class GapOut(BaseModel):
    """What nobody below a unit can carry, for its owner to sign."""

    unit: str | None = Field(description="null: the company", examples=["west"])
    amount: MoneyOut = Field(
        description="Below 0: what decisions after the solve have the unit carry beyond it"
    )
    owner: str | None = Field(description="Who answers for the unit, where that is known")
    held_by: list[HoldingOut] | None = Field(
        description="What keeps reps there from carrying it, limits of most reps first; null "
        "where that is not told: of a gap that a decision left, and in versions of before"
    )


class GaveWayOut(BaseModel):
    """A rule that gave way, as `policy.relax` takes it."""

    model_config = {"populate_by_name": True}

    rule: str = Field(examples=["unit:west:min"])
    from_: float = Field(
        alias="from", description="An amount; of a parity the tolerance", examples=[600000]
    )
    to: float | None = Field(description="null: no limit any more", examples=[510000])


class PartTargetOut(BaseModel):
    """A target of a part of the business, and what quotas carry of it."""

    unit: str | None = Field(examples=["west"])
    product: str | None = Field(examples=["new"])
    customer_type: str | None = Field(examples=[None])
    period: str | None = Field(
        description="Its first and last month; null: the whole period",
        examples=["2027-01/2027-06"],
    )
    amount: float = Field(description="Before over-assignment", examples=[120000])
    carried: float = Field(
        description="What quotas carry of it: with its over-assignment", examples=[120000]
    )
    missed: float = Field(
        description="What they carry less what they should; 0 unless something had to give way, or "
        "whole amounts do not allow it",
        examples=[0],
    )

    @classmethod
    def of(cls, row: Mapping[str, Any], digits: int) -> Self:
        amounts = {name: from_minor(row[name], digits) for name in ("amount", "carried", "missed")}
        return cls(**{**row, **amounts})


def _gaps(gaps: Iterable[Mapping[str, Any]], outcome: Outcome, digits: int) -> list[GapOut]:
    return [
        GapOut(
            unit=gap["unit"],
            amount=from_minor(gap["amount"], digits),
            owner=outcome.owner_of(gap["unit"]),
            held_by=gap.get("held_by"),
        )
        for gap in gaps
    ]


def _relaxed(changes: Iterable[Mapping[str, Any]], digits: int) -> list[GaveWayOut]:
    return [GaveWayOut(**present_rule(change, digits)) for change in changes]


class FurtherMeasure(BaseModel):
    """Another additive measure of a version, without its quotas."""

    measure: str = Field(examples=["new_customers"])
    counted_in: str | None = Field(
        description="What is counted, in whole numbers; null: the plan's money"
    )
    target: MoneyOut
    assigned: MoneyOut
    gaps: list[GapOut] = Field(description="What nobody can carry, by unit", examples=[[]])
    relaxed: list[GaveWayOut] = Field(description="Rules that gave way", examples=[[]])

    @classmethod
    def of(cls, facts: Mapping[str, Any], outcome: Outcome) -> Self:
        digits = facts["digits"]
        return cls(
            measure=facts["measure"],
            counted_in=facts["counted_in"],
            target=from_minor(facts["target"], digits),
            assigned=from_minor(facts["assigned"], digits),
            gaps=_gaps(facts["gaps"], outcome, digits),
            relaxed=_relaxed(facts["relaxed"], digits),
        )


class VersionDetailOut(VersionOut):
    """A version without its quotas, and what it could not keep."""

    gap: MoneyOut = Field(description="What nobody can carry", examples=[0])
    gaps: list[GapOut] = Field(description="The same by unit", examples=[[]])
    relaxed: list[GaveWayOut] = Field(
        description="Rules that gave way, by `policy.relax` or `on_infeasible`", examples=[[]]
    )
    part_targets: list[PartTargetOut] = Field(
        description="Targets of products, kinds of customers and periods, and what quotas carry",
        examples=[[]],
    )
    measures: list[FurtherMeasure] = Field(
        description="The other additive measures; all else is the main one's", examples=[[]]
    )
    ledger: LedgerOut = Field(description="What was amended since the solve, and what is kept")

    @classmethod
    def of_whole(
        cls,
        version: PlanVersion,
        outcome: Outcome,
        currency: str,
        sight: Sight = EVERYTHING,
        *,
        now: datetime,
    ) -> Self:
        """As far as the `sight` goes; sums of the company are told to all."""
        digits = minor_digits(currency)
        outcome, gap = outcome.within(sight), outcome.gap
        return cls(
            **VersionOut.of(version, currency, sight, now=now).model_dump(),
            gap=from_minor(gap, digits),
            gaps=_gaps(outcome.gaps, outcome, digits),
            relaxed=_relaxed(outcome.relaxed, digits),
            part_targets=[PartTargetOut.of(row, digits) for row in outcome.part_targets],
            measures=[FurtherMeasure.of(facts, outcome) for facts in outcome.further],
            ledger=LedgerOut.of(outcome.manifest, sight, digits),
        )
