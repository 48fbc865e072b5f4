"""What the API says about measures."""

from typing import Literal

from pydantic import BaseModel, Field


class LevelOut(BaseModel):
    """A level of the company."""

    factor: float = Field(description="On the target", examples=[0.8])
    amount: float = Field(description="The sum of all reps, to the last one", examples=[864000])


class LevelsOut(BaseModel):
    """Levels of the company beside its target; null where they are not stated."""

    floor: LevelOut | None = Field(default=None, description="保底")
    stretch_target: LevelOut | None = Field(default=None, description="挑战")


class LevelAmountsOut(BaseModel):
    """The same of one rep or unit: whole increments that add up."""

    floor: float | None = Field(default=None, examples=[232000])
    stretch_target: float | None = Field(default=None, examples=[349000])


class MeasureOut(BaseModel):
    """Which measure this is about."""

    measure: str = Field(examples=["revenue"])
    basis: Literal["signed", "invoiced", "collected"] | None = Field(examples=[None])
    counted_in: str | None = Field(
        description="What is counted, in whole numbers; null: the plan's money", examples=[None]
    )
    weight: float | None = Field(
        description="How much its attainment counts; it changes no quota", examples=[None]
    )


class HeldStandardOut(BaseModel):
    """The standard of a ratio that holds for a unit."""

    unit: str | None = Field(description="null: the company", examples=["east"])
    stated_by: str | None = Field(
        description="The unit that states it, this one or one above; null: the company",
        examples=["east"],
    )
    amount: float = Field(description="As stated: the standard, or its change", examples=[0.02])
    base: float | None = Field(description="What a change starts from", examples=[0.45])
    standard: float | None = Field(
        description="null where only a change is stated", examples=[0.47]
    )
    levels: LevelAmountsOut | None = Field(description="Of the standard", examples=[None])


class RatioOut(BaseModel):
    """A ratio: it is never summed and never averaged."""

    measure: str = Field(examples=["market_share"])
    weight: float | None = Field(examples=[None])
    lower_is_better: bool = Field(examples=[False])
    change: Literal["change_points", "growth"] | None = Field(examples=["change_points"])


class StandardsOut(RatioOut):
    """A ratio and its standards."""

    units: list[HeldStandardOut] = Field(
        description="The company, then units by id; those without a standard are left out"
    )


class StandardOut(RatioOut, HeldStandardOut):
    """A ratio and the standard that holds for one rep."""
