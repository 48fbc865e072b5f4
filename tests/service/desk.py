"""The service as several people use it one after the other, at a time that the test says."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Caller, Role, current_caller
from service.kit.clock import time_of_request
from service.kit.db import work_in

MONDAY, TUESDAY = (datetime(2026, 11, day, 9, tzinfo=UTC) for day in (23, 24))


class Desk:
    """The service as several people use it, at a time that the test says."""

    def __init__(self, app: FastAPI, client: TestClient) -> None:
        self.app, self.client = app, client
        self.now = MONDAY
        app.dependency_overrides[time_of_request] = lambda: self.now

    def is_used_by(self, name: str, role: Role = Role.ADMIN) -> None:
        caller = Caller(DEFAULT_WORKSPACE, role, name, f"key_{name.lower()}")

        def at_the_desk(request: Request) -> Caller:
            work_in(request, caller.workspace_id)
            return caller

        self.app.dependency_overrides[current_caller] = at_the_desk
