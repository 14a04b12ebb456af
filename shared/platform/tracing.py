"""Traces: one span per request, append, publication and effect, on the trace of the call that caused them.

The context travels as text: in the request's context, in the log beside the event, in the envelope. Batches of the
exchange mix calls, so each call that is sampled gets a span of its own for the batch that carried its events.
Spans name routes, services and counts; never a path, a query, a body or a statement.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared.platform import request_context

MOST_CALLS: Final = 50
"""Most calls of one batch that get a span: a batch of single calls would else make as many spans as events."""

_SAMPLED: Final = "01"
Attributes = Mapping[str, str | int | bool]


class Tracing:
    """The tracer of one process; without a place to send spans to it makes none and costs nothing."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: trace.Tracer = trace.NoOpTracer()

    @property
    def on(self) -> bool:
        """Whether spans are made."""
        return self._provider is not None

    def begin(self, *, service: str, to: str, ratio: float) -> None:
        """Send spans `to` an OTLP address (`https://.../v1/traces`) or a file (`file:///...`), one JSON object a line.

        `ratio` is the part of the calls without a caller's decision that is followed, 0 to 1.
        """
        provider = TracerProvider(
            resource=Resource.create({"service.name": f"tremplin-{service}"}),
            sampler=ParentBased(TraceIdRatioBased(ratio)),
        )
        provider.add_span_processor(BatchSpanProcessor(_exporter(to), schedule_delay_millis=1000))
        self._provider, self._tracer = provider, provider.get_tracer("tremplin")

    def end(self) -> None:
        """Send what is left, and make no more."""
        if self._provider is not None:
            self._provider.shutdown()
        self._provider, self._tracer = None, trace.NoOpTracer()

    def request(self, method: str, *, parent: str | None) -> Span | None:
        """Begin the span of a request, below the caller's if it named one; what the request does is on its trace."""
        if not self.on:
            return None
        span = self._tracer.start_span(method, context=_context_of(parent), kind=SpanKind.SERVER)
        request_context.continue_trace(_traceparent_of(span))
        return span

    @contextmanager
    def step(self, name: str, **attributes: str | int) -> Iterator[None]:
        """A part of the present work."""
        if not self.on:
            yield
            return
        before = request_context.current_traceparent()
        span = self._tracer.start_span(name, context=_context_of(before), attributes=attributes)
        request_context.continue_trace(_traceparent_of(span))
        try:
            yield
        except BaseException as error:
            # Its text may quote a value.
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()
            request_context.continue_trace(before)

    def began(self) -> int:
        """The instant from which `carried` counts."""
        return time.time_ns() if self.on else 0

    def carried(
        self,
        name: str,
        traceparents: Iterable[str | None],
        *,
        kind: SpanKind,
        since: int,
        attributes: Attributes,
    ) -> None:
        """A batch that carried events of several calls was done: a span on the trace of each that is sampled."""
        if not self.on:
            return
        counts: dict[str, int] = {}
        for traceparent in traceparents:
            if traceparent is not None and traceparent.endswith(_SAMPLED):
                counts[traceparent] = counts.get(traceparent, 0) + 1
        for traceparent, events in list(counts.items())[:MOST_CALLS]:
            span = self._tracer.start_span(
                name,
                context=_context_of(traceparent),
                kind=kind,
                start_time=since,
                attributes={
                    "messaging.system": "nats",
                    **attributes,
                    "messaging.batch.message_count": events,
                },
            )
            span.end()


TRACING: Final = Tracing()
"""That of this process."""


def finish_request(span: Span, *, route: str | None, status: int) -> None:
    """End the span of a request under its route's template."""
    method = span.name if isinstance(span, ReadableSpan) else ""
    span.update_name(f"{method} {route or '-'}")
    span.set_attributes(
        {"http.request.method": method, "http.route": route or "-", "http.response.status_code": status}
    )
    if status >= 500:  # noqa: PLR2004 - the server's own failures
        span.set_status(Status(StatusCode.ERROR))
    span.end()


def _exporter(to: str) -> SpanExporter:
    address = urlsplit(to)
    if address.scheme == "file":
        stream = Path(unquote(address.path)).open("a", encoding="utf-8")  # noqa: SIM115 - as long as the process
        return ConsoleSpanExporter(out=stream, formatter=_line)
    # Its libraries are worth their memory only to those who have a collector.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return OTLPSpanExporter(endpoint=to)


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


def _context_of(traceparent: str | None) -> otel_context.Context:
    if traceparent is None:
        return otel_context.Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    parent = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
    return trace.set_span_in_context(NonRecordingSpan(parent), otel_context.Context())


def _traceparent_of(span: Span) -> str:
    at = span.get_span_context()
    return f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"
