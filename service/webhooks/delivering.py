"""The delivering threads of `fairquota serve`: they relay the outbox and send what is due.

Attempts hold no transaction: claim, send, settle. Several processes may deliver side by side; a
claim keeps two of them from sending to one webhook at a time, and runs out if its holder dies.

Nobody waits long for others. Who has much to be sent takes turns with the others, one delivery at a
time, and attempts that follow a failed one have threads of their own: a receiver that keeps its
senders waiting does it to them.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
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
from service.webhooks.domain import WebhookNotFound
from service.webhooks.repository import Due, Webhooks
from service.webhooks.sending import attempt
from service.webhooks.usecases import settle

LEASE: Final = timedelta(minutes=2)
"""Longer than an attempt takes: looking up a name, connecting, and `sending.DEADLINE`."""
_EVERY: Final = 1.0  # seconds between two looks at the outbox
_SHARE: Final = 10  # with many workspaces looking takes long; it takes a tenth of the time at most
_SIDE_BY_SIDE: Final = 8
_FORGET_EVERY: Final = timedelta(hours=1)

log = structlog.get_logger()


class Deliverer:
    """Sends to the webhooks of all workspaces; `side_by_side`: threads for first attempts, and as
    many for later ones.
    """

    def __init__(
        self,
        database: Database,
        *,
        private_allowed: bool,
        clock: Callable[[], datetime] = utc_now,
        side_by_side: int = _SIDE_BY_SIDE,
    ) -> None:
        self.database = database
        self.private_allowed = private_allowed
        self.clock = clock
        self.side_by_side = side_by_side
        self.stopping = Event()
        self._busy: set[str] = set()
        self._forgot_at = clock()

    def run(self) -> None:
        """Until `stopping`; attempts under way are finished first."""
        with self.lanes() as lanes:
            while not self.stopping.is_set():
                began = time.monotonic()
                try:
                    self.start_what_is_due(lanes)
                except Exception:
                    log.exception("webhooks_failed")  # the database is away: look again later
                looked = time.monotonic() - began
                self.stopping.wait(max(_EVERY, _SHARE * looked))

    @contextmanager
    def lanes(self) -> Iterator[dict[bool, ThreadPoolExecutor]]:
        """Threads by whether the attempt before failed."""
        with ExitStack() as stack:
            yield {
                failed: stack.enter_context(ThreadPoolExecutor(self.side_by_side, "webhook"))
                for failed in (False, True)
            }

    def start_what_is_due(self, lanes: dict[bool, ThreadPoolExecutor]) -> None:
        for due in self.due():
            if due.webhook_id not in self._busy:
                self._busy.add(due.webhook_id)
                lane = lanes[due.failed]
                lane.submit(self._take_turns, lane, due)

    def _take_turns(self, lane: ThreadPoolExecutor, due: Due) -> None:
        """Send one, and queue up again behind the others."""
        try:
            if self.send_next(due):
                with suppress(RuntimeError):  # the lane is closed: the service stops
                    lane.submit(self._take_turns, lane, due)
                    return
        except Exception:
            log.exception("webhook_failed", webhook=due.webhook_id)
        self._busy.discard(due.webhook_id)

    def due(self) -> list[Due]:
        """What is to be sent to now, after relaying the outbox."""
        with self.database.of(EVERYWHERE).reading.begin() as session:
            workspaces = session.scalars(sa.select(Workspace.id).order_by(Workspace.id)).all()
        if self.clock() - self._forgot_at >= _FORGET_EVERY:
            self._forgot_at = self.clock()
            for workspace_id in workspaces:
                self._forget_old(workspace_id)
        return [due for workspace_id in workspaces for due in self._due_in(workspace_id)]

    def _forget_old(self, workspace_id: str) -> None:
        more = True
        while more and not self.stopping.is_set():
            with self.database.of(workspace_id).sessions.begin() as session:
                more = Webhooks(session, workspace_id).forget_old(self.clock())

    def _due_in(self, workspace_id: str) -> list[Due]:
        database, now = self.database.of(workspace_id), self.clock()
        with database.reading.begin() as session:  # most of the time there is nothing to write
            more = bool(waiting(session, workspace_id, limit=1))
        while more:
            with database.sessions.begin() as session:
                more = Webhooks(session, workspace_id).relay(now)
        with database.reading.begin() as session:
            return Webhooks(session, workspace_id).due(now)

    def send_next(self, due: Due) -> bool:
        """Send the next delivery of a webhook; whether the one after it may follow."""
        if self.stopping.is_set():
            return False
        sessions = self.database.of(due.workspace_id).sessions
        with sessions.begin() as session:
            webhooks = Webhooks(session, due.workspace_id)
            claimed = webhooks.claim(due.webhook_id, self.clock(), LEASE)
        if claimed is None:
            return False
        message = claimed.message
        outcome = attempt(
            claimed.url,
            claimed.secrets,
            message,
            private_allowed=self.private_allowed,
            now=self.clock(),
        )
        try:
            with sessions.begin() as session:
                settle(session, due.workspace_id, claimed, outcome, now=self.clock())
        except WebhookNotFound:
            return False  # it was removed meanwhile
        facts = {"webhook": due.webhook_id, "event_id": message.id, "kind": message.kind}
        if outcome.error is not None:
            log.warning("webhook_not_delivered", reason=outcome.error, **facts)
            return False
        log.info("webhook_delivered", **facts)
        return True


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
