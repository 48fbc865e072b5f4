"""Apps that tests take turns to use: what FastAPI builds for its first request costs more than most
tests.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from service.kit.settings import Settings
from service.main import connect, create_app

_idle: dict[str, list[FastAPI]] = defaultdict(list)


@contextmanager
def serving(settings: Settings) -> Iterator[FastAPI]:
    """The service with these settings, as new: nothing of an earlier test is left in it."""
    idle = _idle[settings.access]
    if idle:
        app = idle.pop()
        connect(app, settings)
    else:
        app = create_app(settings)
    routes = list(app.routes)
    try:
        yield app
    finally:
        app.state.database.close()
    app.dependency_overrides.clear()
    if app.routes == routes:  # else the test added its own
        idle.append(app)
