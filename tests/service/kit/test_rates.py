"""How often one may call: counted by caller and by address, told in headers, on a clock of ours."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.testclient import TestClient

from service.kit.errors import TooManyRequests
from service.kit.rates import _MOST, Rate, Rates
from service.kit.settings import Settings
from tests.service.apps import serving
from tests.service.callers import Callers, a_key

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}
SECOND = 10**9


@dataclass
class Clock:
    now: int = 0

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


def a_request(host: str = "192.0.2.7") -> Request:
    return Request({"type": "http", "client": (host, 5000), "headers": [], "state": {}})


@dataclass
class Bucket:
    """Somebody who calls at a rate."""

    per_minute: int
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.rate = Rate("calls", self.per_minute, self.clock)
        self.request = a_request()

    def take(self) -> int:
        return self.rate.take(self.request, "somebody")

    def taken(self, calls: int) -> int:
        """How many of these calls were let through."""
        return sum(self.take() == 0 for _ in range(calls))


class TestRate:
    def test_as_many_as_a_minute_has_come_through_at_once(self) -> None:
        assert Bucket(60).taken(100) == 60

    def test_others_are_counted_by_themselves(self) -> None:
        bucket = Bucket(1)
        bucket.take()

        assert bucket.rate.take(a_request(), "somebody else") == 0

    def test_it_comes_back_evenly(self) -> None:
        bucket = Bucket(60)
        bucket.taken(60)

        bucket.clock.wait(2)

        assert bucket.taken(10) == 2

    def test_after_a_minute_all_is_back_and_not_more(self) -> None:
        bucket = Bucket(60)
        bucket.taken(60)

        bucket.clock.wait(3600)

        assert bucket.taken(100) == 60

    def test_what_is_left_is_told(self) -> None:
        bucket, request = Bucket(6), a_request()
        bucket.take()

        bucket.rate.take(request, "somebody")

        assert request.state.headers == {
            "RateLimit-Policy": '"calls";q=6;w=60',
            "RateLimit": '"calls";r=4;t=10',
        }

    def test_of_many_at_once_as_many_come_through_as_may(self) -> None:
        bucket = Bucket(50)
        with ThreadPoolExecutor(16) as threads:
            waits = [*threads.map(lambda _: bucket.take(), range(400))]

        assert waits.count(0) == 50

    @given(
        per_minute=st.integers(1, 100),
        steps=st.lists(st.tuples(st.integers(0, 90 * SECOND), st.integers(1, 40)), max_size=9),
    )
    def test_never_more_than_a_minutes_calls_beyond_what_time_gives_back(
        self, per_minute: int, steps: list[tuple[int, int]]
    ) -> None:
        bucket = Bucket(per_minute)
        through = 0
        for wait, calls in steps:
            bucket.clock.now += wait
            through += bucket.taken(calls)
            # one more for the nanosecond by which a step is rounded down
            assert through <= per_minute * (1 + bucket.clock.now / (60 * SECOND)) + 1

    @given(per_minute=st.integers(1, 300), late=st.integers(0, 20 * SECOND))
    def test_who_waits_as_long_as_told_comes_through(self, per_minute: int, late: int) -> None:
        bucket = Bucket(per_minute)
        bucket.taken(per_minute)
        bucket.clock.now += late
        if seconds := bucket.take():
            bucket.clock.wait(seconds)
            assert bucket.take() == 0

    def test_only_those_who_called_last_are_remembered(self) -> None:
        bucket = Bucket(1)
        for name in range(_MOST + 1):
            bucket.rate.take(bucket.request, str(name))

        assert len(bucket.rate._full_at) == _MOST
        assert bucket.rate.take(a_request(), str(_MOST)) > 0
        assert bucket.rate.take(a_request(), "0") == 0


class TestAddresses:
    @staticmethod
    def refused(rates: Rates, *hosts: str) -> list[bool]:
        """Whether each is told to wait, each after one key that is not valid came from it."""
        found = []
        for host in hosts:
            try:
                rates.may_try(a_request(host), "fq_wrong")
                found.append(False)
            except TooManyRequests:
                found.append(True)
            rates.was_refused(a_request(host), "fq_wrong")
        return found

    def test_are_counted_each(self) -> None:
        rates = Rates(Settings(access="keys", refused_keys_per_minute=1), Clock())

        hosts = ("192.0.2.7", "192.0.2.8", "192.0.2.7")
        assert self.refused(rates, *hosts) == [False, False, True]

    def test_of_one_ipv6_network_are_one(self) -> None:
        rates = Rates(Settings(access="keys", refused_keys_per_minute=1), Clock())

        hosts = ("2001:db8:0:1::7", "2001:db8:0:1:ffff::9", "2001:db8:0:2::7")
        assert self.refused(rates, *hosts) == [False, True, False]

    def test_that_are_none_are_counted_too(self) -> None:
        rates = Rates(Settings(access="keys", refused_keys_per_minute=1), Clock())

        assert self.refused(rates, "testclient", "testclient") == [False, True]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(database_url: str, clock: Clock) -> Iterator[FastAPI]:
    """Lets a caller call three times a minute, and an address err twice."""
    settings = Settings(
        database_url=database_url, access="keys", calls_per_minute=3, refused_keys_per_minute=2
    )
    with serving(settings) as app:
        app.state.rates = Rates(settings, clock)
        yield app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://quota.example.com")


def get(client: TestClient, headers: dict[str, str], path: str = "/v1/plans") -> Response:
    return client.get(path, headers=headers)


class TestCallers:
    def test_who_calls_too_often_is_told_when_to_come_again(
        self, app: FastAPI, client: TestClient, clock: Clock
    ) -> None:
        key = a_key(app.state.database)
        through = [get(client, key) for _ in range(3)]

        refused = get(client, key)

        assert [answer.headers["ratelimit"] for answer in through] == [
            '"calls";r=2;t=20', '"calls";r=1;t=20', '"calls";r=0;t=20',
        ]  # fmt: skip
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "20"
        assert refused.headers["ratelimit"] == '"calls";r=0;t=20'
        assert refused.headers["ratelimit-policy"] == '"calls";q=3;w=60'
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/too-many-requests"
        assert refused.json()["request_id"] == refused.headers["x-request-id"]
        clock.wait(20)
        assert get(client, key).status_code == 200
        assert get(client, key).status_code == 429

    def test_other_keys_are_other_callers(self, app: FastAPI, client: TestClient) -> None:
        first, second = a_key(app.state.database), a_key(app.state.database)
        for _ in range(4):
            get(client, first)

        assert get(client, second).status_code == 200

    def test_problems_tell_what_is_left_as_well(self, app: FastAPI, client: TestClient) -> None:
        answer = get(client, a_key(app.state.database), "/v1/plans/plan_1")

        assert (answer.status_code, answer.headers["ratelimit"]) == (404, '"calls";r=2;t=20')

    def test_nothing_is_read_or_claimed_of_a_call_too_many(
        self, app: FastAPI, client: TestClient, clock: Clock
    ) -> None:
        headers = a_key(app.state.database) | {"Idempotency-Key": "k-1"}
        for _ in range(3):
            get(client, headers)

        refused = client.post("/v1/plans", content=b"no JSON", headers=headers)
        clock.wait(20)
        done = client.post("/v1/plans", json=PLAN, headers=headers)

        assert (refused.status_code, done.status_code) == (429, 201)
        assert "idempotent-replayed" not in done.headers

    def test_pages_count_as_calls_and_say_it_in_words(
        self, app: FastAPI, client: TestClient
    ) -> None:
        headers = a_key(app.state.database) | {"Accept-Language": "zh"}
        for _ in range(3):
            get(client, headers, "/")

        page = get(client, headers, "/")

        assert (page.status_code, page.headers["retry-after"]) == (429, "20")
        assert re.search(r"<h1[^>]*>\s*请求过于频繁。", page.text)


WRONG = {"Authorization": "Bearer fq_wrong"}


class TestRefusedKeys:
    def test_an_address_that_tries_too_many_has_to_wait(
        self, app: FastAPI, client: TestClient, clock: Clock
    ) -> None:
        tried = [get(client, WRONG).status_code for _ in range(3)]
        new = get(client, a_key(app.state.database))
        clock.wait(30)

        assert tried == [401, 401, 429]
        assert (new.status_code, new.headers["retry-after"]) == (429, "30")
        assert new.headers["ratelimit-policy"] == '"refused-keys";q=2;w=60'
        assert get(client, a_key(app.state.database)).status_code == 200

    def test_keys_that_were_valid_lately_go_on_working(
        self, app: FastAPI, client: TestClient
    ) -> None:
        key = a_key(app.state.database)
        get(client, key)
        for _ in range(3):
            get(client, WRONG)

        assert get(client, key).status_code == 200

    def test_a_revoked_key_is_no_such_key(self, app: FastAPI, client: TestClient) -> None:
        admin, key = a_key(app.state.database), a_key(app.state.database)
        get(client, admin)
        get(client, key)
        # the one of `key` came last
        own = client.get("/v1/keys?limit=1", headers=admin).json()["items"][0]["id"]
        assert client.delete(f"/v1/keys/{own}", headers=admin).status_code == 204

        assert [get(client, key).status_code for _ in range(3)] == [401, 401, 429]

    def test_calls_without_a_key_are_not_counted(self, client: TestClient) -> None:
        assert {get(client, {}).status_code for _ in range(5)} == {401}


class TestDefaults:
    def test_nobody_is_counted_in_local_mode(self) -> None:
        assert Settings(access="local").calls_per_minute == 0

    def test_keys_and_identities_are_counted_elsewhere(self) -> None:
        assert Settings(access="keys").calls_per_minute == 1200

    def test_without_a_limit_no_headers_are_sent(self, callers: Callers) -> None:
        callers.app.state.rates = Rates(Settings(access="keys", calls_per_minute=0), Clock())

        assert "ratelimit" not in callers("admin").get("/v1/plans").headers
