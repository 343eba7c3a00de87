/* test_x25519_base.c: public keys from the table are those of the ladder, libcrypto's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/x25519_base.h"

#include <openssl/evp.h>

#ifdef HF_HAS_MODULAR

static void check(const uint8_t private_key[32])
{
    uint8_t ours[32], theirs[32];
    size_t n = sizeof theirs;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, 32);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, theirs, &n), 1);
    EVP_PKEY_free(key);
    hf_x25519_base(private_key, ours);
    assert_memory_equal(ours, theirs, 32);
}

static void the_keys_of_the_rfc_come_out(void **unused)
{
    (void)unused;
    /* RFC 7748 section 6.1, Alice */
    static const uint8_t a[32] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
                                  0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
                                  0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
    static const uint8_t public_a[32] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54,
                                         0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a,
                                         0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4,
                                         0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
    uint8_t got[32];
    hf_x25519_base(a, got);
    assert_memory_equal(got, public_a, 32);
}

/* Every digit from -8 to 8 in every place, and carries that run through all of them. */
static void scalars_of_one_pattern(void **unused)
{
    (void)unused;
    uint8_t k[32];
    for (int byte = 0; byte < 256; byte++) {
        memset(k, byte, sizeof k);
        check(k);
        for (size_t at = 0; at < sizeof k; at++) {
            memset(k, byte % 2 == 0 ? 0 : 0xff, sizeof k);
            k[at] = (uint8_t)byte;
            if (byte % 16 == 7 || byte % 16 == 8)
                check(k);
        }
    }
}

static void any_scalars(void **unused)
{
    (void)unused;
    uint64_t x = 88172645463325252;
    uint8_t k[32];
    for (int i = 0; i < 2000; i++) {
        for (size_t at = 0; at < sizeof k; at++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            k[at] = (uint8_t)(x >> 30);
        }
        check(k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keys_of_the_rfc_come_out),
        cmocka_unit_test(scalars_of_one_pattern),
        cmocka_unit_test(any_scalars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 77; /* the ladder is used */
}

#endif
