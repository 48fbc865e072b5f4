"""Lists in pages: what holds for every list of the service."""

from pathlib import Path

import yaml

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from tests.service.callers import Callers

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}
WEBHOOK = {"url": "https://example.com/", "events": ["*"]}
LISTS = ("/v1/plans", "/v1/keys", "/v1/webhooks", "/v1/audit")
"""Of a workspace, not of one of its plans."""


def test_every_list_has_pages_of_100_and_of_1000_at_most() -> None:
    paths = yaml.load(Path("openapi/fairquota.yaml").read_text(), yaml.CSafeLoader)["paths"]
    lists = {
        path: {parameter["name"]: parameter["schema"] for parameter in call["get"]["parameters"]}
        for path, call in paths.items()
        for own in call.get("get", {}).get("parameters", ())
        if own["name"] == "cursor"
    }

    assert set(LISTS) < set(lists)
    assert {
        path: (takes["limit"]["default"], takes["limit"]["maximum"], takes["limit"]["minimum"])
        for path, takes in lists.items()
    } == dict.fromkeys(lists, (100, 1000, 1))


def test_a_cursor_is_of_one_list_of_one_workspace(callers: Callers, database: Database) -> None:
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Somebody else", created_at=utc_now()))
    ours, theirs = callers("admin"), callers("admin", workspace_id="wsp_other")
    for path, body in (("plans", PLAN), ("webhooks", WEBHOOK)) * 2:
        assert ours.post(f"/v1/{path}", json=body).status_code == 201
    callers("hr")  # a second key
    cursors = {path: ours.get(f"{path}?limit=1").json()["next_cursor"] for path in LISTS}

    answers = {
        (path, of, who): client.get(path, params={"cursor": cursor}).status_code
        for of, cursor in cursors.items()
        for path in LISTS
        for who, client in (("we", ours), ("they", theirs))
    }

    assert {asked for asked, status in answers.items() if status == 200} == {
        (path, path, "we") for path in LISTS
    }
    assert set(answers.values()) == {200, 422}
