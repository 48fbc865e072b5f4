"""Whether the rules can all hold, and why they cannot."""

from pydantic import BaseModel, Field

from service.plans.version_schemas import GaveWayOut


class RuleOut(BaseModel):
    """A rule that takes part in a conflict."""

    rule: str = Field(examples=["unit:west:min"])
    value: float = Field(description="An amount; the tolerance of a parity", examples=[600000])


class TargetRangeOut(BaseModel):
    """Which targets are possible; null where there is no limit."""

    min: float = Field(examples=[400000])
    max: float | None = Field(examples=[None])


class RemarkOut(BaseModel):
    """Something to know that is no fault."""

    pointer: str = Field(
        description="Where in the body (RFC 6901); empty: all of it", examples=["/territories"]
    )
    detail: str


class CheckOut(BaseModel):
    """Whether the rules can all hold, and if not, why and what would mend it."""

    feasible: bool
    measure: str | None = Field(
        description="The measure whose rules cannot hold, where it is not the main one",
        examples=[None],
    )
    detail: str | None = Field(
        examples=[
            "Unit west must carry at least 600,000, but its 2 reps can carry at most 510,000."
        ]
    )
    conflict: list[RuleOut] = Field(description="Irreducible: without any one the rest holds")
    relaxation: list[GaveWayOut] = Field(description="The smallest change that mends it")
    feasible_target: TargetRangeOut = Field(description="Once the relaxation is applied")
    warnings: list[RemarkOut]
