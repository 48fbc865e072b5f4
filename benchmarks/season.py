"""A season of one stored plan in a process of its own: `python -m benchmarks.season REPS`.

What a planning season does to a plan, through the real app on a fresh SQLite file: solve, publish,
adjust, grant, a new company target, a spreadsheet made by hand; and the checks of all of it. Each
step is one request, once, as for somebody who asks once; libraries are loaded before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from fastapi import FastAPI

from benchmarks.instances import Instance, company
from benchmarks.race import peak_memory
from benchmarks.request import ask, with_baselines
from service.kit import migrations
from service.kit.cycles import look_for_cycles_rarely
from service.kit.settings import Settings
from service.main import create_app
from solver.problem import NOT_SET, UNLIMITED

SOLVE: Final = "solve a new version"
"""What the other steps are compared with."""
_WARMING: Final = 50
"""Reps of the plan that loads what is loaded at the first need."""


@dataclass(frozen=True, slots=True)
class Season:
    """CPU seconds of each step, and the memory of the process in MB."""

    steps: dict[str, float]
    solved: float
    """The most that the process had held when the first version was stored."""
    peak: float


def run(reps: int) -> Season:
    """Measure in a process of its own, so that its peak of memory is its own, too."""
    command = [sys.executable, "-m", "benchmarks.season", str(reps)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - as in race
    return Season(**json.loads(done.stdout))


def measure(reps: int) -> Season:
    """Measure in this process."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'season.db'}"
        migrations.upgrade(url)
        app = create_app(Settings(database_url=url, log_level="error"))
        if reps > _WARMING:
            _measured(_Desk(app), company(_WARMING, seed=0))
        return _measured(_Desk(app), company(reps, seed=0))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Somebody who asks the app, with a stop-watch."""

    app: FastAPI
    steps: dict[str, float] = field(default_factory=dict)

    def ask(self, method: str, path: str, document: object = None) -> Any:
        body = b"" if document is None else orjson.dumps(document)
        return orjson.loads(ask(self.app, method, path, body))

    def timed(self, step: str, method: str, path: str, document: object = None) -> Any:
        body = b"" if document is None else orjson.dumps(document)
        start = time.process_time()
        answered = ask(self.app, method, path, body)
        self.steps[step] = time.process_time() - start
        return orjson.loads(answered)


def _measured(desk: _Desk, instance: Instance) -> Season:
    period = {"start": "2027-01-01", "end": "2027-12-31"}
    document = with_baselines(instance)
    made = desk.ask(
        "POST",
        "/v1/plans",
        {"name": "FY27", "currency": document.pop("currency"), "period": period},
    )
    plan = f"/v1/plans/{made['id']}"
    version, checked = f"{plan}/versions/1", f"{plan}/verify"
    desk.ask("PUT", f"{plan}/inputs", document)
    desk.timed(SOLVE, "POST", f"{plan}/versions", {"policy": {"season": "even"}})
    solved = peak_memory()
    for step in ("submit", "approve"):
        desk.ask("POST", f"{version}/{step}", {})
    desk.timed("publish it", "POST", f"{version}/publish", {})
    rep, quota = _free_rep(instance, lambda rep: desk.ask("GET", f"{version}/quotas/{rep}"))
    _adjust_and_grant(desk, plan, rep, quota)
    _new_target(desk, plan, document["target"] * 1.001)
    reps, places = instance.problem.reps.ids, instance.hierarchy.rep_row.tolist()
    by_hand = [
        {"rep": reps[row], "quota": quota / 100}
        for row, quota in zip(places, instance.witness.tolist(), strict=True)
    ]
    desk.timed("import a plan made by hand", "POST", f"{plan}/versions/import", {"quotas": by_hand})
    desk.timed("what changed by the new target", "GET", f"{plan}/versions/3/diff/4")
    for number, what in ((1, "solved"), (2, "adjusted"), (4, "changed by the target")):
        desk.timed(f"verify the version {what}", "GET", f"{plan}/versions/{number}/verify")
    if not desk.timed("verify the plan with all five", "GET", checked)["valid"]:
        raise RuntimeError("the plan of the season does not verify")
    return Season(desk.steps, solved, peak_memory())


def _adjust_and_grant(desk: _Desk, plan: str, rep: str, quota: float) -> None:
    """One quota less by hand, and by a change request; the team carries both."""
    adjusted = {"rep": rep, "quota": quota - 100, "reason": "account lost"}
    desk.timed(
        "adjust a quota, siblings carry it", "PATCH", f"{plan}/versions/1/quotas",
        {"adjustments": [adjusted], "funding": "siblings"},
    )  # fmt: skip
    evidence = {
        "kind": "account_lost", "reference": "A", "amount": 200, "date": "2027-02-01",
    }  # fmt: skip
    asked = {"version": 1, "rep": rep, "proposed": quota - 200, "evidence": [evidence]}
    request = f"{plan}/change-requests/{desk.ask('POST', f'{plan}/change-requests', asked)['id']}"
    desk.timed("preview a change request", "GET", f"{request}/preview")
    desk.timed(
        "accept a change request, likewise", "POST", f"{request}/accept", {"funding": "siblings"}
    )


def _new_target(desk: _Desk, plan: str, target: float) -> None:
    said = {"kind": "target", "amount": round(target, 2), "from": "2027-07-01"}
    event = f"{plan}/events/{desk.ask('POST', f'{plan}/events', said)['id']}"
    desk.timed("preview a new company target", "GET", f"{event}/preview")
    desk.timed("accept a new company target", "POST", f"{event}/accept", {})


def _free_rep(instance: Instance, row_of: Callable[[str], Any]) -> tuple[str, float]:
    """Somebody without limits in the largest team, and the quota."""
    reps = instance.problem.reps
    team = np.argmax(np.bincount(reps.unit))
    free = (reps.unit == team) & (reps.min == 0) & (reps.max >= UNLIMITED) & (reps.fixed == NOT_SET)
    rep = reps.ids[int(np.flatnonzero(free)[0])]
    return rep, row_of(rep)["quota"]


if __name__ == "__main__":
    look_for_cycles_rarely()
    print(json.dumps(asdict(measure(int(sys.argv[1])))))
