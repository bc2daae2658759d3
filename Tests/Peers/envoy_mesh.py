"""One real Envoy between a few requests and a service: envoy_mesh.py TRACER COLLECTOR_PORT (environment: current).

TRACER: zipkin-json, zipkin-proto, otlp-grpc or otlp-http. The Envoy plays two proxies, configured as Istio configures
its own: an ingress gateway (a SERVER and a CLIENT span each request) and the sidecar in front of the service (SERVER).
When all spans are sent it prints what was asked and answered, and Envoy's own counts of what it sent and lost.
Standard library only, loopback addresses only; Envoy ends with this program.
"""
import ctypes
import http.client
import http.server
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# An address of its own, so that free ports stay free until Envoy takes them.
IP = "127.90.%d.%d" % (os.getpid() >> 8 & 255, os.getpid() & 255)
SERVICE = "known-page.default"
DEADLINE = time.monotonic() + 120


# The service behind the sidecar

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}  # by x-known: the span ID that the sidecar passed on

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if "x-known" in self.headers:
            traceparent = self.headers.get("traceparent", "--").split("-")[2]
            self.seen[self.headers["x-known"]] = self.headers.get("x-b3-spanid") or traceparent
        self.send_response(503 if self.path.startswith("/fails") else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET

    def log_message(self, *_):
        pass


# Envoy's configuration

def free_port():
    with socket.socket() as probe:
        probe.bind((IP, 0))
        return probe.getsockname()[1]


def type_url(name):
    return "type.googleapis.com/envoy." + name


def provider(tracer):
    timeout = "10s"
    if tracer.startswith("zipkin"):
        host = "zipkin.istio-system.svc.cluster.local"
        return {"name": "envoy.tracers.zipkin", "typed_config": {
            "@type": type_url("config.trace.v3.ZipkinConfig"),
            "collector_endpoint_version": "HTTP_JSON" if tracer == "zipkin-json" else "HTTP_PROTO",
            "trace_id_128bit": True, "shared_span_context": False, "trace_context_option": "USE_B3",
            "collector_service": {"http_uri": {
                "uri": "http://%s/api/v2/spans" % host, "cluster": "collector", "timeout": timeout}}}}
    host = "opentelemetry-collector.observability.svc.cluster.local"
    config = {"@type": type_url("config.trace.v3.OpenTelemetryConfig"), "service_name": SERVICE}
    if tracer == "otlp-grpc":
        config["grpc_service"] = {
            "envoy_grpc": {"cluster_name": "collector", "authority": host}, "timeout": timeout}
    else:
        config["http_service"] = {"http_uri": {
            "uri": "http://%s/v1/traces" % host, "cluster": "collector", "timeout": timeout}}
    return {"name": "envoy.tracers.opentelemetry", "typed_config": config}


def endpoint(address, port):
    return {"socket_address": {"address": address, "port_value": port}}


def cluster(name, address, port, http2=False):
    result = {"name": name, "type": "STATIC", "connect_timeout": "10s", "load_assignment": {
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": endpoint(address, port)}}]}]}}
    if http2:
        options = "extensions.upstreams.http.v3.HttpProtocolOptions"
        result["typed_extension_protocol_options"] = {"envoy." + options: {
            "@type": type_url(options), "explicit_http_config": {"http2_protocol_options": {}}}}
    return result


def listener(name, direction, port, tracer, target, match, operation):
    tags = {"canonical_revision": "v1", "canonical_service": "known-page", "cluster_id": "Kubernetes",
            "mesh_id": "cluster.local", "namespace": "default"}
    tracing = {
        "client_sampling": {"value": 100}, "overall_sampling": {"value": 100}, "random_sampling": {"value": 100},
        "custom_tags": [{"tag": "istio." + tag, "literal": {"value": value}} for tag, value in tags.items()],
        "provider": provider(tracer)}
    if direction == "OUTBOUND":
        tracing["spawn_upstream_span"] = True
    manager = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return {
        "name": name, "traffic_direction": direction, "address": endpoint(IP, port),
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": {
            "@type": type_url(manager), "stat_prefix": name, "use_remote_address": direction == "OUTBOUND",
            "tracing": tracing,
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {
                "@type": type_url("extensions.filters.http.router.v3.Router")}}],
            "route_config": {"name": name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": match, "decorator": {"operation": operation}, "route": {"cluster": target}}]}]}}}]}]}


def bootstrap(tracer, ports, page_port, collector_port):
    operation = "known-page.default.svc.cluster.local:9080/*"
    family = "zipkin" if tracer.startswith("zipkin") else "opentelemetry"
    runtime = {"tracing.%s.min_flush_spans" % family: 5, "tracing.%s.flush_interval_ms" % family: 500}
    return {
        "node": {"id": "sidecar~%s~known-page-v1.default~default.svc.cluster.local" % IP, "cluster": SERVICE,
                 "locality": {"zone": "zone-a"}},
        "admin": {"address": endpoint(IP, ports["admin"])},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": runtime}]},
        "static_resources": {
            "listeners": [
                listener("gateway", "OUTBOUND", ports["gateway"], tracer, "sidecar", {"prefix": "/"}, operation),
                listener("inbound", "INBOUND", ports["inbound"], tracer, "page", {"prefix": "/"}, operation)],
            "clusters": [
                cluster("sidecar", IP, ports["inbound"]), cluster("page", "127.0.0.1", page_port),
                cluster("collector", "127.0.0.1", collector_port, http2=tracer == "otlp-grpc")]}}


# Starting, asking, waiting

def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def admin(port, path):
    connection = http.client.HTTPConnection(IP, port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def wait(what, condition, envoy):
    """What the condition gave first that is true."""
    while not (met := condition()):
        if envoy.poll() is not None:
            raise SystemExit("Envoy ended with %s while waiting: %s" % (envoy.returncode, what))
        if time.monotonic() > DEADLINE:
            raise SystemExit("not in time: " + what)
        time.sleep(0.02)
    return met


def is_ready(port):
    try:
        return admin(port, "/ready")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


REQUESTS = [  # method, path, user agent, width of the trace ID in hexadecimal digits
    ("GET", "/productpage", b"curl/8.5.0", 32),
    ("GET", "/productpage?q=%22%5C%F0%9F%98%80&r='<script>", "café \U0001f600 中文".encode(), 32),
    ("POST", "/reviews/0", b"k6/0.1", 32),
    ("GET", "/fails", b"curl/8.5.0", 32),
    ("GET", "/not-utf-8", b"\xff\xfe\xe9 latin", 32),
    ("GET", "/long", b"x" * 3000, 32),
    ("GET", "/productpage", b"curl/8.5.0", 16),
] + [("GET", "/again/%d" % number, b"curl/8.5.0", 32) for number in range(5)]


def ask(port, number, tracer, method, path, user_agent, digits):
    """One request with a trace context of a client that reports nothing itself."""
    if not tracer.startswith("zipkin"):
        digits = 32  # traceparent knows no other
    trace_id = ("%x%031x" % (8 + number % 8, 0x5EED0000 + os.getpid() * 1000 + number))[-digits:]
    trace_id = trace_id if digits == 32 else "a" + trace_id[1:]
    span_id = "%016x" % (0xC0FFEE0000000000 + number)
    if tracer.startswith("zipkin"):
        context = "x-b3-traceid: %s\r\nx-b3-spanid: %s\r\nx-b3-sampled: 1" % (trace_id, span_id)
    else:
        context = "traceparent: 00-%s-%s-01\r\ntracestate: vendor=known" % (trace_id, span_id)
    head = "%s %s HTTP/1.1\r\nhost: bookinfo.example.com\r\nx-known: %d\r\n%s\r\nconnection: close\r\n" % (
        method, path, number, context)
    with socket.create_connection((IP, port), 10) as connection:
        connection.sendall(head.encode() + b"user-agent: " + user_agent + b"\r\ncontent-length: 0\r\n\r\n")
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return {"traceID": trace_id, "clientSpanID": span_id, "method": method, "path": path,
            "userAgent": user_agent.decode("utf-8", "replace"), "isUTF8": b"\xff" not in user_agent,
            "status": int(answer.split(b" ")[1])}


def counts(port):
    """Counters and gauges by name, those of the tracers and of the collector's cluster."""
    text = admin(port, "/stats?filter=^(tracing|cluster\\.collector)\\.")[1]
    lines = (line.split(": ") for line in text.splitlines())
    return {name: int(value) for name, value in lines if value.isdigit()}


def final_counts(port, spans):
    """The counters once all spans are sent and all posts of them are answered; before that, nothing.

    Envoy counts spans as sent before it counts the post with them, and its counters are read one by one while it works:
    the first reading that has all spans may lack the last post, so the counters are read again some time after it.
    """
    first = counts(port)
    family = "zipkin" if "tracing.zipkin.spans_sent" in first else "opentelemetry"
    if first.get("tracing.%s.spans_sent" % family, 0) < spans:
        return None
    time.sleep(0.5)
    final = counts(port)
    posts = final.get("cluster.collector.upstream_rq_total", 0)
    is_answered = (final.get("cluster.collector.upstream_rq_completed", 0) == posts > 0
                   and final.get("cluster.collector.upstream_rq_pending_active", 0) == 0)
    return final if is_answered else None


def main(tracer, collector_port):
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    binary = os.path.join(importlib.util.find_spec("envoy").submodule_search_locations[0], "_bin", "envoy")
    ports = {role: free_port() for role in ("admin", "gateway", "inbound")}
    with tempfile.TemporaryDirectory(prefix="skein-envoy-") as folder:
        config, log = os.path.join(folder, "envoy.json"), os.path.join(folder, "envoy.log")
        with open(config, "w") as file:
            json.dump(bootstrap(tracer, ports, page.server_port, collector_port), file)
        with open(log, "w") as errors:
            envoy = subprocess.Popen(
                [binary, "-c", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, preexec_fn=end_with_parent)
        try:
            wait("Envoy is ready", lambda: is_ready(ports["admin"]), envoy)
            asked = [ask(ports["gateway"], number, tracer, *request) for number, request in enumerate(REQUESTS)]
            for number, one in enumerate(asked):
                one["sidecarSpanID"] = Page.seen[str(number)]
            spans = 3 * len(asked)
            sent = wait("%d spans are sent" % spans, lambda: final_counts(ports["admin"], spans), envoy)
            print(json.dumps({"requests": asked, "stats": sent, "service": SERVICE}))
        except BaseException:
            with open(log) as file:
                sys.stderr.write(file.read()[-3000:])
            raise
        finally:
            envoy.kill()  # all is sent; and a caller may have left it with signals blocked
            envoy.wait()


main(sys.argv[1], int(sys.argv[2]))
