"""Storms of retries against a running server: `make key-storm`.

Thirty-two callers send the same write with the same key at the same time, a thousand times, each on
a connection of its own. Writes are of four kinds in turn: a plan is made, a version solved, a
version published, a webhook made, whose secret is told once. Nobody is refused but by 409, and the
database has one effect for each key.
"""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from service.kit.audit import AuditEntry
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from service.plans.tables import Plan, PlanVersion
from service.webhooks.tables import Webhook
from tests.commands import address_in, started
from tests.service.allocations.plans import FY27, four_reps

KEYS = int(os.environ.get("FAIRQUOTA_KEYS", "0"))
CALLERS = 32
ANYHOW = {"If-Match": "*"}
PREPARED = "for "
"""What is made for a write to come is called so, and the key."""


@dataclass(frozen=True)
class Write:
    """What is sent with one key; `told_once`: its answer has a secret and is not kept."""

    path: str
    body: dict[str, Any]
    told_once: bool = False


type Making = Callable[[httpx2.AsyncClient, str], Awaitable[Write]]


async def a_plan(_client: httpx2.AsyncClient, key: str) -> Write:
    return Write("/v1/plans", FY27 | {"name": key})


async def a_version(client: httpx2.AsyncClient, key: str) -> Write:
    return Write(f"{await with_inputs(client, key)}/versions", {"note": key})


async def a_publication(client: httpx2.AsyncClient, key: str) -> Write:
    plan = await with_inputs(client, key)
    await done(client, f"{plan}/versions", {"note": PREPARED + key})
    for step in ("submit", "approve"):
        await done(client, f"{plan}/versions/1/{step}", {})
    return Write(f"{plan}/versions/1/publish", {})


async def a_webhook(_client: httpx2.AsyncClient, key: str) -> Write:
    # nothing of this kind happens here, so nothing is sent
    body = {"url": f"https://crm.example.com/{key}", "events": ["event.proposed"]}
    return Write("/v1/webhooks", body, told_once=True)


KINDS: dict[str, Making] = {
    "plan.create": a_plan,
    "version.solve": a_version,
    "version.publish": a_publication,
    "webhook.create": a_webhook,
}
"""By what the trail calls them."""


async def with_inputs(client: httpx2.AsyncClient, key: str) -> str:
    made = await done(client, "/v1/plans", FY27 | {"name": PREPARED + key})
    plan = f"/v1/plans/{made['id']}"
    (await client.put(f"{plan}/inputs", json=four_reps())).raise_for_status()
    return plan


async def done(client: httpx2.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body, headers=ANYHOW)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.skipif(KEYS == 0, reason="FAIRQUOTA_KEYS says how many")
def test_a_storm_of_retries_has_one_effect_for_each_key(
    tmp_path: Path, database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.perf_counter()
    keys = {f"storm-{n}": kind for n, kind in enumerate(islice(cycle(KINDS), KEYS))}
    with started("serve", "--port", "0", FAIRQUOTA_DATABASE_URL=database_url) as (process, said):
        told = asyncio.run(storm(address_in(said), keys))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert effects(database) == Counter((kind, key) for key, kind in keys.items())
    print(  # noqa: T201 - what docs/reliability.md tells
        f"\n{KEYS} keys x {CALLERS} in {time.perf_counter() - began:.0f} s: {dict(told)}"
    )


async def storm(address: str, keys: dict[str, str]) -> Counter[str]:
    """How often each kind of answer came."""
    counted: Counter[str] = Counter()
    # the server ends what is idle for five seconds: nobody begins to send there then
    limits = httpx2.Limits(max_connections=CALLERS, keepalive_expiry=2)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        for key, kind in keys.items():
            counted += await one_key(client, key, await KINDS[kind](client, key))
    return counted


async def one_key(client: httpx2.AsyncClient, key: str, write: Write) -> Counter[str]:
    headers = ANYHOW | {"Idempotency-Key": key}

    async def send() -> httpx2.Response:
        return await client.post(write.path, json=write.body, headers=headers)

    answers = await asyncio.gather(*(send() for _ in range(CALLERS)))
    last = await send()

    counted = Counter(map(called, answers))
    assert counted["done"] == 1, [answer.text for answer in answers]
    if write.told_once:
        assert called(last) == "answer-not-kept"
        assert set(counted) <= {"done", "still-under-way", "answer-not-kept"}
    else:
        assert called(last) == "replayed"
        assert set(counted) <= {"done", "still-under-way", "replayed"}
        assert len({own.content for own in (*answers, last) if own.is_success}) == 1
    return counted


def called(answer: httpx2.Response) -> str:
    if answer.is_success:
        return "replayed" if "Idempotent-Replayed" in answer.headers else "done"
    assert answer.status_code == 409, answer.text
    return str(answer.json()["type"]).removeprefix("/problems/")


def effects(database: Database) -> Counter[tuple[str, str]]:
    """What the database has of each key. What was made for a write to come is left out."""
    with database.reading.begin() as session:
        plans = dict(session.execute(sa.select(Plan.id, Plan.name)).all())
        notes = session.scalars(sa.select(PlanVersion.note)).all()
        urls = session.scalars(sa.select(Webhook.url)).all()
        published = session.scalars(sa.select(OutboxEvent).filter_by(kind="version.published"))
        of_plans = [plans[event.payload["plan"]] for event in published]
        trail = Counter(session.scalars(sa.select(AuditEntry.action)))
    assert trail["plan.create"] == len(plans)
    assert trail["version.solve"] == len(notes)
    assert trail["version.publish"] == len(of_plans)
    assert trail["webhook.create"] == len(urls)
    found = Counter(("plan.create", name) for name in plans.values())
    found.update(("version.solve", note or "") for note in notes)
    found.update(("version.publish", name.removeprefix(PREPARED)) for name in of_plans)
    found.update(("webhook.create", url.rpartition("/")[2]) for url in urls)
    return Counter({effect: n for effect, n in found.items() if PREPARED not in effect[1]})
