"""What the guide to calls that take long shows is what the service answers."""

from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan
from tests.service.guides.pages import documents, examples, guide, holds
from tests.service.operations.following import done

PAGE = guide("operations")


def test_the_whole_page(client: TestClient) -> None:
    plan = a_plan(client).removeprefix("/v1/plans/")
    body, shown = documents(PAGE.replace("{plan}", plan))
    request, accepted = examples(PAGE.replace("{plan}", plan), "http")
    first_line, wish = request.strip().splitlines()
    method, path = first_line.split()
    name, value = wish.split(": ")
    location, applied = (line.split(": ") for line in accepted.strip().splitlines())

    answer = client.request(method, path, json=body, headers={name: value})
    told = done(client, answer.headers["location"])

    assert answer.status_code == 202, answer.text
    assert len(answer.headers[location[0]]) == len(location[1])
    assert answer.headers[applied[0]] == applied[1]
    assert holds(shown, told)
