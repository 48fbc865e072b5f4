"""A receiver fails, the server is killed: the delivery comes all the same, once it is back; on both
databases.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.commands import address_in, started
from tests.e2e.conftest import Api
from tests.service.webhooks.receiver import receiving

REPS = [{"id": "ann", "baseline": 100, "reach": 100}, {"id": "bob", "baseline": 100, "reach": 50}]


def test_a_killed_server_delivers_when_it_is_back(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = {
        "FAIRQUOTA_DATABASE_URL": database_url,
        "FAIRQUOTA_WEBHOOKS_TO_PRIVATE_ADDRESSES": "1",
    }
    with receiving() as receiver:
        receiver.answers.append(500)
        with started("serve", "--port", "0", **settings) as (process, said):
            api = Api(address_in(said))
            hook = {"url": receiver.url, "events": ["version.published"]}
            secret = api.post("/v1/webhooks", hook).json["secret"]
            head = publish_a_plan(api)
            refused = receiver.arrivals.get(timeout=60)
            while api.get("/v1/webhooks").json["items"][0]["attempts"] == 0:
                pass  # until what came of it is stored
            process.kill()

        with started("serve", "--port", "0", **settings):
            taken = receiver.arrivals.get(timeout=60)

    assert (taken.id, taken.body) == (refused.id, refused.body)
    assert taken.checked(secret)["data"]["hash"] == head


def publish_a_plan(api: Api) -> str:
    """Answers the head hash."""
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    plan = api.post("/v1/plans", {"name": "FY27", "period": period}).headers["Location"]
    api.put(f"{plan}/inputs", {"target": 220, "reps": REPS})
    step: Any = api.post(f"{plan}/versions", {})
    for name in ("submit", "approve", "publish"):
        step = api.post(f"{plan}/versions/1/{name}", {}, If_Match=step.headers["ETag"])
    head: str = step.json["head"]
    return head
