"""What the API says about what granting a change request would do."""

from typing import Any, Self

from pydantic import BaseModel, Field

from service.kit.money import MoneyOut, from_minor
from service.negotiations.change_requests.domain.funding import Funding
from service.negotiations.change_requests.usecases.previewing import Corrected, Shown
from service.negotiations.change_requests.usecases.ways import Way


class CarrierOut(BaseModel):
    """Somebody who would carry a part of the difference."""

    model_config = {"populate_by_name": True}

    rep: str
    unit: str | None
    from_: MoneyOut = Field(alias="from", examples=[280000])
    to: MoneyOut = Field(examples=[283500])


class LimitOut(BaseModel):
    """A rule that stops it."""

    rule: str = Field(examples=["rep:r2:cap"])
    value: MoneyOut


class WayOut(BaseModel):
    """A way to fund the change."""

    funding: Funding
    unit: str | None = Field(description="Whose people or reserve; null: the company")
    possible: bool
    may_sign: bool = Field(description="Whether the caller may; else it has to be escalated")
    at_most: MoneyOut | None = Field(
        description="The quota nearest to what is wanted that could be granted so; null: not "
        "known, or not told to who may not sign it"
    )
    reason: str | None = Field(description="Why it is not possible")
    limits: list[LimitOut]


class RangeOut(BaseModel):
    """Of several people: the least and the most."""

    least: float
    most: float


class ReserveLeftOut(BaseModel):
    """A reserve, before the change."""

    unit: str | None
    amount: MoneyOut
    left: MoneyOut


class CorrectedOut(BaseModel):
    """What correcting the input would do instead of moving money."""

    correct: dict[str, list[dict[str, Any]]] = Field(
        description="What the evidence says is right, as `accept` takes it",
        examples=[{"reps": [{"id": "r1", "potential": 800000}]}],
    )
    amount: MoneyOut | None = Field(description="The quota that it comes to")
    stretch_after: float | None
    attainment_probability_after: float | None
    others_moved: int = Field(description="How many others would have another quota")
    reason: str | None = Field(description="Why it cannot be done")

    @classmethod
    def of(cls, corrected: Corrected, digits: int) -> Self:
        amount = corrected.quota.after
        return cls(
            correct={table: [{**row} for row in rows] for table, rows in corrected.correct.items()},
            amount=None if amount is None else from_minor(amount, digits),
            stretch_after=corrected.stretch.after,
            attainment_probability_after=corrected.probability.after,
            others_moved=corrected.moved,
            reason=corrected.reason,
        )


class PreviewOut(BaseModel):
    """What granting would do, in the first of `ways`."""

    version: int = Field(description="The version that would be amended", examples=[1])
    amount: MoneyOut = Field(examples=[280000])
    effective: str | None = Field(description="The first month that changes; null: all")
    funding: Funding
    possible: bool
    ways: list[WayOut] = Field(description="The named one, or all of them, the one taken first")
    carriers: list[CarrierOut] | None = Field(description="Whom the caller sees; null for reps")
    carrying: int = Field(description="How many would carry a part", examples=[11])
    relative_change: float | None = Field(
        description="Of what they carry together; null: nobody does. Figures of all of them are "
        "null as well where they would tell of fewer than five people whom the caller does not see",
        examples=[0.012],
    )
    stretch_before: float | None
    stretch_after: float | None
    attainment_probability_before: float | None = Field(description="null for reps")
    attainment_probability_after: float | None
    carriers_stretch_before: RangeOut | None
    carriers_stretch_after: RangeOut | None
    carriers_probability_before: RangeOut | None = Field(description="null for reps")
    carriers_probability_after: RangeOut | None
    reserve: ReserveLeftOut | None = Field(description="The nearest one above; null for reps")

    correction: CorrectedOut | None = Field(
        description="The other way, where the evidence says what is right; for planners and admins"
    )

    @classmethod
    def of(cls, shown: Shown) -> Self:
        digits, reserve = shown.digits, shown.reserve
        carriers = shown.carriers
        return cls(
            version=shown.version,
            amount=from_minor(shown.change.amount, digits),
            effective=shown.change.effective,
            funding=shown.ways[0].funding,
            possible=shown.ways[0].possible,
            ways=[_way(way, digits) for way in shown.ways],
            carriers=None if carriers is None else [
                CarrierOut(
                    rep=each.rep,
                    unit=each.unit,
                    from_=from_minor(each.before, digits),
                    to=from_minor(each.after, digits),
                )
                for each in carriers
            ],
            carrying=shown.carrying,
            relative_change=shown.relative_change,
            stretch_before=shown.stretch.before,
            stretch_after=shown.stretch.after,
            attainment_probability_before=shown.probability.before,
            attainment_probability_after=shown.probability.after,
            carriers_stretch_before=_range(shown.carriers_stretch.before),
            carriers_stretch_after=_range(shown.carriers_stretch.after),
            carriers_probability_before=_range(shown.carriers_probability.before),
            carriers_probability_after=_range(shown.carriers_probability.after),
            reserve=None if reserve is None else ReserveLeftOut(
                unit=reserve.unit,
                amount=from_minor(reserve.amount, digits),
                left=from_minor(reserve.left, digits),
            ),
            correction=None
            if shown.correction is None
            else CorrectedOut.of(shown.correction, digits),
        )  # fmt: skip


def _way(way: Way, digits: int) -> WayOut:
    return WayOut(
        funding=way.funding,
        unit=way.unit,
        possible=way.possible,
        may_sign=way.signs,
        at_most=None if way.at_most is None else from_minor(way.at_most, digits),
        reason=way.reason,
        limits=[LimitOut(rule=rule, value=value) for rule, value in way.limits],
    )


def _range(found: tuple[float, float] | None) -> RangeOut | None:
    return None if found is None else RangeOut(least=found[0], most=found[1])
