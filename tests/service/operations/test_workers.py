"""What takes long is carried out by processes of its own, which die as others do; as real commands,
each on both databases.
"""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.commands import address_in, started, workers_of
from tests.e2e.conftest import Api
from tests.service.scraped import Scrape, scraped_until

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
    accepted = api.post(f"{plan}/versions", {}, X_Request_Id="the-call")
    assert accepted.status == 202, accepted.content
    operation = accepted.headers["Location"]
    assert api.get(f"{operation}/events").status == 200  # which ends when it is done
    return api.get(operation).json


def scrape(api: Api) -> Scrape:
    return Scrape(api.get("/metrics").content.decode())


def end(process: subprocess.Popen[str], how: signal.Signals) -> str:
    """What it has said since."""
    process.send_signal(how)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said


def lines_of(said: str) -> list[dict[str, Any]]:
    """Of its log."""
    return [json.loads(line) for line in re.findall(r"^{.*}$", said, flags=re.MULTILINE)]


def test_a_service_starts_a_worker_when_it_is_needed_and_another_when_it_died(
    database_url: str,
) -> None:
    with started("serve", "--port", "0", FAIRQUOTA_DATABASE_URL=database_url, **AT_ONCE) as (
        process,
        said,
    ):
        api = Api(address_in(said))
        plan = a_plan(api)
        assert workers_of(process.pid) == []

        first = solved(api, plan)
        [worker] = workers_of(process.pid)
        os.kill(worker, signal.SIGKILL)
        second = solved(api, plan)
        [another] = workers_of(process.pid)
        counted = "fairquota_operations_ended_total"
        told = scraped_until(lambda: scrape(api), lambda told: told.sum(counted) >= 1)
        end(process, signal.SIGTERM)

    assert [first["result"]["number"], second["result"]["number"]] == [1, 2]
    assert another != worker
    assert told.sum("fairquota_workers") == told.sum("fairquota_workers_died_total") == 1
    assert told.sum("fairquota_solve_phase_seconds_count", phase="storing") >= 1
    assert not Path(f"/proc/{another}").exists()


def test_a_worker_serves_services_that_have_none(database_url: str) -> None:
    """It has a port for what it counts, and its log leads to the call that began it."""
    settings = {"FAIRQUOTA_DATABASE_URL": database_url, "FAIRQUOTA_WORKERS": "0"} | AT_ONCE
    settings["FAIRQUOTA_LOG_LEVEL"] = "info"
    port = {"FAIRQUOTA_METRICS_PORT": "0"}
    with (
        started("serve", "--port", "0", **settings) as (process, said),
        started("worker", "--processes", "1", **settings, **port) as (worker, worker_said),
    ):
        api, of_worker = Api(address_in(said)), Api(address_in(worker_said))
        plan = a_plan(api)
        told = solved(api, plan)
        ids = [plan.removeprefix("/v1/plans/")]
        batch = api.post("/v1/batches", {"plans": ids}, X_Request_Id="the-batch")
        assert api.get(f"{batch.headers['Location']}/events").status == 200
        counted = "fairquota_operations_ended_total"
        metrics = scraped_until(
            lambda: scrape(of_worker), lambda told: told.sum(counted, outcome="stored") == 2
        )
        assert workers_of(process.pid) == []
        lines = lines_of(end(worker, signal.SIGINT))
        of_service = lines_of(end(process, signal.SIGINT))

    assert (told["status"], told["tries"]) == (201, 1)
    assert metrics.sum("fairquota_workers") == 1
    assert metrics.sum("fairquota_operations_recovered_total") == 0
    accepted = [line for line in of_service if line["event"] == "operation_accepted"]
    assert [(line["operation"], line["request_id"]) for line in accepted] == [
        (told["id"], "the-call"),
        (batch.json["id"], "the-batch"),
    ]
    of_operations = [line for line in lines if not line["event"].startswith("worker_")]
    events = ["operation_begun", "request", "operation_finished"]
    assert [line["event"] for line in of_operations] == events * 2
    assert {line["operation"] for line in of_operations[:3]} == {told["id"]}
    assert {line["request_id"] for line in of_operations[:3]} == {"the-call"}
    assert len({line["operation"] for line in of_operations[3:]}) == 1
    assert {line["request_id"] for line in of_operations[3:]} == {"the-batch"}
