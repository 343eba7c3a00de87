/* ct_equal.c: hf_ct_equal and hf_ct_nonzero_mask tell by their time neither whether nor where
 * secrets differ. With --leak: a comparison that stops at the first difference. */
#include "base/ct.h"
#include "support/ct_secret.h"

enum { LONGEST = 130 };

static bool leaky_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    const volatile uint8_t *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i])
            return false;
    return true;
}

/* Compares two secrets of `n` bytes, equal or different at one place; whether the answer is right.
 */
static bool compare(size_t n, size_t differs_at, bool leak)
{
    uint8_t a[LONGEST], b[LONGEST];
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] = (uint8_t)(i * 37);
    if (differs_at < n)
        b[differs_at] ^= (uint8_t)(1u << differs_at % 8);
    hf_ct_secret(a, n);
    hf_ct_secret(b, n);
    bool equal = leak ? leaky_equal(a, b, n) : hf_ct_equal(a, b, n);
    const bool from_secret = n == 0 || hf_ct_all_secret(&equal, sizeof equal);
    hf_ct_public(&equal, sizeof equal); /* whether they are equal is the question: public */
    return (leak || from_secret) && equal == (differs_at >= n);
}

static bool mask(uint32_t v)
{
    const uint32_t expected = v != 0 ? 0xffffffff : 0;
    hf_ct_secret(&v, sizeof v);
    uint32_t got = hf_ct_nonzero_mask(v);
    const bool from_secret = hf_ct_all_secret(&got, sizeof got);
    hf_ct_public(&got, sizeof got);
    return from_secret && got == expected;
}

int main(int argc, char **argv)
{
    bool leak;
    const int skipped = hf_ct_begin(argc, argv, &leak);
    if (skipped != 0)
        return skipped;
    for (size_t n = 0; n <= LONGEST; n++)
        for (size_t at = 0; at <= n; at++)
            if (!compare(n, at, leak))
                return hf_ct_wrong("hf_ct_equal's answer, or it does not come from the secrets");
    if (!mask(0) || !mask(1) || !mask(0x80000000) || !mask(0xffffffff))
        return hf_ct_wrong("hf_ct_nonzero_mask's answer");
    return 0;
}
