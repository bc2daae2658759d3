#pragma once
#include <stdint.h>

/* Thirty-two bytes looked at together. Each function reads all 32 of its arguments, wherever they lie; bit i of the
   result speaks of byte i. Written with the compiler's own vectors, which every processor has in some form. */

typedef signed char skein_window __attribute__((ext_vector_type(32)));
typedef _Bool skein_window_bits __attribute__((ext_vector_type(32)));

static inline __attribute__((always_inline)) uint32_t skein_window_mask(skein_window_bits bits) {
    uint32_t mask;
    __builtin_memcpy(&mask, &bits, sizeof mask);
    return mask;
}

/* Bytes that are `"`, `\`, a control character or not ASCII. Not ASCII is negative here. */
static inline __attribute__((always_inline)) uint32_t skein_window_text_specials(const void *bytes) {
    skein_window window;
    __builtin_memcpy(&window, bytes, sizeof window);
    return skein_window_mask(
        __builtin_convertvector((window == '"') | (window == '\\') | (window < 0x20), skein_window_bits));
}

/* Bytes that are the same in both. */
static inline __attribute__((always_inline)) uint32_t skein_window_same(const void *a, const void *b) {
    skein_window first, second;
    __builtin_memcpy(&first, a, sizeof first);
    __builtin_memcpy(&second, b, sizeof second);
    return skein_window_mask(__builtin_convertvector(first == second, skein_window_bits));
}
