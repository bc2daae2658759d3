"""Sends the known spans with OpenTelemetry's OTLP exporters: send_otlp.py VARIANT PORT (environment: current)."""
import sys

import grpc
from opentelemetry.exporter.otlp.common.http import Compression as JSONCompression
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JSONExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GRPCExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HTTPExporter

import known
import sdk

NANOSECONDS = 123  # OTLP alone keeps what is smaller than a microsecond


def exporter(variant, port):
    url = "http://127.0.0.1:%d/v1/traces" % port
    address = "127.0.0.1:%d" % port
    if variant == "grpc":
        return GRPCExporter(endpoint=address, insecure=True)
    if variant == "grpc-gzip":
        return GRPCExporter(endpoint=address, insecure=True, compression=grpc.Compression.Gzip)
    if variant == "http":
        return HTTPExporter(endpoint=url)
    if variant == "http-gzip":
        return HTTPExporter(endpoint=url, compression=Compression.Gzip)
    if variant == "http-deflate":
        return HTTPExporter(endpoint=url, compression=Compression.Deflate)
    if variant == "json":
        return JSONExporter(endpoint=url)
    if variant == "json-gzip":
        return JSONExporter(endpoint=url, compression=JSONCompression.GZIP)
    raise SystemExit("no such variant: " + variant)


def main(variant, port):
    spans = known.known("otlp-" + variant)
    for span in spans:
        if span.name == "long":
            span.attributes = {**span.attributes, **known.LISTS}
    sdk.export(exporter(variant, port), sdk.finished(spans, NANOSECONDS))

    def told(span):
        result = known.told(span)
        result["start"] += NANOSECONDS
        for event, (after, _, _) in zip(result["events"], span.events):
            event["time"] = (span.start_us + after) * 1000 + NANOSECONDS
        return result

    known.write([told(span) for span in spans])


main(sys.argv[1], int(sys.argv[2]))
