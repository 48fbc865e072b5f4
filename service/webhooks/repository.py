"""Stored webhooks and deliveries of one workspace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, joinedload

from service.kit.forgetting import ERASED, Forgotten, changed
from service.kit.outbox import OutboxEvent, waiting
from service.kit.pages import PageRequest, fetch_page
from service.webhooks.domain import (
    EVERY_KIND,
    KEPT_FOR,
    DeliveryNotFound,
    DeliveryStatus,
    Message,
    WebhookNotFound,
)
from service.webhooks.tables import Webhook, WebhookDelivery

_AT_ONCE = 200
_NOT_TAKEN: Final = WebhookDelivery.delivered_at.is_(None)
_WAITING: Final = _NOT_TAKEN & WebhookDelivery.given_up_at.is_(None)
_GIVEN_UP: Final = _NOT_TAKEN & WebhookDelivery.given_up_at.is_not(None)
_WITH_STATUS: Final[Mapping[DeliveryStatus, sa.ColumnElement[bool]]] = {
    DeliveryStatus.WAITING: _WAITING,
    DeliveryStatus.DELIVERED: sa.not_(_NOT_TAKEN),
    DeliveryStatus.GIVEN_UP: _GIVEN_UP,
}


def forget(session: Session, person: Forgotten) -> int:
    """Answers how many webhooks said that the person made them."""
    made = sa.update(Webhook).where(
        Webhook.workspace_id == person.workspace_id, Webhook.created_by.in_(person.signatures)
    )
    return changed(session, made.values(created_by=ERASED))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a webhook has not taken."""

    waiting: int = 0
    given_up: int = 0
    attempts: int = 0
    """Of the next delivery, so far."""
    next_attempt_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """A webhook with something to send now; `failed`: its last attempt, which was of the same."""

    workspace_id: str
    webhook_id: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is being sent, by whoever holds the claim `until` then."""

    webhook_id: str
    delivery: int
    until: datetime
    url: str
    secrets: tuple[str, ...]
    message: Message


class Webhooks:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session = session
        self.workspace_id = workspace_id
        self._all = sa.select(Webhook).filter_by(workspace_id=workspace_id)

    def add(self, webhook: Webhook) -> None:
        self.session.add(webhook)
        self.session.flush()

    def get(self, webhook_id: str) -> Webhook:
        """Raises WebhookNotFound."""
        return _found(self.session.scalar(self._all.filter_by(id=webhook_id)), webhook_id)

    def get_for_change(self, webhook_id: str) -> Webhook:
        """Others who want to change it, or what is sent to it, wait. Raises WebhookNotFound."""
        query = self._all.filter_by(id=webhook_id).with_for_update()
        found = self.session.scalar(query.execution_options(populate_existing=True))
        return _found(found, webhook_id)

    def page(self, page: PageRequest) -> tuple[Sequence[Webhook], str | None]:
        """Oldest first."""
        listing = f"webhooks of {self.workspace_id}"
        return fetch_page(self.session, self._all, page, Webhook.id, listing=listing)

    def remove(self, webhook: Webhook) -> None:
        """With all that was or is to be sent to it."""
        self.session.execute(sa.delete(WebhookDelivery).filter_by(webhook_id=webhook.id))
        self.session.delete(webhook)
        self.session.flush()

    def backlog(self, webhook: Webhook) -> Backlog:
        first = self.session.scalar(
            sa.select(WebhookDelivery)
            .filter_by(webhook_id=webhook.id)
            .where(_WAITING)
            .order_by(WebhookDelivery.sequence)
            .limit(1)
        )
        given_up = self._count(webhook, _GIVEN_UP)
        if first is None:
            return Backlog(given_up=given_up)
        return Backlog(
            waiting=self._count(webhook, _WAITING),
            given_up=given_up,
            attempts=first.attempts,
            next_attempt_at=first.due_at,
            last_error=first.last_error,
        )

    def _count(self, webhook: Webhook, which: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count(WebhookDelivery.sequence)).filter_by(webhook_id=webhook.id)
        return self.session.scalar(query.where(which)) or 0

    def deliveries(
        self, webhook: Webhook, page: PageRequest, status: DeliveryStatus | None
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Those of the latest events first, with their events."""
        query = self._deliveries(webhook)
        if status is not None:
            query = query.where(_WITH_STATUS[status])
        listing = f"deliveries of {webhook.id}"
        by = WebhookDelivery.event_id
        return fetch_page(self.session, query, page, by, listing=listing, newest_first=True)

    def delivery(self, webhook: Webhook, event_id: str) -> WebhookDelivery:
        """With its event. Raises DeliveryNotFound."""
        found = self.session.scalar(self._deliveries(webhook).filter_by(event_id=event_id))
        if found is None:
            raise DeliveryNotFound(f"{webhook.id} has no delivery {event_id[:80]}.")
        return found

    def _deliveries(self, webhook: Webhook) -> sa.Select[WebhookDelivery]:
        query = sa.select(WebhookDelivery).filter_by(webhook_id=webhook.id)
        return query.options(joinedload(WebhookDelivery.event, innerjoin=True))

    def relay(self, now: datetime) -> bool:
        """Turn announcements into deliveries, in their order; whether more may be waiting."""
        events = waiting(self.session, self.workspace_id, limit=_AT_ONCE, lock=True)
        # whoever removes one of them waits, so that no delivery is stored for what is gone
        query = self._all.order_by(Webhook.id).with_for_update(read=True, key_share=True)
        webhooks = self.session.scalars(query).all() if events else ()
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

    def forget_old(self, now: datetime) -> bool:
        """Some of the deliveries that ended long ago, and of the announcements that nobody was to
        be told of; whether there may be more.
        """
        then = now - KEPT_FOR
        ended = (WebhookDelivery.delivered_at < then) | (WebhookDelivery.given_up_at < then)
        deliveries = sa.select(WebhookDelivery.sequence).where(
            WebhookDelivery.workspace_id == self.workspace_id, ended
        )
        told = sa.exists().where(WebhookDelivery.event_id == OutboxEvent.id)
        events = sa.select(OutboxEvent.sequence).where(
            OutboxEvent.workspace_id == self.workspace_id, OutboxEvent.relayed_at < then, ~told
        )
        gone = [
            changed(self.session, sa.delete(table).where(table.sequence.in_(old.limit(_AT_ONCE))))
            for table, old in ((WebhookDelivery, deliveries), (OutboxEvent, events))
        ]
        return _AT_ONCE in gone

    def due(self, now: datetime) -> list[Due]:
        """Webhooks whose next delivery is to be sent now, those that wait longest first."""
        firsts = (
            sa.select(sa.func.min(WebhookDelivery.sequence))
            .filter_by(workspace_id=self.workspace_id)
            .where(_WAITING)
            .group_by(WebhookDelivery.webhook_id)
        )
        query = (
            sa.select(Webhook.id, WebhookDelivery.attempts)
            .join(WebhookDelivery, WebhookDelivery.webhook_id == Webhook.id)
            .where(WebhookDelivery.sequence.in_(firsts), WebhookDelivery.due_at <= now, _free(now))
        )
        found = self.session.execute(query.order_by(WebhookDelivery.due_at))
        return [Due(self.workspace_id, webhook_id, attempts > 0) for webhook_id, attempts in found]

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
            .where(Webhook.id == webhook_id, _WAITING)
        )
        found = self.session.execute(query.order_by(WebhookDelivery.sequence).limit(1)).first()
        if found is None or found[0].due_at > now:
            self.release(webhook_id, until)
            return None
        delivery, event, webhook = found
        message = Message(event.id, event.kind, event.at, event.payload)
        secrets = webhook.live_secrets(now)
        return Claimed(webhook_id, delivery.sequence, until, webhook.url, secrets, message)

    def release(self, webhook_id: str, until: datetime) -> None:
        """Give the own claim back, and nobody else's."""
        own = sa.update(Webhook).filter_by(id=webhook_id, claimed_until=until)
        self.session.execute(own.values(claimed_until=None))

    def hasten(self, webhook: Webhook, now: datetime) -> None:
        """What waits for a later attempt waits no more."""
        waits = sa.update(WebhookDelivery).filter_by(webhook_id=webhook.id).where(_WAITING)
        self.session.execute(waits.where(WebhookDelivery.due_at > now).values(due_at=now))


def _found(webhook: Webhook | None, webhook_id: str) -> Webhook:
    if webhook is None:
        raise WebhookNotFound(f"There is no webhook {webhook_id[:80]}.")
    return webhook


def _free(now: datetime) -> sa.ColumnElement[bool]:
    """Nothing keeps anybody from sending to it."""
    unclaimed = Webhook.claimed_until.is_(None) | (Webhook.claimed_until <= now)
    return unclaimed & Webhook.disabled_at.is_(None)


def _wants(webhook: Webhook, event: OutboxEvent) -> bool:
    return EVERY_KIND in webhook.events or event.kind in webhook.events
