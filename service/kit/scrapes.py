"""`GET /metrics`: what was counted, and what is asked of the database when somebody looks.

Neither waits for the threads of the service, which may all be busy, nor for long for a database
that says nothing: then `fairquota_database_up` is 0 and what only the database knows is missing.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Final, Protocol

import sqlalchemy as sa
import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_fastapi_instrumentator import Instrumentator
from sqlalchemy.orm import Session

from service.kit.auth import Workspace
from service.kit.db import Database
from service.kit.errors import AppError
from service.kit.row_security import EVERYWHERE

_FRESH: Final = 5.0
"""Seconds for which nobody asks the database again; see `_SHARE`."""
_SHARE: Final = 10  # with many workspaces looking takes long; it takes a tenth of the time at most
_WAIT: Final = 2.0
"""Seconds that a scrape waits for the database."""

log = structlog.get_logger()


class Figures(Protocol):
    """Something that is counted in the database, in one workspace after the other."""

    def look(self, session: Session, workspace_id: str) -> None:
        """Add what this workspace has. The session reads."""
        ...

    def families(self) -> Iterable[Metric]:
        """What was found in all."""
        ...


class Looks:
    """Looks into the database, one at a time."""

    def __init__(self, database: Database, kinds: Sequence[type[Figures]]) -> None:
        self._database, self._kinds = database, kinds
        self.threads = CapacityLimiter(1)
        self._look: Future[list[Metric]] | None = None
        self._found: list[Metric] = []
        self._fresh_until = self._answered = float("-inf")

    async def families(self) -> list[Metric]:
        """What was found a few seconds ago at most. Where looking takes longer, what was found
        before; nothing where the database is away.
        """
        asked = time.monotonic()
        if self._look is None or (self._look.done() and asked > self._fresh_until):
            self._look = look = Future[list[Metric]]()
            Thread(target=self._carry_out, args=(look,), name="metrics", daemon=True).start()
        await asyncio.wait({asyncio.wrap_future(self._look)}, timeout=_WAIT)
        if self._look.done():
            self._found = self._look.result()
        elif self._answered < asked:
            self._found = []
        answers = bool(self._found) or self._answered >= asked
        up = GaugeMetricFamily("fairquota_database_up", "1 if the database answers.", answers)
        return [*self._found, up]

    def _carry_out(self, look: Future[list[Metric]]) -> None:
        found: list[Metric] = []
        began = time.monotonic()
        try:
            found = self._figures()
        except (sa.exc.SQLAlchemyError, AppError) as reason:
            log.warning("metrics_without_database", reason=str(reason))
        except Exception:
            log.exception("metrics_failed")
        finally:
            ended = time.monotonic()
            self._fresh_until = ended + max(_FRESH, _SHARE * (ended - began))
            look.set_result(found)

    def _figures(self) -> list[Metric]:
        figures = [kind() for kind in self._kinds]
        with self._database.of(EVERYWHERE).reading.begin() as session:
            workspaces = session.scalars(sa.select(Workspace.id)).all()
        for workspace_id in workspaces:
            self._answered = time.monotonic()
            with self._database.of(workspace_id).reading.begin() as session:
                for own in figures:
                    own.look(session, workspace_id)
        return [family for own in figures for family in own.families()]


class _Found(Collector):
    """What a look found, in the form of a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def install_metrics(app: FastAPI) -> None:
    """Requests by route of this app, whatever features count, and the figures of `app.state`."""
    of_app = CollectorRegistry()
    Instrumentator(
        registry=of_app, should_group_status_codes=False, excluded_handlers=["^/metrics$"]
    ).instrument(app)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        looks: Looks = app.state.looks
        asked = CollectorRegistry()
        asked.register(_Found(await looks.families()))
        own = partial(_text, (of_app, REGISTRY, asked))
        text = await to_thread.run_sync(own, limiter=looks.threads)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _text(registries: Iterable[CollectorRegistry]) -> bytes:
    return b"".join(generate_latest(own) for own in registries)
