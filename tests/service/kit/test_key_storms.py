"""Storms of retries against a running server: `make key-storm`.

Thirty-two callers send the same request with the same key at the same time, a thousand times, each
on a connection of its own. Nobody is refused but by 409, and there is one effect for each key.
"""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx2
import pytest

from tests.commands import address_in, started

KEYS = int(os.environ.get("FAIRQUOTA_KEYS", "0"))
CALLERS = 32


@pytest.mark.skipif(KEYS == 0, reason="FAIRQUOTA_KEYS says how many")
def test_a_storm_of_retries_has_one_effect_for_each_key(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    began = time.perf_counter()
    with started("serve", "--port", "0", FAIRQUOTA_DATABASE_URL=database_url) as (process, said):
        told = asyncio.run(storm(address_in(said)))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    print(f"\n{KEYS} keys x {CALLERS}: {told} in {time.perf_counter() - began:.0f} s")  # noqa: T201


async def storm(address: str) -> dict[str, int]:
    """How often each kind of answer came. Raises AssertionError where a key had two effects."""
    counted = {"done": 0, "replayed": 0, "under way": 0}
    limits = httpx2.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=60) as client:
        for number in range(KEYS):
            for kind, count in (await one_key(client, f"storm-{number}")).items():
                counted[kind] += count
        assert await count_plans(client) == counted["done"] == KEYS
    return counted


async def one_key(client: httpx2.AsyncClient, key: str) -> dict[str, int]:
    plan = {"name": key, "period": {"start": "2027-01-01", "end": "2027-12-31"}}

    async def send() -> httpx2.Response:
        return await client.post("/v1/plans", json=plan, headers={"Idempotency-Key": key})

    answers = await asyncio.gather(*(send() for _ in range(CALLERS)))
    last = await send()

    assert {own.status_code for own in answers} <= {201, 409}, [own.text for own in answers]
    made = [own for own in answers if own.status_code == 201]
    fresh = [own for own in made if "Idempotent-Replayed" not in own.headers]
    assert {own.content for own in (*made, last)} == {fresh[0].content}
    return {
        "done": len(fresh),
        "replayed": len(made) - len(fresh),
        "under way": len(answers) - len(made),
    }


async def count_plans(client: httpx2.AsyncClient) -> int:
    found, cursor = 0, ""
    while True:
        page = (await client.get(f"/v1/plans?limit=1000{cursor}")).json()
        found += len(page["items"])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"
