"""A seal fits the row that was written, and no other."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from service.kit.audit import AuditEntry, record
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.db import Database
from service.kit.seals import seal_of

NOW = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))


def an_entry(database: Database) -> AuditEntry:
    with database.sessions.begin() as session:
        facts = {"share": 0.1, "whole": 1.0, "none": None, "names": ["李雷", "Ann"], "深": {"b": 1}}
        record(session, LOCAL_ADMINISTRATOR, "version.note", "plan_1", now=NOW, facts=facts)
    with database.reading.begin() as session:
        return session.scalars(sa.select(AuditEntry)).one()


def test_a_row_that_comes_back_from_the_database_fits_its_seal(database: Database) -> None:
    assert an_entry(database).is_intact


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "key_2"),
        ("at", NOW + timedelta(microseconds=1)),
        ("reason", ""),
        ("facts", {}),
        ("workspace_id", "wsp_other"),
        ("seal", "sha256:" + "0" * 64),
    ],
)
def test_any_other_row_does_not(database: Database, column: str, value: object) -> None:
    entry = an_entry(database)
    setattr(entry, column, value)

    assert not entry.is_intact


def test_a_row_of_a_release_without_seals_is_left_alone(database: Database) -> None:
    entry = an_entry(database)
    entry.seal = None

    assert entry.is_intact


def test_a_moment_has_one_seal_in_every_zone() -> None:
    assert seal_of({"at": NOW}) == seal_of({"at": NOW.astimezone(UTC)})


def test_what_is_not_said_and_what_is_null_are_the_same() -> None:
    assert seal_of({"a": 1, "b": None}) == seal_of({"a": 1})
    assert seal_of({"a": b"1"}) != seal_of({"a": "1"})
