"""What the API says about adjusted quotas."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, Field, with_config

from service.allocations.adjustments.tables import QuotaAdjustment
from service.kit.body import Note
from service.kit.examples import examples
from service.kit.money import MoneyOut, from_minor
from service.kit.values import STRICT_ROW, Key, Money

MOST: Final = 10_000
"""Rows of one decision."""


@with_config(STRICT_ROW)
class AdjustmentRow(TypedDict):
    """One rep's new quota."""

    rep: Required[Annotated[Key, Field(examples=["r1"])]]
    quota: Required[Annotated[Money, Field(examples=[280000])]]
    """It is kept to the last cent, and need not be a multiple of the increment."""
    reason: Required[
        Annotated[
            str,
            Field(
                strict=True, min_length=1, max_length=2_000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
                examples=["key account lost"],
            ),
        ]
    ]  # fmt: skip
    """It stands beside the version, never in it."""


@examples(
    {
        "The colleagues in the unit carry it": {
            "adjustments": [{"rep": "r1", "quota": 280000, "reason": "key account lost"}],
            "funding": "siblings",
            "note": "after the review",
        },
        "A lock is released": {"release": ["r1"]},
    }
)
@with_config(STRICT_ROW)
class AdjustmentsIn(TypedDict):
    """Quotas to be adjusted, and locks to be released, at once."""

    adjustments: NotRequired[
        Annotated[
            Annotated[list[AdjustmentRow], Field(max_length=MOST)] | None, Field(examples=[[]])
        ]
    ]
    release: NotRequired[
        Annotated[Annotated[list[Key], Field(max_length=MOST)] | None, Field(examples=[["r9"]])]
    ]
    """Reps whose quota later solves need not keep any more."""
    funding: NotRequired[
        Annotated[
            Literal["everyone", "siblings", "parent", "reserve", "unfunded"] | None,
            Field(examples=["siblings"]),
        ]
    ]
    """Who carries the difference. `everyone` (default): all others are solved again around the
    locks. `siblings`: the others of the rep's own unit; `parent`: everybody else below the unit's
    parent, each by the same part of the own quota, and nobody else moves. `reserve`: the reserve of
    the nearest unit upwards that has one. `unfunded`: nobody; it is booked as a gap of the unit."""
    effective: NotRequired[
        Annotated[
            Annotated[str, Field(strict=True, pattern=r"^[0-9]{4}-[0-9]{2}$")] | None,
            Field(examples=["2027-04"]),
        ]
    ]
    """The first month that moves; what months before it carry stays. Nothing is solved again then:
    with `everyone` all others carry the same part of their quotas."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=["after the review"])]]


class AdjustmentOut(BaseModel):
    """One rep's part of a decision."""

    reference: str = Field(examples=["adj_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    version: int = Field(description="The draft that it made", examples=[2])
    rep: str = Field(examples=["r1"])
    before: MoneyOut = Field(description="The quota that was adjusted")
    quota: MoneyOut
    funding: str | None = Field(
        description="null where the adjustments add up to nothing by themselves",
        examples=["siblings"],
    )
    reason: str = Field(examples=["key account lost"])
    created_at: datetime
    created_by: str
    locked: bool = Field(description="Whether this version keeps the quota by this decision")
    released_in: int | None = Field(description="The first draft without the lock")
    released_at: datetime | None
    released_by: str | None

    @classmethod
    def of(cls, row: QuotaAdjustment, digits: int, *, locked: bool) -> Self:
        return cls(
            reference=row.reference,
            version=row.version,
            rep=row.rep,
            before=from_minor(row.quota_before, digits),
            quota=from_minor(row.quota, digits),
            funding=row.funding,
            reason=row.reason,
            created_at=row.created_at,
            created_by=row.created_by,
            locked=locked,
            released_in=row.released_in,
            released_at=row.released_at,
            released_by=row.released_by,
        )


class AdjustmentsOut(BaseModel):
    """Who adjusted what on the way to a version, oldest first."""

    items: list[AdjustmentOut]
