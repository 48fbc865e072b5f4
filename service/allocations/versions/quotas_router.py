"""The quotas of a version over HTTP: in pages and files, rep by rep, by months and by weeks."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.allocations.measures.told import named_measure
from service.allocations.versions.describe import present_listed, present_months, present_quota
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.quota_files import (
    FILES,
    MediaTypeDep,
    PageOrAllDep,
    QuotaSheet,
    TurnDep,
    file_of_version,
    write_quotas,
)
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.schemas import ListedQuotaOut, MonthsOut, RepQuotaOut, WeeksOut
from service.allocations.versions.sight import SightDep
from service.allocations.versions.usecases import reading, weekly
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadSessionDep
from service.kit.errors import NotAcceptable
from service.kit.negotiation import JSON, VARY
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.kit.workbooks import TooManyRows
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.repository import Plans, PlanVersions
from service.plans.router import NumberPath, PlanIdPath
from service.plans.sight import Sight

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])

MeasureQuery = Annotated[
    str | None,
    Query(description="An additive measure; left out: the main one", examples=["revenue"]),
]

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)


@router.get(
    "/{number}/quotas",
    response_model=Page[ListedQuotaOut],
    responses=_MISSING | problems(NotAcceptable, TooManyRows) | FILES,
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def list_quotas(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    media_type: MediaTypeDep,
    page: PageOrAllDep,
    _turn: TurnDep,
    session: ReadSessionDep,
    sight: SightDep,
    unit: Annotated[
        str | None, Query(description="This unit and all units below it", examples=["west"])
    ] = None,
    rep: Annotated[str | None, Query(description="This rep alone", examples=["r1"])] = None,
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
    product: Annotated[
        str | None, Query(description="Lines of this product alone", examples=["core"])
    ] = None,
    customer_type: Annotated[
        str | None, Query(description="Lines of this kind of customer alone", examples=["new"])
    ] = None,
) -> Response:
    """The quotas of a version: unit by unit, reps by id. As JSON in pages; as CSV, XLSX, Parquet
    or NDJSON one file with all of them, told by `Accept`.

    With `product` or `customer_type` each row keeps its lines of these alone, and reps who carry
    none of them are left out: a page may have fewer rows than its limit.
    """
    quotas = reading.some_quotas(
        session,
        caller.workspace_id,
        plan_id,
        number,
        page,
        sight=sight,
        unit=unit,
        rep=rep,
        period=period,
        measure=measure,
        only={"product": product, "customer_type": customer_type},
    )
    lines_alone = product is not None or customer_type is not None

    def shown(row: Row) -> Row:
        listed = present_listed(
            row,
            quotas.digits,
            quotas.months,
            quotas.lines,
            quotas.part,
            ledger=quotas.ledger,
            lines_alone=lines_alone,
        )
        return _as_seen(sight, listed)

    if media_type != JSON:
        plan = Plans(session).get(caller.workspace_id, plan_id)
        version = PlanVersions(session).get(plan.id, number)
        sheet = QuotaSheet(quotas, shown, lines_alone=lines_alone)
        written = write_quotas(media_type, sheet, plan, version)
        return file_of_version(version, plan, media_type, written)
    items = [shown(row) for row in quotas.rows]
    return _json({"items": items, "next_cursor": quotas.next_cursor}, VARY)


@router.get(
    "/{number}/quotas/{rep:path}",
    response_model=RepQuotaOut,
    responses=problems(PlanNotFound, VersionNotFound, reading.QuotaNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_quota(
    plan_id: PlanIdPath,
    number: NumberPath,
    rep: str,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    sight: SightDep,
) -> Response:
    """One rep's quota, what it is made of, and the growth of team and company beside it."""
    found = reading.quota_of(session, caller.workspace_id, plan_id, number, rep, sight=sight)
    beside = {"unit": found.unit_growth, "company": found.company_growth}
    measures = [
        named_measure(own.manifest)
        | _as_seen(sight, present_quota(own.row, own.digits, found.months))
        for own in found.measures
    ]
    told = {"growth_beside": beside, "measures": measures, "standards": found.standards}
    own = present_quota(found.row, found.digits, found.months, found.lines, found.ledger)
    return _json(_as_seen(sight, own) | told)


@router.get(
    "/{number}/months",
    response_model=MonthsOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_months(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    sight: SightDep,
    measure: MeasureQuery = None,
) -> Response:
    """The months of the company and of its units, and the season that quotas go by."""
    stored = reading.open_measure(session, caller.workspace_id, plan_id, number, measure)
    units = [row for row in stored.units() if sight.sees_unit(row["id"])]
    return _json(present_months(stored.manifest, units))


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
    sight: SightDep,
    unit: Annotated[
        str | None, Query(description="This unit and all units below it", examples=["west"])
    ] = None,
    rep: Annotated[str | None, Query(description="This rep alone", examples=["r1"])] = None,
    measure: MeasureQuery = None,
) -> Response:
    """The quotas week by week, by working days as they are known today.

    A week across two months has a piece in each, so pieces add up to weeks and to months. A page
    holds reps of one unit, and may be shorter than its limit.
    """
    place = caller.workspace_id, plan_id, number
    items, next_cursor = weekly.page_of_weeks(
        session, place, page, sight=sight, unit=unit, rep=rep, measure=measure
    )
    return _json({"items": items, "next_cursor": next_cursor})


def _as_seen(sight: Sight, row: dict[str, Any]) -> dict[str, Any]:
    """An API row of a quota without the chance of attaining it where that is not to be told."""
    return row if sight.tells_chances else row | {"attainment_probability": None}


def _json(document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """As it is: the rows are ours, and validating a thousand of them again takes longer."""
    return Response(orjson.dumps(document), media_type=JSON, headers=headers)
