"""A small company to begin with: plans in several states, made through the API itself."""

from dataclasses import dataclass
from typing import Any

import httpx2

_COMPANY: dict[str, Any] = {
    "target": 550_000,
    "units": [
        {"id": "north"},
        {"id": "west", "parent": "north"},
        {"id": "east", "parent": "north"},
    ],
    "reps": [
        {"id": rep, "unit": unit, "baseline": 100_000, "reach": 100_000, "max": 140_000}
        for rep, unit in (
            ("ann", "west"), ("bob", "west"), ("cyd", "west"), ("dan", "east"), ("eve", "east")
        )
    ],
    "history": [
        {"rep": "ann", "period": f"2026-{month:02}", "actual": 9000} for month in range(1, 13)
    ],
}  # fmt: skip
_REQUEST = {
    "version": 1,
    "rep": "ann",
    "proposed": 100_000,
    "evidence": [
        {"kind": "account_lost", "reference": "A-17", "amount": 30_000, "date": "2027-02-01"}
    ],
    "note": "We have had this customer since 2019.",
}
_EVENT = {"kind": "leave", "rep": "dan", "from": "2027-07-01"}


@dataclass(frozen=True, slots=True)
class Seeded:
    """The ids of what was made."""

    plans: tuple[str, ...]
    requests: tuple[str, ...]
    events: tuple[str, ...]


def seed(address: str, key: str) -> Seeded:
    """A plan without inputs, one with a draft, and one that is published, has a second draft, a
    change request and an event.
    """
    with httpx2.Client(
        base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60
    ) as client:
        empty, drafted, published = (_plan(client, name) for name in ("Empty", "Draft", "In force"))
        for plan in (drafted, published):
            _send(client, "PUT", f"/v1/plans/{plan}/inputs", _COMPANY)
            _send(client, "POST", f"/v1/plans/{plan}/versions", {"note": "as asked"})
        version = f"/v1/plans/{published}/versions/1"
        for step in ("submit", "approve", "publish"):
            _send(client, "POST", f"{version}/{step}", {})
        request = _send(client, "POST", f"/v1/plans/{published}/change-requests", _REQUEST)["id"]
        event = _send(client, "POST", f"/v1/plans/{published}/events", _EVENT)["id"]
        for plan in (drafted, published):
            _send(client, "POST", f"/v1/plans/{plan}/versions", {"note": "once more"})
        return Seeded((published, drafted, empty), (request,), (event,))


def _plan(client: httpx2.Client, name: str) -> str:
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    made = _send(client, "POST", "/v1/plans", {"name": name, "currency": "USD", "period": period})
    return str(made["id"])


def _send(client: httpx2.Client, method: str, path: str, body: object) -> Any:
    return (
        client.request(method, path, json=body, headers={"If-Match": "*"}).raise_for_status().json()
    )
