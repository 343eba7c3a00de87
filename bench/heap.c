/* heap.c: malloc and friends, counted per thread. Defined in the program, they serve every library
 * in it. */
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

static _Thread_local int64_t live;
static _Thread_local uint64_t allocations;

/* A block costs its usable size and the word before it that the allocator keeps. */
static int64_t size_of(void *p)
{
    return (int64_t)(malloc_usable_size(p) + sizeof(size_t));
}

static void *counted(void *p)
{
    if (p != NULL) {
        live += size_of(p);
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
        live -= size_of(p);
    __libc_free(p);
}

void *realloc(void *p, size_t n)
{
    int64_t before = p != NULL ? size_of(p) : 0;
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

int64_t bench_heap_live(void)
{
    return live;
}

uint64_t bench_heap_allocations(void)
{
    return allocations;
}
