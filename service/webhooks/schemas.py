"""What the API says about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints

from service.kit.body import InputModel
from service.kit.examples import examples
from service.webhooks.domain import (
    DEFAULT_OVERLAP,
    EVERY_KIND,
    KINDS,
    LONGEST_OVERLAP,
    LONGEST_URL,
    DeliveryStatus,
    DisabledBecause,
    Outcome,
)
from service.webhooks.repository import Backlog
from service.webhooks.tables import Webhook, WebhookDelivery

_NAMED = ", ".join(f"`{kind}`" for kind in KINDS)


@examples(
    {
        "What the CRM has to know": {
            "url": "https://crm.example.com/fairquota",
            "events": ["version.published"],
        }
    }
)
class WebhookIn(InputModel):
    """Where to send what."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)] = Field(
        examples=["https://crm.example.com/fairquota"]
    )
    events: Annotated[list[str], Field(min_length=1, max_length=100)] = Field(
        description=f"`{EVERY_KIND}` for all, or some of: {_NAMED}",
        examples=[["version.published"]],
    )


@examples({"The old secret signs for one more day": {"overlap": 86400}})
class SecretRotationIn(InputModel):
    """How to change over to the new secret."""

    overlap: int = Field(
        default=int(DEFAULT_OVERLAP.total_seconds()),
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="For so many seconds deliveries are signed with the old secret, too",
    )


class WebhookOut(BaseModel):
    """A webhook and what still is to be sent to it."""

    id: str = Field(examples=["whk_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    url: str
    events: list[str]
    created_at: datetime
    created_by: str
    status: Literal["enabled", "disabled"]
    disabled_at: datetime | None
    disabled_because: DisabledBecause | None = Field(
        description="`asked`: an administrator disabled it; `gone`: the receiver answered 410"
    )
    previous_until: datetime | None = Field(
        description="Until then the secret from before the last rotation signs, too"
    )
    waiting: int = Field(description="Deliveries that are still to be sent")
    given_up: int = Field(description="Deliveries that are not tried any more, unless you ask")
    attempts: int = Field(description="How often the next of them was tried in vain")
    next_attempt_at: datetime | None
    last_error: str | None = Field(description="What came of the last attempt")

    @classmethod
    def of(cls, webhook: Webhook, backlog: Backlog) -> Self:
        return cls(**_facts(webhook, backlog))


class NewWebhookOut(WebhookOut):
    """A webhook with its new secret: keep it now, it cannot be shown again."""

    secret: str = Field(
        description="Signs every delivery (HMAC-SHA256); in this answer and in no other",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    @classmethod
    def with_secret(cls, webhook: Webhook, backlog: Backlog) -> Self:
        return cls(**_facts(webhook, backlog), secret=webhook.secret)


def _facts(webhook: Webhook, backlog: Backlog) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "created_at": webhook.created_at,
        "created_by": webhook.created_by,
        "status": "enabled" if webhook.disabled_at is None else "disabled",
        "disabled_at": webhook.disabled_at,
        "disabled_because": webhook.disabled_because,
        "previous_until": webhook.previous_until,
        "waiting": backlog.waiting,
        "given_up": backlog.given_up,
        "attempts": backlog.attempts,
        "next_attempt_at": backlog.next_attempt_at if webhook.disabled_at is None else None,
        "last_error": backlog.last_error,
    }


class DeliveryOut(BaseModel):
    """One event for one webhook, and how far it has come."""

    id: str = Field(
        description="What the receiver has as `webhook-id`",
        examples=["msg_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )
    type: str = Field(examples=["version.published"])
    happened_at: datetime
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None = Field(
        description="Of one that waits: not before then, and not before those in front of it"
    )
    last_attempt_at: datetime | None
    last_status: int | None = Field(description="What the receiver answered to it, if it did")
    last_error: str | None = Field(description="Why it was not taken")
    last_excerpt: str | None = Field(description="What the receiver's answer began with")
    delivered_at: datetime | None
    given_up_at: datetime | None

    @classmethod
    def of(cls, webhook: Webhook, delivery: WebhookDelivery) -> Self:
        will_be_sent = delivery.status is DeliveryStatus.WAITING and webhook.disabled_at is None
        return cls(
            id=delivery.event_id,
            type=delivery.event.kind,
            happened_at=delivery.event.at,
            status=delivery.status,
            attempts=delivery.attempts,
            next_attempt_at=delivery.due_at if will_be_sent else None,
            last_attempt_at=delivery.last_attempt_at,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            last_excerpt=delivery.last_excerpt,
            delivered_at=delivery.delivered_at,
            given_up_at=delivery.given_up_at,
        )


class TestDeliveryOut(BaseModel):
    """What came of a test delivery."""

    id: str = Field(
        description="What the receiver has as `webhook-id`",
        examples=["msg_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )
    delivered: bool = Field(description="Whether it answered 200 to 299")
    status: int | None = Field(description="What the receiver answered, if it did")
    error: str | None = Field(description="Why it was not taken")
    excerpt: str | None = Field(description="What the receiver's answer began with")

    @classmethod
    def of(cls, message_id: str, outcome: Outcome) -> Self:
        return cls(
            id=message_id,
            delivered=outcome.error is None,
            status=outcome.status,
            error=outcome.error,
            excerpt=outcome.excerpt,
        )
