"""What the API says about two versions side by side."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from service.allocations.schemas import Amount


class ChangeOut(BaseModel):
    """An amount in both versions."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[
        float | None, Field(alias="from", description="null: not there before", examples=[291000])
    ]
    to: Annotated[float | None, Field(description="null: no longer there", examples=[280000])]
    change: Annotated[float, Field(examples=[-11000])]


class ChangedUnitOut(ChangeOut):
    """The sum of a unit's quotas in both versions."""

    id: str = Field(examples=["west"])


class ChangedQuotaOut(ChangeOut):
    """One rep's quota in both versions, and why it changed."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(
        description="In the later version; of somebody who is gone, in the earlier one",
        examples=["west"],
    )
    unit_before: str | None = Field(
        description="In the earlier version; of somebody new, in the later one", examples=["west"]
    )
    reasons: list[str] = Field(
        description="Stable names: `input:FIELD` of the rep, `input:unit:ID:FIELD` of a unit "
        "above, `input:target`, `policy:PARAMETER`, `plan:increment`, `plan:period`, "
        "`freeze:UNIT`, `adjustment:adj_…`, `change-request:chg_…`, `event:evt_…`, `import:imp_…`, "
        "`repair:rpr_…`, `unit-solve:unit:ID`; `consequence`: nothing of the rep's own was changed",
        examples=[["change-request:chg_01kaz3q8f2m7x0c5d6e7f8g9ha"]],
    )
    why: list[str] = Field(
        description="The same as sentences, in the same order",
        examples=[["A granted change request (chg_01kaz3q8f2m7x0c5d6e7f8g9ha)."]],
    )
    follows_from: list[str] = Field(
        description="Of a consequence: the reps (`rep:r2`), units (`unit:west`) and parameters "
        "whose change it follows from, at most five",
        examples=[[]],
    )
    months: dict[str, Amount] | None = Field(
        default=None,
        description="With `months=true`: what moved in each month; null where neither version has "
        "months",
        examples=[{"2027-04": -11000}],
    )


class DiffOut(BaseModel):
    """Who changed between two versions, by how much and why."""

    model_config = ConfigDict(populate_by_name=True)

    from_: int = Field(alias="from", description="The earlier side", examples=[1])
    to: int = Field(description="The later side", examples=[2])
    measure: str = Field(examples=["revenue"])
    changed: list[ChangedQuotaOut] = Field(description="Unit by unit, reps by id; a page of them")
    next_cursor: str | None
    units: list[ChangedUnitOut] = Field(
        description="All units whose sum changed, whatever the page; parents first"
    )
    company: ChangeOut
    unchanged: int = Field(
        description="How many quotas of the later version are as before", examples=[3]
    )
