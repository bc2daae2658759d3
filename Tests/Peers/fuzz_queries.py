"""Asks the query APIs over HTTP what their descriptions allow, and what they do not: fuzz_queries.py KNOWN SEED
(environment: fuzzing).

KNOWN: a JSON file with `ports` by listener, and with what is stored: `traceIDs`, `spans` (`traceID` and `spanID` of
each), `services`, `operations`. Ends with an error, and with what schemathesis says, where an answer is not as described:
its status, its type, its fields or its headers. A status from 500 on is wrong too, even if it is described, but for those in fuzz_queries.toml.

schemathesis loads this file as well, for its hooks: half of the values are replaced by ones that find something.
"""
import json
import os
import subprocess
import sys
import time
import zlib

FOLDER = os.path.dirname(os.path.abspath(__file__))
QUERIES = os.path.join(FOLDER, "..", "..", "queries")
# The tag, the description, the listener, and the prefix below which it is served too.
RUNS = [
    ("jaeger", "openapi.yaml", "query", "/jaeger"), ("zipkin", "openapi.yaml", "zipkin", "/zipkin"),
    ("tempo", "openapi-tempo.yaml", "tempo", ""), ("skein", "openapi.yaml", "query", ""),
]
EXAMPLES = 20  # of each operation, besides those that try each bound of each parameter
SECONDS = 300  # of one run, which takes about 15 where nothing else runs


def main(known_path, seed):
    with open(known_path, encoding="utf-8") as file:
        ports = json.load(file)["ports"]
    environment = {**os.environ, "KNOWN_QUERIES": known_path, "PYTHONPATH": FOLDER, "SCHEMATHESIS_HOOKS": "fuzz_queries"}
    runs = []
    for tag, description, listener, prefix in RUNS:
        command = [
            os.path.join(os.path.dirname(sys.executable), "schemathesis"),
            "--config-file", os.path.join(FOLDER, "fuzz_queries.toml"), "--no-color",
            "run", os.path.join(QUERIES, description), "--url", "http://127.0.0.1:%d%s" % (ports[listener], prefix),
            "--include-tag", tag, "--phases", "examples,coverage,fuzzing",
            "--max-examples", str(EXAMPLES), "--seed", seed, "--continue-on-failure", "--warnings", "off",
            "--generation-database", "none", "--request-timeout", "20", "--suppress-health-check", "all"]
        runs.append((tag, subprocess.Popen(
            command, env=environment, cwd=os.path.dirname(known_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    failed = False
    for tag, run in runs:
        try:
            output, _ = run.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            run.kill()
            output, _ = run.communicate()
        text = output.decode("utf-8", "replace")
        print(tag, *[line.strip() for line in text.splitlines() if " generated" in line])
        if run.returncode != 0:
            failed = True
            print("%s, seed %s:\n%s" % (tag, seed, text), file=sys.stderr)
    sys.exit(failed)


# Hooks

TRACEQL = [
    "{ }", "{ status = error }", '{ resource.service.name = "reviews.default" && duration > 5ms }',
    '{ span.http.status_code =~ "5.." } | select(name, status, .node_id)', "{ } | count() > 6 | by(.component)",
    '{ kind = server } >> { kind = client } | avg(duration) > 1ms', '{ name =~ ".*reviews.*" } ~ { }',
    "{ nestedSetParent < 0 }", "{ .nothing != nil }", "{ rootServiceName = `reviews.default` || traceDuration < 1h }"]
FIELDS = ["service.name", "resource.service.name", ".http.method", "name", "status", "kind", "duration", "rootName",
          "span.istio.canonical_revision", "event:name", "error"]


def values_of(name, known):
    """Values of a parameter that find something; None where any will do."""
    now = int(time.time())
    day = time.strftime("%Y-%m-%dT%H:%M:%S.250Z", time.gmtime(now - 3600))
    tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3600))
    return {
        "traceID": known["traceIDs"], "traceId": known["traceIDs"], "trace_id": known["traceIDs"],
        "service": known["services"], "serviceName": known["services"], "query.serviceName": known["services"],
        "operation": known["operations"], "query.operationName": known["operations"], "spanName": known["operations"],
        "query.startTimeMin": [day], "query.startTimeMax": [tomorrow], "startTime": [day], "endTime": [tomorrow],
        "minDuration": ["1ms", "1000"], "query.durationMin": ["500us", "0.01s"], "since": ["1h", "-2h"], "until": ["now"],
        "annotationQuery": ["error", "http.status_code=503 and component=proxy"], "q": TRACEQL, "tagName": FIELDS,
        "a": known["traceIDs"], "b": known["traceIDs"], "base": ["v1"], "candidate": ["v2", "v3"],
        "key": ["http.status_code", "component"], "span": [span["spanID"] for span in known["spans"]], "tags": ["component=proxy error", "http.method=GET"],
    }.get(name)


def replaced(parameters, known):
    if not isinstance(parameters, dict):
        return parameters
    result = dict(parameters)
    for name, value in parameters.items():
        number = zlib.crc32(repr((name, value)).encode("utf-8", "replace"))
        choices = values_of(name, known)
        if not choices or number % 2 == 0:
            continue
        choice = choices[number // 2 % len(choices)]
        result[name] = [choice] if isinstance(value, list) else choice
        # A span is found together with its trace only.
        if name == "traceID" and "spanID" in result:
            result.update(known["spans"][number // 2 % len(known["spans"])])
    for trace, span in (("a", "aSpan"), ("b", "bSpan")):
        number = zlib.crc32(repr((span, parameters)).encode("utf-8", "replace"))
        if span in parameters and number % 4:
            one = known["spans"][number // 4 % len(known["spans"])]
            result[trace], result[span] = one["traceID"], one["spanID"]
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
elif "KNOWN_QUERIES" in os.environ:
    import schemathesis

    with open(os.environ["KNOWN_QUERIES"], encoding="utf-8") as known_file:
        KNOWN = json.load(known_file)

    @schemathesis.hook
    def map_path_parameters(context, path_parameters):
        return replaced(path_parameters, KNOWN)

    @schemathesis.hook
    def map_query(context, query):
        return replaced(query, KNOWN)
