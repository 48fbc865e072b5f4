"""Marginal impact: what one more unit of money costs whom."""

from pydantic import BaseModel, Field

from service.allocations.schemas.quotas import Amount


class MostOut(BaseModel):
    """Who carries the largest change."""

    rep: str = Field(examples=["r1"])
    amount: Amount


class CarryingUnitOut(BaseModel):
    """What the reps of one unit carry of a change together."""

    unit: str | None = Field(
        description="null: reps who hang on the company itself", examples=["west"]
    )
    reps: int = Field(examples=[2])
    amount: Amount


class TargetPriceOut(BaseModel):
    """What more to assign costs whom, before rounding."""

    step: float = Field(description="So much more to assign, within the range", examples=[1000])
    range: float | None = Field(
        description="For how much more it stays so: until the next rep or unit meets a limit; "
        "null: for any amount",
        examples=[52000],
    )
    price: float | None = Field(
        description="Change of the common stretch per unit of money", examples=[0.000004]
    )
    reps: int = Field(description="How many carry more", examples=[5])
    units: list[CarryingUnitOut] = Field(description="Who carries the step, the most first")
    most: MostOut


class SideOut(BaseModel):
    """What reps carry of a change together."""

    reps: int = Field(description="How many carry more or less", examples=[2])
    amount: Amount
    most: MostOut


class RulePriceOut(BaseModel):
    """What it costs whom when a rule gives way, before rounding."""

    rule: str = Field(examples=["unit:west:max"])
    to: float = Field(description="The limit after the step", examples=[601000])
    step: float = Field(description="By so much the limit gives way", examples=[1000])
    range: float | None = Field(description="See `target`", examples=[52000])
    price: float | None = Field(
        description="Change of the others' stretch per unit of money", examples=[-0.000004]
    )
    inside: SideOut = Field(description="Those whom the rule counts")
    around: SideOut = Field(description="Everyone else who moves")


class PricesOut(BaseModel):
    """What one more unit of money costs whom."""

    target: TargetPriceOut | None = Field(
        description="null where nobody can carry more (`can_grow` is false) or no price was proved"
    )
    can_grow: bool | None = Field(
        description="Whether anybody can carry more than now. Under rules across teams it is known "
        "where the target has a price, where the company has a gap, and where limits that are "
        "reached count everybody once; else null: `POST /v1/allocations/check` says which targets "
        "are possible"
    )
    rules: list[RulePriceOut] = Field(
        description="What binds, at most ten: rules across teams, then ranges of units, of which "
        "those come first that keep reps farthest apart; a price that could not be proved is left "
        "out"
    )
