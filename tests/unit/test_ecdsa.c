/* test_ecdsa.c: our ECDSA over P-256 against libcrypto's: each verifies what the other signed, and
 * refuses what it did not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/ecdsa.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#ifdef HF_HAS_MODULAR

static EC_KEY *key;
static const uint8_t digest[64] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};

static int make_key(void **unused)
{
    (void)unused;
    key = EC_KEY_new();
    return EC_KEY_set_group(key, hf_libcrypto_get()->p256) != 1 || EC_KEY_generate_key(key) != 1;
}

static int free_key(void **unused)
{
    (void)unused;
    EC_KEY_free(key);
    return 0;
}

static bool theirs(const uint8_t *hash, size_t n, const uint8_t r[32], const uint8_t s[32])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(r, 32, NULL), BN_bin2bn(s, 32, NULL));
    bool right = ECDSA_do_verify(hash, (int)n, sig, key) == 1;
    ECDSA_SIG_free(sig);
    return right;
}

static bool ours(const uint8_t *hash, size_t n, const uint8_t r[32], const uint8_t s[32])
{
    return hf_ecdsa_p256_verify(key, hf_bytes_of(hash, n), hf_bytes_of(r, 32), hf_bytes_of(s, 32));
}

static void libcrypto_verifies_what_we_sign(void **unused)
{
    (void)unused;
    static const size_t lengths[] = {32, 48, 64};
    uint8_t r[32], s[32], r2[32], s2[32];
    for (size_t i = 0; i < 60; i++) {
        const hf_bytes hash = hf_bytes_of(digest, lengths[i % 3]);
        assert_true(hf_ecdsa_p256_sign(key, hash, r, s));
        assert_true(theirs(hash.p, hash.n, r, s));
        assert_true(ours(hash.p, hash.n, r, s));
        assert_true(hf_ecdsa_p256_sign(key, hash, r2, s2));
        assert_memory_not_equal(r, r2, 32); /* another nonce each time */
        s[31] ^= 1;
        assert_false(theirs(hash.p, hash.n, r, s));
        assert_false(ours(hash.p, hash.n, r, s));
    }
}

static void small_private_keys_sign(void **unused)
{
    (void)unused;
    const EC_GROUP *group = hf_libcrypto_get()->p256;
    BIGNUM *d = BN_new();
    EC_POINT *q = EC_POINT_new(group);
    EC_KEY *kept = key;
    uint8_t r[32], s[32];
    for (BN_ULONG i = 1; i < 4; i++) { /* leading zeros, and a point that equals the base */
        key = EC_KEY_new();
        BN_set_word(d, i);
        EC_POINT_mul(group, q, d, NULL, NULL, NULL);
        EC_KEY_set_group(key, group);
        EC_KEY_set_private_key(key, d);
        EC_KEY_set_public_key(key, q);
        assert_true(hf_ecdsa_p256_sign(key, hf_bytes_of(digest, 32), r, s));
        assert_true(theirs(digest, 32, r, s));
        assert_true(ours(digest, 32, r, s));
        EC_KEY_free(key);
    }
    key = kept;
    BN_free(d);
    EC_POINT_free(q);
}

static void we_verify_what_libcrypto_signs(void **unused)
{
    (void)unused;
    for (int i = 0; i < 60; i++) {
        uint8_t r[32], s[32], hash[32] = {(uint8_t)i};
        ECDSA_SIG *sig = ECDSA_do_sign(hash, 32, key);
        BN_bn2binpad(ECDSA_SIG_get0_r(sig), r, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), s, 32);
        ECDSA_SIG_free(sig);
        assert_true(ours(hash, 32, r, s));
        hash[0] ^= 0x80;
        assert_false(ours(hash, 32, r, s));
    }
}

static void numbers_out_of_range_are_refused(void **unused)
{
    (void)unused;
    uint8_t r[32], s[32], order[32], zero[32] = {0}, long_r[40] = {0};
    hf_u256_write(&hf_p256_order.m, order);
    assert_true(hf_ecdsa_p256_sign(key, hf_bytes_of(digest, 32), r, s));
    assert_false(ours(digest, 32, zero, s));
    assert_false(ours(digest, 32, r, zero));
    assert_false(ours(digest, 32, order, s));
    assert_false(ours(digest, 32, r, order));
    assert_false(hf_ecdsa_p256_verify(key, hf_bytes_of(digest, 32), hf_bytes_of(NULL, 0),
                                      hf_bytes_of(s, 32)));
    memcpy(long_r + 8, r, 32); /* zeros in front are no other number */
    assert_true(hf_ecdsa_p256_verify(key, hf_bytes_of(digest, 32), hf_bytes_of(long_r, 40),
                                     hf_bytes_of(s, 32)));
    long_r[0] = 1;
    assert_false(hf_ecdsa_p256_verify(key, hf_bytes_of(digest, 32), hf_bytes_of(long_r, 40),
                                      hf_bytes_of(s, 32)));
}

static void the_negative_of_s_verifies_too(void **unused)
{
    (void)unused;
    uint8_t r[32], s[32];
    assert_true(hf_ecdsa_p256_sign(key, hf_bytes_of(digest, 32), r, s));
    BIGNUM *n = BN_bin2bn(s, 32, NULL);
    BN_sub(n, EC_GROUP_get0_order(hf_libcrypto_get()->p256), n);
    BN_bn2binpad(n, s, 32);
    BN_free(n);
    assert_true(ours(digest, 32, r, s)); /* as the standard has it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libcrypto_verifies_what_we_sign),
        cmocka_unit_test(small_private_keys_sign),
        cmocka_unit_test(we_verify_what_libcrypto_signs),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(the_negative_of_s_verifies_too),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}

#else

int main(void)
{
    return 77; /* libcrypto's own is used */
}

#endif
