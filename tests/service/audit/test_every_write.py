"""Every write of the running service leaves its entry in the trail.

The calls are those that the app has: a new one that neither belongs to the season nor is said to
store nothing is found here.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.audit import AuditEntry
from service.kit.db import Database
from tests.service.season import PLAN, STORES_NOTHING, Season, a_season, its_end, writes

SOMETIMES_STORES = frozenset({f"POST {PLAN}/scenarios"})


class Trail:
    """Looked into after each call."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.silent: set[str] = set()
        self.heard: set[str] = set()
        self.told = 0

    def look(self, name: str, _answer: Response) -> None:
        told = len(self.entries())
        (self.silent if told == self.told else self.heard).add(name)
        self.told = told

    def entries(self) -> Sequence[AuditEntry]:
        with self.database.reading.begin() as session:
            return session.scalars(sa.select(AuditEntry)).all()


def test_every_write_leaves_an_entry(client: TestClient, app: FastAPI, database: Database) -> None:
    trail = Trail(database)
    season = Season(app, client, database, trail.look)

    a_season(season)
    its_end(season)

    assert trail.silent == STORES_NOTHING | SOMETIMES_STORES
    assert trail.heard == writes(app) - STORES_NOTHING
    assert {own.action for own in trail.entries() if _makes(own) and not _hashes(own)} == set()


def _makes(entry: AuditEntry) -> bool:
    """Something that has a hash."""
    return entry.action.startswith(("version.", "inputs."))


def _hashes(entry: AuditEntry) -> bool:
    said = entry.before, entry.after, entry.facts.get("hash")
    return any(own and str(own).startswith("sha256:") for own in said)
