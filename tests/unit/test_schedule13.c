/* test_schedule13.c: TLS 1.3's key schedule against itself written out: HKDF-Extract and
 * HKDF-Expand-Label called step by step as RFC 9846 section 7 draws them, for both hashes.
 * Published values are in tests/vectors/test_rfc8448.c and test_acvp_tls13.c. */
#include "handshake/schedule13.h"

#include "base/bytes.h"
#include "crypto/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const hf_hash *hashes[2];

static int find_hashes(void **state)
{
    (void)state;
    hashes[0] = hf_hash_find(hf_provider_default(), 4);
    hashes[1] = hf_hash_find(hf_provider_default(), 5);
    return hashes[0] != NULL && hashes[1] != NULL ? 0 : -1;
}

/* HKDF-Expand-Label with the info put together by hand. `n` at most one digest. */
static void expand_label(const hf_hash *hash, const uint8_t *secret, const char *label,
                         hf_bytes context, uint8_t *out, size_t n)
{
    uint8_t info[300], block[HF_HASH_MAX_DIGEST];
    size_t at = 0, len = strlen(label);
    hf_hmac_key key;
    info[at++] = (uint8_t)(n >> 8);
    info[at++] = (uint8_t)n;
    info[at++] = (uint8_t)(6 + len);
    memcpy(info + at, "tls13 ", 6);
    memcpy(info + at + 6, label, len);
    at += 6 + len;
    info[at++] = (uint8_t)context.n;
    hf_copy(info + at, context.p, context.n);
    at += context.n;
    info[at++] = 1; /* T(1) */
    assert_true(n <= hash->digest_len);
    hf_hmac_key_init(&key, hash, (hf_bytes){secret, hash->digest_len});
    hf_bytes piece = {info, at};
    hf_hmac(&key, &piece, 1, block);
    memcpy(out, block, n);
}

static void extract(const hf_hash *hash, hf_bytes salt, hf_bytes ikm, uint8_t *prk)
{
    hf_hmac_key key;
    hf_hmac_key_init(&key, hash, salt);
    hf_hmac(&key, &ikm, 1, prk);
}

static hf_bytes digest_of(const hf_hash *hash, const char *text, uint8_t *out)
{
    hf_bytes piece = hf_bytes_text(text);
    hf_hash_of(hash, &piece, 1, out);
    return (hf_bytes){out, hash->digest_len};
}

static void secrets_follow_the_diagram(void **state)
{
    static const char *const psks[] = {"", "a pre-shared key of thirty bytes"};
    static const uint8_t zeros[HF_HASH_MAX_DIGEST];
    (void)state;
    for (int i = 0; i < 4; i++) {
        const hf_hash *hash = hashes[i % 2];
        size_t n = hash->digest_len;
        hf_bytes psk = hf_bytes_text(psks[i / 2]), shared = hf_bytes_text("the (EC)DHE secret");
        uint8_t prk[HF_HASH_MAX_DIGEST], salt[HF_HASH_MAX_DIGEST], empty[HF_HASH_MAX_DIGEST],
            said[HF_HASH_MAX_DIGEST], wanted[HF_HASH_MAX_DIGEST], got[HF_HASH_MAX_DIGEST];
        hf_schedule13 ks;
        hf_bytes none = digest_of(hash, "", empty), transcript = digest_of(hash, "hello", said);
        hf_schedule13_start(&ks, hash, psk);
        extract(hash, (hf_bytes){zeros, n}, psk.n != 0 ? psk : (hf_bytes){zeros, n}, prk);
        for (int stage = 0; stage < 3; stage++) {
            static const char *const labels[] = {"c e traffic", "c hs traffic", "c ap traffic"};
            hf_schedule13_derive(&ks, labels[stage], said, got);
            expand_label(hash, prk, labels[stage], transcript, wanted, n);
            assert_memory_equal(got, wanted, n);
            hf_bytes ikm = stage == 0 ? shared : (hf_bytes){zeros, n};
            hf_schedule13_advance(&ks, stage == 0 ? shared : (hf_bytes){NULL, 0});
            expand_label(hash, prk, "derived", none, salt, n);
            extract(hash, (hf_bytes){salt, n}, ikm, prk);
        }
        hf_schedule13_wipe(&ks);
        for (size_t k = 0; k < sizeof(ks); k++)
            assert_int_equal(((const uint8_t *)&ks)[k], 0);
    }
}

