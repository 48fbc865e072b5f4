"""A service that may send to this machine, somebody who receives, and a deliverer."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.settings import Settings
from tests.service.apps import serving
from tests.service.conftest import LOOPBACK
from tests.service.webhooks.post import Post
from tests.service.webhooks.receiver import Receiver, receiving


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, webhooks_to_private_addresses=True)


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    with serving(settings) as app:
        yield app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def post(app: FastAPI) -> Post:
    return Post(app.state.database)
