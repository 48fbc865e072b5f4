"""What the API says about the steps of a version and about its history."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from service.kit.audit import AuditEntry
from service.kit.body import InputModel, Note
from service.kit.examples import examples
from service.plans.tables import PlanVersion


def _is_near(deadline: datetime) -> datetime:
    if not 2000 <= deadline.year < 3000:
        raise ValueError("must lie in the years from 2000 to 2999")
    return deadline


Deadline = Annotated[AwareDatetime, AfterValidator(_is_near)]
"""When a decision is due."""


@examples({"With a note": {"note": "Checked with finance."}})
class StepIn(InputModel):
    """A step that may say why."""

    note: Note | None = Field(default=None, examples=["checked with finance"])


@examples(
    {
        "To be decided within two weeks": {
            "note": "As discussed with the heads of west and east.",
            "deadline": "2026-12-11T18:00:00Z",
        }
    }
)
class SubmitIn(StepIn):
    """A version is handed in."""

    deadline: Deadline | None = Field(
        default=None,
        description="When a decision is due, with its offset from UTC",
        examples=["2026-12-11T18:00:00Z"],
    )


Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=10_000, pattern=r"^[^\x00]*$"
    ),
]


@examples({"With a reason": {"reason": "West carries more than it agreed to."}})
class RejectIn(InputModel):
    """A version is given back."""

    reason: Reason = Field(examples=["West carries more than it agreed to."])


class HistoryEntry(BaseModel):
    """One thing that somebody did with a version."""

    id: str = Field(examples=["aud_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    action: str = Field(examples=["version.submit"])
    actor: str = Field(description="The name of who did it", examples=["Ada"])
    role: str = Field(examples=["planner"])
    at: datetime
    before: str | None = Field(description="The state before", examples=["draft"])
    after: str | None = Field(examples=["submitted"])
    reason: str | None = Field(description="The note or reason that was given")
    hash: str = Field(description="The hash of the version that it was done to")
    facts: dict[str, Any] = Field(
        description="Whatever else the trail knows of it", examples=[{"deadline": None}]
    )

    @classmethod
    def of(cls, entry: AuditEntry, version: PlanVersion) -> Self:
        facts = dict(entry.facts)
        return cls(
            id=entry.id,
            action=entry.action,
            actor=entry.actor_name,
            role=entry.role,
            at=entry.at,
            before=entry.before,
            after=entry.after,
            reason=entry.reason,
            hash=facts.pop("hash", version.hash),
            facts=facts,
        )
