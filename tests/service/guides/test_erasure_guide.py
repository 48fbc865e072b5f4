"""What the guide to erasure shows is what the service answers."""

from starlette.testclient import TestClient

from service.kit.access import ALLOWED, Permission
from service.kit.roles import Role
from service.people.schemas import ErasedOut
from tests.service.allocations.plans import a_plan, four_reps
from tests.service.guides.pages import documents, examples, guide

GUIDE = guide("erasure")


def test_the_call_answers_as_shown(client: TestClient) -> None:
    inputs = four_reps()
    inputs["reps"][0] |= {"id": "r1", "name": "Anna Berg"}
    a_plan(client, inputs)
    method, path = examples(GUIDE, "http")[0].split()

    told = client.request(method, path).json()

    [shown] = documents(GUIDE)
    assert told["erased"] == dict.fromkeys(shown["erased"], 0) | {"people": 1}
    assert {**told, "erased": shown["erased"]} == shown


def test_all_that_is_counted_is_explained() -> None:
    assert all(f"| `{name}` |" in GUIDE for name in ErasedOut.model_fields)


def test_an_administrator_sends_it() -> None:
    assert ALLOWED[Permission.ERASE] == {Role.ADMIN}
