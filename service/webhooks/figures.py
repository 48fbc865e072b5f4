"""What Prometheus is told of webhooks: what was announced and has not arrived."""

from collections.abc import Iterable

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from service.kit.outbox import OutboxEvent
from service.webhooks.tables import WebhookDelivery


class Backlog:
    """Of all workspaces."""

    def __init__(self) -> None:
        self._announced = self._waiting = self._given_up = 0

    def look(self, session: Session, workspace_id: str) -> None:
        self._announced += session.scalars(
            sa.select(sa.func.count(OutboxEvent.sequence)).where(
                OutboxEvent.workspace_id == workspace_id, OutboxEvent.relayed_at.is_(None)
            )
        ).one()
        given_up, all_of_them = session.execute(
            sa.select(sa.func.count(WebhookDelivery.given_up_at), sa.func.count()).where(
                WebhookDelivery.workspace_id == workspace_id,
                WebhookDelivery.delivered_at.is_(None),
            )
        ).one()
        self._given_up += given_up
        self._waiting += all_of_them - given_up

    def families(self) -> Iterable[Metric]:
        announced = GaugeMetricFamily(
            "fairquota_outbox_events_waiting",
            "Announcements that were not yet looked at for webhooks.",
            value=self._announced,
        )
        deliveries = GaugeMetricFamily(
            "fairquota_webhook_deliveries",
            "Deliveries to webhooks that wait, or were given up.",
            labels=["status"],
        )
        deliveries.add_metric(["waiting"], self._waiting)
        deliveries.add_metric(["given_up"], self._given_up)
        return announced, deliveries
