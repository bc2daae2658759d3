"""Asks the query APIs over gRPC as their clients do: ask_grpc.py CASE KNOWN (environment: current).

KNOWN: a JSON file with `ports` by listener and `traces`, a list of spans by trace ID, as Zipkin's JSON has them. Stubs
are made through reflection. Ends with an error at the first answer that is not what the client needs.
"""
import collections
import json
import sys
import time

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

MESSAGE_SIZE_MAX = 4 << 20  # what a client of grpc-go takes unless told otherwise
SERVICES = {
    "query-grpc": ["jaeger.api_v2.QueryService", "jaeger.api_v3.QueryService"],
    "jaeger-storage": [
        "jaeger.storage.v2.DependencyReader", "jaeger.storage.v2.TraceReader",
        "opentelemetry.proto.collector.trace.v1.TraceService"],
}


class Listener:
    """A channel to one listener, and what reflection tells of it."""

    def __init__(self, known, name, **options):
        self.channel = grpc.insecure_channel("127.0.0.1:%d" % known["ports"][name], **options)
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))

    def message(self, name, **fields):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))(**fields)

    def method(self, service, name):
        """The call, and the class of its request."""
        method = self.pool.FindServiceByName(service).methods_by_name[name]
        request, answer = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
        kind = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        path = "/%s/%s" % (service, name)
        return kind(path, request.SerializeToString, answer.FromString), request

    def call(self, service, name, /, timeout=20, **fields):
        """One answer, or the list of all of them."""
        call, request = self.method(service, name)
        answer = call(request(**fields), timeout=timeout)
        if not isinstance(answer, collections.abc.Iterator):
            return answer
        answers = list(answer)
        assert all(answer.ByteSize() < MESSAGE_SIZE_MAX for answer in answers)
        return answers


def expect_status(code, work):
    try:
        work()
    except grpc.RpcError as error:
        assert error.code() == code, "%s: %s" % (error.code(), error.details())
        return error.details()
    raise AssertionError("no failure, but %s was expected" % code)


def expect_equal(found, expected, what):
    assert found == expected, "%s:\nfound    %r\nexpected %r" % (what, found, expected)


def service_of(span):
    return span.get("localEndpoint", {}).get("serviceName")


def services(known):
    return sorted({service_of(span) for spans in known["traces"].values() for span in spans})


def matching(known, service, **tags):
    """IDs of the traces with a span of the service that has all of the tags."""
    return {
        id for id, spans in known["traces"].items()
        if any(service_of(span) == service and tags.items() <= span.get("tags", {}).items() for span in spans)}


def hour():
    """Start and end, whole seconds as Kiali sends them."""
    now = int(time.time())
    return {"seconds": now - 3600}, {"seconds": now + 60}


def bytes_of(trace_id):
    return bytes.fromhex(trace_id.rjust(32, "0"))


def id_of(trace_id):
    """Without a high half of zeros."""
    assert len(trace_id) == 16
    return trace_id.hex() if any(trace_id[:8]) else trace_id[8:].hex()


def some_traces(known):
    """Two IDs of 64 bits where there are any, and three of 128."""
    ids = sorted(known["traces"])
    return [id for id in ids if len(id) == 16][:2] + [id for id in ids if len(id) == 32][:3]


# Jaeger's model

def spans_by_trace(chunks):
    """Checks each chunk, and groups its spans as Kiali does."""
    traces = collections.defaultdict(list)
    for chunk in chunks:
        assert chunk.spans
        for span in chunk.spans:
            assert len(span.trace_id) == 16 and len(span.span_id) == 8
            # Kiali reads it without asking whether it is there.
            assert span.HasField("process") and span.process.service_name
            first = chunk.spans[0]
            assert span.trace_id == first.trace_id, "spans of two traces in one chunk"
        id = id_of(chunk.spans[0].trace_id)
        assert traces[id] or len(chunk.spans) <= 10, "%d spans in a first chunk" % len(chunk.spans)
        traces[id] += chunk.spans
    return traces


