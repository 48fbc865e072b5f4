"""What the API says about a change of some of the facts of a plan."""

from typing import Annotated, NotRequired, Required, TypedDict

from pydantic import Field, with_config

from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Key, Measure, Money, Month
from service.roster.domain.measures import MOST_MEASURES
from service.roster.schemas import (
    HistoryRow,
    MeasureRow,
    RepRow,
    TargetRow,
    TerritoryRow,
    UnitRow,
)


@with_config(STRICT_ROW)
class HistoryKey(TypedDict):
    """What the sales of one month are of."""

    rep: NotRequired[Annotated[Key | None, Field(examples=["r1"])]]
    """Id of the rep, or"""
    territory: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """id of the territory."""
    period: Required[Annotated[Month, Field(examples=["2026-01"])]]
    """The month."""
    measure: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: the main measure."""
    product: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: the rows that name no product."""
    customer_type: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: the rows that name no kind of customer."""


@with_config(STRICT_ROW)
class TargetKey(TypedDict):
    """What a target is of, all of it."""

    unit: NotRequired[Annotated[Key | None, Field(examples=["west"])]]
    """Id of the unit; left out: the company."""
    measure: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: revenue."""
    product: NotRequired[Annotated[Key | None, Field(examples=["core"])]]
    """Left out: of all products."""
    customer_type: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: of all kinds of customers."""
    period: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """Left out: of the whole period. However it is written: `Q1` is also `2027-01/2027-03`."""


@with_config(STRICT_ROW)
class RowsToRemove(TypedDict):
    """Rows that are to go, by what they are known by; what is not there is refused."""

    units: NotRequired[Annotated[list[Key], Field(examples=[[]])]]
    """Ids of units. What names them has to be changed in the same patch."""
    reps: NotRequired[Annotated[list[Key], Field(examples=[["r9"]])]]
    """Ids of reps, who take their history along. Territories that they hold need other holders in
    the same patch."""
    territories: NotRequired[Annotated[list[Key], Field(examples=[[]])]]
    """Ids of territories, which take their history along."""
    measures: NotRequired[Annotated[list[Key], Field(examples=[[]])]]
    """Ids of measures."""
    history: NotRequired[
        Annotated[list[HistoryKey], Field(examples=[[{"rep": "r1", "period": "2026-01"}]])]
    ]
    """Past sales."""
    targets: NotRequired[Annotated[list[TargetKey], Field(examples=[[]])]]
    """Targets, those of units as well."""


@examples(
    {
        "The nightly sync of a CRM": {
            "reps": [{"id": "r1", "capacity": 380000}],
            "history": [{"rep": "r1", "period": "2026-11", "actual": 22480.5}],
        },
        "A new target, and r4 carries no quota any more": {
            "target": 1000000,
            "remove": {"reps": ["r4"]},
        },
    }
)
@with_config(STRICT_ROW)
class InputsPatch(TypedDict):
    """Some of the facts of a plan. What is left out stays as it is, in rows too; in a row, null
    takes a member away.
    """

    target: NotRequired[Annotated[Money | None, Field(examples=[1100000])]]
    """What the company wants to sell in the period, of the main measure."""
    targets: NotRequired[Annotated[list[TargetRow], Field(examples=[[]])]]
    """Targets, each known by all but `amount` and `base`. One that is of a unit and nothing else
    replaces the unit's own."""
    measures: NotRequired[
        Annotated[list[MeasureRow], Field(max_length=MOST_MEASURES, examples=[[]])]
    ]
    """What is said of measures."""
    forecast: NotRequired[Annotated[Measure | None, Field(examples=[980000])]]
    """What you expect the whole company to sell; null: the last twelve months count."""
    units: NotRequired[Annotated[list[UnitRow], Field(examples=[[]])]]
    """Units, new ones too."""
    reps: NotRequired[Annotated[list[RepRow], Field(examples=[[{"id": "r1", "unit": "west"}]])]]
    """Reps, new ones too. `cohorts` and `attributes` are merged as well: null takes one away."""
    territories: NotRequired[Annotated[list[TerritoryRow], Field(examples=[[]])]]
    """Territories, new ones too. `holders` are replaced."""
    history: NotRequired[
        Annotated[
            list[HistoryRow],
            Field(examples=[[{"rep": "r1", "period": "2026-01", "actual": 20500.25}]]),
        ]
    ]
    """Past sales. A row is known by all but `actual`; those that are there are replaced by all that
    is sent of the same."""
    remove: NotRequired[Annotated[RowsToRemove, Field(examples=[{"reps": ["r9"]}])]]
    """Rows that are to go."""