static void keys_updates_finished_and_exporters_follow_their_sections(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const hf_hash *hash = hashes[i];
        size_t n = hash->digest_len;
        hf_bytes none = {NULL, 0};
        uint8_t secret[HF_HASH_MAX_DIGEST], said[HF_HASH_MAX_DIGEST], key[HF_AEAD_MAX_KEY],
            iv[HF_AEAD_NONCE], wanted[HF_HASH_MAX_DIGEST], got[HF_HASH_MAX_DIGEST],
            empty[HF_HASH_MAX_DIGEST], middle[HF_HASH_MAX_DIGEST];
        digest_of(hash, "a traffic secret", secret);
        hf_bytes transcript = digest_of(hash, "what was said", said);

        for (size_t key_len = 16; key_len <= 32; key_len += 16) { /* section 7.3 */
            hf_traffic_keys13(hash, secret, key_len, key, iv);
            expand_label(hash, secret, "key", none, wanted, key_len);
            assert_memory_equal(key, wanted, key_len);
            expand_label(hash, secret, "iv", none, wanted, sizeof(iv));
            assert_memory_equal(iv, wanted, sizeof(iv));
        }
        /* section 4.5.3 */
        hf_finished13(hash, secret, said, got);
        expand_label(hash, secret, "finished", none, middle, n);
        extract(hash, (hf_bytes){middle, n}, transcript, wanted);
        assert_memory_equal(got, wanted, n);
        /* section 7.5 */
        uint8_t context_digest[HF_HASH_MAX_DIGEST];
        hf_exporter13(hash, secret, "EXPORTER-test", hf_bytes_text("ctx"), got, n);
        expand_label(hash, secret, "EXPORTER-test", digest_of(hash, "", empty), middle, n);
        expand_label(hash, middle, "exporter", digest_of(hash, "ctx", context_digest), wanted, n);
        assert_memory_equal(got, wanted, n);
        /* section 7.2, in place */
        expand_label(hash, secret, "traffic upd", none, wanted, n);
        hf_traffic_update13(hash, secret);
        assert_memory_equal(secret, wanted, n);
    }
}

/* Other input, other output: nothing is left out of the computation. */
static void every_input_matters(void **state)
{
    uint8_t outs[8][HF_HASH_MAX_DIGEST], a[HF_HASH_MAX_DIGEST], b[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = hashes[0];
    size_t count = 0;
    (void)state;
    digest_of(hash, "a", a);
    digest_of(hash, "b", b);
    static const struct {
        const char *psk, *shared, *label;
        bool other;
    } inputs[] = {
        {"", "x", "c hs traffic", false}, {"p", "x", "c hs traffic", false},
        {"", "y", "c hs traffic", false}, {"", "", "c hs traffic", false},
        {"", "x", "s hs traffic", false}, {"", "x", "c hs traffic", true},
    };
    for (; count < sizeof(inputs) / sizeof(inputs[0]); count++) {
        hf_schedule13 ks;
        hf_schedule13_start(&ks, hash, hf_bytes_text(inputs[count].psk));
        hf_schedule13_advance(&ks, hf_bytes_text(inputs[count].shared));
        hf_schedule13_derive(&ks, inputs[count].label, inputs[count].other ? b : a, outs[count]);
        for (size_t k = 0; k < count; k++)
            assert_memory_not_equal(outs[k], outs[count], hash->digest_len);
        hf_schedule13_wipe(&ks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_follow_the_diagram),
        cmocka_unit_test(keys_updates_finished_and_exporters_follow_their_sections),
        cmocka_unit_test(every_input_matters),
    };
    return cmocka_run_group_tests(tests, find_hashes, NULL);
}
