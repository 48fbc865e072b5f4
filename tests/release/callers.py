"""Callers who do not give up: each sends a request again, with its key, until it is answered."""

import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2

from service.kit.db import FORGOTTEN_SECONDS

PLAN = {"name": "FY27", "increment": 1, "period": {"start": "2027-01-01", "end": "2027-12-31"}}
COMPANY: dict[str, Any] = {
    "target": 6600,
    "units": [{"id": unit} for unit in ("east", "north", "west")],
    "reps": [
        {"id": f"{unit}{i}", "unit": unit, "baseline": 100, "reach": 100}
        for unit in ("east", "north", "west")
        for i in range(20)
    ],
}
ADJUSTED = {
    "adjustments": [{"rep": "west1", "quota": 105, "reason": "a key account left"}],
    "funding": "siblings",
}
_SOON = 0.05
MOST_SECONDS = FORGOTTEN_SECONDS + 60
"""Until a request has to be answered, however often something is killed or frozen."""


@dataclass
class Told:
    """What callers were told by all answers."""

    versions: dict[str, dict[int, str | None]] = field(default_factory=dict)
    """Of each plan by number: their hashes, None where it was carried out and not told."""
    published: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    odd: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def count(self, what: str, number: int = 1) -> None:
        with self._changed:
            self.counts[what] += number
            self._changed.notify_all()

    def wait_for_more(self, number: int, seconds: float, what: str = "answered") -> bool:
        """Until so many more requests were answered, or `what`; whether they were in time."""
        with self._changed:
            enough = self.counts[what] + number
            return self._changed.wait_for(lambda: self.counts[what] >= enough, seconds)


class Caller(threading.Thread):
    """Plans one season after the other, until `stop`; ends when the last request is answered."""

    def __init__(self, address: str, told: Told, stop: threading.Event) -> None:
        super().__init__()
        self._http = httpx2.Client(base_url=address, timeout=60)
        self._told, self._stop_asked = told, stop

    def run(self) -> None:
        with self._http:
            while not self._stop_asked.is_set():
                try:
                    self._season()
                except Exception as reason:
                    self._told.odd.append(repr(reason))
                    raise

    def _season(self) -> None:
        made = self._send("POST", "/v1/plans", PLAN)
        plan = f"/v1/plans/{made.get('id') or made['subject']}"
        versions = self._told.versions[plan] = {}
        self._send("PUT", f"{plan}/inputs", COMPANY)
        for _ in range(3):
            if self._stop_asked.is_set():
                return
            solved = self._made(versions, self._send("POST", f"{plan}/versions", {}))
            quotas = f"{plan}/versions/{solved}/quotas"
            number = self._made(versions, self._send("PATCH", quotas, ADJUSTED))
            for step in ("submit", "approve", "publish"):
                self._send("POST", f"{plan}/versions/{number}/{step}", {})
            self._told.published[plan] = number

    @staticmethod
    def _made(versions: dict[int, str | None], answer: dict[str, Any]) -> int:
        number = answer.get("number") or int(answer["subject"].rpartition("/")[2])
        assert number not in versions, f"version {number} was made twice"
        versions[number] = answer.get("hash")
        return number

    def _send(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """The answer of a success, or what was carried out before."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": "*"}
        began = time.monotonic()
        while time.monotonic() - began < MOST_SECONDS:
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError:
                self._told.count("not answered")
            else:
                document: dict[str, Any] = answer.json()
                kind = document.get("type")
                if answer.is_success or kind == "/problems/answer-not-kept":
                    self._told.count("answered")
                    self._told.count("replayed" if self._replayed(answer) else "done")
                    return document
                if answer.status_code != 503 and kind != "/problems/still-under-way":
                    raise AssertionError(f"{method} {path}: {answer.text[:500]}")
                self._told.count("put off")
            # the service is away, or PostgreSQL; nothing tells when it is back
            threading.Event().wait(_SOON)
        raise AssertionError(f"{method} {path}: not answered in {MOST_SECONDS} s")

    @staticmethod
    def _replayed(answer: httpx2.Response) -> bool:
        return "idempotent-replayed" in answer.headers or answer.status_code == 409


class Follower(Caller):
    """Solves versions as operations, and follows each of them to its end."""

    def _season(self) -> None:
        made = self._send("POST", "/v1/plans", PLAN)
        plan = f"/v1/plans/{made.get('id') or made['subject']}"
        versions = self._told.versions[plan] = {}
        self._send("PUT", f"{plan}/inputs", COMPANY)
        for _ in range(6):
            if self._stop_asked.is_set():
                return
            begun = self._send("POST", f"{plan}/versions", {})
            if "/versions/" in begun.get("subject", ""):
                self._made(versions, begun)  # its 202 was not kept, and it has been done since
                continue
            ended = self._followed(f"/v1/operations/{begun.get('id') or begun['subject']}")
            kind = (ended["problem"] or {}).get("type", "stored and told")
            self._told.count(kind.removeprefix("/problems/"))
            if ended["tries"] > 1:
                self._told.count("carried out again")
            if ended["stored"] is None:
                assert kind == "/problems/operation-given-up", ended
            else:
                assert kind in ("stored and told", "/problems/result-not-kept"), ended
                self._made(versions, ended["result"] or ended["stored"])

    def _followed(self, operation: str) -> dict[str, Any]:
        """How it ended."""
        began = time.monotonic()
        while time.monotonic() - began < MOST_SECONDS:
            try:
                answer = self._http.get(operation)
            except httpx2.TransportError:
                self._told.count("not answered")
            else:
                assert answer.status_code in (200, 503), answer.text
                if answer.is_success and answer.json()["done"]:
                    self._told.count("ended")
                    ended: dict[str, Any] = answer.json()
                    return ended
            threading.Event().wait(_SOON)
        raise AssertionError(f"{operation}: not done in {MOST_SECONDS} s")
