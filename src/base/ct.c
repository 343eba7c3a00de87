/* ct.c: wiping and constant-time comparison. */
#include "base/ct.h"

#include <string.h>

void hf_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    /* The compiler must assume that this reads *p, so the memset stays. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

bool hf_ct_equal(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    uint64_t difference = 0;
    for (size_t i = 0, step; i < n; i += step) {
        uint64_t v = 0, w = 0;
        step = n - i < sizeof v ? n - i : sizeof v;
        memcpy(&v, x + i, step);
        memcpy(&w, y + i, step);
        difference |= v ^ w;
        __asm__("" : "+r"(difference)); /* not known: no reason to stop early */
    }
    return difference == 0;
}
