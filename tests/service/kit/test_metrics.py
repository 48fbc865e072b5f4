"""Sums over processes, and a database that may not answer; nothing falls, nobody waits."""

import socket
from collections.abc import Iterable
from contextlib import closing
from multiprocessing import Pipe
from threading import Event

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.kit import metrics, scrapes
from service.kit.db import open_database
from service.kit.metrics import Families, Processes, Teller
from service.kit.scrapes import Looks
from service.operations.figures import Queue
from tests.service.scraped import Scrape


def eggs(**laid: int) -> Families:
    """What a process has counted."""
    registry = CollectorRegistry()
    counter = Counter("eggs", "Eggs.", ["colour"], registry=registry)
    seconds = Histogram("nest_seconds", "Seconds.", registry=registry, buckets=(1, 2))
    for colour, count in laid.items():
        counter.labels(colour).inc(count)
        seconds.observe(1.5)
    return list(registry.collect())


def told_by(processes: Processes) -> Scrape:
    registry = CollectorRegistry()
    registry.register(processes)
    return Scrape(generate_latest(registry).decode())


class TestProcesses:
    def test_are_added_up_sample_by_sample(self) -> None:
        processes = Processes()
        processes.hear(1, eggs(brown=2, white=1))
        processes.hear(2, eggs(white=4))

        told = told_by(processes)

        assert told.sum("eggs_total", colour="brown") == 2
        assert told.sum("eggs_total", colour="white") == 5
        assert told.sum("nest_seconds_bucket", le="2.0") == 3
        assert told.sum("nest_seconds_sum") == 4.5

    def test_keep_what_they_counted_when_they_end(self) -> None:
        processes = Processes()
        for pid in (1, 2, 3):
            processes.begin(pid)
            processes.hear(pid, eggs(white=pid))
        processes.hear(1, eggs(white=10))

        for pid in (1, 2):
            processes.end(pid)
        processes.begin(1)  # systems use their numbers again
        processes.hear(1, eggs(white=100))

        told = told_by(processes)
        assert told.sum("eggs_total") == 100 + 10 + 2 + 3
        assert told.sum("fairquota_workers") == 2

    def test_tell_only_what_is_new(self, monkeypatch: pytest.MonkeyPatch) -> None:
        registry = CollectorRegistry()
        counter = Counter("eggs", "Eggs.", registry=registry)
        monkeypatch.setattr(metrics, "COUNTED", registry)
        hearer, tells = Pipe(duplex=False)
        teller = Teller(tells)

        teller.tell()
        first = hearer.recv()
        teller.tell()
        nothing = hearer.poll()
        counter.inc()
        teller.tell()

        assert not nothing
        assert [family.samples[0].value for family in (*first, *hearer.recv())] == [0, 1]

    def test_do_not_fail_when_nobody_hears_them(self) -> None:
        hearer, tells = Pipe(duplex=False)
        hearer.close()

        Teller(tells).tell()


class TestTheDatabase:
    def test_answers(self, client: TestClient) -> None:
        told = Scrape(client.get("/metrics").text)

        assert told.sum("fairquota_database_up") == 1
        assert "fairquota_operations_waiting" in told.names

    def test_is_told_to_be_away(self, client: TestClient, app: FastAPI) -> None:
        client.get("/healthz")
        with closing(open_database("postgresql://nobody@127.0.0.1:1/none")) as away:
            app.state.looks = Looks(away, (Queue,))

            told = Scrape(client.get("/metrics").text)

        assert told.sum("fairquota_database_up") == 0
        assert "fairquota_operations_waiting" not in told.names
        assert told.sum("http_requests_total", handler="/healthz") >= 1

    def test_is_not_waited_for_when_it_says_nothing(
        self, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scrapes, "_WAIT", 0.01)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none"
            with closing(open_database(url)) as database:
                app.state.looks = Looks(database, (Queue,))

                first, second = (Scrape(client.get("/metrics").text) for _ in range(2))

                connection, _ = silent.accept()
                silent.setblocking(False)
                with connection, pytest.raises(BlockingIOError):
                    silent.accept()  # the second scrape asked nothing anew
        assert [told.sum("fairquota_database_up") for told in (first, second)] == [0, 0]

    def test_is_asked_once_for_many_who_look(self, client: TestClient, app: FastAPI) -> None:
        looked: list[str] = []

        class Counted:
            def look(self, _session: Session, workspace_id: str) -> None:
                looked.append(workspace_id)

            def families(self) -> Iterable[Metric]:
                return (GaugeMetricFamily("looks", "Looks.", value=len(looked)),)

        app.state.looks = Looks(app.state.database, (Counted,))

        told = [Scrape(client.get("/metrics").text).sum("looks") for _ in range(3)]

        assert told == [1, 1, 1]

    def test_that_takes_long_is_told_as_it_was_before(
        self, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scrapes, "_FRESH", -1.0)
        monkeypatch.setattr(scrapes, "_SHARE", 0)
        taking_long, may_end = Event(), Event()

        class Slow:
            def look(self, _session: Session, _workspace_id: str) -> None:
                if taking_long.is_set():
                    may_end.wait()

            def families(self) -> Iterable[Metric]:
                return (GaugeMetricFamily("looks", "Looks.", value=1 + taking_long.is_set()),)

        app.state.looks = Looks(app.state.database, (Slow,))
        before = Scrape(client.get("/metrics").text)
        taking_long.set()
        monkeypatch.setattr(scrapes, "_WAIT", 1.0)

        told = Scrape(client.get("/metrics").text)

        may_end.set()
        assert before.sum("looks") == told.sum("looks") == 1
        assert told.sum("fairquota_database_up") == 1
