"""Sends the known spans with OpenTelemetry's OTLP exporters (environment: current).

send_otlp.py VARIANT PORT                           in clear text
send_otlp.py VARIANT PORT CERTIFICATES CREDENTIAL   by TLS, with the client's certificate of that folder and a value of
                                                    `authorization`
"""
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


def exporter(variant, port, certificates=None, credential=None):
    kind, _, compression = variant.partition("-")
    scheme = "https" if certificates else "http"
    if kind == "grpc":
        options = {"endpoint": "localhost:%d" % port, "insecure": not certificates}
        if compression:
            options["compression"] = grpc.Compression.Gzip
        if certificates:
            parts = (content(certificates, name) for name in ("ca.pem", "client-key.pem", "client.pem"))
            options["credentials"] = grpc.ssl_channel_credentials(*parts)
            options["headers"] = (("authorization", credential),)
        return GRPCExporter(**options)
    options = {"endpoint": "%s://localhost:%d/v1/traces" % (scheme, port)}
    if compression:
        options["compression"] = (JSONCompression if kind == "json" else Compression)(compression)
    if certificates:
        options.update({
            "certificate_file": certificates + "/ca.pem", "client_key_file": certificates + "/client-key.pem",
            "client_certificate_file": certificates + "/client.pem", "headers": {"authorization": credential}})
    return (JSONExporter if kind == "json" else HTTPExporter)(**options)


def content(folder, name):
    with open(folder + "/" + name, "rb") as file:
        return file.read()


def main(variant, port, *security):
    spans = known.known("otlp-" + variant)
    for span in spans:
        if span.name == "long":
            span.attributes = {**span.attributes, **known.LISTS}
    sdk.export(exporter(variant, port, *security), sdk.finished(spans, NANOSECONDS))

    def told(span):
        result = known.told(span)
        result["start"] += NANOSECONDS
        for event, (after, _, _) in zip(result["events"], span.events):
            event["time"] = (span.start_us + after) * 1000 + NANOSECONDS
        return result

    known.write([told(span) for span in spans])


main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
