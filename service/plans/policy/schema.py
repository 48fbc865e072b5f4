"""What callers may send as a policy. Leaving a parameter out and sending null mean the same."""

from typing import Annotated, Final, Literal, NotRequired, Required, TypedDict

from pydantic import ConfigDict, Field, with_config

from service.kit.values import STRICT_ROW, Key, Money, Otherwise
from service.plans.domain import MAX_MONTHS
from solver.policy import Fairness

MIN_HEDGE: Final = -0.9
MAX_HEDGE: Final = 10.0
MOST_RULES: Final = 1_000
"""In each list of rules; how many reps a rule names is not limited."""

Growth = Annotated[
    Annotated[float, Field(strict=True, ge=-1, le=100, allow_inf_nan=False)] | None,
    Field(examples=[0.05]),
]
Chance = Annotated[
    Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)] | None,
    Field(examples=[0.3]),
]
Coefficient = Annotated[float, Field(strict=True, allow_inf_nan=False)]
RuleName = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Otherwise("must be the name of a rule, such as unit:west:min"),
]
Weight = Annotated[float, Field(strict=True, ge=0, le=1e12, allow_inf_nan=False)]
Season = Annotated[
    Literal["learned", "even"]
    | Annotated[list[Weight], Field(min_length=1, max_length=MAX_MONTHS)],
    Otherwise(
        "must be learned, even, or a list of weights of 0 or more: one for each month of the "
        "period, or one for each quarter"
    ),
]
Country = Annotated[
    str,
    Field(strict=True, pattern="^[A-Z]{2}$"),
    Otherwise("must be an ISO 3166 code of two letters, such as CN or US"),
]


@with_config(STRICT_ROW)
class GroupRow(TypedDict):
    """Reps of any units whose quotas together stay between two amounts: an overlay team."""

    id: Required[Annotated[Key, Field(examples=["overlay"])]]
    """Your own id of the group; it names the rules `group:overlay:min` and `group:overlay:max`."""
    reps: Required[Annotated[list[Key], Field(examples=[["r1", "r2"]])]]
    """Ids of the reps; one rep may belong to many groups."""
    min: NotRequired[Annotated[Money | None, Field(examples=[None])]]
    """The least that their quotas must sum to."""
    max: NotRequired[Annotated[Money | None, Field(examples=[500000])]]
    """The most that they may sum to. A group needs a min or a max."""


@with_config(STRICT_ROW)
class ParityRow(TypedDict):
    """Peer groups that all carry about their even share."""

    cohort: Required[Annotated[Key, Field(examples=["role"])]]
    """A name in the `cohorts` of reps; each of its values is a peer group of two reps or more."""
    tolerance: Required[
        Annotated[
            float, Field(strict=True, ge=0, le=100, allow_inf_nan=False), Field(examples=[0.05])
        ]
    ]
    """How far the quotas of a peer group may be from its even share, as a part of it: 0.05 is 5 %.
    The even share is what its reps would carry together if everybody in the company stood at one
    stretch and nobody had a limit."""


@with_config(STRICT_ROW)
class MarginFloorRow(TypedDict):
    """The least gross margin that quotas must bring: the sum of margin x quota."""

    id: Required[Annotated[Key, Field(examples=["west-margin"])]]
    """Your own id of the floor; it names the rule `margin:west-margin:min`."""
    unit: NotRequired[Annotated[Key | None, Field(examples=["west"])]]
    """Whose quotas count: those of this unit and all below it; null: the whole company's."""
    min: Required[Annotated[Money, Field(examples=[150000])]]
    """An amount of gross margin. Every rep who counts needs a `margin`."""


@with_config(STRICT_ROW)
class LinearRow(TypedDict):
    """A rule of your own: min <= sum of coefficient x quota <= max."""

    id: Required[Annotated[Key, Field(examples=["mentors"])]]
    """Your own id of the rule; it names the rules `row:mentors:min` and `row:mentors:max`."""
    coefficients: Required[
        Annotated[dict[Key, Coefficient], Field(examples=[{"r1": 1, "r2": -0.5}])]
    ]
    """By the ids of reps; 0 for everybody else. Of any sign, 0.000001 to 1,000,000 in size."""
    min: NotRequired[Annotated[Money | None, Field(examples=[0])]]
    """The least value of the sum; it may be negative."""
    max: NotRequired[Annotated[Money | None, Field(examples=[None])]]
    """The largest value of the sum; it may be negative. A row needs a min or a max."""


# "from" cannot be written as an attribute, so this one is a call.
RelaxRow = TypedDict(
    "RelaxRow",
    {
        "rule": Required[
            Annotated[
                RuleName,
                Field(description="Its name as in `conflict`.", examples=["unit:west:min"]),
            ]
        ],
        "from": NotRequired[
            Annotated[
                Money | None,
                Field(
                    description="Its value today. Where it is no longer that, the relaxation is "
                    "refused as out of date; null does not ask.",
                    examples=[600000],
                ),
            ]
        ],
        "to": Required[
            Annotated[
                Money | None,
                Field(
                    description="Its new value: an amount; of a parity the tolerance; null lifts "
                    "it altogether, and a minimum ends at 0. Only the company's target cannot be "
                    "lifted. Targets are stated without over-assignment.",
                    examples=[510000],
                ),
            ]
        ],
    },
)
RelaxRow.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={"description": "A rule that gives way, as `relaxation` names it."}
)


