"""What is stored of webhooks, and of what is to be sent to them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.kit.db import SEQUENCE, Base, UtcDateTime, by_value
from service.kit.outbox import OutboxEvent
from service.webhooks.domain import DeliveryStatus, DisabledBecause


class Webhook(Base):
    """An address that is told of some kinds of events.

    Secrets stand as they are, for every delivery is signed with them; whoever reads the database
    can sign, too. `claimed_until`: a process is sending to it. `disabled_at`: nothing is sent to it
    since then.
    """

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    url: Mapped[str] = mapped_column(sa.Text)
    events: Mapped[list[str]] = mapped_column(sa.JSON)
    secret: Mapped[str] = mapped_column(sa.String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(sa.String(200))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    previous_secret: Mapped[str | None] = mapped_column(sa.String(100))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_because: Mapped[DisabledBecause | None] = mapped_column(by_value(DisabledBecause))

    def live_secrets(self, now: datetime) -> tuple[str, ...]:
        """With which to sign, the newest first."""
        if self.previous_secret and self.previous_until and self.previous_until > now:
            return self.secret, self.previous_secret
        return (self.secret,)


class WebhookDelivery(Base):
    """One event for one webhook; `sequence` is the order in which they are sent.

    It waits until it was delivered or given up; `last_…` tell of the last attempt.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        sa.UniqueConstraint("webhook_id", "event_id"),
        sa.Index(None, "event_id"),
        sa.Index(
            "ix_webhook_delivery_waiting",
            "webhook_id",
            "sequence",
            sqlite_where=sa.text("delivered_at IS NULL"),
            postgresql_where=sa.text("delivered_at IS NULL"),
        ),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    webhook_id: Mapped[str] = mapped_column(sa.ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(sa.ForeignKey("outbox_event.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(sa.Text)
    last_excerpt: Mapped[str | None] = mapped_column(sa.Text)

    event: Mapped[OutboxEvent] = relationship(lazy="raise")

    @property
    def status(self) -> DeliveryStatus:
        if self.delivered_at is not None:
            return DeliveryStatus.DELIVERED
        return DeliveryStatus.WAITING if self.given_up_at is None else DeliveryStatus.GIVEN_UP
