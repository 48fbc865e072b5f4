"""What the API says about change requests."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, Field, with_config

from service.kit.body import InputModel, Line, Note
from service.kit.examples import examples
from service.kit.money import MoneyIn, MoneyOut, from_minor, minor_digits
from service.kit.values import STRICT_ROW, Day, Key, Money, Month, Otherwise, Share
from service.negotiations.change_requests.correction_schemas import CorrectionIn
from service.negotiations.change_requests.domain.evidence import EvidenceKind
from service.negotiations.change_requests.domain.funding import Funding
from service.negotiations.change_requests.domain.life import (
    Action,
    ChangeRequestStatus,
    Side,
    is_overdue,
)
from service.negotiations.change_requests.tables import ChangeRequest, ChangeRequestStep
from service.negotiations.change_requests.usecases.reading import Told


class EvidenceIn(TypedDict):
    """Why the quota should change. What a kind has to say, and may say, is in the guide."""

    kind: Required[EvidenceKind]
    amount: NotRequired[Annotated[Money | None, Field(examples=[30000])]]
    """The business lost, won or delayed; of an error what the input should be."""
    reference: NotRequired[Annotated[Key | None, Field(examples=["A-17"])]]
    """Where it can be looked up: an account, a document."""
    date: NotRequired[Annotated[Day | None, Field(examples=["2027-02-01"])]]
    """When it happened; the first day of an absence, the new day of a delayed product."""
    until: NotRequired[Annotated[Day | None, Field(examples=[None])]]
    """Last day of an absence."""
    period: NotRequired[Annotated[Month | None, Field(examples=[None])]]
    """The month of a wrong history row."""
    territory: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    product: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    share: NotRequired[Annotated[Share | None, Field(examples=[None])]]
    """Of a territory, as it should be."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=[None])]]
    """In words. Personal: kept apart, and can be erased."""


with_config(STRICT_ROW)(EvidenceIn)

_Proposed = Annotated[
    MoneyIn, Otherwise('must be a finite number, or a decimal text such as "280000.50"')
]


@examples(
    {
        "A key account is lost": {
            "version": 1,
            "rep": "r1",
            "proposed": 280000,
            "evidence": [
                {
                    "kind": "account_lost",
                    "reference": "A-17",
                    "amount": 30000,
                    "date": "2027-02-01",
                }
            ],
            "note": "We have had this customer since 2019.",
            "deadline": "2027-02-15",
        },
        "The potential was wrong": {
            "version": 1,
            "rep": "r1",
            "proposed": 270000,
            "evidence": [
                {
                    "kind": "potential_error",
                    "reference": "market study of November",
                    "amount": 800000,
                }
            ],
        },
    }
)
@with_config(STRICT_ROW)
class ChangeRequestIn(TypedDict):
    """Ask for another quota."""

    version: Required[Annotated[int, Field(strict=True, ge=1, examples=[1])]]
    """The newest version that was submitted, approved or published."""
    rep: Required[Annotated[Key, Field(examples=["r1"])]]
    """Whose quota it is."""
    proposed: Required[Annotated[_Proposed, Field(examples=[280000])]]
    """The quota that is asked for."""
    evidence: Required[Annotated[list[EvidenceIn], Field()]]
    """At least one piece."""
    note: NotRequired[Annotated[Note | None, Field(strict=True)]]
    """In words. Personal: kept apart, and can be erased."""
    deadline: NotRequired[Annotated[Day | None, Field(examples=["2027-02-15"])]]
    """The last day for a decision; left out: as many days from now as the service is set to."""


FundingIn = Annotated[
    Funding | None,
    Field(description="Left out: the first of reserve, siblings and parent that can"),
]
EffectiveIn = Annotated[
    dt.date | None,
    Field(
        description="The first day of the first month that changes; left out: the whole period, or "
        "once that has begun the first month that has not",
        examples=["2027-04-01"],
    ),
]


@examples({"With a note": {"note": "As we said on Monday."}})
class AnswerIn(InputModel):
    """An answer in words, which may be left out."""

    note: Note | None = None


@examples(
    {
        "A part of it, from April on": {
            "amount": 285000,
            "funding": "siblings",
            "effective": "2027-04-01",
            "note": "Half of the account has come back.",
        }
    }
)
class CounterIn(AnswerIn):
    """A part of what is asked for."""

    amount: MoneyIn = Field(examples=[285000])
    funding: FundingIn = None
    effective: EffectiveIn = None


@examples(
    {
        "From April on, carried by the unit": {
            "amount": 280000,
            "funding": "siblings",
            "effective": "2027-04-01",
        },
        "Help instead of money": {"resources": ["a presales engineer until June"]},
        "The input is corrected": {"correct": {"reps": [{"id": "r1", "potential": 800000}]}},
    }
)
class GrantIn(AnswerIn):
    """What is granted; left out: what is asked for."""

    amount: MoneyIn | None = Field(default=None, examples=[280000])
    funding: FundingIn = None
    effective: EffectiveIn = None
    resources: list[Line] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="Granted instead of money",
        examples=[["a presales engineer until June"]],
    )
    correct: CorrectionIn | None = Field(
        default=None,
        description="Instead of money: inputs that the evidence says are wrong, as they should "
        "have been. Everything is solved again under the unchanged policy",
        examples=[{"reps": [{"id": "r1", "potential": 800000}]}],
    )


