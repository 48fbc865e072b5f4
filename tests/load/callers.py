"""Callers in a process of their own: each writes, or reads, as soon as it has its last answer.

    python -m tests.load.callers PORT KIND CONNECTIONS

says "ready" when every connection has what it writes into, reads for how many seconds to go on, and
answers with what it saw (`Seen`) as JSON.
"""

import asyncio
import itertools
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field

import orjson
import uvloop

from tests.load.wire import Answer, Connection

PLAN = {"name": "FY27", "increment": 1, "period": {"start": "2027-01-01", "end": "2027-12-31"}}
COMPANY = {
    "target": 6600,
    "units": [{"id": unit} for unit in ("east", "north", "west")],
    "reps": [
        {"id": f"{unit}{i}", "unit": unit, "baseline": 100, "reach": 100}
        for unit in ("east", "north", "west")
        for i in range(20)
    ],
}


@dataclass(slots=True)
class Seen:
    """By the callers of one process."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    """Answers that are no success."""
    cpu: float = 0.0
    """Seconds of this process."""


@dataclass(slots=True)
class Caller:
    """One connection and a plan of its own, with sixty reps."""

    connection: Connection
    plan: str
    version: int = 0
    """The newest one of the plan."""

    async def change_the_plan(self, turn: int) -> Answer:
        return await self.connection.send("PATCH", self.plan, {"name": f"FY27 {turn}"})

    async def make_a_plan(self, _turn: int) -> Answer:
        return await self.connection.send("POST", "/v1/plans", PLAN, key=str(uuid.uuid4()))

    async def patch_a_rep(self, turn: int) -> Answer:
        rep = {"id": f"west{turn % 20}", "baseline": 100 + turn % 50}
        return await self.connection.send("PATCH", f"{self.plan}/inputs", {"reps": [rep]})

    async def solve(self, _turn: int) -> Answer:
        return self._made(await self.connection.send("POST", f"{self.plan}/versions", {}))

    async def adjust_a_quota(self, turn: int) -> Answer:
        one = {"rep": "west1", "quota": 100 + turn % 10, "reason": "a key account left"}
        body = {"adjustments": [one], "funding": "siblings"}
        quotas = f"{self.plan}/versions/{self.version}/quotas"
        return self._made(await self.connection.send("PATCH", quotas, body))

    async def ask_whether_it_lives(self, _turn: int) -> Answer:
        return await self.connection.send("GET", "/healthz")

    async def read_the_plan(self, _turn: int) -> Answer:
        return await self.connection.send("GET", self.plan)

    def _made(self, answer: Answer) -> Answer:
        if answer.is_success:
            self.version = answer.document()["number"]
        return answer


type Call = Callable[[Caller, int], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a caller does, in turn, and the seconds between an answer and the next call."""

    calls: tuple[Call, ...]
    pause: float = 0.0


KINDS: dict[str, Kind] = {
    "plan": Kind((Caller.change_the_plan,)),
    "key": Kind((Caller.make_a_plan,)),
    "inputs": Kind((Caller.patch_a_rep,)),
    "adjust": Kind((Caller.solve, *(Caller.adjust_a_quota,) * 4)),
    "mix": Kind((Caller.make_a_plan, Caller.change_the_plan, Caller.patch_a_rep)),
    "ping": Kind((Caller.ask_whether_it_lives,), pause=0.03),
    "read": Kind((Caller.read_the_plan,), pause=0.03),
}


async def ready(port: int) -> Caller:
    connection = await Connection.open(port)
    made = (await connection.send("POST", "/v1/plans", PLAN)).document()
    caller = Caller(connection, f"/v1/plans/{made['id']}")
    (await connection.send("PUT", f"{caller.plan}/inputs", COMPANY)).document()
    return caller


async def call(caller: Caller, kind: Kind, until: float, seen: Seen) -> None:
    for turn in itertools.count():
        await asyncio.sleep(kind.pause)
        began = time.perf_counter()
        if began >= until:
            return
        answer = await kind.calls[turn % len(kind.calls)](caller, turn)
        seen.milliseconds.append(1000 * (time.perf_counter() - began))
        seen.refused += not answer.is_success


async def main(port: int, kind: str, connections: int) -> None:
    callers = [await ready(port) for _ in range(connections)]
    print("ready", flush=True)  # noqa: T201 - to whoever started this
    seconds = float(sys.stdin.readline())
    seen, cpu, until = Seen(), time.process_time(), time.perf_counter() + seconds
    await asyncio.gather(*(call(own, KINDS[kind], until, seen) for own in callers))
    seen.cpu = time.process_time() - cpu
    print(orjson.dumps(asdict(seen)).decode(), flush=True)  # noqa: T201 - likewise


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
