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

/* libcurl's variadic functions, by the type of their argument; `handle` is a CURL *, `option` a CURLoption, `what` a
   CURLINFO, the result a CURLcode. */
int skein_curl_set_long(void *handle, int option, long value);
int skein_curl_set_pointer(void *handle, int option, const void *value);
int skein_curl_set_offset(void *handle, int option, int64_t value);
int skein_curl_set_receiver(void *handle, int option, size_t (*receiver)(char *, size_t, size_t, void *));
int skein_curl_get_long(void *handle, int what, long *value);
