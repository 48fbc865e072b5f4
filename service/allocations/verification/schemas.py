"""What the API says about the check of a whole plan, and about replays."""

from pydantic import BaseModel, Field

from service.allocations.versions.schemas import VerificationOut


class VerifiedVersionOut(VerificationOut):
    number: int


class PlanChecks(BaseModel):
    """`versions`: each of them holds. `numbers`: none is missing. `trail`: nobody has changed who
    did what. `published`: published quotas are those of their versions.
    """

    versions: bool
    numbers: bool
    trail: bool
    published: bool


class PlanVerificationOut(BaseModel):
    """What was checked again of a plan; `faults` are those beside the versions' own."""

    valid: bool
    checks: PlanChecks
    versions: list[VerifiedVersionOut] = Field(description="Every version, the first one first")
    faults: list[str] = Field(examples=[[]])


class ReplayOut(BaseModel):
    """Whether the same inputs and policy make the same version again."""

    same: bool
    differences: list[str] = Field(examples=[[]])
