"""Verify finds what was changed behind the service's back, in SQL, on both databases."""

import zlib
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.allocations.versions.domain.written.canonical import canonical, digest
from service.allocations.versions.quota_files import XLSX
from service.allocations.versions.tables import Chunk
from service.kit.db import Database
from service.plans.tables import PlanVersion
from service.roster.tables import InputsSnapshot
from tests.service.allocations.plans import a_plan, a_version, four_reps

NUMBERS = {"sums", "bounds", "leximin"}


@pytest.fixture
def plan(client: TestClient) -> str:
    """A plan with three versions in one line, each of other inputs."""
    plan = a_plan(client)
    for target in (440, 441, 442):
        client.put(f"{plan}/inputs", json=four_reps(target=target))
        a_version(client, plan)
    return plan


def verified(client: TestClient, plan: str, number: int) -> tuple[set[str], str]:
    """Which checks do not hold, and what is said about them."""
    answer = client.get(f"{plan}/versions/{number}/verify")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["valid"] == all(found["checks"].values()) == (not found["faults"])
    broken = {name for name, held in found["checks"].items() if not held}
    return broken, "; ".join(found["faults"])


def tamper(database: Database, *statements: sa.Executable) -> None:
    """Change what the triggers protect; whoever may write to the database can do without them."""
    with database.sessions.begin() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text("SET LOCAL session_replication_role = replica"))
        else:
            triggers = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in session.scalars(triggers).all():
                session.execute(sa.text(f"DROP TRIGGER {name}"))
        for statement in statements:
            session.execute(statement)


def change(number: int, **columns: Any) -> sa.Executable:
    return sa.update(PlanVersion).where(PlanVersion.number == number).values(**columns)


def read[T](database: Database, query: sa.Select[T]) -> Any:
    with database.reading.begin() as session:
        return session.scalars(query).one()


def manifest_of(database: Database, number: int) -> bytes:
    query = sa.select(PlanVersion.manifest).where(PlanVersion.number == number)
    found: bytes = read(database, query)
    return found


def chunk_of(database: Database, number: int, listed: str) -> tuple[str, bytes]:
    """The hash and the stored bytes of the first chunk of a kind."""
    key = orjson.loads(manifest_of(database, number))[listed][0]["chunk"]
    return key, read(database, sa.select(Chunk.data).where(Chunk.hash == key))


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def store(key: str, data: bytes) -> sa.Executable:
    return sa.update(Chunk).where(Chunk.hash == key).values(data=data)


def test_untouched_versions_hold(client: TestClient, plan: str) -> None:
    assert [verified(client, plan, number) for number in (1, 2, 3)] == [(set(), "")] * 3


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("inputs_hash", "sha256:" + "0" * 64),
        ("hash", "sha256:" + "0" * 64),
        ("parent_hash", None),
        ("base_version", 3),
        ("policy", {"fairness": "equal_growth"}),
        ("engine", "lp"),
        ("assigned", 1),
        ("fairness", {}),
        ("status", "published"),
        ("note", "agreed with everybody"),
        ("created_by", "somebody else"),
        ("created_at", datetime(2026, 1, 1, tzinfo=UTC)),
        ("published_at", datetime(2026, 1, 1, tzinfo=UTC)),
        ("seal", "sha256:" + "0" * 64),
    ],
)
def test_a_changed_column_is_found(
    client: TestClient, database: Database, plan: str, column: str, value: object
) -> None:
    said_twice = {"hash": "manifest"} | {
        name: name
        for name in ("inputs_hash", "parent_hash", "base_version", "policy", "assigned", "fairness")
    }
    tamper(database, change(2, **{column: value}))

    broken, faults = verified(client, plan, 2)

    assert broken == {"hash"}
    assert said_twice.get(column, "row") in faults


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.999])
def test_any_flipped_byte_of_a_manifest_is_found(
    client: TestClient, database: Database, plan: str, share: float
) -> None:
    manifest = manifest_of(database, 2)
    tamper(database, change(2, manifest=flipped(manifest, int(share * len(manifest)))))

    assert "hash" in verified(client, plan, 2)[0]
    assert "parent" in verified(client, plan, 3)[0]  # the child names the parent's hash
    assert verified(client, plan, 1) == (set(), "")
    assert client.get(f"{plan}/versions/2/quotas").status_code == 500


