#include "cshim.h"

#if defined(__GLIBC__)
#include <malloc.h>

void skein_tune_allocator(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
}
#else
void skein_tune_allocator(void) {}
#endif
