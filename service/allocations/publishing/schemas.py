"""What the API says about publishing and published quotas."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from service.allocations.publishing.tables import PublishedQuota
from service.kit.examples import examples
from service.kit.money import MoneyOut, from_minor
from service.kit.pages import Page
from service.plans.life_cycle_schemas import StepIn
from service.plans.version_schemas import VersionDetailOut


@examples({"From January on": {"note": "Signed by the board.", "effective": "2027-01-01"}})
class PublishIn(StepIn):
    """A version becomes the binding one."""

    effective: date | None = Field(
        default=None,
        description="The first day on which it is in force, the first of a month in the plan's "
        "period. Left out: the period's first day for a plan's first publication, "
        "afterwards the first month that has not begun",
        examples=["2027-04-01"],
    )


class PublishedVersionOut(VersionDetailOut):
    """A version that was just published."""

    head: str = Field(
        description="Its hash, the newest of its chain. Keep it outside this database: with it "
        "anybody can tell later that nothing before it was rewritten"
    )


class PublishedQuotaOut(BaseModel):
    """One rep's quota in a published version, and the days on which it is in force."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    measure: str = Field(examples=["revenue"])
    quota: MoneyOut = Field(description="Of the whole period, as the version says")
    in_force: MoneyOut | None = Field(
        description="What of it falls into the months in which it is in force; null where the "
        "version has no months",
    )
    currency: str | None = Field(description="null: something is counted", examples=["USD"])
    counted_in: str | None = Field(description="What is counted; null: money", examples=[None])
    months: dict[str, MoneyOut] | None = Field(
        description="The quota by month; null where the version has none"
    )
    version: int = Field(examples=[3])
    hash: str = Field(description="The hash of that version")
    effective_from: date
    effective_to: date | None = Field(
        description="The last day; null: until the plan's period ends"
    )

    @classmethod
    def of(cls, row: PublishedQuota) -> Self:
        months = row.months and {
            month: from_minor(amount, row.digits) for month, amount in row.months.items()
        }
        since, until = f"{row.effective_from:%Y-%m}", f"{row.effective_to or date.max:%Y-%m}"
        amounts = (row.months or {}).items()
        in_force = sum(amount for month, amount in amounts if since <= month <= until)
        return cls(
            rep=row.rep,
            unit=row.unit,
            measure=row.measure,
            quota=from_minor(row.quota, row.digits),
            in_force=None if row.months is None else from_minor(in_force, row.digits),
            currency=row.currency,
            counted_in=row.counted_in,
            months=months,
            version=row.version,
            hash=row.version_hash,
            effective_from=row.effective_from,
            effective_to=row.effective_to,
        )


class InForceOut(Page[PublishedQuotaOut]):
    """The quotas in force on a day."""

    on: date = Field(description="The day", examples=["2027-05-15"])
    why_empty: str | None = Field(
        description="Where nothing is in force that day: why, and what to ask for",
        examples=[None],
    )


class CourseOut(BaseModel):
    """All quotas of a rep that were or are to be in force."""

    rep: str
    items: list[PublishedQuotaOut] = Field(description="In the order of days; measures by name")
