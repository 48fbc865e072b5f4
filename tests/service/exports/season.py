"""A season of one plan, as other systems are told of it: adjustments, a leave, a vacant seat."""

import csv
import io
import json
import re
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.plans import Document, a_plan, a_version, publish
from tests.service.negotiations.happenings import EVENLY, happens

type Rows = list[dict[str, str]]


def three_people_and_a_seat(**changes: Any) -> Document:
    """Everybody carries 1,200, evenly; nobody sits in the seat yet."""
    reps: list[Document] = [
        {"id": "ann", "unit": "west", "name": "Ann Lee", "attributes": {"email": "ann@acme.com"}},
        {"id": "bob", "unit": "west", "name": "Bob Ray"},
        {"id": "cyd", "unit": "east"},
        {"id": "seat-9", "unit": "east", "vacant": True},
    ]
    reps = [rep | {"baseline": 1000, "reach": 1000} for rep in reps]
    return {"target": 4800, "units": [{"id": "east"}, {"id": "west"}], "reps": reps} | changes


def a_season(client: TestClient, **terms: Any) -> str:
    """Version 2, with an adjustment, is in force until April, version 3, with ann's leave from the
    middle of May to the end of June, from then on.
    """
    plan = a_plan(client, three_people_and_a_seat(), **terms)
    a_version(client, plan, **EVENLY)
    adjustment = {"rep": "cyd", "quota": 1080, "reason": "key account lost"}
    adjusted = client.patch(
        f"{plan}/versions/1/quotas",
        json={"adjustments": [adjustment], "funding": "siblings"},
        headers={"If-Match": "*"},
    )
    assert adjusted.status_code == 201, adjusted.text
    publish(client, f"{plan}/versions/2").raise_for_status()
    leave = {"kind": "leave", "rep": "ann", "from": "2027-05-17", "to": "2027-06-30"}
    happens(client, plan, "siblings", **leave)
    publish(client, f"{plan}/versions/3", effective="2027-05-01").raise_for_status()
    return plan


def export(client: TestClient, wanted: str, plan: str, **params: Any) -> Response:
    return client.get(f"/v1/exports/{wanted}", params={"plan": plan.rpartition("/")[2], **params})


def rows_of(answer: Response) -> Rows:
    """Of a table."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return [*csv.DictReader(io.StringIO(answer.content.decode(), newline=""))]


def documents_of(answer: Response) -> list[Any]:
    """Of a file with a document in each line."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.content.splitlines()]


def readable(answer: Response) -> str:
    """For people: a goal's slice in each line, and names for what is another each time."""
    if answer.headers["content-type"] == "application/x-ndjson":
        lines = [one for each in documents_of(answer) for one in each.get("inputs", [each])]
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        ids = dict.fromkeys(re.findall(r"[0-9a-f-]{36}", text))
        for number, own in enumerate(ids, 1):
            text = text.replace(own, f"id-{number}")
        return text
    return re.sub(r"sha256:[0-9a-f]{64}", "the-hash", answer.content.decode().replace("\r\n", "\n"))
