"""The trail of who did what only grows, and neither it nor the outbox tells of what failed."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.audit import AuditEntry, record, trail
from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR
from service.kit.db import Database
from service.kit.outbox import OutboxEvent, announce, waiting

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
VERSION = "plan_1/versions/3"


def told(database: Database, subject: str = VERSION) -> Sequence[AuditEntry]:
    with database.reading.begin() as session:
        query = trail(DEFAULT_WORKSPACE, subject).order_by(AuditEntry.sequence)
        return session.scalars(query).all()


def published(database: Database, subject: str = VERSION) -> None:
    with database.sessions.begin() as session:
        record(session, LOCAL_ADMINISTRATOR, "version.publish", subject, now=NOON)


def still_waiting(session: Session) -> Sequence[OutboxEvent]:
    return waiting(session, DEFAULT_WORKSPACE, limit=10)


class TestTrail:
    def test_an_entry_says_who_did_what_when_and_why(self, database: Database) -> None:
        with database.sessions.begin() as session:
            record(
                session,
                LOCAL_ADMINISTRATOR,
                "version.reject",
                VERSION,
                now=NOON,
                before="submitted",
                after="draft",
                reason="West is missing",
                facts={"hash": "sha256:…"},
            )

        [entry] = told(database)
        assert entry.id.startswith("aud_")
        assert (entry.actor, entry.actor_name, entry.role, entry.at) == (
            "local",
            "local administrator",
            "admin",
            NOON,
        )
        assert (entry.action, entry.before, entry.after) == ("version.reject", "submitted", "draft")
        assert (entry.reason, entry.facts) == ("West is missing", {"hash": "sha256:…"})

    def test_entries_come_in_the_order_in_which_things_were_done(self, database: Database) -> None:
        actions = [f"version.{n}" for n in range(20)]
        for some in (actions[:10], actions[10:]):
            with database.sessions.begin() as session:
                for action in some:
                    record(session, LOCAL_ADMINISTRATOR, action, VERSION, now=NOON)

        assert [entry.action for entry in told(database)] == actions

    def test_of_one_subject_only_its_own_is_told(self, database: Database) -> None:
        published(database)
        published(database, "plan_1/versions/31")

        assert len(told(database)) == 1

    def test_what_failed_leaves_none(self, database: Database) -> None:
        def fail() -> None:
            with database.sessions.begin() as session:
                record(session, LOCAL_ADMINISTRATOR, "version.publish", VERSION, now=NOON)
                session.flush()
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()

        assert told(database) == []

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_entry SET actor_name = 'Eve'",
            "UPDATE audit_entry SET at = '2020-01-01 00:00:00+00'",
            "DELETE FROM audit_entry",
        ],
    )
    def test_nobody_changes_or_removes_an_entry(self, database: Database, statement: str) -> None:
        published(database)

        with (
            database.sessions() as session,
            pytest.raises(sa.exc.DBAPIError, match="the audit trail only grows"),
        ):
            session.execute(sa.text(statement))

        assert len(told(database)) == 1

    def test_nor_empties_the_table_at_once(self, database: Database) -> None:
        published(database)
        if database.engine.dialect.name == "sqlite":
            return  # it has no TRUNCATE
        with (
            database.sessions() as session,
            pytest.raises(sa.exc.DBAPIError, match="the audit trail only grows"),
        ):
            session.execute(sa.text("TRUNCATE audit_entry"))

    def test_nor_puts_another_in_its_place(self, database: Database) -> None:
        published(database)
        if database.engine.dialect.name != "sqlite":
            return  # it has no REPLACE
        columns = [own.name for own in AuditEntry.__table__.columns]
        others = ", ".join("'Eve'" if own == "actor_name" else f'"{own}"' for own in columns)
        with (
            database.sessions() as session,
            pytest.raises(sa.exc.DBAPIError, match="the audit trail only grows"),
        ):
            session.execute(
                sa.text(f"REPLACE INTO audit_entry SELECT {others} FROM audit_entry")  # noqa: S608 -- names of columns
            )


class TestOutbox:
    def test_an_announcement_waits_until_it_is_relayed(self, database: Database) -> None:
        with database.sessions.begin() as session:
            for kind in ("version.published", "change_request.accepted"):
                announce(session, DEFAULT_WORKSPACE, kind, {"plan": "plan_1"}, now=NOON)
        with database.sessions.begin() as session:
            first, second = still_waiting(session)
            assert (first.kind, second.kind) == ("version.published", "change_request.accepted")
            assert (first.payload, first.at) == ({"plan": "plan_1"}, NOON)
            first.relayed_at = NOON

        with database.sessions.begin() as session:
            assert [event.id for event in still_waiting(session)] == [second.id]

    def test_nothing_is_told_of_what_failed(self, database: Database) -> None:
        with database.sessions() as session:
            announce(session, DEFAULT_WORKSPACE, "version.published", {}, now=NOON)
            session.flush()
            session.rollback()

        with database.sessions.begin() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(OutboxEvent)) == 0

    def test_what_is_committed_late_is_not_overlooked(self, database: Database) -> None:
        """Two transactions side by side, of which the one that began first ends last."""
        if database.engine.dialect.name == "sqlite":
            return  # writers take turns
        with database.sessions() as slow, database.sessions() as quick:
            announce(slow, DEFAULT_WORKSPACE, "version.submitted", {}, now=NOON)
            slow.flush()
            announce(quick, DEFAULT_WORKSPACE, "version.approved", {}, now=NOON)
            quick.commit()
            with database.sessions.begin() as reader:
                [seen] = still_waiting(reader)
                assert seen.kind == "version.approved"
                seen.relayed_at = NOON
            slow.commit()

        with database.sessions.begin() as reader:
            assert [event.kind for event in still_waiting(reader)] == ["version.submitted"]
