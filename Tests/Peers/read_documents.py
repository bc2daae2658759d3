"""Reads documents of spans back from OpenSearch with its own client, by the queries that Jaeger makes.

read_documents.py URL FOLDER

FOLDER has `template-NAME.json`, one for each index template, and `jaeger.ndjson`, `fields.ndjson` and `otel.ndjson`,
bulk bodies. Sends each body twice, and compares what the queries find with what the documents say.
"""

import collections
import glob
import json
import sys

from opensearchpy import OpenSearch

FAILURES = []


def expect(what, found, wanted):
    if found != wanted:
        FAILURES.append(f"{what}: {found}, expected {wanted}")


def put_templates(client, folder):
    for path in glob.glob(f"{folder}/template-*.json"):
        name = path.split("/template-")[1].removesuffix(".json")
        with open(path, encoding="utf-8") as file:
            body = json.load(file)
        put = client.indices.put_index_template if "template" in body else client.indices.put_template
        put(name=name, body=body)


def send(client, lines):
    for first in range(0, len(lines), 600):
        answer = client.bulk(body="\n".join(lines[first : first + 600]) + "\n")
        for item in answer["items"]:
            ((_, outcome),) = item.items()
            if outcome["status"] >= 300:
                FAILURES.append(f"refused: {outcome}")


def nested(path, key, value):
    return {
        "nested": {
            "path": path,
            "query": {
                "bool": {
                    "must": [
                        {"match": {f"{path}.key": {"query": key}}},
                        {"regexp": {f"{path}.value": {"value": value}}},
                    ]
                }
            },
        }
    }


def check_jaeger(client, spans):
    def count(query, index="jaeger"):
        return client.count(index=f"{index}-jaeger-span-*", body={"query": query})["count"]

    for index in ["jaeger", "fields"]:
        expect(f"spans in {index}", count({"match_all": {}}, index), len(spans))
        errors = sum(1 for span in spans if span.get("tag", {}).get("error") is True)
        expect(f"errors in {index}", count({"term": {"tag.error": "true"}}, index), errors)
    servers = sum(1 for span in spans if span.get("tag", {}).get("span@kind") == "server")
    expect("servers", count({"term": {"tag.span@kind": "server"}}), servers)
    tags = collections.Counter((tag["key"], str(tag["value"])) for span in spans for tag in span["tags"])
    for (key, value), number in tags.most_common(5):
        if value.isalnum():
            expect(f"{key}={value}", count(nested("tags", key, value)), number)
            field = "tag." + key.replace(".", "@")
            expect(f"{field}={value}", count({"regexp": {field: {"value": value}}}, "fields"), number)
    one = spans[len(spans) // 2]
    expect(
        "trace", count({"term": {"traceID": one["traceID"]}}), sum(1 for s in spans if s["traceID"] == one["traceID"])
    )
    times = sorted(span["startTimeMillis"] for span in spans)
    window = {"gte": times[0], "lte": times[len(times) // 2]}
    service = one["process"]["serviceName"]
    expect(
        "window",
        count(
            {
                "bool": {
                    "must": [
                        {"range": {"startTimeMillis": window}},
                        {"range": {"duration": {"gte": 1000}}},
                        {"match": {"process.serviceName": {"query": service}}},
                    ]
                }
            }
        ),
        sum(
            1
            for span in spans
            if span["startTimeMillis"] <= window["lte"]
            and span["duration"] >= 1000
            and span["process"]["serviceName"] == service
        ),
    )
    found = client.search(
        index="jaeger-jaeger-service-*",
        body={"size": 0, "aggs": {"names": {"terms": {"field": "serviceName", "size": 1000}}}},
    )
    names = {bucket["key"] for bucket in found["aggregations"]["names"]["buckets"]}
    expect("services", names, {span["process"]["serviceName"] for span in spans})


def main():
    url, folder = sys.argv[1:]
    client = OpenSearch([url], timeout=60)
    put_templates(client, folder)
    bodies = {}
    for name in ["jaeger", "fields", "otel"]:
        with open(f"{folder}/{name}.ndjson", encoding="utf-8") as file:
            bodies[name] = file.read().split("\n")[:-1]
        for _ in range(2):
            send(client, bodies[name])
    client.indices.refresh(index="*")
    documents = [json.loads(line) for line in bodies["jaeger"][1::2]]
    check_jaeger(client, [document for document in documents if "traceID" in document])
    spans = [json.loads(line) for line in bodies["otel"][1::2]]
    index = "otel-v1-apm-span-*"
    expect("OTel spans", client.count(index=index)["count"], len(spans))
    errors = sum(1 for span in spans if span["status.code"] == 2)
    expect("OTel errors", client.count(index=index, body={"query": {"term": {"status.code": 2}}})["count"], errors)
    if FAILURES:
        sys.exit("\n".join(FAILURES))
    # One trace as it comes back, for the caller to read.
    trace_id = next(document["traceID"] for document in documents if "traceID" in document)
    answer = client.search(
        index="jaeger-jaeger-span-*",
        body={
            "size": 1000,
            "query": {"term": {"traceID": trace_id}},
            "sort": [{"startTime": "asc"}, {"spanID": "asc"}],
        },
    )
    print(json.dumps(answer))


main()
