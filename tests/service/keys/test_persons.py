"""One person with two keys, or a key and a token, does not decide on what the same person wants."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.settings import Settings
from tests.service.allocations.plans import a_plan, a_version
from tests.service.apps import serving
from tests.service.callers import Callers, a_key
from tests.service.identity_provider import IdentityProvider
from tests.service.negotiations.requests import a_published_plan, a_request, answer
from tests.service.steps import take


def said(client: TestClient, request: str, action: str = "accept", **body: object) -> int:
    return answer(client, request, action, **body).status_code


class TestChangeRequests:
    @pytest.fixture
    def plan(self, callers: Callers) -> str:
        return a_published_plan(callers("admin"))

    def test_who_asked_with_one_key_does_not_decide_with_another(
        self, callers: Callers, plan: str
    ) -> None:
        keys = [callers("manager", unit="east", person="wes") for _ in range(2)]
        request = a_request(keys[0], plan, "cyd", 110)

        assert said(keys[1], request, amount=110, funding="siblings") == 403
        somebody_else = callers("manager", unit="east", person="una")
        assert said(somebody_else, request, amount=110, funding="siblings") == 200

    def test_who_asked_as_a_rep_does_not_decide_as_a_manager(
        self, callers: Callers, plan: str
    ) -> None:
        request = a_request(callers("rep", rep="cyd", person="wes"), plan, "cyd", 110)

        assert said(callers("manager", unit="east", person="wes"), request, "reject") == 403
        assert said(callers("manager", unit="east"), request, "reject") == 200

    def test_who_asked_may_withdraw_with_another_key(self, callers: Callers, plan: str) -> None:
        keys = [callers("manager", unit="east", person="wes") for _ in range(2)]
        request = a_request(keys[0], plan, "cyd", 110)

        assert said(callers("manager", unit="east"), request, "withdraw") == 403
        assert said(keys[1], request, "withdraw") == 200

    @pytest.mark.parametrize("role", ["admin", "planner", "manager"])
    def test_nobody_decides_on_the_own_quota(self, callers: Callers, plan: str, role: str) -> None:
        unit = "east" if role == "manager" else None
        request = a_request(callers("rep", rep="cyd"), plan, "cyd", 110)
        own, other = callers(role, unit=unit, rep="cyd"), callers(role, unit=unit, rep="d/d")

        assert said(own, request, amount=110, funding="siblings") == 403
        assert said(own, request, "counter", amount=111, funding="siblings") == 403
        assert said(other, request, "counter", amount=111, funding="siblings") == 200
        assert said(own, request, amount=111) == 200  # as who carries it


class TestFourEyes:
    @pytest.fixture
    def provider(self) -> Iterator[IdentityProvider]:
        provider = IdentityProvider()
        yield provider
        provider.close()

    @pytest.fixture
    def app(self, database_url: str, provider: IdentityProvider) -> Iterator[FastAPI]:
        settings = provider.settings(database_url=database_url, four_eyes=True)
        with serving(Settings(**settings)) as app:
            yield app

    def test_a_key_and_a_token_of_one_person_are_two_eyes(
        self, app: FastAPI, provider: IdentityProvider
    ) -> None:
        database = app.state.database
        key = a_key(database, person="u-17")
        own, other = (
            {"Authorization": f"Bearer {provider.token(sub=subject)}"}
            for subject in ("u-17", "u-18")
        )
        with TestClient(app, base_url="https://quota.example.com", headers=key) as client:
            plan = a_plan(client)
            a_version(client, plan)
            version = f"{plan}/versions/1"

            def approved(headers: dict[str, str]) -> int:
                anyway = {"If-Match": "*"} | headers
                return client.post(f"{version}/approve", json={}, headers=anyway).status_code

            take(client, version, "submit").raise_for_status()
            assert approved(a_key(database, person="u-17")) == 403
            assert approved(own) == 403
            assert approved(other) == 200

            withdrawn = client.post(f"{version}/withdraw", json={}, headers={"If-Match": "*"} | own)
            withdrawn.raise_for_status()
            submitted = client.post(f"{version}/submit", json={}, headers={"If-Match": "*"} | own)
            submitted.raise_for_status()
            assert approved(key) == 403
            assert approved(a_key(database)) == 200


def test_a_key_says_whose_it_is(callers: Callers) -> None:
    admin = callers("admin")
    body = {"name": "Wes", "role": "manager", "unit": "west", "rep": "bob", "person": "u-17"}

    made = admin.post("/v1/keys", json=body).json()

    listed = next(key for key in admin.get("/v1/keys").json()["items"] if key["id"] == made["id"])
    assert (listed["rep"], listed["person"]) == ("bob", "u-17")