def expect_spans(known, id, spans):
    expected = {span["id"]: span for span in known["traces"][id]}
    expect_equal(sorted(span.span_id.hex() for span in spans), sorted(expected), "spans of " + id)
    for span in spans:
        own = expected[span.span_id.hex()]
        expect_equal(span.process.service_name, service_of(own), "service")
        expect_equal(span.operation_name, own["name"], "operation")
        expect_equal(span.start_time.ToMicroseconds(), own["timestamp"], "start")
        expect_equal(span.duration.ToMicroseconds(), own.get("duration", 0), "duration")
        tags = {tag.key: tag.v_str for tag in span.tags if tag.v_type == 0}
        expect_equal(tags["span.kind"], own["kind"].lower(), "kind")
        for key in ["node_id", "component", "istio.cluster_id", "http.status_code", "response_flags"]:
            expect_equal(tags.get(key), own["tags"].get(key), key)
        parents = [r.span_id.hex() for r in span.references if r.ref_type == 0]
        expect_equal(parents, [own["parentId"]] if own.get("parentId") else [], "parent")


def kiali(known):
    """GetServices, FindTraces and GetTrace, with the deadlines that Kiali sets."""
    listener, service = Listener(known, "query-grpc"), "jaeger.api_v2.QueryService"
    expect_equal(list(listener.call(service, "GetServices", timeout=4).services), services(known), "services")
    start, end = hour()
    for name in ["reviews.default", "istio-ingressgateway.istio-system"]:
        for depth in [0, 5, 10_000]:
            query = {"service_name": name, "tags": {"istio.cluster_id": "Kubernetes"}, "start_time_min": start,
                     "start_time_max": end, "duration_min": {}, "search_depth": depth}
            found = spans_by_trace(listener.call(service, "FindTraces", timeout=5, query=query))
            expected = matching(known, name, **{"istio.cluster_id": "Kubernetes"})
            expect_equal(len(found), min(depth or 100, len(expected)), "traces of " + name)
            assert expected.issuperset(found)
            for id in found:
                expect_spans(known, id, found[id])
    failed = matching(known, "reviews.default", error="true")
    query = {"service_name": "reviews.default", "tags": {"error": "true"}, "start_time_min": start,
             "start_time_max": end, "duration_min": {}}
    expect_equal(set(spans_by_trace(listener.call(service, "FindTraces", query=query))), failed, "errors")
    for id in some_traces(known):
        found = spans_by_trace(listener.call(service, "GetTrace", timeout=4, trace_id=bytes_of(id)))
        expect_equal(list(found), [id], "trace")
        expect_spans(known, id, found[id])
    expect_status(
        grpc.StatusCode.NOT_FOUND, lambda: listener.call(service, "GetTrace", trace_id=b"\1" * 16))


def api_v2(known):
    """What Kiali does not call."""
    listener, service = Listener(known, "query-grpc"), "jaeger.api_v2.QueryService"
    operations = listener.call(service, "GetOperations", service="reviews.default")
    names = {span["name"] for spans in known["traces"].values() for span in spans
             if service_of(span) == "reviews.default"}
    expect_equal({operation.name for operation in operations.operations}, names, "operations")
    servers = listener.call(service, "GetOperations", service="reviews.default", span_kind="server")
    assert servers.operations and all(operation.span_kind == "server" for operation in servers.operations)
    start, end = hour()
    links = listener.call(service, "GetDependencies", start_time=start, end_time=end).dependencies
    assert {("productpage.default", "reviews.default")} <= {(link.parent, link.child) for link in links}
    assert all(link.call_count > 0 for link in links)
    bad = [b"", b"\1" * 17]
    for trace_id in bad:
        expect_status(
            grpc.StatusCode.INVALID_ARGUMENT, lambda: listener.call(service, "GetTrace", trace_id=trace_id))
    try:
        listener.call(service, "ArchiveTrace", trace_id=bytes_of(some_traces(known)[0]))
        raise AssertionError("there is an archive")
    except grpc.RpcError as error:
        assert error.code() not in (grpc.StatusCode.OK, grpc.StatusCode.UNKNOWN), error


# OTLP

def otlp_spans(answers):
    """Spans with the services of their resources; each answer holds spans of one trace."""
    traces = collections.defaultdict(list)
    for answer in answers:
        found = [
            (span, {a.key: a.value.string_value for a in group.resource.attributes}.get("service.name"))
            for group in answer.resource_spans for scope in group.scope_spans for span in scope.spans]
        assert found and len({span.trace_id for span, _ in found}) == 1
        traces[id_of(found[0][0].trace_id)] += found
    return traces


