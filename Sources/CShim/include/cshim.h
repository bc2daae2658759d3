#pragma once
#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continuing from `crc` (0 to start). */
uint32_t skein_crc32c(uint32_t crc, const void *bytes, size_t count);

/* Same, with the portable table, whatever the processor offers; for the tests. */
uint32_t skein_crc32c_portable(uint32_t crc, const void *bytes, size_t count);
