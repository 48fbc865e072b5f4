"""What the API says about webhooks."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, StringConstraints

from service.kit.body import InputModel
from service.webhooks.domain import EVERY_KIND, KINDS, LONGEST_URL
from service.webhooks.repository import Backlog
from service.webhooks.tables import Webhook

_NAMED = ", ".join(f"`{kind}`" for kind in KINDS)


class WebhookIn(InputModel):
    """Where to send what."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)] = Field(
        examples=["https://crm.example.com/fairquota"]
    )
    events: Annotated[list[str], Field(min_length=1, max_length=100)] = Field(
        description=f"`{EVERY_KIND}` for all, or some of: {_NAMED}",
        examples=[["version.published"]],
    )


class WebhookOut(BaseModel):
    """A webhook and what still is to be sent to it."""

    id: str = Field(examples=["whk_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    url: str
    events: list[str]
    created_at: datetime
    created_by: str
    waiting: int = Field(description="Deliveries that were not taken yet")
    attempts: int = Field(description="How often the next of them was tried in vain")
    next_attempt_at: datetime | None
    last_error: str | None = Field(description="What came of the last attempt")

    @classmethod
    def of(cls, webhook: Webhook, backlog: Backlog) -> Self:
        return cls(**_facts(webhook, backlog))


class NewWebhookOut(WebhookOut):
    """A webhook that was just made, with its secret."""

    secret: str = Field(
        description="Signs every delivery (HMAC-SHA256); in this answer and in no other",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    @classmethod
    def with_secret(cls, webhook: Webhook) -> Self:
        return cls(**_facts(webhook, Backlog()), secret=webhook.secret)


def _facts(webhook: Webhook, backlog: Backlog) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": webhook.events,
        "created_at": webhook.created_at,
        "created_by": webhook.created_by,
        "waiting": backlog.waiting,
        "attempts": backlog.attempts,
        "next_attempt_at": backlog.next_attempt_at,
        "last_error": backlog.last_error,
    }
