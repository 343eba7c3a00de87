/* ct.h: what touches secrets: wiping, and comparing without telling where the difference is. */
#ifndef HF_BASE_CT_H
#define HF_BASE_CT_H

#include <handfast/base.h>

/* Overwrites with zeros in a way the compiler keeps. */
void hf_wipe(void *p, size_t n);

/* True when the `n` bytes are equal; time depends on `n` alone. */
bool hf_ct_equal(const void *a, const void *b, size_t n);

/* All ones when `v` is not zero, else zero; no branch. */
static inline uint32_t hf_ct_nonzero_mask(uint32_t v)
{
    return (uint32_t)(0 - ((v | (0 - v)) >> 31));
}

#endif
