"""Asks an OpenSearch server as Jaeger's storage does, with OpenSearch's own client (environment: current).

    ask_opensearch.py URL ids INDICES             prints the ID of every document, one a line
    ask_opensearch.py URL jaeger PREFIX SERVICE TAG=VALUE
        prints a JSON object: services, operations of the service, traces (IDs) of a search by service, of one by tag and
        of one by duration, the documents of the first of them, and the dependencies; PREFIX: with its dash, or empty
    ask_opensearch.py URL dashboards SERVICE
        the same for trace analytics: services, traces, the documents of one, the service map
"""
import collections
import json
import sys
import time

from opensearchpy import OpenSearch

READING = {"ignore_unavailable": "true", "rest_total_hits_as_int": "true"}
PAGE = 2000


def client(url):
    return OpenSearch(url, timeout=60, max_retries=0)


def ids(server, indices):
    after = None
    while True:
        body = {"size": PAGE, "_source": False, "query": {"match_all": {}}, "sort": [{"startTime": "asc"}, {"spanID": "asc"}]}
        if after:
            body["search_after"] = after
        hits = server.search(index=indices, body=body, params=READING)["hits"]["hits"]
        for hit in hits:
            print(hit["_id"])
        if len(hits) < PAGE:
            return
        after = hits[-1]["sort"]


def terms(server, index, field, query=None):
    body = {"size": 0, "aggs": {"found": {"terms": {"field": field, "size": 10000}}}}
    if query:
        body["query"] = query
    answer = server.search(index=index, body=body, params=READING)
    return sorted(bucket["key"] for bucket in answer["aggregations"]["found"]["buckets"])


def trace_ids(server, index, filters, limit=20):
    now = int(time.time() * 1000)
    window = {"range": {"startTimeMillis": {"gte": now - 3_600_000, "lte": now + 60_000}}}
    body = {
        "size": 0,
        "query": {"bool": {"must": [window] + filters}},
        "aggs": {"traceIDs": {
            "terms": {"field": "traceID", "size": limit, "order": [{"startTime": "desc"}]},
            "aggs": {"startTime": {"max": {"field": "startTime"}}},
        }},
    }
    answer = server.search(index=index, body=body, params=READING)
    return [bucket["key"] for bucket in answer["aggregations"]["traceIDs"]["buckets"]]


def tag_query(key, value):
    """A tag stands in one of these places."""
    places = []
    for path in ("tags", "process.tags", "logs.fields"):
        places.append({"nested": {"path": path, "query": {"bool": {"must": [
            {"match": {path + ".key": {"query": key}}}, {"regexp": {path + ".value": {"value": value}}}]}}}})
    for path in ("tag", "process.tag"):
        places.append({"bool": {"must": [{"regexp": {path + "." + key.replace(".", "@"): {"value": value}}}]}})
    return {"bool": {"should": places}}


def trace(server, index, trace_id):
    body = {
        "size": 10000, "query": {"bool": {"must": [{"term": {"traceID": trace_id}}]}},
        "sort": [{"startTime": {"order": "asc"}}, {"spanID": {"order": "asc"}}],
    }
    answer = server.msearch(body=[{"index": index, "ignore_unavailable": True}, body])
    return [hit["_source"] for hit in answer["responses"][0]["hits"]["hits"]]


def jaeger(server, prefix, service, tag):
    key, value = tag.split("=", 1)
    spans, services = prefix + "jaeger-span-*", prefix + "jaeger-service-*"
    of_service = {"match": {"process.serviceName": {"query": service}}}
    by_service = trace_ids(server, spans, [of_service])
    links = collections.Counter()
    now = int(time.time() * 1000)
    body = {"size": 10000, "query": {"range": {"timestamp": {"gte": now - 3_600_000, "lte": now + 3_600_000}}}}
    answer = server.search(index=prefix + "jaeger-dependencies-*", body=body, params=READING)
    for hit in answer["hits"]["hits"]:
        for link in hit["_source"]["dependencies"]:
            links[link["parent"] + " > " + link["child"]] += link["callCount"]
    return {
        "services": terms(server, services, "serviceName"),
        "operations": terms(server, services, "operationName", {"term": {"serviceName": service}}),
        "byService": by_service,
        "byTag": trace_ids(server, spans, [of_service, tag_query(key, value)]),
        "byKind": trace_ids(server, spans, [tag_query("span.kind", "server")]),
        "byDuration": trace_ids(server, spans, [{"range": {"duration": {"gte": 2600, "lte": 10**9}}}]),
        "trace": trace(server, spans, by_service[0]) if by_service else [],
        "links": links,
    }


def dashboards(server, service):
    spans = "otel-v1-apm-span-*"
    found = server.search(
        index=spans, params=READING,
        body={"size": 1, "query": {"term": {"serviceName": service}}, "sort": [{"startTime": {"order": "desc"}}]},
    )["hits"]["hits"]
    of_trace = []
    if found:
        of_trace = server.search(
            index=spans, params=READING,
            body={"size": 1000, "query": {"term": {"traceId": found[0]["_source"]["traceId"]}}},
        )["hits"]["hits"]
    service_map = server.search(
        index="otel-v1-apm-service-map*", params=READING, body={"size": 1000, "query": {"match_all": {}}})["hits"]["hits"]
    return {
        "services": terms(server, spans, "serviceName"),
        "trace": [hit["_source"] for hit in of_trace],
        "serviceMap": [hit["_source"] for hit in service_map],
    }


def main(url, what, *rest):
    server = client(url)
    server.indices.refresh(index="_all")
    if what == "ids":
        ids(server, *rest)
    else:
        json.dump({"jaeger": jaeger, "dashboards": dashboards}[what](server, *rest), sys.stdout)


main(*sys.argv[1:])
