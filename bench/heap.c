/* heap.c: malloc and friends, counted. Defined in the program, they serve every library in it. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

/* The libraries must find these: they are part of the program's dynamic symbols. */
#pragma GCC visibility push(default)

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t n);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);
extern void __libc_free(void *p);

static uint64_t live, allocations;

/* The usable size is what the program really pays. */
static void *counted(void *p)
{
    if (p != NULL) {
        live += malloc_usable_size(p);
        allocations++;
    }
    return p;
}

void *malloc(size_t n)
{
    return counted(__libc_malloc(n));
}

void *calloc(size_t count, size_t n)
{
    return counted(__libc_calloc(count, n));
}

void free(void *p)
{
    if (p != NULL)
        live -= malloc_usable_size(p);
    __libc_free(p);
}

void *realloc(void *p, size_t n)
{
    size_t before = p != NULL ? malloc_usable_size(p) : 0;
    void *q = __libc_realloc(p, n);
    if (q != NULL || n == 0)
        live -= before;
    return counted(q);
}

void *aligned_alloc(size_t alignment, size_t n)
{
    return counted(__libc_memalign(alignment, n));
}

void *memalign(size_t alignment, size_t n)
{
    return counted(__libc_memalign(alignment, n));
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
    *out = counted(__libc_memalign(alignment, n));
    return *out == NULL ? ENOMEM : 0;
}

#pragma GCC visibility pop

uint64_t bench_heap_live(void)
{
    return live;
}

uint64_t bench_heap_allocations(void)
{
    return allocations;
}
