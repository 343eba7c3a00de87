/* alloc.c: the only calls of the C library's allocator in src/. See alloc.h for why it is a file of
 * its own. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *hf_alloc(size_t n)
{
    return calloc(1, n == 0 ? 1 : n);
}

void *hf_alloc_raw(size_t n)
{
    return malloc(n == 0 ? 1 : n);
}

void *hf_alloc_aligned(size_t n)
{
    size_t whole = (n + 63) & ~(size_t)63;
    void *p = aligned_alloc(64, whole == 0 ? 64 : whole);
    if (p != NULL)
        memset(p, 0, whole);
    return p;
}

void hf_free(void *p)
{
    free(p);
}
