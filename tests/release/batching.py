"""A caller who has the same plans solved again and again, by one batch after the other."""

import random
import threading
import time
from collections import Counter
from typing import Any, Final

import httpx2

from tests.release.callers import COMPANY, MOST_SECONDS, PLAN, Caller, Told

PLANS: Final = 30
_SOON: Final = 0.05

type Document = dict[str, Any]


def company(number: int) -> Document:
    """Of thirty people, and unlike the others: what two plans share is stored once."""
    return COMPANY | {"target": 3300 + number, "reps": COMPANY["reps"][::2]}


class Batches(Caller):
    """Has all plans solved and submitted, batch after batch, until `stop`; tries again what failed,
    and cancels some.
    """

    def __init__(
        self, address: str, told: Told, stop: threading.Event, chance: random.Random
    ) -> None:
        super().__init__(address, told, stop)
        self._chance = chance

    def make_plans(self) -> None:
        """What one does who is not started."""
        with self._http:
            for number in range(PLANS):
                made = self._send("POST", "/v1/plans", PLAN | {"name": f"BU{number}"})
                plan = f"/v1/plans/{made.get('id') or made['subject']}"
                self._told.versions[plan] = {}
                self._send("PUT", f"{plan}/inputs", company(number))

    def _season(self) -> None:
        plans = [own.removeprefix("/v1/plans/") for own in self._told.versions]
        begun = self._send("POST", "/v1/batches", {"plans": plans, "then": "submit"})
        batch = begun.get("id") or begun["subject"]
        cancelled_at = self._chance.randrange(4 * PLANS)
        told = self._followed(f"/v1/batches/{batch}", cancelled_at)
        while told["progress"]["failed"] and not told["cancelled"]:
            self._send("POST", f"/v1/batches/{batch}/retry", {})
            self._told.count("retried")
            told = self._followed(f"/v1/batches/{batch}", PLANS)
        self._look(batch, plans)
        self._told.count("batches")

    def _followed(self, path: str, cancelled_at: int) -> Document:
        """How it ended. It has to go on: within `MOST_SECONDS` another plan is done."""
        finished, began = 0, time.monotonic()
        while time.monotonic() - began < MOST_SECONDS:
            told: Document = self._answered("GET", path).json()
            if (now := told["progress"]["finished"]) > finished:
                self._told.count("plans", now - finished)
                finished, began = now, time.monotonic()
            if told["done"]:
                return told
            if finished > cancelled_at:
                operation = path.replace("/batches/", "/operations/")
                answer = self._answered("POST", f"{operation}/cancel")
                self._told.count("cancelled" if answer.is_success else "cancelled too late")
            threading.Event().wait(_SOON)
        raise AssertionError(f"{path}: no plan more in {MOST_SECONDS} s")

    def _look(self, batch: str, plans: list[str]) -> None:
        """What became of each plan is told alike everywhere, and is counted right."""
        told = self._answered("GET", f"/v1/operations/{batch}").json()
        items = self._answered("GET", f"/v1/batches/{batch}/items?limit={PLANS}").json()["items"]
        assert [own["plan"] for own in items] == plans
        became = Counter(
            "stored" if own["version"] else "failed" if own["problem"] else "left" for own in items
        )
        assert all(own["done"] and own["cancelled"] == (not own["version"]) for own in items), items
        assert became["failed"] == 0
        assert told["cancelled"] or became["left"] == 0
        progress = told["progress"]
        assert (progress["total"], progress["finished"]) == (PLANS, became["stored"]), (told, items)
        short = [own.get("version") for own in told["result"]["items"]]
        assert short == [own["version"] for own in items]
        for own in items:
            self._look_at_part(own)

    def _look_at_part(self, item: Document) -> None:
        part = self._answered("GET", f"/v1/operations/{item['operation']}").json()
        if part["tries"] > 1:
            self._told.count("carried out again")
        if item["version"] is None:
            assert (part["stored"], part["result"]) == (None, None)
            return
        subject = f"{item['plan']}/versions/{item['version']}"
        assert part["stored"] == {"action": "version.submit", "subject": subject}
        if part["result"] is None:
            assert part["problem"]["type"] == "/problems/result-not-kept"
            self._told.count("result not kept")
        result = part["result"] or {"number": item["version"]}
        assert result["number"] == item["version"]
        self._made(self._told.versions[f"/v1/plans/{item['plan']}"], result)

    def _answered(self, method: str, path: str) -> httpx2.Response:
        """What changes nothing when it is done twice."""
        began = time.monotonic()
        while time.monotonic() - began < MOST_SECONDS:
            try:
                answer = self._http.request(method, path)
            except httpx2.TransportError:
                self._told.count("not answered")
            else:
                if answer.status_code != 503:
                    return answer
                self._told.count("put off")
            threading.Event().wait(_SOON)
        raise AssertionError(f"{method} {path}: not answered in {MOST_SECONDS} s")
