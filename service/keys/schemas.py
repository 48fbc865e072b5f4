"""What the API says about keys."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from service.keys.domain import DEFAULT_OVERLAP, LONGEST_ID, LONGEST_OVERLAP
from service.kit.body import InputModel, Line
from service.kit.examples import examples
from service.kit.keys import ApiKey
from service.kit.roles import Role, Scope, scope_fault

ScopeId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]*$"),
]


@examples(
    {
        "For the nightly sync of a CRM": {"name": "nightly sync of the CRM", "role": "integration"},
        "For the manager of a unit": {
            "name": "Mina's key for the west",
            "role": "manager",
            "unit": "west",
            "person": "mina@example.com",
            "expires_at": "2027-12-31T23:59:59Z",
        },
        "For a rep": {"name": "Ada's own quota", "role": "rep", "rep": "r1"},
    }
)
class KeyIn(InputModel):
    """A new key."""

    name: Line = Field(description="What the key is for", examples=["nightly sync of the CRM"])
    role: Role = Field(examples=["integration"])
    unit: ScopeId | None = Field(
        default=None,
        validate_default=True,
        description="Of a `manager`: the key opens what lies at and below this unit",
        examples=[None],
    )
    rep: ScopeId | None = Field(
        default=None,
        validate_default=True,
        description="Of a `rep`: whose quota the key opens; of a `manager`, `planner` or `admin` "
        "who carries a quota, too: which one, for nobody decides on the own quota",
        examples=[None],
    )
    person: Line | None = Field(
        default=None,
        description="Whose key it is: the subject (`sub`) that the identity provider has for them, "
        "or any name that all their keys have. What one person asks for or submits, the same "
        "person does not decide with another key",
        examples=[None],
    )
    expires_at: AwareDatetime | None = Field(
        default=None,
        description="From then on the key opens nothing; null: it stays valid until it is revoked",
        examples=["2027-12-31T23:59:59Z"],
    )

    @field_validator("unit", "rep")
    @classmethod
    def _fits_the_role(cls, value: str | None, info: ValidationInfo) -> str | None:
        role, scope = info.data.get("role"), info.field_name
        if role is not None and (fault := scope_fault(role, _scope(scope), value)):
            raise ValueError(fault)
        return value


def _scope(name: str | None) -> Scope:
    return "unit" if name == "unit" else "rep"


@examples({"The old text works for one more day": {"overlap": 86400}})
class RotateIn(InputModel):
    """How to change over to the new text."""

    overlap: int = Field(
        default=int(DEFAULT_OVERLAP.total_seconds()),
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="For so many seconds the old text works, too",
    )


class KeyOut(BaseModel):
    """A key without its text, which nobody can be told again."""

    id: str = Field(examples=["key_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    name: str
    role: Role
    unit: str | None
    rep: str | None
    person: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    previous_until: datetime | None = Field(
        description="Until then the text from before the last rotation works, too"
    )
    last_used_at: datetime | None = Field(description="To about a minute")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls.model_validate(key, from_attributes=True)


class NewKeyOut(KeyOut):
    """A key with its text: keep it now, it cannot be shown again."""

    key: str = Field(examples=["fq_…"])

    @classmethod
    def with_text(cls, key: ApiKey, text: str) -> Self:
        return cls(**KeyOut.of(key).model_dump(), key=text)
