"""One process on a file, and many on PostgreSQL, as docs/guide/scaling.md says how to start them:
the commands themselves, which lose a machine, are stopped, and meet the tables of a later release
in the middle of a batch. Every plan has its version in the end, and one only.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service.kit.db import open_database
from service.operations.tables import Operation
from tests.commands import address_in, started, workers_of
from tests.e2e.conftest import Api
from tests.later_release import tables_of_a_later_release
from tests.release.callers import COMPANY, MOST_SECONDS, PLAN
from tests.release.running import let_claims_run_out, own_postgresql, services_url
from tests.service.operations.test_workers import end

PLANS = 8


def test_one_process_on_a_file_goes_on_where_it_was(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fairquota.db'}"
    with serving(url) as (process, api):
        plans = some_plans(api)
        batch = begun(api, plans)
        with frozen_at_work(url, process):
            kill_with_workers(process)
    let_claims_run_out(url)

    with serving(url) as (process, api):
        wait_until_finished(api, batch, 4)
        end(process, signal.SIGTERM)
    assert parts_at_work(url) == 0, "handed over: nobody has to wait for them"

    with serving(url) as (_, api):
        wait_until_finished(api, batch, PLANS)
        assert solved_once(api, batch, plans)


def test_many_processes_on_postgresql_do_without_one_that_is_lost(tmp_path: Path) -> None:
    with own_postgresql() as postgresql, ExitStack() as fleet:
        owners_url = postgresql.owners_url
        url = services_url(owners_url)
        (stopped, first), (_, second) = (fleet.enter_context(serving(url, "0")) for _ in "ab")
        lost = fleet.enter_context(working(url))
        plans = some_plans(first)
        batch = begun(first, plans)
        with frozen_at_work(owners_url, lost):
            other = fleet.enter_context(working(url))
            kill_with_workers(lost)
        let_claims_run_out(owners_url)
        wait_until_finished(second, batch, PLANS)
        assert solved_once(second, batch, plans)

        with tables_of_a_later_release(owners_url, tmp_path):
            batch = begun(first, plans)
            assert [api.get("/readyz").status for api in (first, second)] == [200, 200]
            end(stopped, signal.SIGTERM)
            with serving(url, "0") as (_, third):
                wait_until_finished(third, batch, PLANS)
                assert solved_once(third, batch, plans, version=2)
        end(other, signal.SIGTERM)


@contextmanager
def serving(url: str, workers: str = "1") -> Iterator[tuple[subprocess.Popen[str], Api]]:
    settings = {"FAIRQUOTA_DATABASE_URL": url, "FAIRQUOTA_WORKERS": workers}
    with started("serve", "--port", "0", **settings) as (process, said):
        yield process, Api(address_in(said))


@contextmanager
def working(url: str) -> Iterator[subprocess.Popen[str]]:
    with started("worker", "--processes", "1", FAIRQUOTA_DATABASE_URL=url) as (process, _):
        yield process


def some_plans(api: Api) -> list[str]:
    """Their ids."""
    made = [api.post("/v1/plans", PLAN).json["id"] for _ in range(PLANS)]
    for plan in made:
        assert api.put(f"/v1/plans/{plan}/inputs", COMPANY).status == 200
    return made


def begun(api: Api, plans: list[str]) -> str:
    return str(api.post("/v1/batches", {"plans": plans}).headers["Location"])


@contextmanager
def frozen_at_work(owners_url: str, process: subprocess.Popen[str]) -> Iterator[None]:
    """While its one worker is in the middle of a part of a batch."""
    for _ in looks():
        for worker in workers_of(process.pid):
            os.kill(worker, signal.SIGSTOP)
            if parts_at_work(owners_url):
                yield
                return
            os.kill(worker, signal.SIGCONT)


def kill_with_workers(process: subprocess.Popen[str]) -> None:
    """As when the machine is lost."""
    for pid in (*workers_of(process.pid), process.pid):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def parts_at_work(owners_url: str) -> int:
    """How many a process carries out, as far as the database knows."""
    at_work = Operation.parent_id.is_not(None), Operation.token.is_not(None)
    query = sa.select(sa.func.count()).where(*at_work)
    with closing(open_database(owners_url)) as database, database.reading.begin() as session:
        return session.scalars(query).one()


def wait_until_finished(api: Api, batch: str, number: int) -> None:
    for _ in looks():
        if api.get(batch).json["progress"]["finished"] >= number:
            return


def looks() -> Iterator[None]:
    """Nothing tells what other processes do; looking is cheap."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        yield
        threading.Event().wait(0.05)
    raise AssertionError(f"not in {MOST_SECONDS} s")


def solved_once(api: Api, batch: str, plans: list[str], version: int = 1) -> bool:
    told: dict[str, Any] = api.get(batch).json
    assert told["progress"]["failed"] == 0, told
    for plan in plans:
        found = api.get(f"/v1/plans/{plan}/versions").json["items"]
        assert sorted(own["number"] for own in found) == [*range(1, version + 1)]
        assert api.get(f"/v1/plans/{plan}/verify").json["valid"]
    return bool(told["done"])
