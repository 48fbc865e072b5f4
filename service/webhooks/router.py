"""Webhooks over HTTP; `delivering` sends to them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.webhooks import usecases
from service.webhooks.domain import WebhookNotFound
from service.webhooks.repository import Webhooks
from service.webhooks.schemas import NewWebhookOut, WebhookIn, WebhookOut

router = APIRouter(
    prefix="/webhooks",
    tags=["webhooks"],
    dependencies=[Depends(needs(Permission.MANAGE_WEBHOOKS))],
)

WebhookIdPath = Annotated[str, Path(description="whk_…")]


@router.post("", status_code=201)
def create_webhook(
    body: Annotated[WebhookIn, json_body(WebhookIn)],
    *,
    request: Request,
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> NewWebhookOut:
    """Have events sent to an address from now on. The secret is in this answer and in no other."""
    webhook = usecases.create_webhook(
        session,
        caller,
        url=body.url,
        events=body.events,
        private_allowed=request.app.state.settings.webhooks_to_private_addresses,
        now=now,
    )
    response.headers["Cache-Control"] = "no-store"
    return NewWebhookOut.with_secret(webhook)


@router.get("")
def list_webhooks(caller: CallerDep, session: ReadSessionDep, page: PageDep) -> Page[WebhookOut]:
    """All webhooks, the oldest first, and what still is to be sent to each."""
    webhooks = Webhooks(session, caller.workspace_id)
    found, next_cursor = webhooks.page(page)
    items = [WebhookOut.of(webhook, webhooks.backlog(webhook)) for webhook in found]
    return Page(items=items, next_cursor=next_cursor)


@router.delete(
    "/{webhook_id}",
    status_code=204,
    response_class=Response,
    responses=problems(WebhookNotFound),
)
def delete_webhook(
    webhook_id: WebhookIdPath, caller: CallerDep, session: SessionDep, now: NowDep
) -> None:
    """Send nothing to it any more, not even what is waiting."""
    usecases.delete_webhook(session, caller, webhook_id, now=now)
