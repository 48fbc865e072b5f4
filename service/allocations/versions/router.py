"""Versions over HTTP: solve into one, read its quotas, check it again.

Lists, single versions and publishing are routed in `plans`.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.allocations.crossing import present_crossing_rule
from service.allocations.infeasible import Infeasible
from service.allocations.measures.told import named_measure
from service.allocations.patience import PatienceDep
from service.allocations.prices import present_prices
from service.allocations.schemas import PricesOut
from service.allocations.solving import NO_PLAN
from service.allocations.versions.describe import present_listed, present_months, present_quota
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.schemas import (
    ListedQuotaOut,
    MonthsOut,
    ProofOut,
    RepQuotaOut,
    RulesOut,
    VerificationOut,
    VersionIn,
    WeeksOut,
)
from service.allocations.versions.usecases import reading, solving, verifying, weekly
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionsDep
from service.kit.errors import NotAcceptable
from service.kit.etags import send_etag
from service.kit.pages import Page, PageDep
from service.kit.parameters import refuse_other_formats
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.inputs import InputsMissing
from service.plans.policy import PolicyBody
from service.plans.router import NumberPath, PlanIdPath
from service.plans.schemas import VersionDetailOut
from service.plans.usecases import version_etag
from service.roster.body import Sent, patient_body

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])

MeasureQuery = Annotated[
    str | None, Query(description="An additive measure; left out: the main one")
]

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)


@router.post(
    "",
    status_code=201,
    responses=problems(
        PlanNotFound,
        InputsMissing,
        Infeasible,
        *NO_PLAN,
    ),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def solve_version(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(VersionIn, policy=PolicyBody)],
    response: Response,
    caller: CallerDep,
    sessions: SessionsDep,
    now: NowDep,
    patience: PatienceDep,
) -> VersionDetailOut:
    """Solve the plan's working inputs into a new immutable version, a draft."""
    body = sent.document
    order = solving.Order(
        body.get("policy") or {}, body.get("base_version"), body.get("note"), sent.faults
    )
    solved = solving.solve_version(sessions, caller, plan_id, order, now=now, patience=patience)
    send_etag(response, version_etag(solved.version))
    response.headers["Location"] = f"/v1/plans/{plan_id}/versions/{solved.version.number}"
    return VersionDetailOut.of_whole(solved.version, solved.outcome, solved.currency)


@router.get(
    "/{number}/quotas",
    response_model=Page[ListedQuotaOut],
    responses=_MISSING | problems(NotAcceptable),
    dependencies=[Depends(needs(Permission.READ_QUOTAS)), Depends(refuse_other_formats)],
)
def list_quotas(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    unit: Annotated[str | None, Query(description="This unit and all units below it")] = None,
    rep: Annotated[str | None, Query(description="This rep alone")] = None,
    period: Annotated[
        str | None,
        Query(
            description="Months: `2027-03`, `2027-01/2027-06`, a quarter or half of the calendar "
            "(`2027-Q1`, `2027-H1`) or of the period (`Q1`, `H1`). Each row then has "
            "in `part` what of its quota, or of the lines asked for, falls into it",
            examples=["2027-Q1"],
        ),
    ] = None,
    measure: MeasureQuery = None,
    product: Annotated[str | None, Query(description="Lines of this product alone")] = None,
    customer_type: Annotated[
        str | None, Query(description="Lines of this kind of customer alone")
    ] = None,
) -> Response:
    """The quotas of a version: unit by unit, reps by id.

    With `product` or `customer_type` each row keeps its lines of these alone, and reps who carry
    none of them are left out: a page may have fewer rows than its limit.
    """
    quotas = reading.page_of_quotas(
        session,
        caller.workspace_id,
        plan_id,
        number,
        page,
        unit=unit,
        rep=rep,
        period=period,
        measure=measure,
        only={"product": product, "customer_type": customer_type},
    )
    lines_alone = product is not None or customer_type is not None
    items = [
        present_listed(
            row, quotas.digits, quotas.months, quotas.lines, quotas.part, lines_alone=lines_alone
        )
        for row in quotas.rows
    ]
    return _json({"items": items, "next_cursor": quotas.next_cursor})


@router.get(
    "/{number}/quotas/{rep:path}",
    response_model=RepQuotaOut,
    responses=problems(PlanNotFound, VersionNotFound, reading.QuotaNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_quota(
    plan_id: PlanIdPath, number: NumberPath, rep: str, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """One rep's quota, what it is made of, and the growth of team and company beside it."""
    found = reading.quota_of(session, caller.workspace_id, plan_id, number, rep)
    beside = {"unit": found.unit_growth, "company": found.company_growth}
    measures = [
        named_measure(own.manifest) | present_quota(own.row, own.digits, found.months)
        for own in found.measures
    ]
    told = {"growth_beside": beside, "measures": measures, "standards": found.standards}
    return _json(present_quota(found.row, found.digits, found.months, found.lines) | told)


@router.get(
    "/{number}/prices",
    response_model=PricesOut,
    responses=problems(PlanNotFound, VersionNotFound, reading.PricesNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def get_prices(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """What one more unit of money in the target and in the rules that bind costs whom."""
    facts, digits = reading.prices(session, caller.workspace_id, plan_id, number)
    return _json(present_prices(facts, digits))


@router.get(
    "/{number}/months",
    response_model=MonthsOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_months(
    plan_id: PlanIdPath,
    number: NumberPath,
    caller: CallerDep,
    session: ReadSessionDep,
    measure: MeasureQuery = None,
) -> Response:
    """The months of the company and of its units, and the season that quotas go by."""
    stored = reading.open_measure(session, caller.workspace_id, plan_id, number, measure)
    return _json(present_months(stored.manifest, stored.units()))


@router.get(
    "/{number}/weeks",
    response_model=Page[WeeksOut],
    responses=_MISSING | problems(weekly.MonthsNotFound),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def list_weeks(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    unit: Annotated[str | None, Query(description="This unit and all units below it")] = None,
    rep: Annotated[str | None, Query(description="This rep alone")] = None,
    measure: MeasureQuery = None,
) -> Response:
    """The quotas week by week, by working days as they are known today.

    A week across two months has a piece in each, so pieces add up to weeks and to months. A page
    holds reps of one unit, and may be shorter than its limit.
    """
    place = caller.workspace_id, plan_id, number
    items, next_cursor = weekly.page_of_weeks(
        session, place, page, unit=unit, rep=rep, measure=measure
    )
    return _json({"items": items, "next_cursor": next_cursor})


@router.get(
    "/{number}/rules",
    response_model=RulesOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
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
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
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
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def get_certificate(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """The proof of a version as one document that can be checked anywhere."""
    return _json(reading.certificate(session, caller.workspace_id, plan_id, number))


def _json(document: Any) -> Response:
    """As it is: the rows are ours, and validating a thousand of them again takes longer."""
    return Response(orjson.dumps(document), media_type="application/json")
