#include "CWireWalk.h"

enum { kStop = 0, kBool = 2, kByte = 3, kDouble = 4, kInt16 = 6, kInt32 = 8, kInt64 = 10 };
enum { kString = 11, kStruct = 12, kMap = 13, kSet = 14, kList = 15 };
enum { kDepthMax = 32 };

static uint32_t read_32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// Bytes of a value that always takes as many; 0 for others.
static size_t fixed_size(uint8_t type) {
    switch (type) {
    case kBool: case kByte: return 1;
    case kInt16: return 2;
    case kInt32: return 4;
    case kInt64: case kDouble: return 8;
    default: return 0;
    }
}

// The place after the value; NULL if it does not end before the end.
static const uint8_t *walk(const uint8_t *at, const uint8_t *end, uint8_t type, int depth, int64_t *values) {
    size_t left = (size_t)(end - at), size = fixed_size(type);
    ++*values;
    if (size > 0) return left < size ? NULL : at + size;
    if (depth == kDepthMax) return NULL;
    switch (type) {
    case kString:
        if (left < 4 || read_32(at) > left - 4) return NULL;
        return at + 4 + read_32(at);
    case kStruct:
        while (at != NULL && at < end) {
            uint8_t field = *at;
            if (field == kStop) return at + 1;
            at = end - at < 3 ? NULL : walk(at + 3, end, field, depth + 1, values);
        }
        return NULL;
    case kSet: case kList: {
        if (left < 5) return NULL;
        uint8_t element = *at;
        uint32_t count = read_32(at + 1);
        at += 5;
        for (; count > 0 && at != NULL; count--) at = walk(at, end, element, depth + 1, values);
        return at;
    }
    case kMap: {
        if (left < 6) return NULL;
        uint8_t key = at[0], value = at[1];
        uint32_t count = read_32(at + 2);
        at += 6;
        for (; count > 0 && at != NULL; count--) {
            at = walk(at, end, key, depth + 1, values);
            if (at != NULL) at = walk(at, end, value, depth + 1, values);
        }
        return at;
    }
    default:
        return NULL;
    }
}

int64_t skein_walk_thrift(const uint8_t *bytes, size_t count) {
    int64_t values = 0;
    return walk(bytes, bytes + count, kStruct, 0, &values) == bytes + count ? values : -1;
}