@pytest.mark.parametrize("listed", ["units", "quotas", "index"])
def test_every_flipped_byte_of_a_chunk_is_found(
    client: TestClient, database: Database, plan: str, listed: str
) -> None:
    key, data = chunk_of(database, 2, listed)
    for place in {0, 1, len(data) // 3, len(data) // 2, len(data) - 5, len(data) - 1}:
        tamper(database, store(key, flipped(data, place)))

        broken, faults = verified(client, plan, 2)

        assert broken == {"hash"} | (NUMBERS if listed != "index" else set())
        assert f"{listed}: chunk 1 is damaged or missing" in faults


def test_a_quota_changed_with_care_is_found(
    client: TestClient, database: Database, plan: str
) -> None:
    """The chunk is readable JSON of the right shape, one cent more than before."""
    key, data = chunk_of(database, 2, "quotas")
    rows = orjson.loads(zlib.decompress(data))
    rows[0]["quota"] += 1
    tamper(database, store(key, zlib.compress(canonical(rows))))

    assert "hash" in verified(client, plan, 2)[0]
    answer = client.get(f"{plan}/versions/2/quotas")
    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/version-damaged"


def test_a_chunk_with_something_behind_it_is_found(
    client: TestClient, database: Database, plan: str
) -> None:
    key, data = chunk_of(database, 2, "quotas")
    tamper(database, store(key, data + b"\0"))

    assert "hash" in verified(client, plan, 2)[0]


def test_a_missing_chunk_is_found(client: TestClient, database: Database, plan: str) -> None:
    key, _ = chunk_of(database, 2, "quotas")
    tamper(database, sa.delete(Chunk).where(Chunk.hash == key))

    assert verified(client, plan, 2)[0] == {"hash"} | NUMBERS


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson", XLSX])
def test_half_a_file_of_a_damaged_version_is_never_sent(
    client: TestClient, database: Database, plan: str, media_type: str
) -> None:
    last = orjson.loads(manifest_of(database, 2))["quotas"][-1]["chunk"]
    tamper(database, sa.delete(Chunk).where(Chunk.hash == last))

    answer = client.get(f"{plan}/versions/2/quotas", headers={"Accept": media_type})

    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/version-damaged"


def test_damaged_inputs_are_found(client: TestClient, database: Database, plan: str) -> None:
    key = read(database, sa.select(PlanVersion.inputs_hash).where(PlanVersion.number == 2))
    content = read(database, sa.select(InputsSnapshot.content).where(InputsSnapshot.hash == key))
    damaged = flipped(content, len(content) // 2)
    tamper(
        database,
        sa.update(InputsSnapshot).where(InputsSnapshot.hash == key).values(content=damaged),
    )

    assert verified(client, plan, 2) == (
        {"hash"},
        "the inputs it was solved from are damaged or missing",
    )


def test_a_missing_ancestor_is_found(client: TestClient, database: Database, plan: str) -> None:
    tamper(database, sa.delete(PlanVersion).where(PlanVersion.number == 1))

    assert verified(client, plan, 2) == ({"parent"}, "the parent of version 2 is missing")
    assert verified(client, plan, 3) == ({"parent"}, "the parent of version 2 is missing")


def test_a_forger_who_mends_one_version_is_betrayed_by_the_next(
    client: TestClient, database: Database, plan: str
) -> None:
    """Version 2 is rewritten with correct hashes throughout, as if it had been before there were
    seals; version 3 still names the old one.
    """
    manifest = orjson.loads(manifest_of(database, 2))
    key, data = chunk_of(database, 2, "quotas")
    rows = orjson.loads(zlib.decompress(data))
    rows[0]["estimate"] = {"basis": "fte"}  # which nothing else in a version tells
    forged = canonical(rows)
    manifest["quotas"][0]["chunk"] = digest(forged)
    again = canonical(manifest)
    tamper(
        database,
        sa.update(Chunk)
        .where(Chunk.hash == key)
        .values(hash=digest(forged), data=zlib.compress(forged), seal=None),
        change(2, manifest=again, hash=digest(again), seal=None),
    )

    assert verified(client, plan, 2) == (set(), "")
    broken, faults = verified(client, plan, 3)
    assert "parent" in broken
    assert "version 2 is not what it was when version 3 was made of it" in faults


def test_a_circle_of_parents_ends(client: TestClient, database: Database, plan: str) -> None:
    manifest = orjson.loads(manifest_of(database, 1))
    manifest |= {"base_version": 3, "parent": "sha256:" + "0" * 64}
    tamper(database, change(1, manifest=canonical(manifest)))

    assert "parent" in verified(client, plan, 3)[0]


def test_the_service_refuses_to_change_a_version(database: Database, plan: str) -> None:
    assert plan
    with (
        pytest.raises(sa.exc.DatabaseError, match="immutable"),
        Session(database.engine) as session,
    ):
        session.execute(change(2, assigned=1))
