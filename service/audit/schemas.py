"""What the API says about the trail."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from service.kit.audit import AuditEntry
from service.kit.roles import Role


class AuditEntryOut(BaseModel):
    """One thing that somebody did."""

    id: str = Field(examples=["aud_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    at: datetime
    actor: str = Field(
        description="Who: the id of a key, the subject of an identity, or `local`",
        examples=["key_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )
    actor_name: str
    role: Role
    action: str = Field(examples=["version.publish"])
    subject: str = Field(description="To what it was done", examples=["plan_…/versions/3"])
    before: str | None = Field(description="A state or a hash", examples=["approved"])
    after: str | None = Field(examples=["published"])
    reason: str | None
    facts: dict[str, Any] = Field(description="Whatever else a reader has to know")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls.model_validate(entry, from_attributes=True)
