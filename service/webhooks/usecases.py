"""What one can do with webhooks: make one and remove one. The caller commits."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.webhooks.domain import EVERY_KIND, KINDS, url_fault
from service.webhooks.repository import Webhooks
from service.webhooks.tables import Webhook

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
        secret="whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode(),
        created_at=now,
        created_by=caller.name,
    )
    Webhooks(session, caller.workspace_id).add(webhook)
    facts = {"events": webhook.events}
    record(session, caller, "webhook.create", webhook.id, now=now, facts=facts)
    return webhook


def delete_webhook(session: Session, caller: Caller, webhook_id: str, *, now: datetime) -> None:
    """What is not sent yet never is. Raises WebhookNotFound."""
    webhooks = Webhooks(session, caller.workspace_id)
    webhooks.remove(webhooks.get(webhook_id))
    record(session, caller, "webhook.delete", webhook_id, now=now)