class AcceptedOut(BaseModel):
    """What was granted."""

    id: str = Field(examples=["chg_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    status: ChangeRequestStatus
    version: int | None = Field(
        description="The new draft; null where resources were granted", examples=[2]
    )
    amount: MoneyOut | None = Field(examples=[280000])
    funding: str | None = Field(examples=["siblings"])
    effective: str | None = Field(description="null: all months", examples=["2027-04"])
    resources: list[str] = Field(examples=[[]])
    inputs_follow: bool | None = Field(
        description="Of corrected inputs: whether the plan's working inputs were corrected as "
        "well; they are not where they are other facts by now"
    )

    @classmethod
    def of(
        cls, request: ChangeRequest, currency: str, *, inputs_follow: bool | None = None
    ) -> Self:
        digits = minor_digits(currency)
        return cls(
            id=request.id,
            status=ChangeRequestStatus(request.status),
            version=request.granted_in,
            amount=None if request.amount is None else from_minor(request.amount, digits),
            funding=request.funding,
            effective=request.effective,
            resources=request.resources or [],
            inputs_follow=inputs_follow,
        )


class EvidenceOut(BaseModel):
    """One piece of evidence; what was not said is null."""

    kind: EvidenceKind
    amount: MoneyOut | None = None
    reference: str | None = None
    date: dt.date | None = None
    until: dt.date | None = None
    period: str | None = None
    territory: str | None = None
    product: str | None = None
    share: float | None = None
    note: str | None = Field(default=None, description="null also once it was erased")


class GrantOut(BaseModel):
    """A quota that is offered or granted, and who carries the difference."""

    amount: MoneyOut = Field(examples=[280000])
    funding: str | None = Field(description="null: an input is corrected", examples=["siblings"])
    effective: str | None = Field(
        description="The first month that changes; null: all", examples=["2027-04"]
    )
    version: int | None = Field(
        description="The draft that grants it; null: it is offered", examples=[2]
    )


class ChangeRequestStepOut(BaseModel):
    """One thing that was done, and the state after it."""

    number: int
    action: Action
    status: ChangeRequestStatus
    side: Side
    at: dt.datetime
    by: str
    role: str
    lies_with: str | None
    amount: MoneyOut | None
    funding: str | None
    effective: str | None
    note: str | None


class ChangeRequestOut(BaseModel):
    """A request to change a quota."""

    id: str = Field(examples=["chg_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    status: ChangeRequestStatus
    version: int = Field(description="Whose quota is to change", examples=[1])
    rep: str
    unit: str | None = Field(description="The rep’s own; null: the company")
    lies_with: str | None = Field(description="Whose owner decides; null: the company")
    quota: MoneyOut = Field(description="As the version has it", examples=[291000])
    proposed: MoneyOut = Field(examples=[280000])
    evidence: list[EvidenceOut]
    note: str | None
    deadline: dt.date
    overdue: bool = Field(description="Undecided after its deadline")
    offer: GrantOut | None = Field(description="The last counter")
    granted: GrantOut | None
    resources: list[str] = Field(description="Granted instead of money", examples=[[]])
    requested_by: str
    requester_role: str
    created_at: dt.datetime
    updated_at: dt.datetime

    @classmethod
    def of(cls, told: Told, *, now: dt.datetime) -> Self:
        request, digits = told.request, minor_digits(told.currency)
        status = ChangeRequestStatus(request.status)
        grant = None
        if request.amount is not None:
            grant = GrantOut(
                amount=from_minor(request.amount, digits),
                funding=request.funding,
                effective=request.effective,
                version=request.granted_in,
            )
        granted = status == ChangeRequestStatus.ACCEPTED
        return cls(
            id=request.id,
            status=status,
            version=request.version,
            rep=request.rep,
            unit=request.unit,
            lies_with=request.lies_with,
            quota=from_minor(request.quota, digits),
            proposed=from_minor(request.proposed, digits),
            evidence=[
                _evidence(row, digits, told.notes.get(f"evidence/{number}"))
                for number, row in enumerate(request.evidence)
            ],
            note=told.notes.get("request"),
            deadline=request.deadline,
            overdue=is_overdue(status, request.deadline, now),
            offer=None if granted else grant,
            granted=grant if granted else None,
            resources=request.resources or [],
            requested_by=request.requester,
            requester_role=request.requester_role,
            created_at=request.created_at,
            updated_at=request.updated_at,
        )


class ChangeRequestWithStepsOut(ChangeRequestOut):
    """A request and everything that was done with it, oldest first."""

    steps: list[ChangeRequestStepOut]

    @classmethod
    def of(cls, told: Told, *, now: dt.datetime) -> Self:
        plain = ChangeRequestOut.of(told, now=now)
        digits = minor_digits(told.currency)
        steps = [_step(step, digits, told.notes.get(f"step/{step.number}")) for step in told.steps]
        return cls(**plain.model_dump(), steps=steps)


def _evidence(row: Mapping[str, Any], digits: int, note: str | None) -> EvidenceOut:
    amount = row.get("amount")
    said = {**row, "amount": None if amount is None else from_minor(amount, digits)}
    return EvidenceOut(**said, note=note)


def _step(step: ChangeRequestStep, digits: int, note: str | None) -> ChangeRequestStepOut:
    return ChangeRequestStepOut(
        number=step.number,
        action=Action(step.action),
        status=ChangeRequestStatus(step.status),
        side=Side(step.side),
        at=step.at,
        by=step.actor_name,
        role=step.role,
        lies_with=step.lies_with,
        amount=None if step.amount is None else from_minor(step.amount, digits),
        funding=step.funding,
        effective=step.effective,
        note=note,
    )
