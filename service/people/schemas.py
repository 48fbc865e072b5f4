"""What the API says about an erasure."""

from dataclasses import asdict
from typing import Self

from pydantic import BaseModel, Field

from service.people.domain import STAYS, Erased


class ErasedOut(BaseModel):
    """How many of what; 0: nothing was left of it."""

    people: int = Field(description="Names and attributes in plans, and as an owner of units")
    notes: int = Field(description="Notes of change requests, versions and units")
    references: int = Field(description="References of evidence")
    reasons: int = Field(description="Reasons of adjusted quotas")
    signatures: int = Field(description="Names of who did something, beside what was done")
    keys: int = Field(description="API keys that said whose they are; they go on working")
    answers: int = Field(description="Answers kept for an Idempotency-Key, of all callers")
    trail: int = Field(description="Entries of the audit trail that named the person")


class ErasureOut(BaseModel):
    """What was erased of a person, and what stays."""

    rep: str = Field(examples=["r1"])
    erased: ErasedOut
    stays: list[str] = Field(examples=[list(STAYS)])

    @classmethod
    def of(cls, rep: str, erased: Erased) -> Self:
        return cls(rep=rep, erased=ErasedOut(**asdict(erased)), stays=[*STAYS])
