"""A whole plan is checked version by version; what versions share is read and hashed once."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.verification.usecases import PlanVerification, verify_plan
from service.allocations.versions.repository import Chunks
from service.allocations.versions.tables import Chunk
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.plans.tables import PlanVersion
from tests.service.allocations.plans import a_plan, a_version, decided


@pytest.fixture
def plan(client: TestClient, database: Database) -> str:
    """Three versions: d/d carries less in the second one, ann in the third."""
    path = a_plan(client)
    a_version(client, path)
    assert decided(database, path, 1, {"d/d": 100}) == 2
    assert decided(database, path, 2, {"ann": 100}) == 3
    return path


def checked(database: Database, plan: str) -> PlanVerification:
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        return verify_plan(session, DEFAULT_WORKSPACE, plan.rpartition("/")[2])


def quota_chunks(database: Database) -> dict[int, set[str]]:
    """By the number of the version."""
    with database.sessions.begin() as session:
        stored = session.execute(sa.select(PlanVersion.number, PlanVersion.manifest)).all()
    return {
        number: {chunk["chunk"] for chunk in orjson.loads(manifest)["quotas"]}
        for number, manifest in stored
    }


def test_each_chunk_is_read_once(
    database: Database, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, read = Counter[str](), Chunks.get

    def counting(self: Chunks, keys: Iterable[str], **how: Any) -> dict[str, bytes]:
        found = read(self, keys, **how)
        asked.update(found.keys())
        return found

    monkeypatch.setattr(Chunks, "get", counting)

    assert checked(database, plan).valid
    own = quota_chunks(database)
    shared = own[1] & own[2] | own[2] & own[3]
    assert shared
    assert {asked[chunk] for chunk in shared} == {1}


def test_a_chunk_that_was_changed_is_found_in_every_version_that_has_it(
    database: Database, plan: str
) -> None:
    own = quota_chunks(database)

    for changed in sorted(set.union(*own.values())):
        with database.sessions.begin() as session:
            row = session.get_one(Chunk, (DEFAULT_WORKSPACE, changed))
            whole, row.data = row.data, row.data[:-1] + bytes([row.data[-1] ^ 1])
        found = checked(database, plan).versions
        with database.sessions.begin() as session:
            session.get_one(Chunk, (DEFAULT_WORKSPACE, changed)).data = whole

        broken = {number for number, one in found.items() if not one.checks["hash"]}
        assert broken == {number for number, chunks in own.items() if changed in chunks}

    assert checked(database, plan).valid
