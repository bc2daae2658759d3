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

/* Unmaps what the start alone has touched: memory that is free again, and pages of the program's and its libraries'
   files that nobody ever writes to. They stay in the system's cache of files, and come back when they are used. To be
   called once the start is over; costs a fault for each place of the code that is used again. The bytes given back,
   touched or not. */
size_t skein_release_start_pages(void);

/* libcurl, which is loaded when it is first needed: most servers never need it, and it brings a dozen libraries along.
   NULL once it is there; else what is wrong. To be called before any of the functions below. */
const char *skein_curl_load(void);

/* libcurl's functions; the variadic ones by the type of their argument. `handle` is a CURL *, `option` a CURLoption,
   `what` a CURLINFO, `list` a struct curl_slist *, an int result a CURLcode. */
const char *skein_curl_version(void);
void *skein_curl_make(void);
void skein_curl_free(void *handle);
void skein_curl_reset(void *handle);
int skein_curl_perform(void *handle);
const char *skein_curl_error_text(int outcome);
int skein_curl_set_long(void *handle, int option, long value);
int skein_curl_set_pointer(void *handle, int option, const void *value);
int skein_curl_set_offset(void *handle, int option, int64_t value);
int skein_curl_set_receiver(void *handle, int option, size_t (*receiver)(char *, size_t, size_t, void *));
int skein_curl_set_seeker(void *handle, int option, int (*seeker)(void *, int64_t, int));
int skein_curl_get_long(void *handle, int what, long *value);
void *skein_curl_list_append(void *list, const char *text);
void skein_curl_list_free(void *list);

/* Many transfers on one thread. `multi` is a CURLM *, an int result a CURLMcode. Only `wake` may be called from another
   thread than the one that has `multi`. */
void *skein_curl_multi_make(void);
void skein_curl_multi_free(void *multi);
int skein_curl_multi_set_long(void *multi, int option, long value);
int skein_curl_multi_add(void *multi, void *handle);
void skein_curl_multi_remove(void *multi, void *handle);
int skein_curl_multi_perform(void *multi);
int skein_curl_multi_wait(void *multi, int milliseconds);
void skein_curl_multi_wake(void *multi);
/* The handle of a transfer that has ended, and its CURLcode; NULL if there is no other. */
void *skein_curl_multi_next_done(void *multi, int *outcome);
const char *skein_curl_multi_error_text(int outcome);
