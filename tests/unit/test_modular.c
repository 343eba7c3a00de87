/* test_modular.c: products and inverses modulo 256-bit numbers, against libcrypto's big numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "crypto/modular.h"

#ifdef HF_HAS_MODULAR

static const hf_modulus *const moduli[] = {&hf_p256_order, &hf_p256_prime, &hf_curve25519_prime};
enum { MODULI = 3, RANDOM = 300, EDGES = 12, NUMBERS = RANDOM + EDGES };

static BN_CTX *ctx;

static int begin(void **unused)
{
    (void)unused;
    ctx = BN_CTX_new();
    return ctx == NULL;
}

static int end(void **unused)
{
    (void)unused;
    BN_CTX_free(ctx);
    return 0;
}

static BIGNUM *big(const hf_u256 *a)
{
    uint8_t bytes[32];
    hf_u256_write(a, bytes);
    return BN_bin2bn(bytes, 32, NULL);
}

static hf_u256 small(const BIGNUM *b)
{
    uint8_t bytes[32];
    assert_int_equal(BN_bn2binpad(b, bytes, 32), 32);
    return hf_u256_read(bytes);
}

static void assert_same(const hf_u256 *got, const BIGNUM *want)
{
    hf_u256 w = small(want);
    assert_memory_equal(got->limb, w.limb, sizeof w.limb);
}

/* xorshift: the same numbers in every run. */
static uint64_t next(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

/* Numbers at the edges first, then any; some are not below the modulus. */
static hf_u256 number(size_t i, const hf_modulus *m)
{
    hf_u256 a = {{0}};
    switch (i) {
    case 0:
        return a;
    case 1:
    case 2:
        a.limb[0] = i;
        return a;
    case 3:
        a.limb[3] = 1ULL << 62;
        return a;
    case 4:
    case 5:
    case 6:
        a = m->m;
        a.limb[0] += i - 5; /* m - 1, m, m + 1; no limb[0] here is 0 or all ones but p's */
        return a;
    case 7:
        memset(&a, 0xff, sizeof a);
        return a;
    case 8:
    case 9:
    case 10:
        a.limb[i - 8] = ~0ULL;
        return a;
    case 11:
        a = m->m;
        a.limb[0] = 0;
        return a;
    default:
        for (size_t k = 0; k < 4; k++)
            a.limb[k] = next();
        return a;
    }
}

static void products_sums_and_residues_are_right(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < MODULI; k++) {
        const hf_modulus *m = moduli[k];
        BIGNUM *n = big(&m->m), *want = BN_new();
        for (size_t i = 0; i < NUMBERS; i++)
            for (size_t j = 0; j < EDGES + 8; j++) {
                hf_u256 a = number(i, m), b = number(j, m);
                BIGNUM *x = big(&a), *y = big(&b);
                if (BN_cmp(y, n) < 0) {
                    hf_u256 r = hf_mod_mul(&a, &b, m);
                    BN_mod_mul(want, x, y, n, ctx);
                    assert_same(&r, want);
                }
                if (BN_cmp(y, n) < 0 && BN_cmp(x, n) < 0) {
                    hf_u256 r = hf_mod_add(&a, &b, m);
                    BN_mod_add(want, x, y, n, ctx);
                    assert_same(&r, want);
                }
                assert_int_equal(hf_u256_below(&a, &b), BN_cmp(x, y) < 0);
                assert_int_equal(hf_u256_equal(&a, &b), BN_cmp(x, y) == 0);
                if (m->m.limb[3] >> 63 != 0) {
                    hf_u256 r = hf_mod_wide(&a, &b, m);
                    BN_lshift(x, x, 256);
                    BN_add(x, x, y);
                    BN_mod(want, x, n, ctx);
                    assert_same(&r, want);
                }
                BN_free(x);
                BN_free(y);
            }
        BN_free(n);
        BN_free(want);
    }
}

static void inverses_are_right(void **unused)
{
    (void)unused;
    for (size_t k = 0; k < MODULI; k++) {
        const hf_modulus *m = moduli[k];
        BIGNUM *n = big(&m->m), *want = BN_new();
        for (size_t i = 1; i < 10 * NUMBERS; i++) {
            hf_u256 a = number(i < NUMBERS ? i : NUMBERS, m);
            BIGNUM *x = big(&a);
            BN_mod(x, x, n, ctx);
            a = small(x);
            if (!BN_is_zero(x)) {
                hf_u256 r = hf_mod_inverse(&a, m);
                assert_non_null(BN_mod_inverse(want, x, n, ctx));
                assert_same(&r, want);
            }
            BN_free(x);
        }
        hf_u256 nothing = {{0}}, r = hf_mod_inverse(&nothing, m);
        assert_int_equal(hf_u256_is_zero(&r), 1);
        BN_free(n);
        BN_free(want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_sums_and_residues_are_right),
        cmocka_unit_test(inverses_are_right),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

#else

int main(void)
{
    return 77; /* this compiler has no 128-bit product */
}

#endif
