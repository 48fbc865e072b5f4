"""What most tests of events begin with."""

import pytest
from starlette.testclient import TestClient

from tests.service.negotiations.happenings import in_force, twelve_hundred_each


@pytest.fixture
def plan(client: TestClient) -> str:
    """100 a month for everybody, in force."""
    return in_force(client, twelve_hundred_each())
