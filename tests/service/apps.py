"""Apps and databases that tests take turns to use: what FastAPI builds for its first request costs
more than most tests, and so do connections to PostgreSQL and learning how to say each statement.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from fastapi import FastAPI

from service.kit.db import Database, open_database
from service.kit.settings import Settings
from service.main import connect, create_app
from tests.service.declared import DeclaredStatuses

_idle: dict[str, list[FastAPI]] = defaultdict(list)


class Kept(Database):
    """A database whose connections stay open when a test is through with it."""

    def close(self) -> None:
        self._background.shutdown()


@cache
def _opened(url: str) -> Database:
    return open_database(url)


def database_at(url: str) -> Database:
    """The one on PostgreSQL is opened once for a worker."""
    if url.startswith("sqlite"):
        return open_database(url)
    kept = _opened(url)
    return Kept(engine=kept.engine, sessions=kept.sessions, reading=kept.reading)


def _created(settings: Settings) -> FastAPI:
    app = create_app(settings)
    app.add_middleware(DeclaredStatuses, service=app)
    return app


@contextmanager
def serving(settings: Settings) -> Iterator[FastAPI]:
    """The service with these settings, as new: nothing of an earlier test is left in it."""
    if "answer_within" not in settings.model_fields_set:
        # else a busy machine would answer 202 where a test waits for what is made
        settings = settings.model_copy(update={"answer_within": 600.0})
    idle = _idle[settings.access]
    app = idle.pop() if idle else _created(settings)
    connect(app, settings, database_at(settings.database_url))
    routes = list(app.routes)
    try:
        yield app
    finally:
        app.state.database.close()
    app.dependency_overrides.clear()
    if app.routes == routes:  # else the test added its own
        idle.append(app)
