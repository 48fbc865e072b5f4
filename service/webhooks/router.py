"""Webhooks over HTTP; `delivering` sends to them."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep, SessionsDep
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.kit.settings import Settings
from service.webhooks import usecases
from service.webhooks.domain import (
    DeliveryNotFound,
    DeliveryStatus,
    DeliveryWasTaken,
    WebhookIsDisabled,
    WebhookNotFound,
)
from service.webhooks.repository import Backlog, Webhooks
from service.webhooks.schemas import (
    DeliveryOut,
    NewWebhookOut,
    SecretRotationIn,
    TestDeliveryOut,
    WebhookIn,
    WebhookOut,
)

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
        private_allowed=_private_allowed(request),
        now=now,
    )
    _keep_out_of_caches(response)
    return NewWebhookOut.with_secret(webhook, Backlog())


@router.get("")
def list_webhooks(caller: CallerDep, session: ReadSessionDep, page: PageDep) -> Page[WebhookOut]:
    """All webhooks, the oldest first, and what still is to be sent to each."""
    webhooks = Webhooks(session, caller.workspace_id)
    found, next_cursor = webhooks.page(page)
    items = [WebhookOut.of(webhook, webhooks.backlog(webhook)) for webhook in found]
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{webhook_id}", responses=problems(WebhookNotFound))
def read_webhook(
    webhook_id: WebhookIdPath, caller: CallerDep, session: ReadSessionDep
) -> WebhookOut:
    """One webhook, and what still is to be sent to it."""
    webhooks = Webhooks(session, caller.workspace_id)
    webhook = webhooks.get(webhook_id)
    return WebhookOut.of(webhook, webhooks.backlog(webhook))


@router.post("/{webhook_id}/rotate", responses=problems(WebhookNotFound))
def rotate_webhook(
    webhook_id: WebhookIdPath,
    *,
    body: Annotated[SecretRotationIn, json_body(SecretRotationIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> NewWebhookOut:
    """Give a webhook a new secret, which is in this answer and in no other.

    For `overlap` seconds more deliveries have two signatures, by the new and by the old secret. A
    secret that is older than both signs nothing any more.
    """
    overlap = timedelta(seconds=body.overlap)
    webhook = usecases.rotate_webhook(session, caller, webhook_id, now=now, overlap=overlap)
    _keep_out_of_caches(response)
    backlog = Webhooks(session, caller.workspace_id).backlog(webhook)
    return NewWebhookOut.with_secret(webhook, backlog)


@router.post("/{webhook_id}/test", responses=problems(WebhookNotFound))
def test_webhook(
    webhook_id: WebhookIdPath,
    request: Request,
    *,
    caller: CallerDep,
    sessions: SessionsDep,
    now: NowDep,
) -> TestDeliveryOut:
    """Send a delivery of the type `webhook.test` now, and answer what the receiver said.

    Whatever it said, nothing else changes. A disabled webhook can be tested, too.
    """
    allowed = _private_allowed(request)
    message_id, outcome = usecases.test_webhook(
        sessions, caller, webhook_id, private_allowed=allowed, now=now
    )
    return TestDeliveryOut.of(message_id, outcome)


@router.post("/{webhook_id}/disable", responses=problems(WebhookNotFound))
def disable_webhook(
    webhook_id: WebhookIdPath, caller: CallerDep, session: SessionDep, now: NowDep
) -> WebhookOut:
    """Send nothing to it until it is enabled again; what happens meanwhile waits."""
    webhook = usecases.disable_webhook(session, caller, webhook_id, now=now)
    return WebhookOut.of(webhook, Webhooks(session, caller.workspace_id).backlog(webhook))


@router.post("/{webhook_id}/enable", responses=problems(WebhookNotFound))
def enable_webhook(
    webhook_id: WebhookIdPath, caller: CallerDep, session: SessionDep, now: NowDep
) -> WebhookOut:
    """Send what waits, from now on."""
    webhook = usecases.enable_webhook(session, caller, webhook_id, now=now)
    return WebhookOut.of(webhook, Webhooks(session, caller.workspace_id).backlog(webhook))


@router.get("/{webhook_id}/deliveries", responses=problems(WebhookNotFound))
def list_deliveries(
    webhook_id: WebhookIdPath,
    *,
    status: DeliveryStatus | None = None,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
) -> Page[DeliveryOut]:
    """What was, is to be, and could not be sent; the latest events first."""
    webhooks = Webhooks(session, caller.workspace_id)
    webhook = webhooks.get(webhook_id)
    found, next_cursor = webhooks.deliveries(webhook, page, status)
    items = [DeliveryOut.of(webhook, delivery) for delivery in found]
    return Page(items=items, next_cursor=next_cursor)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/retry",
    responses=problems(WebhookNotFound, DeliveryNotFound, DeliveryWasTaken, WebhookIsDisabled),
)
def retry_delivery(
    webhook_id: WebhookIdPath,
    delivery_id: Annotated[str, Path(description="msg_…")],
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> DeliveryOut:
    """Send it as soon as possible, whatever the schedule says; asking twice sends it once.

    One that was given up is tried once more. If that fails, it is given up again.
    """
    webhook, delivery = usecases.retry_delivery(session, caller, webhook_id, delivery_id, now=now)
    return DeliveryOut.of(webhook, delivery)


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


def _private_allowed(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.webhooks_to_private_addresses


def _keep_out_of_caches(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"
