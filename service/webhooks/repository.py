"""Stored webhooks and deliveries of one workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.outbox import OutboxEvent, waiting
from service.kit.pages import PageRequest, fetch_page
from service.webhooks.domain import EVERY_KIND, WebhookNotFound, wait_after
from service.webhooks.tables import Webhook, WebhookDelivery

_AT_ONCE = 200
_OPEN = WebhookDelivery.delivered_at.is_(None)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What still is to be sent to a webhook."""

    waiting: int = 0
    attempts: int = 0
    """Of the next delivery, so far."""
    next_attempt_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is being sent, by whoever holds the claim `until` then."""

    webhook_id: str
    delivery: int
    until: datetime
    url: str
    secret: str
    event_id: str
    kind: str
    at: datetime
    payload: Mapping[str, Any]


class Webhooks:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id

    def add(self, webhook: Webhook) -> None:
        self.session.add(webhook)
        self.session.flush()

    def get(self, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        query = sa.select(Webhook).filter_by(workspace_id=self.workspace_id, id=webhook_id)
        webhook = self.session.scalar(query)
        if webhook is None:
            raise WebhookNotFound(f"There is no webhook {webhook_id[:80]}.")
        return webhook

    def page(self, page: PageRequest) -> tuple[Sequence[Webhook], str | None]:
        """Oldest first."""
        query = sa.select(Webhook).filter_by(workspace_id=self.workspace_id)
        return fetch_page(self.session, query, page, Webhook.id, listing="webhooks")

    def remove(self, webhook: Webhook) -> None:
        """With all that was or is to be sent to it."""
        self.session.execute(sa.delete(WebhookDelivery).filter_by(webhook_id=webhook.id))
        self.session.delete(webhook)
        self.session.flush()

    def backlog(self, webhook: Webhook) -> Backlog:
        of_webhook = sa.select(WebhookDelivery).filter_by(webhook_id=webhook.id).where(_OPEN)
        first = self.session.scalar(of_webhook.order_by(WebhookDelivery.sequence).limit(1))
        if first is None:
            return Backlog()
        count = self.session.scalar(sa.select(sa.func.count()).select_from(of_webhook.subquery()))
        return Backlog(count or 0, first.attempts, first.due_at, first.last_error)

    def relay(self, now: datetime) -> bool:
        """Turn announcements into deliveries, in their order; whether more may be waiting."""
        events = waiting(self.session, self.workspace_id, limit=_AT_ONCE, lock=True)
        query = sa.select(Webhook).filter_by(workspace_id=self.workspace_id)
        webhooks = self.session.scalars(query.order_by(Webhook.id)).all() if events else ()
        for event in events:
            event.relayed_at = now
            for webhook in webhooks:
                if webhook.created_at <= event.at and _wants(webhook, event):
                    self.session.add(
                        WebhookDelivery(
                            workspace_id=self.workspace_id,
                            webhook_id=webhook.id,
                            event_id=event.id,
                            attempts=0,
                            due_at=now,
                        )
                    )
        self.session.flush()
        return len(events) == _AT_ONCE

    def due(self, now: datetime) -> Sequence[str]:
        """The ids of webhooks whose next delivery is to be sent now."""
        firsts = (
            sa.select(sa.func.min(WebhookDelivery.sequence))
            .filter_by(workspace_id=self.workspace_id)
            .where(_OPEN)
            .group_by(WebhookDelivery.webhook_id)
        )
        query = (
            sa.select(Webhook.id)
            .join(WebhookDelivery, WebhookDelivery.webhook_id == Webhook.id)
            .where(WebhookDelivery.sequence.in_(firsts), WebhookDelivery.due_at <= now, _free(now))
        )
        return self.session.scalars(query.order_by(WebhookDelivery.due_at)).all()

    def claim(self, webhook_id: str, now: datetime, lease: timedelta) -> Claimed | None:
        """The next delivery of a webhook, if it is due and nobody else is sending to it.

        Whoever dies with a claim loses it when the `lease` is over.
        """
        until = now + lease
        own = sa.update(Webhook).filter_by(id=webhook_id, workspace_id=self.workspace_id)
        claimed = self.session.execute(own.where(_free(now)).values(claimed_until=until))
        if cast("sa.CursorResult[Any]", claimed).rowcount != 1:
            return None
        query = (
            sa.select(WebhookDelivery, OutboxEvent, Webhook)
            .join(OutboxEvent, OutboxEvent.id == WebhookDelivery.event_id)
            .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
            .where(Webhook.id == webhook_id, _OPEN)
        )
        found = self.session.execute(query.order_by(WebhookDelivery.sequence).limit(1)).first()
        if found is None or found[0].due_at > now:
            self.release(webhook_id, until)
            return None
        delivery, event, webhook = found
        return Claimed(
            webhook_id,
            delivery.sequence,
            until,
            webhook.url,
            webhook.secret,
            event.id,
            event.kind,
            event.at,
            event.payload,
        )

    def settle(self, claimed: Claimed, now: datetime, error: str | None) -> None:
        """Note what came of an attempt, and let others send; the webhook may be gone by now."""
        delivery = self.session.get(WebhookDelivery, claimed.delivery)
        if delivery is not None and delivery.delivered_at is None:
            delivery.attempts += 1
            delivery.last_error = error
            if error is None:
                delivery.delivered_at = now
            else:
                delivery.due_at = now + wait_after(delivery.attempts)
        self.release(claimed.webhook_id, claimed.until)

    def release(self, webhook_id: str, until: datetime) -> None:
        """Give the own claim back, and nobody else's."""
        own = sa.update(Webhook).filter_by(id=webhook_id, claimed_until=until)
        self.session.execute(own.values(claimed_until=None))


def _free(now: datetime) -> sa.ColumnElement[bool]:
    return Webhook.claimed_until.is_(None) | (Webhook.claimed_until <= now)


def _wants(webhook: Webhook, event: OutboxEvent) -> bool:
    return EVERY_KIND in webhook.events or event.kind in webhook.events
