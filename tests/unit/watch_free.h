/* watch_free.h: stands in for the allocator of a test program and looks at memory when it is given
 * back.
 *
 * Include it in one file of a program: it defines what --wrap redirects hf_alloc and its kin to, in
 * place of tests/support/fail_alloc.c.
 */
#ifndef HF_TEST_WATCH_FREE_H
#define HF_TEST_WATCH_FREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

void *__real_hf_alloc(size_t n);
void *__real_hf_alloc_aligned(size_t n);
void __real_hf_free(void *p);
void *__wrap_hf_alloc(size_t n);
void *__wrap_hf_alloc_raw(size_t n);
void *__wrap_hf_alloc_aligned(size_t n);
void __wrap_hf_free(void *p);

static struct {
    struct {
        uint8_t *p;
        size_t n;
    } live[64];
    size_t allocations, frees; /* so far */
    size_t dirty;              /* bytes that were not zero when their memory was given back */
    bool fail;                 /* every allocation */
} watch;

static void *watch_keep(uint8_t *p, size_t n)
{
    if (p == NULL)
        return NULL;
    watch.allocations++;
    for (size_t i = 0; i < 64; i++)
        if (watch.live[i].p == NULL) {
            watch.live[i].p = p;
            watch.live[i].n = n;
            return p;
        }
    abort(); /* a test here holds few */
}

void *__wrap_hf_alloc(size_t n)
{
    return watch.fail ? NULL : watch_keep(__real_hf_alloc(n), n);
}

/* Zeroed all the same, so that whatever is not zero when it comes back was written. */
void *__wrap_hf_alloc_raw(size_t n)
{
    return __wrap_hf_alloc(n);
}

void *__wrap_hf_alloc_aligned(size_t n)
{
    return watch.fail ? NULL : watch_keep(__real_hf_alloc_aligned(n), n);
}

void __wrap_hf_free(void *p)
{
    for (size_t i = 0; p != NULL && i < 64; i++)
        if (watch.live[i].p == p) {
            for (size_t k = 0; k < watch.live[i].n; k++)
                watch.dirty += watch.live[i].p[k] != 0;
            watch.live[i].p = NULL;
            watch.frees++;
        }
    __real_hf_free(p);
}

static size_t watch_live(void)
{
    return watch.allocations - watch.frees;
}

#endif
