"""What the guide to safe retries shows is what the service answers."""

from starlette.testclient import TestClient

from tests.service.guides.pages import documents, examples, guide

PAGE = guide("retries")


def test_the_whole_page(client: TestClient) -> None:
    body, refused = documents(PAGE)
    request, replayed = examples(PAGE, "http")
    first_line, header = request.strip().splitlines()
    method, path = first_line.split()
    name, key = header.split(": ")

    first = client.request(method, path, json=body, headers={name: key})
    again = client.request(method, path, json=body, headers={name: key})
    other = client.request(method, path, json=body | {"name": "FY28"}, headers={name: key})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert [again.headers[header] for header in ("etag", "location")] == [
        first.headers[header] for header in ("etag", "location")
    ]
    name, value = replayed.strip().split(": ")
    assert again.headers[name] == value
    assert other.json() == other.json() | refused
    assert len(client.get(path).json()["items"]) == 1
