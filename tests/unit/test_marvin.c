/* test_marvin.c: crypto/key_transport.h: what is encrypted is decrypted, and anything else comes
 * out as the random secret, whatever was wrong with it and wherever. tests/ct/ct_marvin.c shows
 * that it takes the same time. */
#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/key_transport.h"
#include "support/fail_alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BLOCK 256U
#define ZERO  (BLOCK - HF_PREMASTER - 1)

static hf_key *key;

static int make(void **state)
{
    (void)state;
    return hf_key_generate(HF_KEY_RSA, 2048, &key, NULL);
}

static int unmake(void **state)
{
    (void)state;
    hf_key_free(key);
    return 0;
}

static void fill(uint8_t *p, size_t n, uint8_t from)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(from + i);
}

static void good_block(uint8_t block[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(1 + i % 255);
    block[0] = block[ZERO] = 0;
    block[1] = 2;
    block[ZERO + 1] = block[ZERO + 2] = 3;
}

static void every_value_of_every_byte_that_counts_is_judged_right(void **state)
{
    (void)state;
    uint8_t block[BLOCK], random[HF_PREMASTER], out[HF_PREMASTER];
    fill(random, sizeof(random), 200);
    for (size_t at = 0; at <= ZERO + 2; at++)
        for (unsigned value = 0; value < 256; value++) {
            good_block(block);
            bool good = at >= 2 && at < ZERO ? value != 0 : value == block[at];
            block[at] = (uint8_t)value;
            memset(out, 0xee, sizeof(out));
            hf_premaster_unpad(block, BLOCK, 0x0303, random, out);
            if (memcmp(out, good ? block + ZERO + 1 : random, sizeof(out)) != 0)
                fail_msg("byte %zu is %u: should be %s", at, value, good ? "taken" : "refused");
        }
}

static void the_secret_may_hold_anything(void **state)
{
    (void)state;
    uint8_t block[BLOCK], random[HF_PREMASTER], out[HF_PREMASTER];
    fill(random, sizeof(random), 200);
    for (unsigned value = 0; value < 256; value++) {
        good_block(block);
        memset(block + ZERO + 3, (int)value, HF_PREMASTER - 2);
        hf_premaster_unpad(block, BLOCK, 0x0303, random, out);
        assert_memory_equal(out, block + ZERO + 1, sizeof(out));
    }
}

/* The version that was offered, whatever was agreed on: a rollback shows. */
static void the_version_is_the_one_asked_for(void **state)
{
    (void)state;
    uint8_t block[BLOCK], random[HF_PREMASTER], out[HF_PREMASTER];
    fill(random, sizeof(random), 200);
    good_block(block);
    for (unsigned version = 0x0300; version <= 0x0403; version++) {
        hf_premaster_unpad(block, BLOCK, (uint16_t)version, random, out);
        assert_memory_equal(out, version == 0x0303 ? block + ZERO + 1 : random, sizeof(out));
    }
}

static void what_is_encrypted_is_decrypted(void **state)
{
    (void)state;
    const hf_provider *provider = hf_provider_default();
    uint8_t secret[HF_PREMASTER], random[HF_PREMASTER], out[HF_PREMASTER], sent[HF_SIGNATURE_MAX];
    fill(secret, sizeof(secret), 7);
    secret[0] = secret[1] = 3;
    fill(random, sizeof(random), 200);
    for (int turn = 0; turn < 20; turn++) {
        size_t n;
        assert_int_equal(hf_premaster_encrypt(hf_key_public(key), provider, secret, sent, &n),
                         HF_OK);
        assert_int_equal(n, BLOCK);
        assert_int_equal(hf_premaster_decrypt(key, hf_bytes_of(sent, n), 0x0303, random, out),
                         HF_OK);
        assert_memory_equal(out, secret, sizeof(out));
        sent[turn * 7] ^= 1;
        assert_int_equal(hf_premaster_decrypt(key, hf_bytes_of(sent, n), 0x0303, random, out),
                         HF_OK);
        assert_memory_equal(out, random, sizeof(out));
    }
}

static void numbers_out_of_range_come_out_as_random(void **state)
{
    (void)state;
    uint8_t random[HF_PREMASTER], out[HF_PREMASTER], sent[BLOCK + 1];
    fill(random, sizeof(random), 200);
    for (int high = 0; high < 2; high++)
        for (size_t n = 0; n <= sizeof(sent); n++) {
            memset(sent, high != 0 ? 0xff : 0, sizeof(sent));
            memset(out, 0xee, sizeof(out));
            assert_int_equal(hf_premaster_decrypt(key, hf_bytes_of(sent, n), 0x0303, random, out),
                             HF_OK);
            assert_memory_equal(out, random, sizeof(out));
        }
}

static void keys_of_other_kinds_neither_encrypt_nor_decrypt(void **state)
{
    (void)state;
    static const hf_key_type types[] = {HF_KEY_RSA_PSS, HF_KEY_P256, HF_KEY_ED25519};
    uint8_t secret[HF_PREMASTER] = {3, 3}, out[HF_PREMASTER], sent[HF_SIGNATURE_MAX];
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        hf_key *other;
        size_t n;
        assert_int_equal(hf_key_generate(types[i], 2048, &other, NULL), HF_OK);
        assert_false(hf_key_decrypts(other));
        assert_int_equal(
            hf_premaster_encrypt(hf_key_public(other), hf_provider_default(), secret, sent, &n),
            HF_E_SCHEME_KEY_MISMATCH);
        assert_int_equal(hf_premaster_decrypt(other, hf_bytes_of(sent, BLOCK), 0x0303, secret, out),
                         HF_E_SCHEME_KEY_MISMATCH);
        hf_key_free(other);
    }
}

static hf_status sign(void *ctx, const hf_sigscheme *scheme, hf_bytes message, uint8_t *signature,
                      size_t *signature_len)
{
    (void)ctx, (void)scheme, (void)message, (void)signature, (void)signature_len;
    return HF_E_SIGNING;
}

/* A key that lies elsewhere signs there, and that is all it is asked for. */
static void a_key_that_lies_elsewhere_does_not_decrypt(void **state)
{
    (void)state;
    const hf_signer signer = {.sign = sign};
    hf_key *other;
    assert_true(hf_key_decrypts(key));
    assert_int_equal(hf_key_new_external(hf_key_public(key), &signer, &other, NULL), HF_OK);
    assert_false(hf_key_decrypts(other));
    hf_key_free(other);
}

static hf_status no_randomness(void *ctx, uint8_t *p, size_t n)
{
    (void)ctx, (void)p, (void)n;
    return HF_E_RANDOM;
}

static void without_randomness_nothing_is_encrypted(void **state)
{
    (void)state;
    hf_provider provider = *hf_provider_default();
    provider.random = no_randomness;
    uint8_t secret[HF_PREMASTER] = {3, 3}, sent[HF_SIGNATURE_MAX];
    size_t n = 1;
    assert_int_equal(hf_premaster_encrypt(hf_key_public(key), &provider, secret, sent, &n),
                     HF_E_RANDOM);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_byte_that_counts_is_judged_right),
        cmocka_unit_test(the_secret_may_hold_anything),
        cmocka_unit_test(the_version_is_the_one_asked_for),
        cmocka_unit_test(what_is_encrypted_is_decrypted),
        cmocka_unit_test(numbers_out_of_range_come_out_as_random),
        cmocka_unit_test(keys_of_other_kinds_neither_encrypt_nor_decrypt),
        cmocka_unit_test(a_key_that_lies_elsewhere_does_not_decrypt),
        cmocka_unit_test(without_randomness_nothing_is_encrypted),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
