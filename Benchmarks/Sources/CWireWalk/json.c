#include "CWireWalk.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Bit i of the result is set where byte i is a quote or a backslash.
#if defined(__SSE2__)
enum { kStep = 16 };

static inline uint32_t marks(const uint8_t *at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)at);
    __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(quotes, backslashes));
}
#else
enum { kStep = 8 };

// The high bit of every byte that is zero; exact, without carries from byte to byte.
static inline uint64_t zeros(uint64_t word) {
    const uint64_t low = 0x7F7F7F7F7F7F7F7FULL;
    return ~(((word & low) + low) | word | low);
}

static inline uint32_t marks(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    uint64_t found = zeros(word ^ 0x2222222222222222ULL) | zeros(word ^ 0x5C5C5C5C5C5C5C5CULL);
    return (uint32_t)(((found >> 7) * 0x0102040810204080ULL) >> 56);
}
#endif

int64_t skein_walk_json(const uint8_t *bytes, size_t count) {
    int64_t quotes = 0;
    size_t escaped = SIZE_MAX;
    uint8_t rest[kStep];
    for (size_t base = 0; base < count; base += kStep) {
        const uint8_t *at = bytes + base;
        if (count - base < kStep) {
            memset(rest, 0, sizeof rest);
            memcpy(rest, at, count - base);
            at = rest;
        }
        for (uint32_t found = marks(at); found != 0; found &= found - 1) {
            size_t position = base + (size_t)__builtin_ctz(found);
            if (position == escaped) continue;
            if (bytes[position] == '"') quotes++; else escaped = position + 1;
        }
    }
    return quotes % 2 == 0 ? quotes / 2 : -1;
}
