"""The known spans as finished spans of OpenTelemetry's SDK, of any version from 1.21 on."""
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, set_span_in_context)

import known


class _Collected(SpanExporter):
    def __init__(self):
        self.spans = []

    def export(self, spans):
        self.spans += spans
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


class _KnownIDs(IdGenerator):
    next = None

    def generate_span_id(self):
        return self.next.span_id

    def generate_trace_id(self):
        return self.next.trace_id


def _context(trace_id, span_id):
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def finished(spans, nanoseconds=0):
    """`nanoseconds` are added to every start and end."""
    collected, ids = _Collected(), _KnownIDs()
    provider = TracerProvider(resource=Resource(known.RESOURCE), id_generator=ids, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(collected))
    tracer = provider.get_tracer(*known.SCOPE)
    for one in spans:
        ids.next = one
        parent = None
        if one.parent_id:
            parent = set_span_in_context(NonRecordingSpan(_context(one.trace_id, one.parent_id)))
        start = one.start_us * 1000 + nanoseconds
        span = tracer.start_span(
            one.name, context=parent, kind=SpanKind[one.kind], attributes=one.attributes, start_time=start,
            links=[Link(_context(trace, id), values) for trace, id, values in one.links])
        for after, name, values in one.events:
            span.add_event(name, values, timestamp=start + after * 1000)
        if one.status != "UNSET":
            span.set_status(Status(StatusCode[one.status], one.message))
        span.end(start + one.duration * 1000)
    assert len(collected.spans) == len(spans)
    return collected.spans


def export(exporter, spans):
    """Two requests, so that a listener also sees a connection that is used again."""
    middle = len(spans) // 2
    for part in (spans[:middle], spans[middle:]):
        outcome = exporter.export(part)
        if outcome is not SpanExportResult.SUCCESS:
            raise SystemExit("the exporter reports %s" % outcome)
    exporter.shutdown()
