"""One request is one transaction: committed before the answer, or not at all."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.kit import db
from service.kit.access import Permission, needs
from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database, ReadSessionDep, SessionDep, open_database
from service.kit.errors import Conflict, DatabaseUnavailable
from service.plans.tables import Plan
from tests.service.conftest import as_the_service

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}
rename = sa.update(Workspace).filter_by(id=DEFAULT_WORKSPACE)


def workspace_name(database: Database) -> str | None:
    with database.reading.begin() as session:
        return session.scalar(sa.select(Workspace.name).filter_by(id=DEFAULT_WORKSPACE))


def test_a_commit_that_fails_is_a_500_not_a_201(client: TestClient) -> None:
    def fail(_session: Session) -> None:
        raise RuntimeError("the disk is gone")

    sa.event.listen(Session, "before_commit", fail)
    try:
        response = client.post("/v1/plans", json=PLAN)
    finally:
        sa.event.remove(Session, "before_commit", fail)

    assert response.status_code == 500
    assert response.json()["type"] == "/problems/app-error"
    assert client.get("/v1/plans").json()["items"] == []


def test_a_refusal_takes_back_what_was_written(
    app: FastAPI, client: TestClient, database: Database
) -> None:
    def write_and_refuse(session: SessionDep) -> None:
        session.execute(rename.values(name="half done"))
        raise Conflict("no")

    app.add_api_route("/refuses", write_and_refuse, methods=["POST"])

    assert client.post("/refuses").status_code == 409
    assert workspace_name(database) == "Default"


def test_what_is_deleted_while_it_is_read_is_not_there(app: FastAPI, client: TestClient) -> None:
    client.post("/v1/plans", json=PLAN).raise_for_status()

    def read_too_late(session: SessionDep) -> str:
        plan = session.scalars(sa.select(Plan)).one()
        session.expire(plan)
        session.execute(sa.delete(Plan), execution_options={"synchronize_session": False})
        return plan.name

    app.add_api_route("/late", read_too_late, dependencies=[Depends(needs(Permission.READ_PLANS))])

    answer = client.get("/late")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "It was deleted while it was read."


def test_a_reading_session_cannot_write(
    app: FastAPI, client: TestClient, database: Database
) -> None:
    def write_in_a_reading_session(session: ReadSessionDep) -> None:
        session.execute(rename.values(name="written"))

    app.add_api_route("/writes", write_in_a_reading_session)

    assert client.get("/writes").status_code >= 500
    assert workspace_name(database) == "Default"


def test_a_hundred_writes_at_once_all_arrive(client: TestClient) -> None:
    """More than the server has threads: the holder of the write lock must still get one."""
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/plans", json=PLAN), range(100)))

    assert {answer.status_code for answer in answers} == {201}
    assert len(client.get("/v1/plans?limit=1000").json()["items"]) == 100


def test_who_waits_for_a_lock_in_vain_is_told_to_come_again(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its holder may have stopped for good: nobody waits for ever."""
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.2)
    rows = sa.select(Workspace).with_for_update()
    with closing(open_database(database_url)) as other, database.sessions.begin() as holder:
        holder.scalars(rows).all()
        with (
            pytest.raises(DatabaseUnavailable, match=r"^Other writes kept .* for 0.2 seconds\.$"),
            other.of(DEFAULT_WORKSPACE).sessions.begin() as session,
        ):
            session.scalars(rows).all()


def test_who_holds_a_lock_and_stops_loses_it_in_the_end(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped, or that the network does not reach any more."""
    monkeypatch.setattr(db, "FORGOTTEN_SECONDS", 0.1)
    rows = sa.select(Workspace).with_for_update()
    with closing(open_database(as_the_service(postgresql_url))) as database:
        own = database.of(DEFAULT_WORKSPACE)
        stopped = own.sessions()
        stopped.scalars(rows).all()

        with own.sessions.begin() as session:
            session.scalars(rows).all()

        with pytest.raises(DatabaseUnavailable):
            stopped.commit()


def test_no_update_is_lost_between_threads(database: Database) -> None:
    with database.sessions.begin() as session:
        session.execute(rename.values(name="0"))

    def increase() -> None:
        for _ in range(10):
            with database.sessions.begin() as session:
                workspace = session.scalars(
                    sa.select(Workspace).filter_by(id=DEFAULT_WORKSPACE).with_for_update()
                ).one()
                workspace.name = str(int(workspace.name) + 1)

    threads = [threading.Thread(target=increase) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    name = workspace_name(database)
    with database.sessions.begin() as session:
        session.execute(rename.values(name="Default"))
    assert name == "80"


def test_readers_do_not_wait_for_a_writer(client: TestClient, database: Database) -> None:
    with database.sessions.begin() as session:
        session.execute(rename.values(name="unfinished"))

        assert client.get("/v1/plans").status_code == 200
        session.rollback()


def test_a_reading_session_sees_one_moment(database: Database) -> None:
    names = sa.select(Workspace.name).filter_by(id="wsp_other")
    with database.reading.begin() as reader:
        assert reader.scalar(names) is None
        with database.sessions.begin() as writer:
            writer.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))

        assert reader.scalar(names) is None


def test_moments_come_back_in_utc(database: Database) -> None:
    now = utc_now()
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=now))

    with database.reading.begin() as session:
        assert session.scalar(sa.select(Workspace.created_at).filter_by(id="wsp_other")) == now


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = utc_now().replace(tzinfo=None)

    with database.sessions() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=naive))
        with pytest.raises(sa.exc.StatementError, match="has no time zone"):
            session.flush()
