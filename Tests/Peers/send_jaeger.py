"""Sends the known spans with Jaeger's clients: send_jaeger.py VARIANT PORT (environment: older).

otel-compact, otel-binary: OpenTelemetry's thrift exporter as the agent's UDP message; it knows the compact protocol
only, so its own client writes the binary one. otel-http: the same exporter to the collector. otel-grpc: its protobuf
exporter. client: jaeger-client, compact.
"""
import logging
import sys
import time

import known

logging.basicConfig(level=logging.WARNING)


def tags(span, resource):
    """The exporters put status, kind, scope and resource among the tags."""
    name, version = known.SCOPE
    values = {key: str(tuple(value)) if isinstance(value, list) else value for key, value in span.attributes.items()}
    values.update(resource)
    if span.status != "UNSET":
        values["otel.status_code"] = span.status
        if span.message is not None:
            values["otel.status_description"] = span.message
    values["span.kind"] = span.kind.lower()
    values.update({"otel.library.name": name, "otel.library.version": version})
    values.update({"otel.scope.name": name, "otel.scope.version": version})
    if span.status == "ERROR":
        values["error"] = True
    return values


def told(span, tags, process, fields, **changes):
    """`fields`: of each event of the span, all of its fields."""
    return known.told(span, **{
        "attributes": known.typed(tags), "resource": known.typed(process),
        "events": [{"time": (span.start_us + after) * 1000, "name": "", "attributes": known.typed(values)}
                   for (after, _, _), values in zip(span.events, fields)],
        "links": [{"traceID": known.hex_trace_id(trace), "spanID": "%016x" % id, "attributes": []}
                  for trace, id, _ in span.links],
        "scope": None, **changes})


# OpenTelemetry's exporters

def send_otel(variant, port):
    from opentelemetry.exporter.jaeger.proto.grpc import JaegerExporter as ProtobufExporter
    from opentelemetry.exporter.jaeger.thrift import JaegerExporter as ThriftExporter
    from opentelemetry.exporter.jaeger.thrift.gen.agent import Agent
    from opentelemetry.exporter.jaeger.thrift.send import AgentClientUDP
    from thrift.protocol.TBinaryProtocol import TBinaryProtocol

    import sdk

    spans = known.known(variant)
    for span in spans:
        if span.name == "long":
            span.attributes = {**span.attributes, **known.LISTS}
    if variant == "otel-http":
        exporter = ThriftExporter(collector_endpoint="http://127.0.0.1:%d/api/traces?format=jaeger.thrift" % port)
    elif variant == "otel-grpc":
        exporter = ProtobufExporter(collector_endpoint="127.0.0.1:%d" % port, insecure=True)
    else:
        exporter = ThriftExporter(agent_host_name="127.0.0.1", agent_port=port)
    if variant == "otel-binary":
        exporter._agent_client = AgentClientUDP(
            "127.0.0.1", port, client=lambda iprot: Agent.Client(TBinaryProtocol(iprot.trans)))
    sdk.export(exporter, sdk.finished(spans))

    def one(span):
        # The thrift exporter tells the resource in each span's tags; the protobuf one in those and in the process.
        process = known.RESOURCE if variant == "otel-grpc" else {}
        fields = [{**values, "message": name} for _, name, values in span.events]
        result = told(span, tags(span, known.RESOURCE), process, fields)
        if variant == "otel-grpc":
            start, end = rounded(span.start_us), rounded(span.start_us + span.duration)
            result.update({"start": start, "duration": end - start})
            for event, (after, _, _) in zip(result["events"], span.events):
                event["time"] = rounded(span.start_us + after)
        return result

    return [one(span) for span in spans]


def rounded(microseconds):
    """Nanoseconds as the protobuf exporter has them after its way through floating point."""
    seconds = microseconds * 1000 / 1e9
    return int(seconds) * 1_000_000_000 + int((seconds - int(seconds)) * 1e9)


# jaeger-client

def send_client(port):
    from jaeger_client import Config, SpanContext
    from opentracing import Reference, ReferenceType

    tracer = Config(
        config={
            "sampler": {"type": "const", "param": 1}, "local_agent": {"reporting_host": "127.0.0.1",
                                                                      "reporting_port": port},
            "max_tag_value_length": 20_000, "tags": {"known": "process"}},
        service_name=known.SERVICE, validate=True).new_tracer()
    results = []
    for span in known.known("client"):
        ids = {128: span.trace_id, 64: span.span_id}
        tracer.max_trace_id_bits = 128
        tracer._random_id = ids.__getitem__
        parent = SpanContext(span.trace_id, span.parent_id, 0, 1) if span.parent_id else None
        values = {**span.attributes, "span.kind": span.kind.lower()}
        if span.status == "ERROR":
            values["error"] = True
        links = [Reference(ReferenceType.FOLLOWS_FROM, SpanContext(trace, id, 0, 1)) for trace, id, _ in span.links]
        start, end = span.start_us / 1e6, (span.start_us + span.duration) / 1e6
        made = tracer.start_span(span.name, child_of=parent, references=links, tags=dict(values), start_time=start)
        for after, name, fields in span.events:
            made.log_kv({"event": name, **fields}, timestamp=(span.start_us + after) / 1e6)
        made.finish(finish_time=end)
        if not parent:
            values.update({"sampler.type": "const", "sampler.param": True})
        # Seconds as floating point: what the client makes of them is what is sent.
        result = told(
            span, values, tracer.tags, [{"event": name, **fields} for _, name, fields in span.events],
            start=int(start * 1000000) * 1000, duration=int((end - start) * 1000000) * 1000)
        for event, (after, _, _) in zip(result["events"], span.events):
            event["time"] = int((span.start_us + after) / 1e6 * 1000000) * 1000
        results.append(result)
    done = tracer.close()
    deadline = time.monotonic() + 20
    while not done.done():
        if time.monotonic() > deadline:
            raise SystemExit("the client does not end")
        time.sleep(0.01)
    return results


def main(variant, port):
    known.write(send_client(port) if variant == "client" else send_otel(variant, port))


main(sys.argv[1], int(sys.argv[2]))
