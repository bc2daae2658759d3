#include "CWireWalk.h"

#include <stdbool.h>

// Field numbers below this one may hold messages.
enum { kFieldMax = 16 };

// A type of message: which of its fields hold messages, and of which type.
typedef struct Message {
    const struct Message *fields[kFieldMax];
} Message;

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        result |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            *value = result;
            return true;
        }
    }
    return false;
}

static int64_t walk(const uint8_t *at, const uint8_t *end, const Message *type) {
    int64_t fields = 0;
    while (at < end) {
        uint64_t key, value;
        if (!read_varint(&at, end, &key)) return -1;
        fields++;
        switch (key & 7) {
        case 0:
            if (!read_varint(&at, end, &value)) return -1;
            break;
        case 1:
            if (end - at < 8) return -1;
            at += 8;
            break;
        case 5:
            if (end - at < 4) return -1;
            at += 4;
            break;
        case 2: {
            if (!read_varint(&at, end, &value) || value > (uint64_t)(end - at)) return -1;
            const Message *inner = key >> 3 < kFieldMax ? type->fields[key >> 3] : NULL;
            if (inner != NULL) {
                int64_t found = walk(at, at + value, inner);
                if (found < 0) return -1;
                fields += found;
            }
            at += value;
            break;
        }
        default:
            return -1;
        }
    }
    return fields;
}

static const Message kLeaves = {{0}};

static const Message kZipkinSpan = {{[8] = &kLeaves, [9] = &kLeaves, [10] = &kLeaves, [11] = &kLeaves}};
static const Message kZipkinList = {{[1] = &kZipkinSpan}};

static const Message kAttribute = {{[2] = &kLeaves}};
static const Message kAttributes = {{[1] = &kAttribute}};
static const Message kEvent = {{[3] = &kAttribute}};
static const Message kLink = {{[4] = &kAttribute}};
static const Message kSpan = {{[9] = &kAttribute, [11] = &kEvent, [13] = &kLink, [15] = &kLeaves}};
static const Message kScope = {{[3] = &kAttribute}};
static const Message kScopeSpans = {{[1] = &kScope, [2] = &kSpan}};
static const Message kResourceSpans = {{[1] = &kAttributes, [2] = &kScopeSpans}};
static const Message kRequest = {{[1] = &kResourceSpans}};

int64_t skein_walk_zipkin_protobuf(const uint8_t *bytes, size_t count) {
    return walk(bytes, bytes + count, &kZipkinList);
}

int64_t skein_walk_otlp_protobuf(const uint8_t *bytes, size_t count) {
    return walk(bytes, bytes + count, &kRequest);
}
