#pragma once
#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to start). */
uint32_t skein_crc32c(uint32_t crc, const void *bytes, size_t count);

/* Same, with the portable table, whatever the processor offers; for the tests. */
uint32_t skein_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/* Has the allocator keep what a request or a segment frees, for the next one, instead of giving it back to the system
   each time; and share few heaps among the threads. Call before the first thread starts. */
void skein_tune_allocator(void);

/* Gives the system back what the allocator has not in use. */
void skein_trim_allocator(void);
