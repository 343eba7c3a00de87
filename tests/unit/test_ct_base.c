/* test_ct_base.c: what wiping and constant-time comparison give back (that they take no time that
 * tells is for tests/ct, under valgrind). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ct.h"

#include <string.h>

static void wipe_zeroes_exactly_what_it_is_told(void **state)
{
    (void)state;
    uint8_t p[64];
    for (size_t n = 0; n <= 62; n++) {
        memset(p, 0xff, sizeof(p));
        hf_wipe(p + 1, n);
        assert_int_equal(p[0], 0xff);
        assert_int_equal(p[n + 1], 0xff);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[1 + i], 0);
    }
    hf_wipe(NULL, 0);
}

static void one_bit_anywhere_makes_a_difference(void **state)
{
    (void)state;
    uint8_t a[48], b[48];
    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = b[i] = (uint8_t)(7 * i);
    for (size_t n = 0; n <= sizeof(a); n++)
        assert_true(hf_ct_equal(a, b, n));
    for (size_t i = 0; i < sizeof(a); i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(b[i] ^ (1U << bit));
            assert_false(hf_ct_equal(a, b, sizeof(a)));
            assert_true(hf_ct_equal(a, b, i)); /* bytes past `n` do not count */
            b[i] = a[i];
        }
    /* differences that cancel when they are added or xored are still differences */
    b[0] = (uint8_t)(a[0] ^ 0x10);
    b[1] = (uint8_t)(a[1] ^ 0x10);
    assert_false(hf_ct_equal(a, b, sizeof(a)));
    assert_true(hf_ct_equal(NULL, NULL, 0));
}

static void mask_is_all_or_nothing(void **state)
{
    (void)state;
    assert_true(hf_ct_nonzero_mask(0) == 0);
    for (unsigned bit = 0; bit < 32; bit++) {
        assert_true(hf_ct_nonzero_mask(UINT32_C(1) << bit) == UINT32_MAX);
        assert_true(hf_ct_nonzero_mask(UINT32_MAX >> bit) == UINT32_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wipe_zeroes_exactly_what_it_is_told),
        cmocka_unit_test(one_bit_anywhere_makes_a_difference),
        cmocka_unit_test(mask_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
