"""The spans that every sender sends, and the form in which it prints what must be read back.

A sender is given its listener's port, sends KNOWN through a client's own code, and prints one JSON object: a list
`spans` of what the client must have put on the wire. Python's standard library only.
"""
import dataclasses
import hashlib
import json
import time

SERVICE = "known-shop"
RESOURCE = {"service.name": SERVICE, "service.version": "v2-ß", "process.pid": 4711, "deploy.canary": True}
SCOPE = ("known.scope", "1.2.3")


@dataclasses.dataclass
class Span:
    name: str
    kind: str  # INTERNAL, SERVER, CLIENT, PRODUCER or CONSUMER
    parent: "int | None" = None  # place in the trace
    attributes: dict = dataclasses.field(default_factory=dict)
    events: list = dataclasses.field(default_factory=list)  # (microseconds after the start, name, attributes)
    links: list = dataclasses.field(default_factory=list)  # (trace ID, span ID, attributes)
    status: str = "UNSET"
    message: "str | None" = None
    start: int = 0  # microseconds after the trace's
    duration: int = 1000  # microseconds
    trace_id: int = 0
    span_id: int = 0
    parent_id: int = 0  # 0: none
    start_us: int = 0  # since 1970


def _id(bits, *words):
    """The same in each run, and never 0."""
    digest = hashlib.sha256(" ".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[: bits // 8], "big") | 1


TYPED = {
    "text": "plain", "empty": "", "unicode": "käse \U0001f9c0 中文 \u202e", "escapes": "\"\\\n\t\u0001 </script>",
    "yes": True, "no": False, "int": 42, "negative": -1, "int64.max": 2**63 - 1, "int64.min": -(2**63),
    "double": 0.25, "tiny": 1e-9, "ключ": "key that is not ASCII",
}
LISTS = {"list.text": ["a", "b ü"], "list.int": [1, -2, 3], "list.bool": [True, False], "list.double": [0.5, 1.5]}

TRACES = [
    [
        Span("GET /Cart/{id}", "SERVER", None, {"http.status_code": 500, **TYPED}, status="ERROR",
             message="no such cart: größe", duration=90_000),
        Span("price", "INTERNAL", 0, {"step": "price"}, start=1_000, duration=30_000, events=[
            (10, "cache.miss", {"key": "k1", "tries": 2, "cold": True, "ratio": 0.5}), (20_000, "retry ünï", {})]),
        Span("POST pricing", "CLIENT", 1, {"peer.service": "pricing", "http.status_code": 200}, start=2_000,
             duration=20_000, status="OK"),
        Span("queue send", "PRODUCER", 0, start=40_000, duration=5_000,
             links=[(_id(128, "elsewhere"), _id(64, "elsewhere"), {"why": "batch", "n": 7})]),
        Span("queue receive", "CONSUMER", 3, {"messaging.system": "kafka"}, start=50_000, duration=40_000,
             links=[(_id(128, "l1"), _id(64, "l1"), {}), (_id(128, "l2"), _id(64, "l2"), {})]),
    ],
    # A long value, no attributes at all, no time between start and end.
    [
        Span("long", "INTERNAL", None, {"long": "x" * 10_000 + "é"}, duration=3_000_000),
        Span("bare", "INTERNAL", 0, start=500),
        Span("at once", "CLIENT", 0, start=700, duration=0),
    ],
    # A trace ID of 64 bits.
    [Span("short id", "SERVER", None, {"a": "b"})],
    # A parent that nobody reports, IDs with all of their bits in use.
    [Span("orphan", "SERVER", None, {"a": "b"}), Span("child", "CLIENT", 0, start=10, duration=10)],
]


def known(sender):
    """All spans of all traces with their IDs, which are others for each sender; the times are about 20 seconds ago."""
    now = int(time.time() * 1e6) - 20_000_000
    spans = []
    for number, trace in enumerate(TRACES):
        trace_id = _id(128, sender, number)
        if number == 2:
            trace_id &= 2**64 - 1
        if number == 3:
            trace_id |= 1 << 127 | 1 << 63
        ids = [_id(64, sender, number, place) for place in range(len(trace))]
        if number == 3:
            ids = [id | 1 << 63 for id in ids]
        for place, span in enumerate(trace):
            parent_id = 0 if span.parent is None else ids[span.parent]
            if number == 3 and place == 0:
                parent_id = _id(64, sender, "nowhere") | 1 << 63
            start = now + number * 1_000_003 + span.start
            spans.append(dataclasses.replace(
                span, trace_id=trace_id, span_id=ids[place], parent_id=parent_id, start_us=start))
    return spans


def hex_trace_id(trace_id):
    """Without a high half of zeros, as Zipkin and Jaeger write it."""
    return "%032x" % trace_id if trace_id >> 64 else "%016x" % trace_id


def typed(values):
    """Attributes in their order, each value as text beside the name of its type."""
    def one(key, value):
        if isinstance(value, bool):
            return {"key": key, "type": "bool", "text": "true" if value else "false"}
        if isinstance(value, int):
            return {"key": key, "type": "int", "text": str(value)}
        if isinstance(value, float):
            return {"key": key, "type": "double", "text": repr(value)}
        if isinstance(value, (list, tuple)):
            return {"key": key, "type": "list", "items": [one("", item) for item in value], "text": ""}
        return {"key": key, "type": "string", "text": value}

    return [one(key, value) for key, value in values.items()]


def told(span, **changes):
    """What must be read back of a span whose client keeps all that it is given."""
    result = {
        "traceID": hex_trace_id(span.trace_id), "spanID": "%016x" % span.span_id,
        "parentID": "%016x" % span.parent_id if span.parent_id else None,
        "name": span.name, "kind": span.kind, "service": SERVICE,
        "start": span.start_us * 1000, "duration": span.duration * 1000,  # nanoseconds
        "attributes": typed(span.attributes), "resource": typed(RESOURCE),
        "events": [{"time": (span.start_us + after) * 1000, "name": name, "attributes": typed(values)}
                   for after, name, values in span.events],
        "links": [{"traceID": hex_trace_id(trace), "spanID": "%016x" % id, "attributes": typed(values)}
                  for trace, id, values in span.links],
        "status": span.status, "message": span.message, "scope": list(SCOPE), "debug": False,
    }
    result.update(changes)
    return result


def write(spans):
    print(json.dumps({"spans": spans}))
