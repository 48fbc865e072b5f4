"""What one can do with webhooks and what is sent to them. The caller commits, but for a test."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from service.kit.audit import record
from service.kit.auth import Caller, Role
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.webhooks.domain import (
    DEFAULT_OVERLAP,
    EVERY_KIND,
    KINDS,
    TEST_KIND,
    DeliveryStatus,
    DeliveryWasTaken,
    DisabledBecause,
    Message,
    Outcome,
    WebhookIsDisabled,
    asked_to_wait,
    url_fault,
    wait_after,
)
from service.webhooks.repository import Claimed, Webhooks
from service.webhooks.sending import attempt
from service.webhooks.tables import Webhook, WebhookDelivery

_SECRET_BYTES = 32


def create_webhook(
    session: Session,
    caller: Caller,
    *,
    url: str,
    events: Sequence[str],
    private_allowed: bool,
    now: datetime,
) -> Webhook:
    """A webhook with a secret of its own. Raises InvalidInput."""
    faults = [
        Fault(f"/events/{place}", f"is no event; there are * and {', '.join(KINDS)}", kind)
        for place, kind in enumerate(events)
        if kind not in (EVERY_KIND, *KINDS)
    ]
    if fault := url_fault(url, private_allowed=private_allowed):
        faults.insert(0, Fault("/url", fault, url))
    if faults:
        raise InvalidInput(faults)
    webhook = Webhook(
        id=new_id("whk"),
        workspace_id=caller.workspace_id,
        url=url,
        events=sorted(set(events)),
        secret=_new_secret(),
        created_at=now,
        created_by=caller.name,
    )
    Webhooks(session, caller.workspace_id).add(webhook)
    facts = {"events": webhook.events}
    record(session, caller, "webhook.create", webhook.id, now=now, facts=facts)
    return webhook


def rotate_webhook(
    session: Session,
    caller: Caller,
    webhook_id: str,
    *,
    now: datetime,
    overlap: timedelta = DEFAULT_OVERLAP,
) -> Webhook:
    """A new secret; that of before signs as well for `overlap` more, any older one no more.

    Raises WebhookNotFound.
    """
    webhook = Webhooks(session, caller.workspace_id).get_for_change(webhook_id)
    webhook.previous_secret, webhook.previous_until = webhook.secret, now + overlap
    webhook.secret = _new_secret()
    facts = {"previous_until": webhook.previous_until.isoformat()}
    record(session, caller, "webhook.rotate", webhook.id, now=now, facts=facts)
    return webhook


def disable_webhook(session: Session, caller: Caller, webhook_id: str, *, now: datetime) -> Webhook:
    """Nothing is sent any more; what happens waits. Raises WebhookNotFound."""
    webhook = Webhooks(session, caller.workspace_id).get_for_change(webhook_id)
    _disable(session, caller, webhook, DisabledBecause.ASKED, now)
    return webhook


def enable_webhook(session: Session, caller: Caller, webhook_id: str, *, now: datetime) -> Webhook:
    """What waits is sent from now on. Raises WebhookNotFound."""
    webhooks = Webhooks(session, caller.workspace_id)
    webhook = webhooks.get_for_change(webhook_id)
    if webhook.disabled_at is not None:
        webhook.disabled_at = webhook.disabled_because = None
        webhooks.hasten(webhook, now)
        record(session, caller, "webhook.enable", webhook.id, now=now)
    return webhook


def delete_webhook(session: Session, caller: Caller, webhook_id: str, *, now: datetime) -> None:
    """What is not sent yet never is. Raises WebhookNotFound."""
    webhooks = Webhooks(session, caller.workspace_id)
    webhooks.remove(webhooks.get_for_change(webhook_id))
    record(session, caller, "webhook.delete", webhook_id, now=now)


def test_webhook(
    sessions: sessionmaker[Session],
    caller: Caller,
    webhook_id: str,
    *,
    private_allowed: bool,
    now: datetime,
) -> tuple[str, Outcome]:
    """Send something that says nothing, now, and tell its id and what came of it. It changes
    nothing else, and goes to a disabled webhook as well. Raises WebhookNotFound.
    """
    with sessions.begin() as session:
        webhook = Webhooks(session, caller.workspace_id).get(webhook_id)
    message = Message(new_id("msg"), TEST_KIND, now, {"webhook": webhook.id})
    outcome = attempt(
        webhook.url,
        webhook.live_secrets(now),
        message,
        private_allowed=private_allowed,
        now=now,
    )
    facts = {"status": outcome.status, "error": outcome.error}
    with sessions.begin() as session:
        record(session, caller, "webhook.test", webhook.id, now=now, facts=facts)
    return message.id, outcome


def retry_delivery(
    session: Session, caller: Caller, webhook_id: str, event_id: str, *, now: datetime
) -> tuple[Webhook, WebhookDelivery]:
    """Have it sent as soon as may be. One that was given up is tried once more, and given up again
    if that fails, so that it keeps no later one waiting.

    Raises WebhookNotFound, DeliveryNotFound, DeliveryWasTaken and WebhookIsDisabled.
    """
    webhooks = Webhooks(session, caller.workspace_id)
    webhook = webhooks.get_for_change(webhook_id)
    delivery = webhooks.delivery(webhook, event_id)
    if delivery.status is DeliveryStatus.DELIVERED:
        raise DeliveryWasTaken(f"{webhook_id} has taken {event_id}; it is not sent again.")
    if webhook.disabled_at is not None:
        raise WebhookIsDisabled(f"Enable {webhook_id} first; then what waits is sent at once.")
    last = delivery.last_attempt_at
    # not compared with `now`: of two who ask at once the later one may have come earlier
    if last is not None and (delivery.given_up_at is not None or delivery.due_at > last):
        delivery.given_up_at, delivery.due_at = None, last
        subject = _subject_of(delivery)
        record(session, caller, "delivery.retry", subject, now=now)
    return webhook, delivery


def settle(
    session: Session, workspace_id: str, claimed: Claimed, outcome: Outcome, *, now: datetime
) -> None:
    """Note what came of an attempt, and let others send. Raises WebhookNotFound if it was removed
    meanwhile.
    """
    webhooks = Webhooks(session, workspace_id)
    webhook = webhooks.get_for_change(claimed.webhook_id)
    webhooks.release(webhook.id, claimed.until)
    delivery = webhooks.delivery(webhook, claimed.message.id)
    if delivery.status is DeliveryStatus.DELIVERED:
        return  # by whoever took over when the claim was over
    delivery.attempts += 1
    delivery.last_attempt_at = now
    delivery.last_status = outcome.status
    delivery.last_error, delivery.last_excerpt = outcome.error, outcome.excerpt
    if outcome.error is None:
        delivery.delivered_at, delivery.given_up_at = now, None
        webhooks.hasten(webhook, now)  # the receiver is back
    elif outcome.says_gone:
        _disable(session, _itself(workspace_id), webhook, DisabledBecause.GONE, now)
    elif (wait := wait_after(delivery.attempts)) is not None:
        delivery.due_at = now + max(wait, asked_to_wait(outcome.retry_after, now))
    else:
        _give_up(session, delivery, now)


def _give_up(session: Session, delivery: WebhookDelivery, now: datetime) -> None:
    delivery.given_up_at = now
    facts = {"attempts": delivery.attempts, "error": delivery.last_error}
    caller, subject = _itself(delivery.workspace_id), _subject_of(delivery)
    record(session, caller, "delivery.give_up", subject, now=now, facts=facts)


def _disable(
    session: Session, caller: Caller, webhook: Webhook, because: DisabledBecause, now: datetime
) -> None:
    if webhook.disabled_at is None:
        webhook.disabled_at, webhook.disabled_because = now, because
        facts = {"because": because}
        record(session, caller, "webhook.disable", webhook.id, now=now, facts=facts)


def _subject_of(delivery: WebhookDelivery) -> str:
    return f"{delivery.webhook_id}/deliveries/{delivery.event_id}"


def _itself(workspace_id: str) -> Caller:
    """The service, for what nobody asked it to do."""
    return Caller(workspace_id, Role.ADMIN, "webhooks", "webhooks")


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
