"""The audit trail over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.audit.repository import Asked, page_of_trail
from service.audit.schemas import AuditEntryOut
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadSessionDep
from service.kit.pages import Page, PageDep

router = APIRouter(
    prefix="/audit", tags=["audit"], dependencies=[Depends(needs(Permission.READ_AUDIT))]
)

_Text = Annotated[str | None, Query(max_length=400, pattern=r"^[^\x00]*$")]


@router.get("")
def list_audit_entries(
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    *,
    subject: Annotated[
        _Text, Query(description="What it was done to; `plan_…` finds its versions as well")
    ] = None,
    action: Annotated[_Text, Query(examples=["version.publish"])] = None,
    actor: Annotated[_Text, Query(description="Who did it, by id")] = None,
) -> Page[AuditEntryOut]:
    """Who did what when, newest first. Entries are never changed and never removed."""
    entries, next_cursor = page_of_trail(
        session, caller.workspace_id, page, Asked(subject, action, actor)
    )
    return Page(items=[AuditEntryOut.of(entry) for entry in entries], next_cursor=next_cursor)
