"""What the API says about the facts of a plan: units, reps, territories and their holders, history.

Rows are TypedDicts: plain dicts afterwards, and as quick to read as anything pydantic offers.
pydantic checks the shape of one row here; what concerns several rows, or needs to know the
currency, is checked in `domain`, in columns. Leaving a field out and sending null mean the same.
"""

from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from pydantic import ConfigDict, Field, with_config

from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Day, Key, Measure, Money, Month, Share, Text
from service.roster.domain.columns import MOST_COHORTS
from service.roster.domain.measures import MOST_MEASURES
from service.roster.example import FACTS, HISTORY, TERRITORIES


@with_config(STRICT_ROW)
class UnitRow(TypedDict):
    """One unit of the organisation: a region, a team."""

    id: Required[Annotated[Key, Field(examples=["west"])]]
    """Your own id of the unit."""
    name: NotRequired[Annotated[Text | None, Field(examples=["West"])]]
    """What people call it."""
    parent: NotRequired[Annotated[Key | None, Field(examples=["emea"])]]
    """Id of the unit above; null for a unit directly below the company."""
    owner: NotRequired[Annotated[Key | None, Field(examples=["m-12"])]]
    """Id of the person who answers for the unit. Kept apart from the hashed inputs."""
    min: NotRequired[Annotated[Money | None, Field(examples=[400000])]]
    """The least that the quotas of the unit must sum to."""
    max: NotRequired[Annotated[Money | None, Field(examples=[600000])]]
    """The most that they may sum to."""
    target: NotRequired[Annotated[Money | None, Field(examples=[500000])]]
    """The unit's own target: min and max at once, times 1 + its over-assignment. Leave min and
    max out beside it."""
    over_assignment: NotRequired[
        Annotated[
            Annotated[float, Field(strict=True, ge=-0.9, le=10, allow_inf_nan=False)] | None,
            Field(examples=[0.05]),
        ]
    ]
    """How much the quotas exceed the unit's target: 0.05 is 5 %. null takes the parent's, and the
    policy's at the top."""


# "from" cannot be written as an attribute, so this one is a call.
AbsenceRow = TypedDict(
    "AbsenceRow",
    {
        "from": Required[
            Annotated[Day, Field(description="First day away.", examples=["2026-03-01"])]
        ],
        "to": NotRequired[
            Annotated[
                Day | None,
                Field(
                    description="Last day away, inclusive; null: until further notice.",
                    examples=["2026-06-30"],
                ),
            ]
        ],
        "share": NotRequired[
            Annotated[
                Share | None,
                Field(
                    description="Part of the working time that is missed; 1, all of it, where "
                    "left out.",
                    examples=[1.0],
                ),
            ]
        ],
    },
)
AbsenceRow.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={
        "description": "When somebody is away, and with which part of the time. Why is nobody's "
        "business, and has no place here. Rows that overlap add up."
    }
)


@with_config(STRICT_ROW)
class RepRow(TypedDict):
    """One rep: the holder of a quota."""

    id: Required[Annotated[Key, Field(examples=["r1"])]]
    """Your own id of the rep."""
    name: NotRequired[Annotated[Text | None, Field(examples=["Ada Lovelace"])]]
    """The person's name. Personal: kept apart from the hashed inputs and never in a version."""
    unit: NotRequired[Annotated[Key | None, Field(examples=["west"])]]
    """Id of the rep's unit; null hangs the rep on the company itself."""
    vacant: NotRequired[
        Annotated[Annotated[bool, Field(strict=True)] | None, Field(examples=[False])]
    ]
    """A seat to be filled: it carries quota from `hired` on."""
    baseline: NotRequired[Annotated[Measure | None, Field(examples=[250000])]]
    """Expected sales of the period at normal effort; estimated from potential and history where
    left out."""
    reach: NotRequired[Annotated[Measure | None, Field(examples=[50000])]]
    """The money the rep can plausibly add to the baseline; follows the estimator where left out."""
    sigma: NotRequired[
        Annotated[
            Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)] | None,
            Field(examples=[0.3]),
        ]
    ]
    """How uncertain the rep's sales are: log standard deviation around the baseline. Without it
    the chance of attaining the quota is not stated."""
    potential: NotRequired[Annotated[Measure | None, Field(examples=[900000])]]
    """What the rep's market could yield. Wins over the potential of the territories."""
    capacity: NotRequired[Annotated[Measure | None, Field(examples=[400000])]]
    """The most the rep can carry."""
    margin: NotRequired[
        Annotated[
            Annotated[float, Field(strict=True, ge=-1, le=1, allow_inf_nan=False)] | None,
            Field(examples=[0.35]),
        ]
    ]
    """The share of the quota that is gross margin: 0.35 is 35 %. Margin floors need it."""
    min: NotRequired[Annotated[Money | None, Field(examples=[200000])]]
    """The least quota the rep may get; 0 where left out."""
    max: NotRequired[Annotated[Money | None, Field(examples=[350000])]]
    """The largest quota the rep may get."""
    fixed: NotRequired[Annotated[Money | None, Field(examples=[300000])]]
    """A locked quota."""
    last_year: NotRequired[Annotated[Measure | None, Field(examples=[231000])]]
    """What was sold in the twelve months before the period. Growth limits over last year use it;
    the estimate reads it where the rep has no history rows."""
    fte: NotRequired[
        Annotated[
            Annotated[float, Field(strict=True, gt=0, le=100, allow_inf_nan=False)] | None,
            Field(examples=[1.0]),
        ]
    ]
    """Full-time equivalents; 1 where left out."""
    hired: NotRequired[Annotated[Day | None, Field(examples=["2024-05-01"])]]
    """First day in the seat; for a vacant seat the day it will be filled. Sales of the first months
    (six, until the company's own people say otherwise) are measured against, and expected with, a
    ramp, unless a territory's history is taken over."""
    absences: NotRequired[
        Annotated[
            list[AbsenceRow] | None,
            Field(max_length=500, examples=[[{"from": "2026-03-01", "to": "2026-06-30"}]]),
        ]
    ]
    """Months away, past and planned: past ones are left out of what the estimate compares, planned
    ones lower what is expected of the period."""
    cohorts: NotRequired[
        Annotated[
            dict[Key, Annotated[str, Field(strict=True, max_length=128)] | None] | None,
            Field(max_length=MOST_COHORTS, examples=[{"role": "AE"}]),
        ]
    ]
    """Peer groups the rep belongs to, by name of the grouping; an empty text or null
    is none."""
    attributes: NotRequired[
        Annotated[dict[str, Any] | None, Field(examples=[{"crm_url": "https://crm.example/r1"}])]
    ]
    """Whatever else you want to carry; returned as it came. Personal: kept apart from the hashed
    inputs."""


