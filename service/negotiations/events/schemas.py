"""What the API says about events."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, with_config

from service.kit.body import Note
from service.kit.examples import examples
from service.kit.money import MoneyOut, from_minor, minor_digits
from service.kit.values import STRICT_ROW, Day, Key, Money, Month
from service.negotiations.events.domain.kinds import Event, EventKind
from service.negotiations.events.domain.life import EventStatus
from service.negotiations.events.tables import PlanEvent
from service.plans.tables import Plan
from service.roster.schemas import RepRow

_DESCRIPTION: Final = (
    "What happens to people, seats or the target in the middle of the period. Each kind says "
    "certain things and no others: `leave` rep, from, to; `hire` rep (a row), from, takes_over, "
    "ramp; `transfer` rep, from, to_unit, takes_over, hands_to; `swap` reps, from; `fte` rep, "
    "from, share; `target` from, amount, spread. Why somebody is away is nobody's business, and "
    "has no place here."
)

# "from" cannot be written as an attribute, so this one is a call.
EventIn = TypedDict(
    "EventIn",
    {
        "kind": Required[Annotated[EventKind, Field(examples=["leave"])]],
        "from": Required[
            Annotated[
                Day, Field(description="The day from which on it holds.", examples=["2027-05-10"])
            ]
        ],
        "version": NotRequired[
            Annotated[
                Annotated[int, Field(strict=True, ge=1)] | None,
                Field(
                    description="The version that you believe to be in force; 409 where it is not."
                ),
            ]
        ],
        "closed_through": NotRequired[
            Annotated[
                Month | None,
                Field(
                    description="The last month that is closed, where that is more than those that "
                    "have ended; later events keep it.",
                    examples=["2027-03"],
                ),
            ]
        ],
        "rep": NotRequired[
            Annotated[
                Key | RepRow | None,
                Field(description="Id of the rep; of a `hire` the row of somebody new."),
            ]
        ],
        "to": NotRequired[
            Annotated[Day | None, Field(description="Of a leave: the last day; null: for good.")]
        ],
        "takes_over": NotRequired[
            Annotated[
                Key | None,
                Field(
                    description="Id of the rep whose seat is taken over; of somebody who comes "
                    "back the own one; null: nobody's."
                ),
            ]
        ],
        "hands_to": NotRequired[
            Annotated[Key | None, Field(description="Id of the rep who takes the seat over.")]
        ],
        "to_unit": NotRequired[
            Annotated[Key | None, Field(description="Id of the new unit; null: the company.")]
        ],
        "reps": NotRequired[
            Annotated[list[Key] | None, Field(max_length=2, description="Who exchange seats.")]
        ],
        "share": NotRequired[
            Annotated[
                Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] | None,
                Field(description="Full-time equivalents from then on, as `fte` of reps."),
            ]
        ],
        "ramp": NotRequired[
            Annotated[
                Annotated[bool, Field(strict=True)] | None,
                Field(description="Whether somebody new begins with a ramp; true if left out."),
            ]
        ],
        "amount": NotRequired[
            Annotated[
                Money | None,
                Field(description="The company's new target of the whole period."),
            ]
        ],
        "spread": NotRequired[
            Annotated[
                Literal["everyone"] | None,
                Field(description="Over whose open months a new target goes."),
            ]
        ],
    },
)
EventIn.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={"description": _DESCRIPTION}
)
examples(
    {
        "Somebody leaves for good": {"kind": "leave", "rep": "r1", "from": "2027-07-01"},
        "Somebody is away for a while": {
            "kind": "leave",
            "rep": "r2",
            "from": "2027-05-10",
            "to": "2027-09-30",
        },
        "Somebody takes over a seat that was left": {
            "kind": "hire",
            "rep": {"id": "r5", "name": "Emmy Noether", "unit": "west"},
            "takes_over": "r1",
            "from": "2027-10-01",
        },
        "Somebody moves to another unit": {
            "kind": "transfer",
            "rep": "r2",
            "from": "2027-06-01",
            "to_unit": "east",
        },
        "Two exchange their seats": {"kind": "swap", "reps": ["r2", "r3"], "from": "2027-06-01"},
        "Four days a week": {"kind": "fte", "rep": "r3", "from": "2027-06-01", "share": 0.8},
        "The company wants more": {"kind": "target", "amount": 1120000, "from": "2027-06-01"},
    }
)(EventIn)


@examples({"The others of the unit carry it": {"funding": "siblings"}})
@with_config(STRICT_ROW)
class AcceptIn(TypedDict):
    """Who carries what an event leaves open."""

    funding: NotRequired[
        Annotated[
            Literal["siblings", "parent", "reserve", "unfunded"] | None,
            Field(examples=["siblings"]),
        ]
    ]
    """Needed where anything is left open."""


@examples({"With a reason": {"reason": "The last day has changed."}})
@with_config(STRICT_ROW)
class ReasonIn(TypedDict):
    """Why a proposal is refused."""

    reason: NotRequired[Annotated[Note | None, Field()]]


class ChangeOut(BaseModel):
    """An amount before and after, and the months that change."""

    model_config = {"populate_by_name": True}

    from_: MoneyOut = Field(alias="from")
    to: MoneyOut
    change: MoneyOut
    months: dict[str, MoneyOut] = Field(examples=[{"2027-05": -1200}])


class OwnSegmentOut(BaseModel):
    """What somebody carries from a day to a day."""

    model_config = {"populate_by_name": True}

    from_: date = Field(alias="from")
    to: date
    unit: str | None
    working_days: int
    amount: MoneyOut


class SegmentOut(OwnSegmentOut):
    """The same, and of whose seat it is a part."""

    seat: str = Field(description="Whose row of the plan the seat began as")


class SegmentsOut(BaseModel):
    """A quota by segments, which add up to it."""

    rep: str
    quota: MoneyOut
    segments: list[OwnSegmentOut]


class PersonChangeOut(ChangeOut):
    """The quota of a person before and after."""

    rep: str
    unit: str | None = Field(description="Of the row; segments tell where each part belongs")
    segments: list[SegmentOut] | None = Field(
        description="They add up to the quota; null for who stays in the own seat all the time"
    )


class UnitChangeOut(ChangeOut):
    """What a unit carries before and after."""

    unit: str | None = Field(description="null: the company")


class OpenOut(BaseModel):
    """What nobody carries any more; below 0 what is carried again."""

    unit: str | None
    amount: MoneyOut
    months: dict[str, MoneyOut]


class VacancyOut(BaseModel):
    """A part of a seat that nobody carries; who carries it instead is a question of funding."""

    model_config = {"populate_by_name": True}

    seat: str
    holder: str = Field(description="Whose it was, or is")
    unit: str | None
    from_: date = Field(alias="from")
    to: date
    why: Literal["vacant", "away", "part_time", "ramp"]
    amount: MoneyOut


class InputsFollowOut(BaseModel):
    """Whether the working inputs of the plan say the same since."""

    followed: bool
    hash: str | None = Field(description="Of the working inputs")
    why: str | None = Field(description="Why they did not follow")


class ConsequenceOut(BaseModel):
    """What an event comes to on the version in force."""

    version: int = Field(description="The version that it would change, or has made")
    counts_from: date = Field(description="Later than `from` where that lies in a closed month")
    closed_through: str | None = Field(examples=["2027-03"])
    people: list[PersonChangeOut] = Field(description="At most 1,000, those who change most")
    more_people: int = Field(
        default=0, description="How many others change; `…/diff` tells of all", examples=[0]
    )
    units: list[UnitChangeOut] = Field(description="Those that change, the company first")
    open: list[OpenOut]
    vacancies: list[VacancyOut]
    inputs: InputsFollowOut | None = Field(default=None, description="Once it was accepted")


class EventOut(BaseModel):
    """An event, and what comes of it."""

    id: str | None = Field(description="null for one that was only tried", examples=["evt_01k…"])
    plan: str
    kind: EventKind
    status: EventStatus
    version: int = Field(description="The version in force when it was proposed")
    said: dict[str, Any] = Field(
        description="What the event says, without names", examples=[{"rep": "r1"}]
    )
    closed_through: str | None
    funding: str | None
    accepted_in: int | None = Field(description="The version that holds what came of it")
    created_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str | None
    consequence: ConsequenceOut | None = Field(
        description="What comes of it, for those who may read proofs; null for others, and where "
        "nothing comes of it any more"
    )

    @classmethod
    def of(
        cls,
        event: PlanEvent,
        plan: Plan,
        consequence: dict[str, Any] | None,
        *,
        stored: bool = True,
    ) -> Self:
        return cls(
            id=event.id if stored else None,
            plan=event.plan_id,
            kind=EventKind(event.kind),
            status=EventStatus(event.status),
            version=event.version,
            said=said_by(Event.of_stored(event.facts), minor_digits(plan.currency)),
            closed_through=event.closed_through,
            funding=event.funding,
            accepted_in=event.accepted_in,
            created_at=event.created_at,
            proposed_by=event.proposer,
            decided_at=event.decided_at,
            decided_by=event.decided_by,
            consequence=None if consequence is None else ConsequenceOut(**consequence),
        )


def said_by(event: Event, digits: int) -> dict[str, Any]:
    """The members of the body that said it."""
    named = {
        "from": event.first,
        "to": event.last,
        "rep": None if event.kind is EventKind.SWAP else event.rep,
        "reps": [event.rep, event.other] if event.kind is EventKind.SWAP else None,
        "takes_over": event.takes_over,
        "hands_to": event.hands_to,
        "to_unit": event.to_unit,
        "share": event.fte,
        "ramp": event.ramp if event.kind is EventKind.HIRE else None,
        "amount": None if event.amount is None else from_minor(event.amount, digits),
    }
    return {name: value for name, value in named.items() if value is not None}
