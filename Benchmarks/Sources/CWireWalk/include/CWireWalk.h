#pragma once
#include <stddef.h>
#include <stdint.h>

// The least that reading a body of each format takes: every byte that decides where the next one lies is looked at
// once, and nothing is kept. Each gives the number of pieces that it found, or -1 if the body is not of its format.

// Strings of a JSON text. Looks at all bytes for quotes and backslashes, 16 at a time where there is SSE2, else 8.
int64_t skein_walk_json(const uint8_t *bytes, size_t count);

// Fields of zipkin.proto3.ListOfSpans, down to the endpoints, annotations and tags.
int64_t skein_walk_zipkin_protobuf(const uint8_t *bytes, size_t count);

// Fields of an OTLP ExportTraceServiceRequest, down to the values of attributes.
int64_t skein_walk_otlp_protobuf(const uint8_t *bytes, size_t count);

// Values of a Thrift struct in the binary protocol.
int64_t skein_walk_thrift(const uint8_t *bytes, size_t count);
