"""What the API says about plans."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from service.kit.body import InputModel, Line
from service.kit.examples import examples
from service.kit.money import InvalidMoney, MoneyIn, MoneyOut, from_minor, minor_digits, to_minor
from service.kit.values import Day
from service.plans.domain import period_fault
from service.plans.tables import Plan


def _known_currency(currency: str) -> str:
    minor_digits(currency)
    return currency


class Period(InputModel):
    """Whole months, both days included."""

    start: Day = Field(examples=["2027-01-01"])
    end: Day = Field(examples=["2027-12-31"])

    @field_validator("start")
    @classmethod
    def _starts_a_month(cls, start: date) -> date:
        if start.day != 1:
            raise ValueError("must be the first day of a month")
        return start

    @field_validator("end")
    @classmethod
    def _ends_a_month(cls, end: date, info: ValidationInfo) -> date:
        start = info.data.get("start")
        if start is not None and (fault := period_fault(start, end)):
            raise ValueError(fault)
        return end


@examples(
    {
        "A year, rounded to hundreds": {
            "name": "FY27",
            "currency": "USD",
            "increment": 100,
            "period": {"start": "2027-01-01", "end": "2027-12-31"},
        }
    }
)
class PlanIn(InputModel):
    """A new plan."""

    name: Line = Field(examples=["FY27"])
    currency: str = Field(default="USD", examples=["USD"], description="ISO 4217")
    increment: MoneyIn | None = Field(
        default=None,
        validate_default=True,
        description="Quotas are multiples of it; left out: one minor unit",
        examples=[100],
    )
    period: Period

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, currency: str) -> str:
        return _known_currency(currency)

    @field_validator("increment")
    @classmethod
    def _is_positive(cls, increment: MoneyIn | None, info: ValidationInfo) -> MoneyIn | None:
        currency = info.data.get("currency")
        if increment is not None and currency and to_minor(increment, minor_digits(currency)) <= 0:
            raise InvalidMoney("must be positive")
        return increment

    def increment_minor(self) -> int:
        if self.increment is None:
            return 1
        return to_minor(self.increment, minor_digits(self.currency))


class PeriodPatch(InputModel):
    """The new first or last day."""

    start: Day | None = None
    end: Day | None = None

    @field_validator("start")
    @classmethod
    def _starts_a_month(cls, start: date | None) -> date | None:
        if start is not None and start.day != 1:
            raise ValueError("must be the first day of a month")
        return start


@examples(
    {
        "Another name": {"name": "FY27, as the board wants it"},
        "Rounded to thousands": {"increment": 1000},
    }
)
class PlanPatch(InputModel):
    """What is to change; what is left out stays."""

    name: Line | None = None
    currency: str | None = None
    increment: MoneyIn | None = None
    period: PeriodPatch = Field(default_factory=PeriodPatch)

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, currency: str | None) -> str | None:
        return currency and _known_currency(currency)


class PeriodOut(BaseModel):
    start: date
    end: date


class PlanOut(BaseModel):
    id: str = Field(examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    name: str
    currency: str
    increment: MoneyOut
    period: PeriodOut
    inputs_hash: str | None = Field(description="The working inputs; null until they are put")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(
            id=plan.id,
            name=plan.name,
            currency=plan.currency,
            increment=from_minor(plan.increment, minor_digits(plan.currency)),
            period=PeriodOut(start=plan.period_start, end=plan.period_end),
            inputs_hash=plan.inputs_hash,
            created_at=plan.created_at,
            updated_at=plan.updated_at,
        )
