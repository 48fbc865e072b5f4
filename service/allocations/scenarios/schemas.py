"""What the API says about scenarios."""

from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    Self,
    TypedDict,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, ConfigDict, Field, with_config

from service.allocations.infeasible import Infeasible
from service.allocations.scenarios.domain.axes import MOST
from service.allocations.scenarios.usecases import Compared, Mover, Outcome
from service.allocations.schemas import Amount
from service.kit.body import Line
from service.kit.examples import examples
from service.kit.money import MoneyOut, from_minor
from service.kit.values import STRICT_ROW, Money
from service.plans.policy import PolicyBody, present_rule
from service.plans.version_schemas import GaveWayOut


def _values_of(parameter: Any) -> Any:
    """A list of what a parameter of a policy may be."""
    value = get_args(parameter)[0] if get_origin(parameter) is NotRequired else parameter
    return NotRequired[Annotated[list[value], Field(min_length=1, max_length=MOST)]]  # type: ignore[valid-type]


_AXES: Final[Any] = {
    name: _values_of(parameter)
    for name, parameter in get_type_hints(PolicyBody, include_extras=True).items()
}
GridBody: Final[Any] = TypedDict("GridBody", _AXES)  # type: ignore[misc] # as a policy has them
GridBody.__doc__ = "Values of parameters of a policy: every combination of them is a scenario."
GridBody.__pydantic_config__ = STRICT_ROW  # type: ignore[attr-defined]


@with_config(STRICT_ROW)
class NamedPolicy(TypedDict):
    """A policy with a name."""

    name: Required[Annotated[Line, Field(strict=True, examples=["cautious"])]]
    policy: Required[PolicyBody]
    """What it says beyond `base_policy`."""


@examples(
    {
        "Two ideas of evenness, two targets": {
            "base_policy": {"season": "even"},
            "grid": {"fairness": ["equal_stretch", "equal_growth"]},
            "target": [1080000, 1100000],
        },
        "Named policies, kept as drafts": {
            "policies": [
                {"name": "as it is", "policy": {}},
                {"name": "cautious", "policy": {"max_over_last_year": 0.27}},
            ],
            "store": True,
        },
    }
)
@with_config(STRICT_ROW)
class ScenariosIn(TypedDict):
    """Which policies to solve the plan's working inputs under: every named policy with every
    combination of the grid and the targets, at most 100 in all.
    """

    base_policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """What all of them share."""
    grid: NotRequired[
        Annotated[
            GridBody | None,
            Field(examples=[{"fairness": ["equal_stretch", "equal_growth"]}]),
        ]
    ]
    """Values of parameters to combine."""
    policies: NotRequired[Annotated[list[NamedPolicy], Field(min_length=1, max_length=MOST)] | None]
    """Whole policies to compare."""
    target: NotRequired[
        Annotated[
            Annotated[list[Money], Field(min_length=1, max_length=MOST)] | None,
            Field(examples=[[1080000, 1100000]]),
        ]
    ]
    """Targets of the company to compare, of the main measure, in place of that of the inputs."""
    base_version: NotRequired[
        Annotated[Annotated[int, Field(strict=True, ge=1)] | None, Field(examples=[None])]
    ]
    """The version that `movers` are told against; left out: the published one, else the newest.
    It is the parent of versions that are stored; left out, the newest is."""
    store: NotRequired[Annotated[bool, Field(strict=True)]]
    """Whether each plan is kept as a draft version."""


type ScenarioStatus = Literal["optimal", "relaxed", "gap", "infeasible", "unsolved"]


class MoverOut(BaseModel):
    """Somebody who would carry another quota than in `base_version`."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    from_: MoneyOut | None = Field(alias="from", description="null: not there", examples=[280000])
    to: Amount
    change: MoneyOut = Field(examples=[11000])

    @classmethod
    def of(cls, mover: Mover, digits: int) -> Self:
        return cls.model_validate(
            {
                "rep": mover.rep,
                "unit": mover.unit,
                "from": None if mover.before is None else from_minor(mover.before, digits),
                "to": from_minor(mover.after, digits),
                "change": from_minor(mover.after - (mover.before or 0), digits),
            }
        )


class GrowthOut(BaseModel):
    """Quotas on expected sales, of all who have any; null where nobody has."""

    least: float | None = Field(examples=[0.05])
    median: float | None = Field(examples=[0.12])
    largest: float | None = Field(examples=[0.21])


class CommonOut(BaseModel):
    """As its own policy measures stretch: it does not compare with that of another one."""

    stretch: float | None = Field(examples=[0.12])
    growth: float | None = Field(description="Of the company", examples=[0.12])


class PlanFigures(BaseModel):
    """What a plan comes to, in measures that all policies share."""

    target: MoneyOut
    assigned: MoneyOut
    gap: MoneyOut = Field(description="What nobody carries")
    common: CommonOut
    growth: GrowthOut
    largest_stretch: float | None = Field(
        description="The largest (quota - baseline) / reach of all reps, whatever the policy made "
        "even; null where nobody has reach",
        examples=[0.21],
    )
    without_reach: int = Field(description="Reps who have no such stretch", examples=[0])
    gini: float | None = Field(description="Of quota / baseline", examples=[0.011])
    theil: float | None = Field(description="Of quota / baseline", examples=[0.0004])
    attaining: float | None = Field(
        description="The part of the reps that is expected to attain; null without sigmas",
        examples=[0.38],
    )
    reaching: float | None = Field(
        description="The chance that the company reaches its target; null without sigmas",
        examples=[0.44],
    )
    moved: MoneyOut | None = Field(
        description="All differences of quotas from `base_version`, added up without their signs; "
        "null without a version to compare with"
    )
    movers: list[MoverOut] = Field(description="The five who would move most", examples=[[]])


class NoPlanOut(BaseModel):
    """The problem that solving a version would answer, with its `conflict`, `relaxation` and
    `feasible_target` where rules cannot all hold.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/infeasible"])
    title: str
    status: int = Field(examples=[422])
    detail: str


