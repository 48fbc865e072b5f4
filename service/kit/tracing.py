"""Traces by OpenTelemetry: spans of requests, of operations and of the phases of a solve.

They are sent where the standard variables say, `OTEL_EXPORTER_OTLP_ENDPOINT` and its like, by the
extra `fairquota[otel]`. Without the variables nothing is recorded and a span costs nothing.
FastAPI makes the spans of requests itself; what an operation does later is a trace of its own,
which has a link to the request that began it.
"""

import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from importlib.metadata import version
from threading import Timer
from typing import Any, Final

from opentelemetry import propagate, trace
from opentelemetry.context import Context

from service.kit.errors import AppError

TRACER: Final = trace.get_tracer("fairquota")
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_LAST_SECONDS: Final = 2
_UNWATCHED: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class TracingNotInstalled(Exception):
    """Somebody asks for traces, and the extra that sends them is not there."""


def is_unwatched(scope: Mapping[str, Any]) -> bool:
    """Requests of monitors."""
    return scope.get("path") in _UNWATCHED


def is_asked_for() -> bool:
    """Whether the variables say where spans are to be sent. Raises TracingNotInstalled."""
    asked = next((name for name in _ENDPOINTS if os.environ.get(name)), None)
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if asked is None or off or os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace.export  # noqa: F401 - both are used below
    except ImportError:
        raise TracingNotInstalled(
            f"{asked} asks for traces, and what sends them is not installed: install "
            "fairquota[otel], or take the variable away."
        ) from None
    return True


@contextmanager
def sending_spans() -> Iterator[None]:
    """Send the spans of this process, if they are asked for; whoever leaves waits for the last ones
    a moment. Raises TracingNotInstalled.
    """
    if not is_asked_for():
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or "fairquota"
    resource = Resource.create({"service.name": name, "service.version": version("fairquota")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter()
    processor = BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        given_up = Timer(_LAST_SECONDS, exporter.shutdown)  # else it tries on for ten seconds
        given_up.start()
        processor.shutdown()  # type: ignore[no-untyped-call]
        given_up.cancel()


@contextmanager
def in_span(name: str, **more: Any) -> Iterator[None]:
    """What is done here is one, with the kind of what it fails with: OpenTelemetry would record the
    message and the traceback as well, which may quote bodies.
    """
    with TRACER.start_as_current_span(
        name, record_exception=False, set_status_on_exception=False, **more
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_attribute("error.type", _kind_of(error))
            span.set_status(trace.StatusCode.ERROR)
            raise


def _kind_of(error: Exception) -> str:
    return error.type_path() if isinstance(error, AppError) else type(error).__qualname__


def name_request(request_id: str) -> None:
    """The span of a request has its id, as the log has, and nothing of its query, which may be
    anything.
    """
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes({"fairquota.request_id": request_id, "url.query": ""})


def add_trace(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A line of the log says of which trace it is, where there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event.setdefault("trace_id", trace.format_trace_id(context.trace_id))
    return event


def what_began_it(request_id: str) -> list[list[str]]:
    """The headers by which logs and traces of what is done later lead to this request."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return [["x-request-id", request_id], *map(list, carrier.items())]


@contextmanager
def linked(name: str, began: Mapping[str, str], **attributes: str) -> Iterator[dict[str, str]]:
    """A trace of its own with a link to what began it; yields the headers of whatever is part of
    it.
    """
    beginning = trace.get_current_span(propagate.extract(began)).get_span_context()
    links = [trace.Link(beginning)] if beginning.is_valid else []
    named = {f"fairquota.{key}": value for key, value in attributes.items()}
    alone, kind = Context(), trace.SpanKind.CONSUMER
    with in_span(name, context=alone, kind=kind, attributes=named, links=links):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        yield carrier
