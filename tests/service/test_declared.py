"""The check of `declared.py` bites."""

import pytest
from fastapi import FastAPI, HTTPException
from starlette.testclient import TestClient

from service.kit.auth import current_caller


def test_a_status_that_is_not_declared_is_found(app: FastAPI, client: TestClient) -> None:
    def asks_for_money() -> None:
        raise HTTPException(402)

    app.dependency_overrides[current_caller] = asks_for_money

    with pytest.raises(AssertionError, match="GET /v1/plans answered 402, and declares"):
        client.get("/v1/plans")
