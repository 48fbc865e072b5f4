"""The inputs of a plan over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionsDep
from service.kit.errors import PreconditionFailed
from service.kit.etags import IfMatchDep, etag_of, send_etag
from service.kit.headers import ETAG, sends, sent
from service.kit.money import minor_digits
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.kit.queues import QueuesDep, QueueTooLong, TooBusy
from service.plans import inputs as usecases
from service.plans import rolling as rolling_usecases
from service.plans.domain import PlanNotFound
from service.plans.inputs import CurrencyChanged, InputsMissing
from service.plans.repository import Plans
from service.plans.rolling import RollForward
from service.plans.rolling_schemas import LeftBehindOut, RollForwardIn
from service.plans.router import PlanIdPath
from service.roster.domain import Inputs, read_inputs
from service.roster.patch_schemas import InputsPatch
from service.roster.present import present
from service.roster.repository import SnapshotNotFound
from service.roster.schemas import InputsBody

router = APIRouter(prefix="/plans", tags=["inputs"])

HashPath = Annotated[str, Path(pattern="^sha256:[0-9a-f]{64}$", description="sha256:…")]


class Counts(BaseModel):
    """How many rows there are."""

    units: int = Field(examples=[3])
    reps: int = Field(examples=[4])
    territories: int = Field(examples=[4])
    history: int = Field(examples=[48])


class Remark(BaseModel):
    """Something legal that looks like a mistake."""

    pointer: str = Field(description="Where (RFC 6901)", examples=["/territories"])
    detail: str = Field(examples=["1 territory has no holder: its potential counts for nobody"])


class InputsStored(BaseModel):
    """What was stored."""

    hash: str = Field(
        description="Of the content; equal facts in any order have the same hash",
        examples=["sha256:0c0f…"],
    )
    counts: Counts
    warnings: list[Remark]


_INPUTS_SCHEMA: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The inputs in the shape in which they are put, ordered by id. "
        "`ETag` is the hash of their content.",
        "headers": sent(ETAG),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InputsBody"}}},
    }
}


@router.put(
    "/{plan_id}/inputs",
    responses=problems(PlanNotFound, CurrencyChanged, PreconditionFailed) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.WRITE_INPUTS))],
)
def put_inputs(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(InputsBody)],
    response: Response,
    caller: CallerDep,
    sessions: SessionsDep,
    expected: IfMatchDep,
    now: NowDep,
) -> InputsStored:
    """Replace the facts of a plan as one whole; what is left out is no longer there.

    Names, attributes and owners are kept apart from the hashed content.
    """
    with sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        digits, period = minor_digits(plan.currency), (plan.period_start, plan.period_end)
    inputs = read_inputs(sent.document, digits=digits, period=period, faults=sent.faults)
    with sessions.begin() as session:
        usecases.put_inputs(session, caller, plan_id, inputs, now=now, expected=expected)
    return _stored(response, inputs)


async def open_doors(
    reading: ReadingSessionsDep, writing: SessionsDep, queues: QueuesDep
) -> usecases.Doors:
    return usecases.Doors(reading, writing, queues)


@router.patch(
    "/{plan_id}/inputs",
    responses=problems(PlanNotFound, InputsMissing, TooBusy, QueueTooLong, PreconditionFailed)
    | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.WRITE_INPUTS))],
)
def patch_inputs(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(InputsPatch)],
    response: Response,
    caller: CallerDep,
    doors: Annotated[usecases.Doors, Depends(open_doors)],
    expected: IfMatchDep,
    now: NowDep,
) -> InputsStored:
    """Change some of the facts of a plan, and leave the others as they are.

    Rows are upserted: units, reps, territories and measures by `id`, history and targets by all
    that they are of. In a row, members that are left out stay and null takes one away (RFC 7396);
    lists in it, such as `holders`, are replaced. `remove` names rows that are to go. The facts are
    then read as one whole, as if they had been put; faults have the pointers of what was sent.
    Patches that are sent at the same time all count.
    """
    return _stored(
        response,
        usecases.patch_inputs(doors, caller, plan_id, sent, now=now, expected=expected),
    )


class RolledForward(InputsStored):
    """What was stored, and of which earlier plan it was made."""

    source: str = Field(
        description="The earlier plan", examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"]
    )
    source_hash: str = Field(description="Of its inputs", examples=["sha256:0c0f…"])
    left_behind: list[LeftBehindOut] = Field(
        description="What was said of the earlier period alone, and who is away for good"
    )


@router.post(
    "/{plan_id}/inputs/roll-forward",
    responses=problems(PlanNotFound, TooBusy, QueueTooLong, PreconditionFailed) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.WRITE_INPUTS))],
)
def roll_forward(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(RollForwardIn)],
    response: Response,
    caller: CallerDep,
    doors: Annotated[usecases.Doors, Depends(open_doors)],
    expected: IfMatchDep,
    now: NowDep,
) -> RolledForward:
    """Take the inputs of an earlier plan for this one: the organisation, its people, territories
    and sales up to now. What was said of the earlier period alone stays behind.

    Rows are upserted, as by a patch: what this plan says of its own period already stays, and so do
    rows that the earlier plan does not have.
    """
    asked = RollForward.of(sent.document)
    rolling, rolled = rolling_usecases.roll_forward(
        doors, caller, plan_id, asked, sent.faults, now=now, expected=expected
    )
    return RolledForward(
        **_stored(response, rolled.inputs).model_dump(),
        source=rolling.source_id,
        source_hash=rolling.source.inputs.hash,
        left_behind=[LeftBehindOut.of(own) for own in rolled.left_behind],
    )


def _stored(response: Response, inputs: Inputs) -> InputsStored:
    send_etag(response, etag_of(inputs.hash))
    return InputsStored(
        hash=inputs.hash,
        counts=Counts(**inputs.counts),
        warnings=[Remark(pointer=fault.pointer, detail=fault.detail) for fault in inputs.warnings],
    )


@router.get(
    "/{plan_id}/inputs",
    responses=_INPUTS_SCHEMA | problems(PlanNotFound, InputsMissing),
    dependencies=[Depends(needs(Permission.READ_INPUTS))],
)
def get_inputs(plan_id: PlanIdPath, caller: CallerDep, session: ReadSessionDep) -> Response:
    """The working inputs of a plan, in the shape in which they are put."""
    return _answer(usecases.get_inputs(session, caller.workspace_id, plan_id))


@router.get(
    "/{plan_id}/inputs/{inputs_hash}",
    responses=_INPUTS_SCHEMA | problems(PlanNotFound, SnapshotNotFound),
    dependencies=[Depends(needs(Permission.READ_INPUTS))],
)
def get_inputs_by_hash(
    plan_id: PlanIdPath, inputs_hash: HashPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """One state of the inputs, such as the one that a version was made with."""
    return _answer(usecases.get_inputs(session, caller.workspace_id, plan_id, inputs_hash))


def _answer(inputs: Inputs) -> Response:
    return Response(
        orjson.dumps(present(inputs)),
        media_type="application/json",
        headers={"ETag": etag_of(inputs.hash)},
    )