class ScenarioOut(BaseModel):
    """One policy, and what came of it."""

    number: int = Field(examples=[1])
    name: str = Field(examples=["fairness equal_growth, over_assignment 0.05"])
    values: dict[str, Any] = Field(
        description="What tells it apart from the others", examples=[{"fairness": "equal_growth"}]
    )
    status: ScenarioStatus
    problem: NoPlanOut | None = Field(description="Why there is no plan")
    relaxed: list[GaveWayOut] = Field(description="Rules that gave way", examples=[[]])
    plan: PlanFigures | None = Field(description="null where there is none")
    beaten_by: list[int] = Field(
        description="Scenarios of the frontier that assign the same amount and are at least as "
        "good in `largest_stretch`, `gini`, `attaining`, `gap` and rules that gave way, and better "
        "in one",
        examples=[[]],
    )
    same_as: int | None = Field(
        description="An earlier scenario with the very same quotas", examples=[None]
    )
    version: int | None = Field(description="The draft that it was stored as", examples=[None])
    seconds: float = Field(description="How long it took", examples=[0.04])


class ScenariosOut(BaseModel):
    """Policies side by side."""

    base_version: int | None = Field(description="What `movers` are told against")
    scenarios: list[ScenarioOut]
    frontier: list[int] = Field(
        description="Scenarios that no other one beats, by number", examples=[[1, 3]]
    )

    @classmethod
    def of(cls, found: Compared) -> Self:
        same = found.same_as
        return cls(
            base_version=found.base_version,
            scenarios=[
                ScenarioOut(
                    number=number,
                    name=outcome.scenario.name,
                    values=dict(outcome.scenario.values),
                    status=_status(outcome),
                    problem=_problem(outcome),
                    relaxed=[
                        GaveWayOut(**present_rule(rule, found.digits)) for rule in outcome.relaxed
                    ],
                    plan=_plan(outcome, found.digits),
                    beaten_by=list(found.beaten_by.get(number, ())),
                    same_as=same.get(number),
                    version=outcome.version,
                    seconds=round(outcome.seconds, 3),
                )
                for outcome in found.outcomes
                for number in [outcome.scenario.number]
            ],
            frontier=[number for number, others in found.beaten_by.items() if not others],
        )


def _status(outcome: Outcome) -> ScenarioStatus:
    if outcome.found is None:
        return "infeasible" if isinstance(outcome.problem, Infeasible) else "unsolved"
    if outcome.found.gap:
        return "gap"
    return "relaxed" if outcome.relaxed else "optimal"


def _problem(outcome: Outcome) -> NoPlanOut | None:
    problem = outcome.problem
    if problem is None:
        return None
    members = {
        "type": problem.type_path(),
        "title": problem.title(),
        "status": problem.status,
        "detail": problem.detail,
    }
    return NoPlanOut.model_validate(members | problem.context)


def _plan(outcome: Outcome, digits: int) -> PlanFigures | None:
    found = outcome.found
    if found is None:
        return None
    return PlanFigures(
        target=from_minor(found.target, digits),
        assigned=from_minor(found.assigned, digits),
        gap=from_minor(found.gap, digits),
        common=CommonOut(**found.common),
        growth=GrowthOut(
            least=found.growth.least, median=found.growth.median, largest=found.growth.largest
        ),
        largest_stretch=found.largest_pull,
        without_reach=found.without_reach,
        gini=found.fairness["gini"],
        theil=found.fairness["theil"],
        attaining=found.attaining,
        reaching=found.reaching,
        moved=None if outcome.moved is None else from_minor(outcome.moved, digits),
        movers=[MoverOut.of(mover, digits) for mover in outcome.movers],
    )
