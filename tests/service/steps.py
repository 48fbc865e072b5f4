"""The steps of a version over HTTP, for tests that are about what comes after."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient


def at_once[Item, Result](do: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do all at the same moment, each in a thread of its own."""
    things = list(items)
    barrier = threading.Barrier(len(things))

    def wait_and_do(item: Item) -> Result:
        barrier.wait()
        return do(item)

    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(wait_and_do, things))


def take(client: TestClient, version: str, step: str, **body: Any) -> Response:
    """Take a step with a version, as it is now: `/v1/plans/plan_…/versions/3`."""
    return client.post(f"{version}/{step}", json=body, headers={"If-Match": "*"})


def approved(client: TestClient, version: str) -> str:
    """Submit a draft and approve it; answers its ETag."""
    take(client, version, "submit").raise_for_status()
    return take(client, version, "approve").raise_for_status().headers["etag"]


def publish(client: TestClient, version: str, **body: Any) -> Response:
    """Walk a draft through all steps; answers the last one."""
    headers = {"If-Match": approved(client, version)}
    return client.post(f"{version}/publish", json=body, headers=headers)
