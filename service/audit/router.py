"""The audit trail over HTTP: in pages, and whole as a file."""

import re
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from service.audit.files import CSV, NDJSON, SUFFIXES, pieces
from service.audit.repository import Asked, page_of_trail, whole_trail
from service.audit.schemas import AuditEntryOut
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadingSessionsDep
from service.kit.errors import NotAcceptable
from service.kit.headers import CONTENT_DISPOSITION, sent
from service.kit.negotiation import JSON, VARY, answer_in
from service.kit.pages import Page, PageDep
from service.kit.problems import InvalidParameters, problems

router = APIRouter(
    prefix="/audit", tags=["audit"], dependencies=[Depends(needs(Permission.READ_AUDIT))]
)

_Text = Annotated[str | None, Query(max_length=400, pattern=r"^[^\x00]*$")]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHEN = "a day in UTC, or a moment with its zone"
_A_LINE = {"schema": {"type": "string", "description": "One line for each entry, all of them"}}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page as JSON, or all entries that are asked for as a file",
        "headers": sent(CONTENT_DISPOSITION),
        "content": {CSV: _A_LINE, NDJSON: _A_LINE},
    }
}


async def asked_for(
    subject: Annotated[
        _Text,
        Query(
            description="What it was done to; `plan_…` finds its versions as well",
            examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"],
        ),
    ] = None,
    action: Annotated[_Text, Query(examples=["version.publish"])] = None,
    actor: Annotated[
        _Text,
        Query(description="Who did it, by id", examples=["key_01kaz3q8f2m7x0c5d6e7f8g9ha"]),
    ] = None,
    since: Annotated[
        _Text,
        Query(alias="from", description=f"Not before it: {_WHEN}", examples=["2027-01-01"]),
    ] = None,
    until: Annotated[
        _Text,
        Query(alias="to", description=f"Not after it: {_WHEN}", examples=["2027-01-31"]),
    ] = None,
) -> Asked:
    """Which entries, as the query says. Raises InvalidParameters."""
    first = None if since is None else _stretch("from", since)[0]
    end = None if until is None else _stretch("to", until)[1]
    if first and end and first >= end:
        raise _refused("to", "must not be before from")
    return Asked(subject, action, actor, first, end)


def _stretch(name: str, text: str) -> tuple[datetime, datetime]:
    """The first moment of what is meant, and the first one after it."""
    length = timedelta(days=1) if _DAY.fullmatch(text) else datetime.resolution
    try:
        moment = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            moment = moment.replace(tzinfo=UTC)
        elif moment.tzinfo is None:
            raise _refused(name, f"has no zone; it has to be {_WHEN}")
        start = moment.astimezone(UTC)
        return start, start + length
    except (ValueError, OverflowError):
        raise _refused(name, f"has to be {_WHEN}") from None


def _refused(name: str, reason: str) -> InvalidParameters:
    return InvalidParameters(f"{name} {reason}.", errors=[{"parameter": name, "detail": reason}])


@router.get(
    "",
    response_model=Page[AuditEntryOut],
    responses=problems(NotAcceptable, InvalidParameters) | _FILES,
)
def list_audit_entries(
    *,
    request: Request,
    response: Response,
    caller: CallerDep,
    media_type: Annotated[str, answer_in(JSON, *SUFFIXES)],
    page: PageDep,
    asked: Annotated[Asked, Depends(asked_for)],
    reading: ReadingSessionsDep,
) -> Response | Page[AuditEntryOut]:
    """Who did what when, newest first. As JSON in pages; as CSV or NDJSON one file with all that
    is asked for, told by `Accept`. Entries are never removed, and never
    changed but for the name of somebody who is erased, which an entry says.
    """
    if media_type == JSON:
        response.headers.update(VARY)
        with reading.begin() as session:
            entries, next_cursor = page_of_trail(session, caller.workspace_id, page, asked)
            return Page(items=[AuditEntryOut.of(own) for own in entries], next_cursor=next_cursor)
    for name in {"cursor", "limit"} & request.query_params.keys():
        raise _refused(name, f"is for {JSON}: a file has all entries")
    written = pieces(media_type, whole_trail(reading, caller.workspace_id, asked))
    name = f'attachment; filename="audit.{SUFFIXES[media_type]}"'
    headers = {CONTENT_DISPOSITION: name, **VARY}
    # what hinders the reading of the first entries is answered as a problem, not cut off
    begun = chain([next(written)], written)
    return StreamingResponse(begun, media_type=media_type, headers=headers)
