"""What the guide to many plans at once shows is what the service answers."""

from starlette.testclient import TestClient

from tests.service.allocations.plans import FY27, a_plan
from tests.service.guides.pages import documents, examples, guide, holds
from tests.service.operations.following import done

PAGE = guide("batches")


def test_the_whole_page(client: TestClient) -> None:
    solved = a_plan(client, name="BU East").removeprefix("/v1/plans/")
    empty = client.post("/v1/plans", json=FY27 | {"name": "BU West"}).json()["id"]
    a_plan(client, name="Another")
    page = PAGE.replace("{solved}", solved).replace("{empty}", empty)
    body, accepted, ended, _ = documents(page)
    request, _ = examples(page, "http")
    method, path = request.split()

    answer = client.request(method, path, json=body)
    told = done(client, answer.headers["location"])

    assert answer.status_code == 202, answer.text
    assert holds(accepted, answer.json())
    assert holds(ended, told)
    assert client.get(f"/v1/plans/{solved}/versions/1").json()["note"] == body["note"]


def test_a_quarter_that_begins(client: TestClient) -> None:
    page = PAGE
    for name in ("east", "west"):
        before = {"start": "2027-01-01", "end": "2027-03-31"}
        period = {"start": "2027-04-01", "end": "2027-06-30"}
        earlier = a_plan(client, name=name, period=before).removeprefix("/v1/plans/")
        plan = client.post("/v1/plans", json={"name": name, "period": period}).json()["id"]
        page = page.replace(f"{{{name}}}", plan).replace(f"{{{name} before}}", earlier)
    *_, body = documents(page)

    told = done(client, client.post("/v1/batches", json=body).headers["location"])

    for item in told["result"]["items"]:
        version = client.get(f"/v1/plans/{item['plan']}/versions/{item['version']}").json()
        assert version["status"] == "submitted"
