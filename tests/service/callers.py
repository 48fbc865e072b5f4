"""Callers of every role, with real keys."""

from datetime import datetime

from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.keys import create_key


def a_key(
    database: Database,
    role: str = "admin",
    *,
    unit: str | None = None,
    rep: str | None = None,
    person: str | None = None,
    expires_at: datetime | None = None,
    workspace_id: str = DEFAULT_WORKSPACE,
) -> dict[str, str]:
    """The header of a new key."""
    with database.of(workspace_id).sessions.begin() as session:
        _, text = create_key(
            session,
            workspace_id,
            f"a {role}",
            role,
            now=utc_now(),
            unit=unit,
            rep=rep,
            person=person,
            expires_at=expires_at,
        )
    return {"Authorization": f"Bearer {text}"}


class Callers:
    """Clients of a service in keys mode, one for each role and scope. They share an event loop:
    one for each request would cost as much as many of the requests.
    """

    def __init__(self, app: FastAPI, portal: BlockingPortal) -> None:
        self.app, self.portal = app, portal

    def __call__(
        self,
        role: str,
        *,
        unit: str | None = None,
        rep: str | None = None,
        person: str | None = None,
        workspace_id: str = DEFAULT_WORKSPACE,
    ) -> TestClient:
        database: Database = self.app.state.database
        headers = a_key(
            database, role, unit=unit, rep=rep, person=person, workspace_id=workspace_id
        )
        client = TestClient(self.app, base_url="https://quota.example.com", headers=headers)
        client.portal = self.portal
        return client