# "from" cannot be written as an attribute, so this one is a call.
HolderRow = TypedDict(
    "HolderRow",
    {
        "rep": Required[Annotated[Key, Field(description="Id of the rep.", examples=["r1"])]],
        "share": NotRequired[
            Annotated[
                Share | None,
                Field(
                    description="Part of the territory; 1 where left out. The shares of a "
                    "territory sum to 1 on every day on which anybody holds it.",
                    examples=[1.0],
                ),
            ]
        ],
        "from": NotRequired[
            Annotated[
                Day | None,
                Field(description="First day; null: always.", examples=["2026-01-01"]),
            ]
        ],
        "to": NotRequired[
            Annotated[
                Day | None,
                Field(
                    description="Last day, inclusive; null: until further notice.",
                    examples=["2026-12-31"],
                ),
            ]
        ],
    },
)
HolderRow.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={
        "description": "Who sells into a territory, with what share of it, and when."
    }
)


@with_config(STRICT_ROW)
class TerritoryRow(TypedDict):
    """What reps sell into."""

    id: Required[Annotated[Key, Field(examples=["t1"])]]
    """Your own id of the territory."""
    potential: NotRequired[Annotated[Measure | None, Field(examples=[900000])]]
    """What the territory could yield: money, or any measure that is the same for all."""
    holders: NotRequired[
        Annotated[list[HolderRow] | None, Field(examples=[[{"rep": "r1", "share": 1.0}]])]
    ]
    """Who holds it; without holders it is uncovered."""


@with_config(STRICT_ROW)
class HistoryRow(TypedDict):
    """What was sold in one month by a rep or in a territory. Rows of one month add up."""

    rep: NotRequired[Annotated[Key | None, Field(examples=["r1"])]]
    """Id of the rep. Name a rep or a territory, not both."""
    territory: NotRequired[Annotated[Key | None, Field(examples=["t1"])]]
    """Id of the territory: its history goes to whoever holds it when the period starts."""
    period: Required[Annotated[Month, Field(examples=["2026-01"])]]
    """The month."""
    actual: Required[Annotated[Measure, Field(examples=[20500.25])]]
    """What was sold; negative where more came back."""
    measure: NotRequired[Annotated[Key | None, Field(examples=["revenue"])]]
    """What it is of; left out: the main measure."""
    product: NotRequired[Annotated[Key | None, Field(examples=["core"])]]
    """Product; targets may be of one. Rows of one month add up."""
    customer_type: NotRequired[Annotated[Key | None, Field(examples=["existing"])]]
    """Kind of customer; targets may be of one. Rows of one month add up."""


@with_config(STRICT_ROW)
class TargetRow(TypedDict):
    """What is to be sold: in all, by a unit, of a product, to a kind of customer, in some months,
    or of several of these at once; or the standard of a ratio.
    """

    amount: Required[Annotated[Money, Field(examples=[1080000])]]
    """Before over-assignment. Of a ratio the standard (0.45 is 45 %), or its change from `base`."""
    unit: NotRequired[Annotated[Key | None, Field(examples=["west"])]]
    """Id of the unit; null: the company."""
    measure: NotRequired[Annotated[Key | None, Field(examples=["revenue"])]]
    """One of `measures`, or known without: `revenue` (where left out), `gross_margin`,
    `volume`, `new_customers`, `market_share`, `satisfaction`, `repurchase_rate`."""
    base: NotRequired[Annotated[Measure | None, Field(examples=[None])]]
    """Of a ratio that states a `change`: what it starts from."""
    product: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """The product; null: all of them."""
    customer_type: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """The kind of customer, such as `new`; null: all of them."""
    period: NotRequired[Annotated[Key | None, Field(examples=[None])]]
    """A part of the plan's period: `2027-03`, `2027-01/2027-06`, a quarter or half of the calendar
    (`2027-Q1`, `2027-H1`) or of the plan's period (`Q1`, `H1`); null: all of it."""


