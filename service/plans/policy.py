"""The policy of one allocation as the API says it, and as the solver takes it.

What the API knows but this release cannot do is refused by name, never ignored.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, WithJsonSchema, with_config

from service.kit.errors import Fault, InvalidInput, pointer
from solver.policy import Policy

MIN_HEDGE: Final = -0.9
MAX_HEDGE: Final = 10.0

Growth = Annotated[
    Annotated[float, Field(strict=True, ge=-1, le=100, allow_inf_nan=False)] | None,
    Field(examples=[0.05]),
]
Chance = Annotated[
    Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)] | None,
    Field(examples=[None]),
]
_Rows = WithJsonSchema({"anyOf": [{"type": "array", "items": {}}, {"type": "null"}]})
_Season = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]})


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
class PolicyBody(TypedDict):
    """Every parameter of one allocation. Shares are fractions: 0.05 is 5 %."""

    fairness: NotRequired[
        Annotated[
            Literal[
                "equal_stretch",
                "equal_growth",
                "equal_potential_share",
                "equal_amount",
                "equal_probability",
            ]
            | None,
            Field(examples=["equal_stretch"]),
        ]
    ]
    """What is made equal: the extra effort (default), the percentage on the baseline, the share of
    potential, or the extra money. `equal_probability` is not available yet."""
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
    """The least chance of attaining the quota. Not available yet."""
    max_probability: NotRequired[Chance]
    """The largest chance of attaining the quota. Not available yet."""
    groups: NotRequired[Annotated[object, _Rows, Field(examples=[[]])]]
    """Limits of reps across units. Not available yet: leave it out or empty."""
    parity: NotRequired[Annotated[object, _Rows, Field(examples=[[]])]]
    """Balance between cohorts. Not available yet: leave it out or empty."""
    season: NotRequired[Annotated[object, _Season, Field(examples=["learned"])]]
    """How quotas are spread over months. Nothing is spread yet: leave it out, or `learned`."""
    on_infeasible: NotRequired[
        Annotated[Literal["refuse", "relax", "gap"] | None, Field(examples=["refuse"])]
    ]
    """What to do when the rules cannot all hold: `refuse` (default) explains why. `relax` and
    `gap` are not available yet."""
    relax: NotRequired[Annotated[object, _Rows, Field(examples=[[]])]]
    """Relaxations to apply. Not available yet: leave it out or empty."""
    engine: NotRequired[Annotated[Literal["auto", "tree", "lp"] | None, Field(examples=["auto"])]]
    """How it is computed; `lp` checks the answer by a linear programme as well."""


def to_policy(body: Mapping[str, Any] | None, *, path: tuple[str, ...] = ("policy",)) -> Policy:
    """The solver's policy; left out and null mean the default.

    `path`: where the policy stands in the caller's document. Raises `InvalidInput` with a fault
    for every parameter that is not available yet.
    """
    given = {name: value for name, value in (body or {}).items() if value not in (None, [])}
    faults = [
        Fault(pointer((*path, name)), detail, value) for name, value, detail in _not_built(given)
    ]
    faults += _crossed(given, path)
    if faults:
        raise InvalidInput(faults)
    known = Policy.__slots__
    return Policy(**{name: value for name, value in given.items() if name in known})


def _not_built(given: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    if (value := given.get("fairness")) == "equal_probability":
        yield "fairness", value, "equal_probability is not available yet"
    for name in ("min_probability", "max_probability"):
        if name in given:
            yield name, given[name], "is not available yet: limits by probability need risk"
    for name in ("groups", "parity", "relax"):
        if name in given and given[name] != []:
            yield name, given[name], "is not available yet: leave it out or empty"
    if (value := given.get("season", "learned")) != "learned":
        yield "season", value, "is not available yet: quotas are not spread over months"
    if (value := given.get("on_infeasible", "refuse")) != "refuse":
        yield "on_infeasible", value, f"{value} is not available yet: only refuse"


def _crossed(given: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Fault]:
    for basis in ("baseline", "last_year"):
        low, high = given.get(f"min_over_{basis}"), given.get(f"max_over_{basis}")
        if low is not None and high is not None and low > high:
            detail = f"must not exceed max_over_{basis}"
            yield Fault(pointer((*path, f"min_over_{basis}")), detail, low)
