"""The delivering thread of `fairquota serve`: relays the outbox and sends what is due.

Attempts hold no transaction: claim, send, settle. Several processes may deliver side by side; a
claim keeps two of them from sending to one webhook at a time, and runs out if its holder dies.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Final

import sqlalchemy as sa
import structlog

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.outbox import waiting
from service.kit.row_security import EVERYWHERE
from service.kit.settings import Settings
from service.webhooks.repository import Claimed, Webhooks
from service.webhooks.sending import NotDelivered, body_of, send, signed

LEASE: Final = timedelta(minutes=2)
"""Longer than an attempt takes: looking up a name, connecting, and `sending.DEADLINE`."""
_EVERY: Final = 1.0  # seconds between two looks at the outbox
_SHARE: Final = 10  # with many workspaces looking takes long; it takes a tenth of the time at most
_SIDE_BY_SIDE: Final = 4

log = structlog.get_logger()


class Deliverer:
    """Sends to the webhooks of all workspaces."""

    def __init__(
        self,
        database: Database,
        *,
        private_allowed: bool,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database = database
        self.private_allowed = private_allowed
        self.clock = clock
        self.stopping = Event()
        self._busy: set[str] = set()

    def run(self) -> None:
        """Until `stopping`; attempts under way are finished first."""
        with ThreadPoolExecutor(_SIDE_BY_SIDE, "webhook") as pool:
            while not self.stopping.is_set():
                began = time.monotonic()
                try:
                    self._start_what_is_due(pool)
                except Exception:
                    log.exception("webhooks_failed")  # the database is away: look again later
                looked = time.monotonic() - began
                self.stopping.wait(max(_EVERY, _SHARE * looked))

    def _start_what_is_due(self, pool: ThreadPoolExecutor) -> None:
        for workspace_id, webhook_id in self.due():
            if webhook_id not in self._busy:
                self._busy.add(webhook_id)
                work = pool.submit(self._send_or_log, workspace_id, webhook_id)
                work.add_done_callback(partial(self._done, webhook_id))

    def _done(self, webhook_id: str, _work: Future[None]) -> None:
        self._busy.discard(webhook_id)

    def _send_or_log(self, workspace_id: str, webhook_id: str) -> None:
        try:
            self.send_all(workspace_id, webhook_id)
        except Exception:
            log.exception("webhook_failed", webhook=webhook_id)

    def due(self) -> list[tuple[str, str]]:
        """Workspaces and webhooks with something to send now, after relaying the outbox."""
        with self.database.of(EVERYWHERE).reading.begin() as session:
            workspaces = session.scalars(sa.select(Workspace.id).order_by(Workspace.id)).all()
        return [
            (workspace_id, webhook_id)
            for workspace_id in workspaces
            for webhook_id in self._due_in(workspace_id)
        ]

    def _due_in(self, workspace_id: str) -> list[str]:
        database, now = self.database.of(workspace_id), self.clock()
        with database.reading.begin() as session:  # most of the time there is nothing to write
            more = bool(waiting(session, workspace_id, limit=1))
        while more:
            with database.sessions.begin() as session:
                more = Webhooks(session, workspace_id).relay(now)
        with database.reading.begin() as session:
            return list(Webhooks(session, workspace_id).due(now))

    def send_all(self, workspace_id: str, webhook_id: str) -> None:
        """Send to one webhook in order, until nothing is due, one fails, or the service stops."""
        sessions = self.database.of(workspace_id).sessions
        while not self.stopping.is_set():
            with sessions.begin() as session:
                claimed = Webhooks(session, workspace_id).claim(webhook_id, self.clock(), LEASE)
            if claimed is None:
                return
            error = self._attempt(claimed)
            with sessions.begin() as session:
                Webhooks(session, workspace_id).settle(claimed, self.clock(), error)
            facts = {"webhook": webhook_id, "event_id": claimed.event_id, "kind": claimed.kind}
            if error is not None:
                log.warning("webhook_not_delivered", reason=error, **facts)
                return
            log.info("webhook_delivered", **facts)

    def _attempt(self, claimed: Claimed) -> str | None:
        """What went wrong; None: it was taken."""
        body = body_of(claimed.kind, claimed.at, claimed.payload)
        headers = signed(claimed.event_id, body, claimed.secret, self.clock())
        try:
            send(claimed.url, headers, body, private_allowed=self.private_allowed)
        except NotDelivered as reason:
            return str(reason)
        return None


@contextmanager
def delivering(database: Database, settings: Settings) -> Iterator[Deliverer]:
    """Deliver beside what is done here; whoever leaves waits for attempts under way."""
    deliverer = Deliverer(database, private_allowed=settings.webhooks_to_private_addresses)
    thread = Thread(target=deliverer.run, name="webhooks")
    thread.start()
    try:
        yield deliverer
    finally:
        deliverer.stopping.set()
        thread.join()
        database.engine.dispose()  # it may have been opened again after the service closed it