_Factor = Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)]


@with_config(STRICT_ROW)
class LevelsRow(TypedDict):
    """Two more levels beside the target, as factors on it."""

    floor: NotRequired[Annotated[_Factor | None, Field(examples=[0.8])]]
    """The least that counts as performance (保底)."""
    stretch_target: NotRequired[Annotated[_Factor | None, Field(examples=[1.2])]]
    """What is to be hoped for (挑战)."""


@with_config(STRICT_ROW)
class MeasureRow(TypedDict):
    """Something that is planned. The main measure, whose the columns of reps and units are, is
    revenue, or where that has no target the only additive one that has.
    """

    id: Required[Annotated[Key, Field(examples=["new_customers"])]]
    """Its name in `targets` and `history`."""
    kind: NotRequired[Annotated[Literal["additive", "ratio"] | None, Field(examples=["additive"])]]
    """`additive` measures are allocated, each by itself; a `ratio` has standards, which are never
    summed. Known ids have theirs."""
    basis: NotRequired[
        Annotated[Literal["signed", "invoiced", "collected"] | None, Field(examples=[None])]
    ]
    """What counts as sold, for measures in money."""
    counted_in: NotRequired[Annotated[Text | None, Field(examples=["customers"])]]
    """What is counted, in whole numbers; null: the plan's money."""
    increment: NotRequired[Annotated[Money | None, Field(examples=[1])]]
    """Quotas are multiples of it: the plan's for money, 1 for what is counted where left out."""
    forecast: NotRequired[Annotated[Measure | None, Field(examples=[None])]]
    """What you expect of the whole company, of a measure that is not the main one."""
    weight: NotRequired[Annotated[Share | None, Field(examples=[0.3])]]
    """How much its attainment counts; all weights sum to 1 (±0.005). It changes no quota."""
    levels: NotRequired[
        Annotated[LevelsRow | None, Field(examples=[{"floor": 0.8, "stretch_target": 1.2}])]
    ]
    """Levels beside the target."""
    lower_is_better: NotRequired[
        Annotated[Annotated[bool, Field(strict=True)] | None, Field(examples=[False])]
    ]
    """Whether a ratio is the better the lower it is."""
    change: NotRequired[
        Annotated[Literal["change_points", "growth"] | None, Field(examples=[None])]
    ]
    """What the amounts of a ratio's targets are: null, the standard itself; `change_points`, what
    is added to `base` (45 % and 2 points are 47 %); `growth`, by what part `base` is to grow (45 %
    and 2 % are 45.9 %)."""


@examples(
    {
        "Two units, four people": {
            "target": 1080000,
            **FACTS,
            "territories": TERRITORIES,
            "history": HISTORY,
        },
        "Targets of a unit, and of a product in the first half year": {
            "targets": [
                {"amount": 1080000},
                {"unit": "east", "amount": 520000},
                {"product": "core", "customer_type": "new", "period": "H1", "amount": 90000},
            ],
            **FACTS,
        },
    }
)
@with_config(STRICT_ROW)
class InputsBody(TypedDict):
    """The facts of a plan as one whole."""

    target: NotRequired[Annotated[Money | None, Field(examples=[1080000])]]
    """What the company wants to sell in the period: short for one row of `targets`."""
    targets: NotRequired[Annotated[list[TargetRow] | None, Field(examples=[None])]]
    """The long form: targets of the company and of units, products, kinds of customers and months,
    which have to agree, for one measure or several. Send this or `target`."""
    measures: NotRequired[
        Annotated[
            list[MeasureRow] | None,
            Field(max_length=MOST_MEASURES, examples=[[{"id": "new_customers", "weight": 0.3}]]),
        ]
    ]
    """What is planned, where something is to be said of it."""
    forecast: NotRequired[Annotated[Measure | None, Field(examples=[980000])]]
    """What you expect the whole company to sell in the period; the estimate then adds up to it.
    Without it the last twelve months count."""
    units: NotRequired[Annotated[list[UnitRow] | None, Field(examples=[[{"id": "west"}]])]]
    """The organisation below the company, any depth; parents may come after their children."""
    reps: Required[Annotated[list[RepRow], Field(examples=[[{"id": "r1", "unit": "west"}]])]]
    """The reps; at least one."""
    territories: NotRequired[
        Annotated[list[TerritoryRow] | None, Field(examples=[[{"id": "t1", "potential": 900000}]])]
    ]
    """The territories and who holds them."""
    history: NotRequired[
        Annotated[
            list[HistoryRow] | None,
            Field(examples=[[{"rep": "r1", "period": "2026-01", "actual": 20500.25}]]),
        ]
    ]
    """Past sales by month."""