@with_config(STRICT_ROW)
class ReserveRow(TypedDict):
    """What may be given back of the quotas under a unit, without anybody else carrying it."""

    unit: Required[Annotated[Key | None, Field(examples=["west"])]]
    """The unit; null is the whole company."""
    amount: Required[Annotated[Money, Field(examples=[20000])]]


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class PolicyBody(TypedDict):
    """Every parameter of one allocation. Shares are fractions: 0.05 is 5 %."""

    fairness: NotRequired[
        Annotated[
            Fairness | None,
            Field(examples=["equal_stretch"]),
        ]
    ]
    """What is made equal: the extra effort (default), the percentage on the baseline, the share of
    potential, the extra money, or the chance of attaining the quota. `equal_probability` needs the
    `sigma` of every rep and keeps rules of reps and units only."""
    over_assignment: NotRequired[
        Annotated[
            Annotated[float, Field(strict=True, ge=MIN_HEDGE, le=MAX_HEDGE, allow_inf_nan=False)]
            | None,
            Field(examples=[0.05]),
        ]
    ]
    """How much the quotas together exceed the target; 0 where left out. Below 0 (at least -0.9)
    part of the target stays unassigned; more than 10 times the target is refused as a slip."""
    min_over_baseline: NotRequired[Growth]
    """The least growth of a quota on the baseline: -0.1 lets nobody fall below 90 % of it."""
    max_over_baseline: NotRequired[Growth]
    """The largest growth of a quota on the baseline."""
    min_over_last_year: NotRequired[Growth]
    """The least growth on last year, for reps whose `last_year` is known."""
    max_over_last_year: NotRequired[Growth]
    """The largest growth on last year, for reps whose `last_year` is known."""
    min_probability: NotRequired[Chance]
    """The least chance of attaining that a quota may leave to anybody: it is a cap. Needs the
    `sigma` of every rep, given or estimated."""
    max_probability: NotRequired[Chance]
    """The largest chance of attaining that a quota may leave to anybody of whom sales are expected:
    it is a floor. Needs the `sigma` of every rep, given or estimated."""
    groups: NotRequired[
        Annotated[
            Annotated[list[GroupRow], Field(max_length=MOST_RULES)] | None, Field(examples=[[]])
        ]
    ]
    """Overlay teams: limits on what a set of reps carries together, whichever units they sit in."""
    parity: NotRequired[
        Annotated[
            Annotated[list[ParityRow], Field(max_length=MOST_RULES)] | None, Field(examples=[[]])
        ]
    ]
    """Balance between peer groups."""
    margin_floors: NotRequired[
        Annotated[
            Annotated[list[MarginFloorRow], Field(max_length=MOST_RULES)] | None,
            Field(examples=[[]]),
        ]
    ]
    """The least gross margin of units or of the company."""
    rows: NotRequired[
        Annotated[
            Annotated[list[LinearRow], Field(max_length=MOST_RULES)] | None, Field(examples=[[]])
        ]
    ]
    """Linear rules of your own."""
    season: NotRequired[Annotated[Season | None, Field(examples=["learned"])]]
    """How quotas are spread over the months of the period. `learned` (default): as the history
    shows it, per working day. `even`: months alike. A list: a weight for each month, or for each
    quarter counted from the first month; `[10, 20, 30, 40]` puts exactly 40 % of the company's
    quotas into the fourth quarter, in which months keep what was learned. Nobody carries anything
    for months before being hired or of being away, as far as that is possible."""
    country: NotRequired[Annotated[Country | None, Field(examples=["CN"])]]
    """Whose working days count, make-up days included; every Monday to Friday where left out."""
    on_infeasible: NotRequired[
        Annotated[Literal["refuse", "relax", "gap"] | None, Field(examples=["refuse"])]
    ]
    """What to do when the rules cannot all hold. `refuse` (default): answer 422 and say why.
    `relax`: apply the smallest change that mends it, and list it in `relaxed`. `gap`: keep the
    limits of people, and list in `gaps` what nobody can carry."""
    relax: NotRequired[
        Annotated[
            Annotated[list[RelaxRow], Field(max_length=MOST_RULES)] | None, Field(examples=[[]])
        ]
    ]
    """Rules that give way from the start: the `relaxation` of a 422, as it came."""
    reserves: NotRequired[
        Annotated[
            Annotated[list[ReserveRow], Field(max_length=MOST_RULES)] | None, Field(examples=[[]])
        ]
    ]
    """Parts of what is assigned that may be given back later: adjustments and change requests with
    the funding `reserve` lower quotas at its cost. It changes no quota of the solve; usually
    `over_assignment` makes room for it."""
    engine: NotRequired[Annotated[Literal["auto", "tree", "lp"] | None, Field(examples=["auto"])]]
    """How it is computed. `auto` (default) takes the linear programme where `groups`, `parity`,
    `margin_floors` or `rows` need it, and the tree engine elsewhere; with `lp` a linear programme
    checks the tree's plan as well; `tree` refuses rules that it cannot keep."""
