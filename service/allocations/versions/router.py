"""Versions over HTTP: solve into one, read its quotas, check it again.

Publishing is routed in `plans`.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.allocations.caller import PatienceDep
from service.allocations.crossing import present_crossing_rule
from service.allocations.infeasible import Infeasible
from service.allocations.prices import present_prices
from service.allocations.schemas import PricesOut
from service.allocations.solving import NO_PLAN
from service.allocations.versions.domain.deciding.closed_of_measure import ClosedMonthsNotKept
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.made import answer_made
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.schemas import (
    ProofOut,
    RulesOut,
    SolvedOut,
    VerificationOut,
    VersionIn,
)
from service.allocations.versions.sight import SightDep, look_at_version
from service.allocations.versions.usecases import reading, solving, verifying, visible
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionsDep
from service.kit.errors import PreconditionFailed
from service.kit.etags import send_etag
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.pages import Page, PageDep
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.kit.queues import TooBusy
from service.plans import life_cycle
from service.plans.domain import PlanNotFound, VersionNotFound, VersionStatus
from service.plans.hindrances import SubmitHindrancesDep, VersionUnfinished
from service.plans.inputs import InputsMissing
from service.plans.life_cycle_schemas import HistoryEntry
from service.plans.outcome import Outcome
from service.plans.policy import PolicyBody
from service.plans.repository import Plans, PlanVersions
from service.plans.rolling import RollForward
from service.plans.rolling_schemas import LeftBehindOut
from service.plans.router import NumberPath, PlanIdPath
from service.plans.usecases import version_etag
from service.plans.version_schemas import VersionDetailOut, VersionOut

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)


@router.post(
    "",
    status_code=201,
    responses=problems(
        PlanNotFound,
        InputsMissing,
        VersionDamaged,
        EnvelopeNotKept,
        Infeasible,
        ClosedMonthsNotKept,
        PreconditionFailed,
        VersionUnfinished,
        TooBusy,
        *NO_PLAN,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def solve_version(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(VersionIn, policy=PolicyBody)],
    response: Response,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    reading_sessions: ReadingSessionsDep,
    hindrances: SubmitHindrancesDep,
    now: NowDep,
) -> SolvedOut:
    """Solve the plan's working inputs into a new immutable version, a draft, or a submitted one.

    Once a version is published, months that have begun keep what is in force in them: the new
    version plans those that are open.
    """
    body = sent.document
    rolled = body.get("roll_forward")
    order = solving.Order(
        policy=body.get("policy") or {},
        base_version=body.get("base_version"),
        note=body.get("note"),
        keeps_locks=body.get("locks") != "release",
        published=body.get("published"),
        then=body.get("then") or "draft",
        deadline=body.get("deadline"),
        roll_forward=None if rolled is None else RollForward.of(rolled),
        faults=sent.faults,
    )
    made = solving.solve_version(
        sessions,
        reading_sessions,
        caller,
        plan_id,
        order,
        now=now,
        patience=patience,
        hindrances=hindrances,
    )
    version = answer_made(response, made, now)
    left_behind = [LeftBehindOut.of(own) for own in made.left_behind]
    return SolvedOut(**version.model_dump(), left_behind=left_behind)


@router.get(
    "", responses=problems(PlanNotFound), dependencies=[Depends(needs(Permission.READ_PLANS))]
)
def list_versions(
    plan_id: PlanIdPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
    status: Annotated[VersionStatus | None, Query()] = None,
) -> Page[VersionOut]:
    """The versions of a plan that the caller sees something of, newest first.

    A page may have fewer rows than its limit.
    """
    plan, seen, next_cursor = visible.page_of_versions(session, caller, plan_id, page, status)
    items = [VersionOut.of(version, plan.currency, sight, now=now) for version, sight in seen]
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/{number}",
    responses=_MISSING | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.READ_PLANS))],
)
def get_version(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    response: Response,
    caller: CallerDep,
    session: ReadSessionDep,
    sight: SightDep,
    now: NowDep,
) -> VersionDetailOut:
    """One version: policy, status, hashes and fairness; its quotas have their own address."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    version = PlanVersions(session).get(plan.id, number)
    send_etag(response, version_etag(version))
    outcome = Outcome.of(session, caller.workspace_id, version)
    return VersionDetailOut.of_whole(version, outcome, plan.currency, sight, now=now)


@router.get(
    "/{number}/history",
    responses=problems(PlanNotFound, VersionNotFound),
    dependencies=[Depends(look_at_version), Depends(needs(Permission.READ_PROOFS))],
)
def get_history(
    plan_id: PlanIdPath,
    number: NumberPath,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
) -> Page[HistoryEntry]:
    """Who did what with a version and when, the oldest first."""
    entries, version, cursor = life_cycle.history(
        session, caller.workspace_id, plan_id, number, page
    )
    items = [HistoryEntry.of(entry, version) for entry in entries]
    return Page(items=items, next_cursor=cursor)


@router.get(
    "/{number}/prices",
    response_model=PricesOut,
    responses=problems(PlanNotFound, VersionNotFound, reading.PricesNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_PROOFS)), Depends(look_at_version)],
)
def get_prices(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """What one more unit of money in the target and in the rules that bind costs whom."""
    facts, digits = reading.prices(session, caller.workspace_id, plan_id, number)
    return _json(present_prices(facts, digits))


@router.get(
    "/{number}/rules",
    response_model=RulesOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_PROOFS)), Depends(look_at_version)],
)
def get_rules(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """Every rule across teams with its sum, as `POST /v1/allocations` tells it."""
    rows, digits = reading.rules(session, caller.workspace_id, plan_id, number)
    return _json({"rules": [present_crossing_rule(row, digits) for row in rows]})


@router.get(
    "/{number}/verify",
    responses=problems(PlanNotFound, VersionNotFound),
    dependencies=[Depends(needs(Permission.READ_PROOFS)), Depends(look_at_version)],
)
def verify_version(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> VerificationOut:
    """Check a version again: hash chain, sums, bounds and evenness."""
    found = verifying.verify(session, caller.workspace_id, plan_id, number)
    return VerificationOut.model_validate(
        {"valid": found.valid, "checks": found.checks, "faults": found.faults}
    )


@router.get(
    "/{number}/certificate",
    response_model=ProofOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_PROOFS)), Depends(look_at_version)],
)
def get_certificate(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """The proof of a version as one document that can be checked anywhere."""
    return _json(reading.certificate(session, caller.workspace_id, plan_id, number))


def _json(document: Any) -> Response:
    """As it is: the rows are ours, and validating a thousand of them again takes longer."""
    return Response(orjson.dumps(document), media_type="application/json")
