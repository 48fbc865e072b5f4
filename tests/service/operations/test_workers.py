"""What takes long is carried out by processes of its own, which die as others do; as real commands,
each on both databases.
"""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands import address_in, started
from tests.e2e.conftest import Api

REPS = [{"id": "ann", "baseline": 100, "reach": 100}, {"id": "bob", "baseline": 100, "reach": 50}]
PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}
AT_ONCE = {"FAIRQUOTA_ANSWER_WITHIN": "0"}


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def a_plan(api: Api) -> str:
    plan: str = api.post("/v1/plans", {"name": "FY27", "period": PERIOD}).headers["Location"]
    api.put(f"{plan}/inputs", {"target": 220, "reps": REPS})
    return plan


def solved(api: Api, plan: str) -> Any:
    """The operation once it is done."""
    accepted = api.post(f"{plan}/versions", {})
    assert accepted.status == 202, accepted.content
    operation = accepted.headers["Location"]
    assert api.get(f"{operation}/events").status == 200  # which ends when it is done
    return api.get(operation).json


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(own) for own in children if b"spawn_main" in _command_of(own)]


def _command_of(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_service_starts_a_worker_when_it_is_needed_and_another_when_it_died(
    database_url: str,
) -> None:
    with started("serve", "--port", "0", FAIRQUOTA_DATABASE_URL=database_url, **AT_ONCE) as (
        process,
        said,
    ):
        api = Api(address_in(said))
        plan = a_plan(api)
        assert workers_of(process) == []

        first = solved(api, plan)
        [worker] = workers_of(process)
        os.kill(worker, signal.SIGKILL)
        second = solved(api, plan)
        [another] = workers_of(process)
        end(process, signal.SIGTERM)

    assert [first["result"]["number"], second["result"]["number"]] == [1, 2]
    assert another != worker
    assert not Path(f"/proc/{another}").exists()


def test_a_worker_serves_services_that_have_none(database_url: str) -> None:
    settings = {"FAIRQUOTA_DATABASE_URL": database_url, "FAIRQUOTA_WORKERS": "0"} | AT_ONCE
    with (
        started("serve", "--port", "0", **settings) as (process, said),
        started("worker", "--processes", "1", **settings) as (worker, _),
    ):
        api = Api(address_in(said))
        told = solved(api, a_plan(api))
        assert workers_of(process) == []
        end(worker, signal.SIGINT)

    assert (told["status"], told["tries"]) == (201, 1)
