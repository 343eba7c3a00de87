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
    const volatile uint8_t *x = a, *y = b;
    uint32_t difference = 0;
    for (size_t i = 0; i < n; i++)
        difference |= (uint32_t)(x[i] ^ y[i]);
    return difference == 0;
}
