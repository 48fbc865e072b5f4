"""Several change requests granted, one after the other and at once: one draft has them all."""

import pytest
from starlette.testclient import TestClient

from service.kit import queues
from tests.service.allocations.plans import a_version, quotas
from tests.service.negotiations.requests import a_published_plan, a_request, answer, ask
from tests.service.negotiations.teams import (
    EVERYBODY,
    RESERVES,
    accepted,
    published_teams,
    three_teams,
)
from tests.service.steps import at_once, publish


@pytest.fixture
def plan(client: TestClient) -> str:
    return published_teams(client)


class TestTogether:
    def test_what_is_granted_adds_up_in_one_draft(self, client: TestClient, plan: str) -> None:
        wanted = {"ann": 104, "bob": 106, "dan": 100, "fay": 115, "gus": 108}
        requests = [a_request(client, plan, rep, quota) for rep, quota in wanted.items()]

        versions = [accepted(client, each)["version"] for each in requests[:4]]
        # fay has 115, so gus carries 105, and 108 is what he asked to have
        last = accepted(client, requests[4], funding="unfunded")["version"]

        assert [*versions, last] == [2, 3, 4, 5, 6]
        after = quotas(client, f"{plan}/versions/6")
        assert {rep: after[rep] for rep in wanted} == wanted
        assert client.get(f"{plan}/versions/6").json()["base_version"] == 5
        verified = client.get(f"{plan}/versions/6/verify").json()
        assert verified["valid"], verified

    def test_ten_granted_one_after_the_other_are_all_in_the_last_draft(
        self, client: TestClient
    ) -> None:
        units = [{"id": f"u{number}"} for number in range(10)]
        reps = [
            {"id": f"{name}{number}", "unit": f"u{number}", "baseline": 100, "reach": 100}
            for number in range(10)
            for name in "ab"
        ]
        plan = a_published_plan(client, {"target": 2200, "units": units, "reps": reps})
        requests = [a_request(client, plan, f"a{number}", 100 + number) for number in range(10)]

        versions = [accepted(client, request)["version"] for request in requests]

        assert versions == [*range(2, 12)]
        assert quotas(client, f"{plan}/versions/11") == {
            name: amount
            for number in range(10)
            for name, amount in ((f"a{number}", 100 + number), (f"b{number}", 120 - number))
        }
        assert client.get(f"{plan}/versions/11/verify").json()["valid"]

    def test_granted_at_once_both_are_in_the_last_draft(
        self, client: TestClient, plan: str
    ) -> None:
        wanted = {"ann": 104, "dan": 100, "fay": 115}
        requests = [a_request(client, plan, rep, quota) for rep, quota in wanted.items()]

        answers = at_once(lambda request: answer(client, request, "accept"), requests)

        assert sorted(each.json()["version"] for each in answers) == [2, 3, 4]
        assert quotas(client, f"{plan}/versions/4") == {
            "ann": 104, "bob": 113, "cyd": 113, "dan": 100, "eve": 120, "fay": 115, "gus": 105,
        }  # fmt: skip
        assert client.get(f"{plan}/versions/4/verify").json()["valid"]

    def test_granted_at_once_nobody_decides_in_vain(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A crowd that decides side by side would do nearly all of its work again and again."""
        monkeypatch.setattr(queues, "TRIES", 1)
        plan = a_published_plan(client, three_teams(), **RESERVES)
        asked = [a_request(client, plan, rep, 108) for rep in ("ann", "bob", "cyd", "dan", "eve")]

        answers = at_once(lambda request: answer(client, request, "accept"), asked)

        assert [each.status_code for each in answers] == [200] * 5

    def test_drafts_of_another_solve_are_left_alone(self, client: TestClient, plan: str) -> None:
        a_version(client, plan, policy={"fairness": "equal_growth"})

        accepted(client, a_request(client, plan, "ann", 100))

        assert client.get(f"{plan}/versions/3").json()["base_version"] == 1

    def test_what_was_granted_is_kept_by_the_next_grant(
        self, client: TestClient, plan: str
    ) -> None:
        accepted(client, a_request(client, plan, "ann", 104))
        accepted(client, a_request(client, plan, "bob", 106))

        # cyd alone carries both: ann is locked
        assert quotas(client, f"{plan}/versions/3") == EVERYBODY | {
            "ann": 104, "bob": 106, "cyd": 120,
        }  # fmt: skip

    def test_a_draft_that_is_published_ends_the_renegotiation(
        self, client: TestClient, plan: str
    ) -> None:
        accepted(client, a_request(client, plan, "ann", 104))
        publish(client, f"{plan}/versions/2").raise_for_status()

        assert ask(client, plan, "bob", 100).status_code == 409
        accepted(client, a_request(client, plan, "bob", 106, version=2))

        assert client.get(f"{plan}/versions/3").json()["base_version"] == 2
