"""What a key opens, and until when."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.keys import ApiKey, KeyUses, create_key, find_key
from tests.service.callers import Callers

NOW = utc_now()
SECOND = timedelta(seconds=1)


@pytest.fixture
def key_and_text(database: Database) -> tuple[ApiKey, str]:
    with database.sessions.begin() as session:
        return create_key(
            session, DEFAULT_WORKSPACE, "west", "manager", now=NOW, unit="west",
            expires_at=NOW + 100 * SECOND,
        )  # fmt: skip


def found(database: Database, text: str, at: datetime) -> str | None:
    with database.reading.begin() as session:
        key = find_key(session, text, at)
        return None if key is None else key.id


def test_a_key_is_found_by_its_text_until_it_expires(
    database: Database, key_and_text: tuple[ApiKey, str]
) -> None:
    key, text = key_and_text

    assert found(database, text, NOW) == key.id
    assert found(database, text, NOW + 99 * SECOND) == key.id
    assert found(database, text, NOW + 100 * SECOND) is None
    assert found(database, text + "x", NOW) is None


def test_the_text_of_a_key_is_stored_nowhere(
    database: Database, key_and_text: tuple[ApiKey, str]
) -> None:
    _, text = key_and_text
    with database.reading.begin() as session:
        stored = session.execute(sa.select(ApiKey.__table__)).one()

    assert text.startswith("fq_")
    assert len(text) == len("fq_") + 43
    assert text[3:] not in str(stored)


def test_a_manager_key_names_its_unit(callers: Callers) -> None:
    client = callers("manager", unit="west")

    assert client.get("/v1/plans").status_code == 200
    refused = client.post("/v1/plans", json={})
    assert (refused.status_code, refused.json()["detail"]) == (
        403,
        "The role manager may not make, change and delete plans; who may: admin, planner.",
    )


class TestLastUse:
    @pytest.fixture
    def uses(self, database: Database) -> KeyUses:
        return KeyUses(database)

    def last_use(self, database: Database, key: ApiKey) -> datetime | None:
        with database.reading.begin() as session:
            return session.scalars(sa.select(ApiKey.last_used_at).filter_by(id=key.id)).one()

    def settled(self, database: Database) -> None:
        """Works in the background are done one after the other, so this one is the last."""
        database._background.submit(lambda: None).result()

    def test_is_written_at_most_once_a_minute(
        self, database: Database, uses: KeyUses, key_and_text: tuple[ApiKey, str]
    ) -> None:
        key, _ = key_and_text
        written = []
        for seconds in (0, 1, 59, 60, 61):
            uses.note(key, NOW + seconds * SECOND)
            self.settled(database)
            written.append(self.last_use(database, key))

        assert written == [NOW] * 3 + [NOW + 60 * SECOND] * 2

    def test_waits_for_no_writer_and_no_caller_waits_for_it(
        self, database: Database, uses: KeyUses, key_and_text: tuple[ApiKey, str]
    ) -> None:
        key, text = key_and_text
        with database.sessions.begin() as session:
            session.execute(sa.update(ApiKey).values(name="locked"))  # holds the row, or the file
            uses.note(key, NOW)

            assert found(database, text, NOW) == key.id
            assert self.last_use(database, key) is None
        self.settled(database)
        assert self.last_use(database, key) == NOW

    def test_of_a_call_is_known_soon_after(self, callers: Callers) -> None:
        callers("hr").get("/v1/plans")
        database: Database = callers.app.state.database
        self.settled(database)

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            assert session.scalars(sa.select(ApiKey.last_used_at)).one() is not None