def expect_otlp(known, found, expected):
    expect_equal(set(found), set(expected), "traces")
    for id in found:
        own = {span["id"]: span for span in known["traces"][id]}
        expect_equal(sorted(span.span_id.hex() for span, _ in found[id]), sorted(own), "spans of " + id)
        for span, service in found[id]:
            told = own[span.span_id.hex()]
            expect_equal(service, service_of(told), "service")
            expect_equal(span.name, told["name"], "name")
            expect_equal(span.start_time_unix_nano // 1000, told["timestamp"], "start")
            expect_equal(span.parent_span_id.hex(), told.get("parentId") or "", "parent")


def v3_query():
    start, end = hour()
    return {"service_name": "reviews.default", "start_time_min": start, "start_time_max": end, "search_depth": 10_000}


def api_v3(known):
    listener, service = Listener(known, "query-grpc"), "jaeger.api_v3.QueryService"
    expect_equal(list(listener.call(service, "GetServices").services), services(known), "services")
    assert listener.call(service, "GetOperations", service="reviews.default").operations
    start, end = hour()
    assert listener.call(service, "GetDependencies", start_time=start, end_time=end).dependencies
    expected = matching(known, "reviews.default")
    query = v3_query()
    expect_otlp(known, otlp_spans(listener.call(service, "FindTraces", query=query)), expected)
    pages = listener.call(service, "FindTraceSummaries", query=query)
    summaries = [summary for page in pages for summary in page.summaries]
    expect_equal({id_of(bytes_of(summary.trace_id)) for summary in summaries}, expected, "summaries")
    for summary in summaries:
        spans = known["traces"][id_of(bytes_of(summary.trace_id))]
        expect_equal(summary.span_count, len(spans), "spans")
        expect_equal(sum(one.span_count for one in summary.services), len(spans), "spans by service")
    for id in some_traces(known):
        expect_otlp(known, otlp_spans(listener.call(service, "GetTrace", trace_id=id)), [id])
    expect_status(grpc.StatusCode.NOT_FOUND, lambda: listener.call(service, "GetTrace", trace_id="1" * 32))
    expect_status(grpc.StatusCode.INVALID_ARGUMENT, lambda: listener.call(service, "GetTrace", trace_id="no ID"))
    expect_status(
        grpc.StatusCode.INVALID_ARGUMENT,
        lambda: listener.call(service, "FindTraces", query={"service_name": "reviews.default"}))


def storage(known):
    """A Jaeger query service over the remote storage."""
    listener, service = Listener(known, "jaeger-storage"), "jaeger.storage.v2.TraceReader"
    expect_equal(list(listener.call(service, "GetServices").services), services(known), "services")
    operations = listener.call(service, "GetOperations", service="reviews.default").operations
    assert operations and all(operation.name for operation in operations)
    start, end = hour()
    query = {**v3_query(), "attributes": [{"key": "istio.cluster_id", "value": {"string_value": "Kubernetes"}}]}
    expected = matching(known, "reviews.default", **{"istio.cluster_id": "Kubernetes"})
    found = listener.call(service, "FindTraceIDs", query=query).trace_ids
    expect_equal({id_of(one.trace_id) for one in found}, expected, "IDs")
    expect_otlp(known, otlp_spans(listener.call(service, "FindTraces", query=query)), expected)
    wanted = [{"trace_id": bytes_of(id)} for id in some_traces(known)] + [{"trace_id": b"\1" * 16}]
    expect_otlp(known, otlp_spans(listener.call(service, "GetTraces", query=wanted)), some_traces(known))
    links = listener.call(
        "jaeger.storage.v2.DependencyReader", "GetDependencies", start_time=start, end_time=end).dependencies
    assert {("productpage.default", "reviews.default")} <= {(link.parent, link.child) for link in links}


def write(known):
    """A Jaeger collector that writes to the remote storage; a trace of 10 MB, each part of which fits in a message."""
    listener, service = Listener(known, "jaeger-storage"), "jaeger.storage.v2.TraceReader"
    trace_id, now = b"\7" * 16, time.time_ns()
    sent = [
        {"trace_id": trace_id, "span_id": (1 + number).to_bytes(8, "big"), "name": "written",
         "start_time_unix_nano": now - 10**9 + number, "end_time_unix_nano": now,
         "attributes": [{"key": "long", "value": {"string_value": "x" * 60_000}}] if number % 3 == 0 else []}
        for number in range(500)]
    resource = {"attributes": [{"key": "service.name", "value": {"string_value": "writer"}}]}
    for start in range(0, len(sent), 50):
        listener.call(
            "opentelemetry.proto.collector.trace.v1.TraceService", "Export",
            resource_spans=[{"resource": resource, "scope_spans": [{"spans": sent[start:start + 50]}]}])
    ids = [span["span_id"] for span in sent]

    def expect_all(answers):
        (found,) = otlp_spans(answers).values()
        expect_equal([span.span_id for span, _ in found], ids, "spans")
        assert all(service == "writer" for _, service in found)

    expect_all(listener.call(service, "GetTraces", query=[{"trace_id": trace_id}]))
    start, end = hour()
    query = {"service_name": "writer", "start_time_min": start, "start_time_max": end}
    expect_all(listener.call(service, "FindTraces", query=query))
    queries = Listener(known, "query-grpc")
    expect_all(queries.call("jaeger.api_v3.QueryService", "GetTrace", trace_id=trace_id.hex()))
    for name, fields in [("GetTrace", {"trace_id": trace_id}), ("FindTraces", {"query": query})]:
        (found,) = spans_by_trace(queries.call("jaeger.api_v2.QueryService", name, **fields)).values()
        expect_equal([span.span_id for span in found], ids, "spans")


# The protocol

def reflection(known):
    for name, expected in SERVICES.items():
        listener = Listener(known, name)
        for version in ["v1", "v1alpha"]:
            call = listener.channel.stream_stream(
                "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % version,
                reflection_pb2.ServerReflectionRequest.SerializeToString,
                reflection_pb2.ServerReflectionResponse.FromString)
            asked = [reflection_pb2.ServerReflectionRequest(list_services=""),
                     reflection_pb2.ServerReflectionRequest(file_containing_symbol="no.such.Thing")]
            listed, missing = call(iter(asked), timeout=20)
            names = {service.name for service in listed.list_services_response.service}
            assert names >= set(expected), names
            expect_equal(missing.error_response.error_code, grpc.StatusCode.NOT_FOUND.value[0], "error")
        for service in expected:
            described = listener.pool.FindServiceByName(service)
            assert described.methods
            for method in described.methods:
                assert method.input_type.full_name and method.output_type.full_name


def health(known):
    serving = health_pb2.HealthCheckResponse.SERVING
    for name, expected in SERVICES.items():
        stub = health_pb2_grpc.HealthStub(Listener(known, name).channel)
        for service in [""] + expected:
            request = health_pb2.HealthCheckRequest(service=service)
            expect_equal(stub.Check(request, timeout=20).status, serving, service)
            watch = stub.Watch(request, timeout=20)
            expect_equal(next(watch).status, serving, service)
            watch.cancel()
        unknown = health_pb2.HealthCheckRequest(service="no.such.Service")
        expect_status(grpc.StatusCode.NOT_FOUND, lambda: stub.Check(unknown, timeout=20))
        watch = stub.Watch(unknown, timeout=20)
        expect_equal(next(watch).status, health_pb2.HealthCheckResponse.SERVICE_UNKNOWN, "unknown")
        watch.cancel()


def protocol(known):
    """Deadlines, clients that go away, methods that are not there, compression."""
    listener, service = Listener(known, "query-grpc"), "jaeger.api_v2.QueryService"
    start, end = hour()
    query = {"query": {"service_name": "reviews.default", "start_time_min": start, "start_time_max": end,
                       "search_depth": 10_000}}
    call, request = listener.method(service, "FindTraces")
    for _ in range(5):
        expect_status(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(call(request(**query), timeout=0.002)))
    # What came before the end is the client's.
    for _ in range(20):
        stream = call(request(**query), timeout=20)
        assert next(stream).spans
        stream.cancel()
        expect_status(grpc.StatusCode.CANCELLED, lambda: list(stream))
    expected = matching(known, "reviews.default")
    expect_equal(set(spans_by_trace(call(request(**query), timeout=20))), expected, "after all that")

    for path in ["/jaeger.api_v2.QueryService/NoSuchMethod", "/no.such.Service/Method", "/nothing"]:
        unknown = listener.channel.unary_unary(path)
        expect_status(grpc.StatusCode.UNIMPLEMENTED, lambda: unknown(b"", timeout=20))
    broken = listener.channel.unary_stream("/%s/FindTraces" % service)
    expect_status(grpc.StatusCode.INVALID_ARGUMENT, lambda: list(broken(b"\xff\xff", timeout=20)))

    packed = Listener(known, "query-grpc", compression=grpc.Compression.Gzip)
    found = spans_by_trace(packed.call(service, "FindTraces", **query))
    expect_equal(set(found), expected, "packed")


CASES = {case.__name__: case for case in [kiali, api_v2, api_v3, storage, write, reflection, health, protocol]}


def main(case, path):
    with open(path, encoding="utf-8") as file:
        known = json.load(file)
    CASES[case](known)


main(*sys.argv[1:])
