"""Published quotas over HTTP, in the formats of other systems."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BeforeValidator

from service.allocations.versions.quota_files import FileTurnDep, file_of_version, written
from service.allocations.versions.repository import VersionDamaged
from service.exports.domain.formats import CSV, FORMATS, NDJSON, Format, FormatNotFound, format_of
from service.exports.domain.published import SystemCannotHold
from service.exports.usecases import Asked, NothingToExport, VersionNotPublished, open_feed
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep
from service.kit.headers import CONTENT_DISPOSITION, LEFT_OUT, VERSION_HASH, sent
from service.kit.problems import InvalidParameters, problems
from service.negotiations.events.domain.life import VersionHasNoMonths
from service.plans.domain import MOST_VERSIONS, PlanNotFound, VersionNotFound
from service.plans.router import plain_digits

router = APIRouter(prefix="/exports", tags=["exports"])

_PLAIN: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
"""What stands in a header as it is: measures are called as companies like."""
_ROWS: Final = {"schema": {"type": "string", "description": "One line for each row, all of them"}}
_FILES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A file: a table, or a JSON document in each line",
        "headers": sent(CONTENT_DISPOSITION, VERSION_HASH, LEFT_OUT),
        "content": {CSV: _ROWS, NDJSON: _ROWS},
    }
}


@router.get(
    "/{format}",
    response_class=Response,
    responses=_FILES
    | problems(
        FormatNotFound,
        NothingToExport,
        PlanNotFound,
        SystemCannotHold,
        VersionDamaged,
        VersionHasNoMonths,
        VersionNotFound,
        VersionNotPublished,
    ),
    dependencies=[Depends(needs(Permission.EXPORT))],
)
def export_quotas(
    name: Annotated[str, Path(alias="format", description=", ".join(FORMATS), examples=["hr-csv"])],
    plan: Annotated[str, Query(description="plan_…", examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])],
    *,
    caller: CallerDep,
    _turn: FileTurnDep,
    session: ReadSessionDep,
    now: NowDep,
    version: Annotated[
        int | None,
        BeforeValidator(plain_digits),
        Query(
            ge=1,
            le=MOST_VERSIONS,
            description="A version that is or was published. Left out: the one that is in force "
            "today; before the plan's period the first one, after it the last one",
            examples=[1],
        ),
    ] = None,
    measure: Annotated[
        str | None,
        Query(description="An additive measure; left out: all of them", examples=["revenue"]),
    ] = None,
    leave_out: Annotated[
        Literal["vacant"] | None,
        Query(
            description="`vacant`: leave out seats without a person, where the system has no place "
            "for them"
        ),
    ] = None,
    forecasting_type: Annotated[
        str | None,
        Query(
            max_length=18,
            pattern="^[0-9A-Za-z]+$",
            description="salesforce: the id of the ForecastingType of all rows",
            examples=["0Db5e000000CaRZCA0"],
        ),
    ] = None,
    fiscal_year: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=140,
            description="erpnext: what ERPNext calls the plan's year; left out: `2027`, or "
            "`2027-2028`",
            examples=["2027-2028"],
        ),
    ] = None,
) -> Response:
    """A published version as another system imports it: every person, every month, to the last
    minor unit.

    What the system has no place for is refused in words (422).
    """
    wanted = format_of(name)
    said = _said(wanted, {"forecasting_type": forecasting_type, "fiscal_year": fiscal_year})
    asked = Asked(plan, version, now.date(), measure, leave_out is not None, said)
    feed = open_feed(session, caller, wanted, asked)
    file = written(feed.write)
    left = feed.told_left_out()
    more = {LEFT_OUT: quote(left, safe=_PLAIN)} if left else {}
    return file_of_version(
        feed.version, feed.plan, wanted.media_type, file, kind=wanted.name, more=more
    )


def _said(wanted: Format, given: dict[str, str | None]) -> str | None:
    """Raises InvalidParameters for what is said to another format."""
    faults = [
        {"parameter": name, "detail": f"is not for {wanted.name}"}
        for name, value in given.items()
        if value is not None and name != wanted.parameter
    ]
    if faults:
        raise InvalidParameters(f"{faults[0]['parameter']} {faults[0]['detail']}.", errors=faults)
    return given.get(wanted.parameter or "")
