"""Retries by key: one effect, one answer, whatever comes in between; each on both databases."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from httpx2 import Response
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR
from service.kit.clock import time_of_request
from service.kit.db import Database
from service.kit.idempotency import (
    KEPT_FOR,
    LEASE,
    Answer,
    Attempt,
    IdempotencyKey,
    KeepingAnswers,
    Replayed,
    StillUnderWay,
    claim,
    fingerprint,
)
from tests.service.allocations.plans import a_plan, four_reps
from tests.service.callers import Callers

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def send(client: TestClient, key: str = "k-1", path: str = "/v1/plans", **more: Any) -> Response:
    more = {"json": PLAN} | more
    headers = {"Idempotency-Key": key}
    if "content" in more:
        headers["Content-Type"] = "application/json"
    return client.post(path, headers=headers, **more)


def plans(client: TestClient) -> int:
    return len(client.get("/v1/plans?limit=1000").json()["items"])


@pytest.fixture
def at(app: FastAPI) -> Iterator[Callable[[datetime], None]]:
    """Lets it be another moment."""

    def set_clock(moment: datetime) -> None:
        app.dependency_overrides[time_of_request] = lambda: moment

    yield set_clock
    app.dependency_overrides.clear()


class TestTheSameAgain:
    def test_is_answered_as_before_and_done_once(self, client: TestClient) -> None:
        first, again = send(client), send(client)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert again.headers["x-request-id"] != first.headers["x-request-id"]
        assert plans(client) == 1

    def test_with_another_body_path_or_query_is_refused(self, client: TestClient) -> None:
        assert send(client).status_code == 201

        for other in (
            send(client, json=PLAN | {"name": "FY28"}),
            send(client, json=None, content=json.dumps(PLAN, indent=1)),
            send(client, path="/v1/allocations"),
            send(client, path="/v1/allocations/check"),
        ):
            assert other.status_code == 422
            assert other.json()["type"] == "/problems/key-of-another-request"
        assert plans(client) == 1

    def test_solves_no_second_version(self, client: TestClient) -> None:
        versions = f"{a_plan(client, four_reps())}/versions"

        first, again = (send(client, path=versions, json={"policy": {}}) for _ in range(2))

        assert first.status_code == 201, first.text
        assert (again.status_code, again.content) == (201, first.content)
        assert len(client.get(versions).json()["items"]) == 1

    def test_answers_what_was_computed_and_not_stored(self, client: TestClient) -> None:
        first, again = (send(client, path="/v1/allocations", json=four_reps()) for _ in range(2))

        assert first.status_code == 200, first.text
        assert again.content == first.content
        assert again.headers["idempotent-replayed"] == "true"

    def test_is_done_anew_after_a_day(
        self, client: TestClient, at: Callable[[datetime], None]
    ) -> None:
        now = datetime(2027, 1, 1, tzinfo=UTC)
        at(now)
        send(client)
        at(now + KEPT_FOR)
        kept = send(client)
        at(now + KEPT_FOR + timedelta(seconds=1))
        anew = send(client)

        assert kept.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in anew.headers
        assert plans(client) == 2


class TestRefusals:
    def test_leave_the_key_free(self, client: TestClient) -> None:
        refused = send(client, json=PLAN | {"currency": "dollars"})
        mended = send(client)

        assert refused.status_code == 422
        assert mended.status_code == 201

    def test_of_what_was_not_changed_are_looked_at_again(self, client: TestClient) -> None:
        path = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}/versions"
        refused = send(client, path=path, json={})
        client.put(path.replace("versions", "inputs"), json=four_reps())

        assert refused.status_code == 409, refused.text
        assert send(client, path=path, json={}).status_code == 201

    @pytest.mark.parametrize("key", ["", " ", "a" * 256, "schlüssel", "a\tb"])
    def test_of_a_key_that_is_none_say_what_one_is(self, client: TestClient, key: str) -> None:
        refused = client.post("/v1/plans", json=PLAN, headers={b"Idempotency-Key": key.encode()})

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["parameter"] == "Idempotency-Key"
        assert plans(client) == 0

    def test_of_two_keys(self, client: TestClient) -> None:
        two = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

        assert client.post("/v1/plans", json=PLAN, headers=two).status_code == 422


class TestReading:
    def test_needs_no_key_and_minds_none(self, client: TestClient) -> None:
        key = {"Idempotency-Key": "k-1"}

        assert client.get("/v1/plans", headers=key).json()["items"] == []
        send(client)
        assert len(client.get("/v1/plans", headers=key).json()["items"]) == 1

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_with_a_key_is_sent_while_it_is_written(self, method: str) -> None:
        """Files of any length would fill the memory."""
        happened: list[str] = []

        async def write(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200})
            for piece in (b"one", b"two"):
                happened.append(f"wrote {piece.decode()}")
                await send({"type": "http.response.body", "body": piece, "more_body": True})

        async def note(message: Message) -> None:
            if "body" in message:
                happened.append(f"sent {message['body'].decode()}")

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        headers = [(b"idempotency-key", b"k-1")]
        scope = {"type": "http", "method": method, "headers": headers}
        anyio.run(KeepingAnswers(write), scope, nothing, note)

        assert happened == ["wrote one", "sent one", "wrote two", "sent two"]


class TestCallers:
    def test_have_keys_of_their_own(self, callers: Callers) -> None:
        one, other, foreign = callers("admin"), callers("admin"), callers("admin")

        assert [send(client).status_code for client in (one, other, foreign)] == [201] * 3
        assert plans(one) == 3
        assert "idempotent-replayed" not in send(foreign, key="k-2").headers

    def test_are_known_before_their_keys_are(self, callers: Callers) -> None:
        admin = callers("admin")
        send(admin)
        admin.headers["Authorization"] = "Bearer fq_nobody"

        assert send(admin).status_code == 401

    def test_are_told_a_secret_once(self, callers: Callers) -> None:
        admin, key = callers("admin"), {"name": "crm", "role": "integration"}

        made, again = (send(admin, path="/v1/keys", json=key) for _ in range(2))

        assert made.status_code == 201
        assert again.status_code == 409
        assert again.json()["type"] == "/problems/answer-not-kept"
        assert again.json()["subject"] == made.json()["id"]
        assert len(admin.get("/v1/keys").json()["items"]) == 2
        database: Database = admin.app.state.database  # type: ignore[attr-defined]
        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            assert session.scalars(sa.select(IdempotencyKey.body)).all() == [None]


class TestFiles:
    def test_have_another_boundary_each_time(self, client: TestClient) -> None:
        path = f"{a_plan(client, four_reps())}/versions/import"
        sheet = b"rep,quota\nann,110\nbob,110\ncyd,110\nd/d,111\n"

        def send_sheet() -> Response:
            files = {"file": ("plan.csv", sheet, "text/csv")}
            return client.post(path, headers={"Idempotency-Key": "k"}, files=files)

        first, again = send_sheet(), send_sheet()

        assert first.status_code == 201, first.text
        assert first.request.headers["content-type"] != again.request.headers["content-type"]
        assert (again.status_code, again.content) == (201, first.content)

    @pytest.mark.parametrize("told", ["boundary={}", 'boundary="{}"', "Boundary={}; charset=utf-8"])
    def test_are_the_same_whatever_stands_between_them(self, told: str) -> None:
        first, again = (
            a_form(told, boundary, b"rep,quota\nann,110\n") for boundary in ("a", "b--")
        )

        assert first == again

    def test_of_which_one_has_the_boundary_in_it_are_two(self) -> None:
        """Its bytes are no boundary where no line begins with them."""
        once, twice = (a_form("boundary={}", "1", b"ann," + b"1" * n + b"0") for n in (1, 2))

        assert once != twice


def a_form(told: str, boundary: str, sheet: bytes) -> str:
    """The fingerprint of a form; `told`: how its header says what is between its fields."""
    head = b'Content-Disposition: form-data; name="file"; filename="plan.csv"'
    line = b"--" + boundary.encode()
    body = b"\r\n".join([line, head, b"", sheet, line + b"--", b""])
    media_type = f"multipart/form-data; {told.format(boundary)}"
    headers = [(b"content-type", media_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    return fingerprint(Request(scope), body)


class TestStopsInTheMiddle:
    """What a process leaves that ends at the worst moment."""

    def forget_the_answer(self, app: FastAPI, **also: None) -> None:
        nothing: dict[str, None] = {"status": None, "headers": None, "body": None, **also}
        with app.state.database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            session.execute(sa.update(IdempotencyKey).values(nothing))

    def test_before_anything_was_done_are_tried_again_after_the_lease(
        self, client: TestClient, app: FastAPI, at: Callable[[datetime], None]
    ) -> None:
        now = datetime(2027, 1, 1, tzinfo=UTC)
        at(now)
        send(client)
        self.forget_the_answer(app, action=None, subject=None)

        assert send(client).json()["type"] == "/problems/still-under-way"
        at(now + LEASE)
        assert send(client).status_code == 201

    def test_after_it_was_done_tell_what_was_and_do_nothing(
        self, client: TestClient, app: FastAPI, at: Callable[[datetime], None]
    ) -> None:
        now = datetime(2027, 1, 1, tzinfo=UTC)
        at(now)
        plan = send(client).json()["id"]
        self.forget_the_answer(app)

        waiting = send(client)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (409, "1")
        at(now + LEASE)
        told = send(client)
        assert told.status_code == 409
        assert told.json()["type"] == "/problems/answer-not-kept"
        assert (told.json()["action"], told.json()["subject"]) == ("plan.create", plan)
        assert plans(client) == 1

    def test_of_a_commit_leave_the_key_free(self, client: TestClient, app: FastAPI) -> None:
        database: Database = app.state.database

        @sa.event.listens_for(database.sessions, "before_commit")
        def break_off(session: Any) -> None:
            if any(isinstance(own, Attempt) for own in session.info.get("stamps", ())):
                raise OSError("no space left on device")

        failed = send(client)
        sa.event.remove(database.sessions, "before_commit", break_off)

        assert failed.status_code == 500
        assert send(client).status_code == 201
        assert plans(client) == 1

    def test_let_nobody_store_what_another_try_has_taken_over(self, database: Database) -> None:
        now = datetime(2027, 1, 1, tzinfo=UTC)
        own = database.of(DEFAULT_WORKSPACE)
        slow = claim(own, LOCAL_ADMINISTRATOR, "k", "sha", now=now)
        quick = claim(own, LOCAL_ADMINISTRATOR, "k", "sha", now=now + LEASE)

        with own.sessions.begin() as session:
            quick.stamp(session, "plan.create", "plan_1")
        with pytest.raises(StillUnderWay), own.sessions.begin() as session:
            slow.stamp(session, "plan.create", "plan_2")
        slow.finish(Answer(201, (), b"2"))
        quick.finish(Answer(201, (), b"1"))

        with pytest.raises(Replayed) as replayed:
            claim(own, LOCAL_ADMINISTRATOR, "k", "sha", now=now)
        assert replayed.value.answer.body == b"1"


class TestStorms:
    def test_of_retries_have_one_effect_each(self, client: TestClient) -> None:
        keys = [f"k-{n}" for n in range(6)]
        barrier = threading.Barrier(32)

        def storm(_: int) -> list[Response]:
            barrier.wait(timeout=60)
            return [send(client, key) for key in keys]

        with ThreadPoolExecutor(32) as pool:
            answers = [own for several in pool.map(storm, range(32)) for own in several]

        assert Counter(own.status_code for own in answers).keys() <= {201, 409}
        fresh = [
            own
            for own in answers
            if own.status_code == 201 and "idempotent-replayed" not in own.headers
        ]
        assert len(fresh) == plans(client) == len(keys)
        assert len({own.json()["id"] for own in answers if own.status_code == 201}) == len(keys)

    def test_of_different_requests_with_one_key_do_one_of_them(self, client: TestClient) -> None:
        barrier = threading.Barrier(32)

        def send_own(number: int) -> Response:
            barrier.wait(timeout=60)
            return send(client, json=PLAN | {"name": f"FY{number}"})

        with ThreadPoolExecutor(32) as pool:
            answers = [*pool.map(send_own, range(32))]

        said = Counter(own.status_code for own in answers)
        assert said[201] == plans(client) == 1
        assert said.keys() <= {201, 409, 422}  # a key that two insert at once is under way
        assert send(client, json=PLAN | {"name": "FY99"}).status_code == 422
