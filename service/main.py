"""The service put together: which features it has, and what holds for all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final, Literal

from anyio import Semaphore
from fastapi import APIRouter, Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel

from service.allocations.adjustments.gaps import gaps_in_the_way
from service.allocations.adjustments.gaps_router import router as gaps
from service.allocations.adjustments.router import router as adjustments
from service.allocations.backtest.router import router as backtests
from service.allocations.diff.router import router as diffs
from service.allocations.fairness_report.router import router as fairness_reports
from service.allocations.imports.router import router as imports
from service.allocations.publishing.router import last_step
from service.allocations.publishing.router import router as published
from service.allocations.router import router as allocations
from service.allocations.scenarios.router import router as scenarios
from service.allocations.simulation.router import router as simulations
from service.allocations.summary.router import router as summaries
from service.allocations.verification.router import router as verification
from service.allocations.versions.quota_files import AT_ONCE as FILES_AT_ONCE
from service.allocations.versions.quotas_router import router as quotas
from service.allocations.versions.router import router as versions
from service.audit.router import router as audit
from service.batches.router import router as batches
from service.exports.router import router as exports
from service.keys.router import router as keys
from service.kit.auth import current_caller
from service.kit.db import Database, DatabaseDep, open_database
from service.kit.docs import install_docs
from service.kit.errors import DatabaseUnavailable
from service.kit.idempotency import claim_key, install_idempotency
from service.kit.identities import Identities
from service.kit.keys import KeyUses
from service.kit.local_mode import LocalModeGuard
from service.kit.migrations import Tables, tables_of
from service.kit.observability import Observed
from service.kit.openapi import install_openapi
from service.kit.parameters import refuse_unknown_parameters
from service.kit.problems import install_problems, problems
from service.kit.queues import Queues
from service.kit.rates import Rates
from service.kit.scrapes import Looks, install_metrics
from service.kit.settings import Settings
from service.kit.tracing import is_unwatched
from service.negotiations.change_requests.router import router as change_requests
from service.negotiations.events.router import router as events
from service.negotiations.events.router import segments
from service.negotiations.events.usecases.new_target import new_target
from service.negotiations.levels.router import router as levels
from service.negotiations.levels.usecases.assembling import units_in_the_way
from service.operations.carrying import carrying
from service.operations.figures import Queue
from service.operations.outlasting import install_operations
from service.operations.router import router as operations
from service.operations.runs import Runs
from service.people.router import router as people
from service.plans.files_router import router as input_files
from service.plans.inputs_router import router as inputs
from service.plans.life_cycle_router import router as life_cycle
from service.plans.router import router as plans
from service.roster.router import router as templates
from service.web.router import router as pages
from service.webhooks.figures import Backlog
from service.webhooks.router import router as webhooks

FEATURES: tuple[APIRouter, ...] = (
    keys,
    audit,
    operations,
    people,
    webhooks,
    plans,
    inputs,
    input_files,
    templates,
    life_cycle,
    versions,
    adjustments,
    gaps,
    quotas,
    last_step,
    published,
    diffs,
    verification,
    scenarios,
    imports,
    fairness_reports,
    summaries,
    change_requests,
    allocations,
    backtests,
    simulations,
    events,
    segments,
    levels,
    batches,
    exports,
)


_SPANS_ONLY: Final[TelemetryConfig] = {
    "metrics": False,  # Prometheus asks for ours
    "logs": False,  # ours say nothing of what people sent
    "operation_spans": False,
    "auto_configure": False,  # see `tracing`
    "exclude": is_unwatched,
}


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI app; connects to the database when the first request needs it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with carrying(app):
            yield
        app.state.database.close()

    app = FastAPI(
        title="FairQuota",
        version=version("fairquota"),
        summary="Splits a sales target into quotas, the extra effort as even as the rules allow.",
        docs_url=None,  # install_docs has a page that needs no internet
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=_SPANS_ONLY,
    )
    connect(app, settings, open_database(settings.database_url))
    install_problems(app)
    for router in FEATURES:
        # The caller is known before a body is read, and no route can forget to ask.
        asked_first = [
            Depends(current_caller),
            Depends(refuse_unknown_parameters),
            Depends(claim_key),
        ]
        app.include_router(router, prefix="/v1", dependencies=asked_first)
    app.include_router(pages)
    _add_health(app)
    install_docs(app)
    install_operations(app)
    install_idempotency(app)
    install_metrics(app)  # outside both: it counts what callers are answered
    if settings.access == "local":
        app.add_middleware(LocalModeGuard)
    app.add_middleware(Observed)  # last added, so outermost
    install_openapi(app)
    return app


def connect(app: FastAPI, settings: Settings, database: Database) -> None:
    """Give an app its settings and all that it remembers: another database is another service.

    The way of access stays as `create_app` built it.
    """
    app.state.settings = settings
    app.state.database = database
    app.state.hindrances_of_submitting = (units_in_the_way,)
    app.state.hindrances = (units_in_the_way, gaps_in_the_way)
    app.state.new_target = new_target
    app.state.runs = Runs()
    app.state.leaving = False
    app.state.out_of_memory = False
    app.state.queues = Queues(settings.waiting_calls, settings.waiting_seconds)
    app.state.turns_of_files = Semaphore(FILES_AT_ONCE)
    app.state.rates = Rates(settings)
    app.state.key_uses = KeyUses(database)
    app.state.looks = Looks(database, (Queue, Backlog))
    app.state.identities = Identities(settings) if settings.access == "oidc" else None


class HealthOut(BaseModel):
    """Nothing is wrong; anything else is a problem."""

    status: Literal["ok"] = "ok"


def _add_health(app: FastAPI) -> None:
    @app.head("/healthz", include_in_schema=False)  # some monitors ask without a body
    @app.get("/healthz", tags=["health"])
    async def alive() -> HealthOut:  # without a thread: they may all be busy
        """The process answers."""
        return HealthOut()

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", tags=["health"], responses=problems(DatabaseUnavailable))
    def ready(database: DatabaseDep) -> HealthOut:
        """The database answers and has tables that this release can work with."""
        with database.reading.begin() as session:
            if tables_of(session.connection()) is Tables.OLDER:
                raise DatabaseUnavailable(
                    "The database has not this release's tables; run `fairquota db upgrade`."
                )
        return HealthOut()
