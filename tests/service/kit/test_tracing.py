"""Spans, as a collector of OpenTelemetry receives them from real processes."""

import signal
import sys
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import pytest
from opentelemetry import trace

from service.cli.failure import Failure
from service.cli.worker import check_tracing
from service.kit.tracing import sending_spans
from tests.commands import address_in, started
from tests.e2e.conftest import Api

REPS = [{"id": "ann", "baseline": 100, "reach": 100}, {"id": "bob", "baseline": 100, "reach": 50}]
PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.spans: list[Any] = []
        self._heard = Condition()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, spans: Iterable[Any]) -> None:
        with self._heard:
            self.spans += spans
            self._heard.notify_all()

    def wait_for(self, name: str) -> None:
        """Processes send a moment after a span has ended."""
        with self._heard:
            assert self._heard.wait_for(lambda: self.named(name), timeout=60)

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        body = self.rfile.read(int(self.headers["Content-Length"]))
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.take(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    pytest.importorskip("opentelemetry.sdk")
    with Collector() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def told(span: Any) -> dict[str, str]:
    return {own.key: own.value.string_value for own in span.attributes}


@pytest.mark.usefixtures("own_folder")
def test_an_operation_leads_to_the_request_that_began_it(collector: Collector) -> None:
    settings = {ENDPOINT: collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with started("serve", "--port", "0", FAIRQUOTA_ANSWER_WITHIN="0", **settings) as (
        service,
        said,
    ):
        api = Api(address_in(said))
        plan = api.post("/v1/plans", {"name": "FY27", "period": PERIOD}).headers["Location"]
        api.put(f"{plan}/inputs", {"target": 220, "reps": REPS})
        accepted = api.post(f"{plan}/versions", {}, X_Request_Id="the-call")
        operation = accepted.headers["Location"]
        api.get(f"{operation}/events?secret=1")
        assert api.get("/healthz").status == api.get("/metrics").status == 200
        for name in ("operation solve_version", "GET /v1/operations/{operation_id}/events"):
            collector.wait_for(name)
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=60)

    first, again = sorted(
        collector.named("POST /v1/plans/{plan_id}/versions"),
        key=lambda span: span.start_time_unix_nano,
    )
    (carried_out,) = collector.named("operation solve_version")
    assert told(first)["fairquota.request_id"] == told(again)["fairquota.request_id"] == "the-call"
    assert told(carried_out)["fairquota.operation"] == operation.removeprefix("/v1/operations/")
    (link,) = carried_out.links
    assert (link.trace_id, link.span_id) == (first.trace_id, first.span_id)
    assert carried_out.trace_id != first.trace_id
    assert again.parent_span_id == carried_out.span_id
    for phase in ("reading", "estimate", "even spread", "rounding", "describing", "storing"):
        spans = [own for own in collector.named(phase) if own.trace_id == again.trace_id]
        assert [own.parent_span_id for own in spans] == [again.span_id], phase
    paths = {told(span).get("url.path", "") for span in collector.spans}
    assert f"{operation}/events" in paths
    assert paths.isdisjoint({"/healthz", "/metrics"})
    assert "secret" not in str(collector.spans)


@pytest.mark.usefixtures("own_folder")
def test_spans_of_what_fails_say_of_which_kind_it_was_and_nothing_of_a_body(
    collector: Collector,
) -> None:
    settings = {ENDPOINT: collector.address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with started("serve", "--port", "0", **settings) as (service, said):
        api = Api(address_in(said))
        plan = api.post("/v1/plans", {"name": "Merger", "period": PERIOD}).headers["Location"]
        refused = api.post(f"{plan}/versions", {"roll_forward": {}})
        assert "Merger" in refused.json["detail"]
        accepted = api.post(f"{plan}/versions", {"roll_forward": {}}, Prefer="respond-async")
        assert accepted.status == 202
        collector.wait_for("operation solve_version")
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=60)

    for span in collector.named("reading"):
        assert told(span)["error.type"] == "/problems/invalid-input"
        assert span.status.code == span.status.STATUS_CODE_ERROR
    assert len(collector.named("reading")) == 2
    assert "Merger" not in str(collector.spans)


class TestWithout:
    def test_the_variables_nothing_is_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(ENDPOINT, raising=False)

        with sending_spans():
            assert not trace.get_tracer("t").start_span("s").is_recording()

    def test_the_extra_whoever_asks_for_traces_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
        monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

        with pytest.raises(Failure, match=r"install fairquota\[otel\]"):
            check_tracing()
