"""Sends the known spans with Zipkin's clients: send_zipkin.py VARIANT PORT (environment: older).

otel-v1-json, otel-json, otel-proto: OpenTelemetry's exporters. proto-grpc: the same message to the gRPC service, for
which Python has no client of its own. py-zipkin-*: py_zipkin in each of its encodings.
"""
import http.client
import json
import sys

import known

LOCAL_IP, LOCAL_PORT = "10.1.2.3", 8080


def zipkin_span(span, **changes):
    """As Zipkin's v2 JSON has the span, before the server sets names in lower case."""
    result = {
        "traceId": known.hex_trace_id(span.trace_id), "id": "%016x" % span.span_id,
        "parentId": "%016x" % span.parent_id if span.parent_id else None,
        "kind": None if span.kind == "INTERNAL" else span.kind, "name": span.name,
        "timestamp": span.start_us, "duration": span.duration or None,
        "localEndpoint": {"serviceName": known.SERVICE, "ipv4": LOCAL_IP, "port": LOCAL_PORT},
    }
    result.update(changes)
    return {key: value for key, value in result.items() if value is not None}


# OpenTelemetry's exporters

def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps([text(item) for item in value], separators=(",", ":"))
    return str(value)


def otel_span(span, variant):
    tags = {key: text(value) for key, value in {**span.attributes, **known.RESOURCE}.items()}
    name, version = known.SCOPE
    tags.update({"otel.library.name": name, "otel.library.version": version})
    tags.update({"otel.scope.name": name, "otel.scope.version": version})
    if span.status != "UNSET":
        tags["otel.status_code"] = span.status
    if span.status == "ERROR":
        tags["error"] = span.message
    return zipkin_span(
        span, tags=tags, debug=True,  # the exporter says so of every sampled span
        kind=None if variant == "otel-v1-json" else zipkin_span(span).get("kind"),  # it tells none in version 1
        annotations=[
            {"timestamp": span.start_us + after, "value": json.dumps({event: values}, sort_keys=True)}
            for after, event, values in span.events] or None)


def send_otel(variant, port):
    from opentelemetry.exporter.zipkin.encoder import Protocol
    from opentelemetry.exporter.zipkin.json import ZipkinExporter as JSONExporter
    from opentelemetry.exporter.zipkin.node_endpoint import NodeEndpoint
    from opentelemetry.exporter.zipkin.proto.http import ZipkinExporter as ProtobufExporter
    from opentelemetry.exporter.zipkin.proto.http.v2 import ProtobufEncoder

    import sdk

    spans = known.known(variant)
    for span in spans:
        if span.name == "long":
            span.attributes = {**span.attributes, **known.LISTS}
    finished = sdk.finished(spans)
    url = "http://127.0.0.1:%d/api/%s/spans" % (port, "v1" if variant == "otel-v1-json" else "v2")
    options = {"endpoint": url, "local_node_ipv4": LOCAL_IP, "local_node_port": LOCAL_PORT}
    if variant == "proto-grpc":
        import grpc
        body = ProtobufEncoder().serialize(finished, service_endpoint(NodeEndpoint(LOCAL_IP, None, LOCAL_PORT)))
        with grpc.insecure_channel("127.0.0.1:%d" % port) as channel:
            answer = channel.unary_unary("/zipkin.proto3.SpanService/Report")(body, timeout=20)
        if answer != b"":
            raise SystemExit("ReportResponse is not empty: %r" % answer)
    elif variant == "otel-proto":
        sdk.export(ProtobufExporter(**options), finished)
    elif variant == "otel-json":
        sdk.export(JSONExporter(Protocol.V2, **options), finished)
    else:  # this encoding of the exporter fails without a longest length
        sdk.export(JSONExporter(Protocol.V1, max_tag_value_length=100_000, **options), finished)
    return [otel_span(span, variant) for span in spans]


def service_endpoint(endpoint):
    endpoint.service_name = known.SERVICE
    return endpoint


# py_zipkin

def send_py_zipkin(variant, port):
    from py_zipkin import Encoding, Kind
    from py_zipkin.encoding import get_encoder
    from py_zipkin.encoding._helpers import Span, create_endpoint
    from py_zipkin.logging_helper import ZipkinBatchSender

    name = variant.removeprefix("py-zipkin-")
    version, encoding, content_type = {
        "v1-thrift": (1, Encoding.V1_THRIFT, "application/x-thrift"),
        "v1-json": (1, Encoding.V1_JSON, "application/json"),
        "v2-json": (2, Encoding.V2_JSON, "application/json; charset=utf-8"),
        "v2-proto": (2, Encoding.V2_PROTO3, "application/x-protobuf"),
    }[name]

    def post(payload):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        body = payload.encode() if isinstance(payload, str) else payload
        connection.request("POST", "/api/v%d/spans" % version, body, {"content-type": content_type})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 202 or content:
            raise SystemExit("answer %d: %r" % (answer.status, content))

    told = []
    local = create_endpoint(LOCAL_PORT, known.SERVICE, LOCAL_IP)
    remotes = {"CLIENT": create_endpoint(5432, "known-db", "2001:db8::7"),
               "SERVER": create_endpoint(50_000, "known-caller", "10.9.8.7")}
    with ZipkinBatchSender(post, 5, get_encoder(encoding)) as sender:
        for span in known.known(variant):
            told += one_py_zipkin(span, version, sender, local, remotes.get(span.kind), Kind, Span)
            if span.name == "POST pricing":  # the server's half of the same call: shared, as B3 has it
                span.kind, span.start_us, span.duration = "SERVER", span.start_us + 100, span.duration - 300
                told += one_py_zipkin(span, version, sender, local, None, Kind, Span, shared=True)
    return told


def one_py_zipkin(span, version, sender, local, remote, Kind, Span, shared=False):
    """py_zipkin counts in seconds as floating point: what it makes of that again is what is sent."""
    def microseconds(seconds):
        return int(seconds * 1000000)

    start, duration = span.start_us / 1e6, span.duration / 1e6
    tags = {key: text(value) for key, value in span.attributes.items()}
    annotations = {name: (span.start_us + after) / 1e6 for after, name, _ in span.events}
    kind = None if span.kind == "INTERNAL" else span.kind
    sender.add_span(Span(
        known.hex_trace_id(span.trace_id), span.name, "%016x" % span.parent_id if span.parent_id else None,
        "%016x" % span.span_id, Kind(kind), start, duration, local, remote, shared=shared, annotations=annotations,
        tags=tags))
    sent = zipkin_span(
        span, timestamp=microseconds(start), duration=microseconds(duration) or None, tags=tags or None,
        annotations=[{"timestamp": microseconds(time), "value": name} for name, time in annotations.items()] or None,
        shared=shared or None)
    if remote:
        sent["remoteEndpoint"] = {
            "serviceName": remote.service_name, "port": remote.port,
            **({"ipv4": remote.ipv4} if remote.ipv4 else {"ipv6": remote.ipv6})}
    if version == 1 and shared:  # says neither start nor duration: they follow from 'sr' and 'ss'
        sent["duration"] = microseconds(start + duration) - microseconds(start)
    if version == 1 and not (kind or tags or annotations):
        del sent["localEndpoint"]  # version 1 tells it in annotations alone
    return [sent]


def main(variant, port):
    send = send_py_zipkin if variant.startswith("py-zipkin-") else send_otel
    print(json.dumps({"spans": send(variant, port)}))


main(sys.argv[1], int(sys.argv[2]))
