/* test_wycheproof_symmetric.c: AEADs, HMAC and HKDF against Wycheproof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"
#include "support/vectors.h"

static void check_aead(const hf_aead *aead, vectors *v, const json_t *test)
{
    const hf_bytes key = vectors_hex(v, test, "key"), nonce = vectors_hex(v, test, "iv"),
                   aad = vectors_hex(v, test, "aad"), msg = vectors_hex(v, test, "msg"),
                   ct = vectors_hex(v, test, "ct"), tag = vectors_hex(v, test, "tag");
    const long id = vectors_number(test, "tcId");
    const size_t n = ct.n + tag.n;
    uint8_t *record = malloc(n), *out = malloc(n);
    assert_non_null(record);
    assert_non_null(out);
    hf_copy(record, ct.p, ct.n);
    hf_copy(record + ct.n, tag.p, tag.n);

    void *state = hf_alloc_aligned(aead->state_len);
    assert_int_equal(aead->setup(state, key.p), HF_OK);
    hf_status opened = aead->open(state, nonce.p, aad, record, n, out);
    if (vectors_result_of(test) == VECTORS_VALID) {
        if (opened != HF_OK || !hf_bytes_equal(hf_bytes_of(out, ct.n), msg))
            fail_msg("%s from %s: case %ld was not opened", aead->name, aead->from, id);
        assert_int_equal(aead->seal(state, nonce.p, aad, &msg, 1, out), HF_OK);
        if (memcmp(out, record, n) != 0)
            fail_msg("%s from %s: case %ld was not sealed alike", aead->name, aead->from, id);
    } else if (opened != HF_E_BAD_RECORD_MAC) {
        fail_msg("%s from %s: case %ld was opened", aead->name, aead->from, id);
    } else {
        for (size_t i = 0; i < ct.n; i++)
            assert_int_equal(out[i], 0);
    }
    aead->clear(state);
    hf_free(state);
    free(record);
    free(out);
}

/* Each case goes to the default and to the portable backend. */
static void aead_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    const char *family = ctx;
    char name[32];
    const long key_bits = vectors_number(group, "keySize");
    v->outside_of = "key, nonce and tag sizes that TLS does not have";
    const bool short_tag = strcmp(family, "AES-CCM") == 0 && vectors_number(group, "tagSize") == 64;
    if (vectors_number(group, "ivSize") != 96 ||
        (vectors_number(group, "tagSize") != 128 && !short_tag) ||
        (key_bits != 128 && key_bits != 256)) {
        v->outside++;
        return;
    }
    v->run++;
    if (strcmp(family, "AES-GCM") == 0)
        snprintf(name, sizeof name, "AES-%ld-GCM", key_bits);
    else if (strcmp(family, "AES-CCM") == 0)
        snprintf(name, sizeof name, "AES-%ld-CCM%s", key_bits, short_tag ? "-8" : "");
    else
        snprintf(name, sizeof name, "%s", family);
    const hf_aead *usual = hf_aead_find(hf_provider_default(), name);
    const hf_aead *portable = hf_aead_find(hf_provider_portable(), name);
    check_aead(portable, v, test);
    if (usual != portable)
        check_aead(usual, v, test);
}

static void aes_gcm_agrees(void **unused)
{
    (void)unused;
    vectors v;
    char family[] = "AES-GCM";
    vectors_open(&v, "wycheproof/aes_gcm_test.json", 316);
    vectors_each(&v, aead_case, family);
    vectors_close(&v, 316, 130);
}

static void aes_ccm_agrees(void **unused)
{
    (void)unused;
    vectors v;
    char family[] = "AES-CCM";
    vectors_open(&v, "wycheproof/aes_ccm_test.json", 552);
    vectors_each(&v, aead_case, family);
    vectors_close(&v, 552, 172);
}

static void chacha20_poly1305_agrees(void **unused)
{
    (void)unused;
    vectors v;
    char family[] = "ChaCha20-Poly1305";
    vectors_open(&v, "wycheproof/chacha20_poly1305_test.json", 325);
    vectors_each(&v, aead_case, family);
    vectors_close(&v, 325, 300);
}

/* A truncated tag is compared with the tag's first bytes. */
static void hmac_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    const hf_hash *hash = ctx;
    hf_hmac_key k;
    uint8_t mac[HF_HASH_MAX_DIGEST];
    const hf_bytes msg = vectors_hex(v, test, "msg"), tag = vectors_hex(v, test, "tag");
    assert_int_equal(tag.n, vectors_number(group, "tagSize") / 8);
    hf_hmac_key_init(&k, hash, vectors_hex(v, test, "key"));
    hf_hmac(&k, &msg, 1, mac);
    assert_true(tag.n <= hash->digest_len);
    bool same = memcmp(mac, tag.p, tag.n) == 0;
    if (same != (vectors_result_of(test) == VECTORS_VALID))
        fail_msg("case %ld", vectors_number(test, "tcId"));
    v->run++;
}

static void hmac_agrees(const char *name, uint8_t hash_id)
{
    vectors v;
    vectors_open(&v, name, 174);
    vectors_each(&v, hmac_case, (void *)(uintptr_t)hf_hash_find(hf_provider_default(), hash_id));
    vectors_close(&v, 174, 174);
}

static void hmac_sha256_agrees(void **unused)
{
    (void)unused;
    hmac_agrees("wycheproof/hmac_sha256_test.json", 4);
}

static void hmac_sha384_agrees(void **unused)
{
    (void)unused;
    hmac_agrees("wycheproof/hmac_sha384_test.json", 5);
}

static void hkdf_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    (void)group;
    const hf_hash *hash = ctx;
    const size_t n = (size_t)vectors_number(test, "size");
    v->outside_of = "more output than 255 digests, which the contract forbids to ask for";
    if (vectors_result_of(test) == VECTORS_INVALID) {
        assert_true(n > 255U * hash->digest_len);
        v->outside++;
        return;
    }
    v->run++;
    uint8_t prk[HF_HASH_MAX_DIGEST], *out = malloc(n);
    assert_non_null(out);
    hf_hmac_key k;
    hf_hkdf_extract(hash, vectors_hex(v, test, "salt"), vectors_hex(v, test, "ikm"), prk);
    hf_hmac_key_init(&k, hash, hf_bytes_of(prk, hash->digest_len));
    hf_hkdf_expand(&k, vectors_hex(v, test, "info"), out, n);
    const hf_bytes okm = vectors_hex(v, test, "okm");
    if (!hf_bytes_equal(okm, hf_bytes_of(out, n)))
        fail_msg("case %ld", vectors_number(test, "tcId"));
    free(out);
}

static void hkdf_agrees(const char *name, uint8_t hash_id, unsigned cases)
{
    vectors v;
    vectors_open(&v, name, cases);
    vectors_each(&v, hkdf_case, (void *)(uintptr_t)hf_hash_find(hf_provider_default(), hash_id));
    vectors_close(&v, cases, cases - 3);
}

static void hkdf_sha256_agrees(void **unused)
{
    (void)unused;
    hkdf_agrees("wycheproof/hkdf_sha256_test.json", 4, 86);
}

static void hkdf_sha384_agrees(void **unused)
{
    (void)unused;
    hkdf_agrees("wycheproof/hkdf_sha384_test.json", 5, 83);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_ccm_agrees),           cmocka_unit_test(aes_gcm_agrees),
        cmocka_unit_test(chacha20_poly1305_agrees), cmocka_unit_test(hmac_sha256_agrees),
        cmocka_unit_test(hmac_sha384_agrees),       cmocka_unit_test(hkdf_sha256_agrees),
        cmocka_unit_test(hkdf_sha384_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
