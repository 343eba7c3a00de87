/* test_crypto_sigscheme.c: the provider's tables, lookup, and AlgorithmIdentifiers good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "support/vectors.h"

static void the_tables_hold_what_tls_needs(void **unused)
{
    (void)unused;
    const hf_provider *providers[] = {hf_provider_default(), hf_provider_portable()};
    for (size_t i = 0; i < 2; i++) {
        const hf_provider *p = providers[i];
        assert_non_null(p->name);
        assert_int_equal(hf_hash_find(p, 4)->digest_len, 32);
        assert_int_equal(hf_hash_find(p, 5)->digest_len, 48);
        assert_int_equal(hf_hash_find(p, 6)->digest_len, 64);
        assert_int_equal(hf_aead_find(p, "AES-128-GCM")->key_len, 16);
        assert_int_equal(hf_aead_find(p, "AES-256-GCM")->key_len, 32);
        assert_int_equal(hf_aead_find(p, "ChaCha20-Poly1305")->key_len, 32);
        for (size_t s = 0; s < hf_suite_count; s++)
            assert_true(hf_suite_usable(p, &hf_suites[s]));
        assert_null(hf_hash_find(p, 2));
        assert_null(hf_aead_find(p, "AES-128-OCB"));
        assert_null(hf_group_find(p, 0x001e));
        assert_null(hf_sigscheme_find(p, 0x0201));
    }
    assert_ptr_equal(hf_provider_default(), hf_provider_default());
    assert_int_equal(hf_suite_find(0x1302)->hash_id, 5);
    assert_int_equal(hf_suite_find(0x1305)->opt_in, true);
    assert_null(hf_suite_find(0x1306));
    const hf_suite unusable = {"TLS_X", 0xffff, 0x0304, "AES-128-OCB", 4, HF_AUTH_ANY, false};
    assert_false(hf_suite_usable(hf_provider_default(), &unusable));
}

static void random_and_clock_work(void **unused)
{
    (void)unused;
    const hf_provider *p = hf_provider_default();
    uint8_t a[32] = {0}, b[32] = {0};
    assert_int_equal(p->random(p->ctx, a, sizeof a), HF_OK);
    assert_int_equal(p->random(p->ctx, b, sizeof b), HF_OK);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(p->random(p->ctx, a, 0), HF_OK);
    assert_true(p->now_s(p->ctx) > INT64_C(1700000000));
}

/* SignatureScheme values of RFC 9846 section 4.3.3, written down a second time. */
static void every_scheme_is_the_one_of_the_rfc(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t id;
        const char *name;
        hf_key_type key;
        uint8_t hash;
        bool in_handshake;
    } right[] = {
        {0x0401, "rsa_pkcs1_sha256", HF_KEY_RSA, 4, false},
        {0x0501, "rsa_pkcs1_sha384", HF_KEY_RSA, 5, false},
        {0x0601, "rsa_pkcs1_sha512", HF_KEY_RSA, 6, false},
        {0x0403, "ecdsa_secp256r1_sha256", HF_KEY_P256, 4, true},
        {0x0503, "ecdsa_secp384r1_sha384", HF_KEY_P384, 5, true},
        {0x0603, "ecdsa_secp521r1_sha512", HF_KEY_P521, 6, true},
        {0x0804, "rsa_pss_rsae_sha256", HF_KEY_RSA, 4, true},
        {0x0805, "rsa_pss_rsae_sha384", HF_KEY_RSA, 5, true},
        {0x0806, "rsa_pss_rsae_sha512", HF_KEY_RSA, 6, true},
        {0x0807, "ed25519", HF_KEY_ED25519, 0, true},
        {0x0808, "ed448", HF_KEY_ED448, 0, true},
        {0x0809, "rsa_pss_pss_sha256", HF_KEY_RSA_PSS, 4, true},
        {0x080a, "rsa_pss_pss_sha384", HF_KEY_RSA_PSS, 5, true},
        {0x080b, "rsa_pss_pss_sha512", HF_KEY_RSA_PSS, 6, true},
    };
    const size_t count = sizeof right / sizeof right[0];
    size_t found = 0;
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++)
        found++;
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        const hf_sigscheme *s = hf_sigscheme_find(hf_provider_default(), right[i].id);
        assert_non_null(s);
        assert_string_equal(s->name, right[i].name);
        assert_int_equal(s->key, right[i].key);
        assert_int_equal(s->hash != NULL ? s->hash->id : 0, right[i].hash);
        assert_int_equal(s->in_handshake, right[i].in_handshake);
        for (hf_key_type type = HF_KEY_NONE; type <= HF_KEY_ED448; type++)
            assert_int_equal(hf_sigscheme_fits(s, type, 4096),
                             type == right[i].key && type != HF_KEY_NONE);
    }
    assert_false(hf_sigscheme_fits(NULL, HF_KEY_P256, 256));
}

/* SHA-512 with a salt as long needs 130 bytes: RFC 8017 section 9.1.1. */
static void a_small_rsa_key_does_not_fit_a_large_hash(void **unused)
{
    (void)unused;
    const hf_sigscheme *s = hf_sigscheme_find(hf_provider_default(), 0x0806);
    assert_false(hf_sigscheme_fits(s, HF_KEY_RSA, 1024));
    assert_false(hf_sigscheme_fits(s, HF_KEY_RSA, 1033));
    assert_true(hf_sigscheme_fits(s, HF_KEY_RSA, 1034));
}

static const hf_sigscheme *of(vectors *v, const char *hex, const char **name)
{
    return hf_sigscheme_of_algorithm(vectors_decode(v, hex), name);
}

#define SHA256_ID "300d06096086480165030402010500"
#define SHA1_ID   "300906052b0e03021a0500"
#define PSS256(hash, mask, rest)                                                                   \
    "06092a864886f70d01010a3034a00f" hash "a11c301a06092a864886f70d010108" mask rest

static void algorithm_identifiers_are_read_back(void **unused)
{
    (void)unused;
    const char *name;
    unsigned read = 0;
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++) {
        const hf_bytes der = hf_sigscheme_algorithm(*s);
        assert_true(der.n != 0);
        const hf_sigscheme *back = hf_sigscheme_of_algorithm(der, &name);
        assert_non_null(back);
        assert_ptr_equal(back->hash, (*s)->hash);
        assert_true(back == *s || ((*s)->key == HF_KEY_RSA_PSS && back->key == HF_KEY_RSA));
        read++;
        /* cut anywhere, or with a byte more, it is none */
        uint8_t longer[100] = {0};
        memcpy(longer, der.p, der.n);
        for (size_t n = 0; n <= der.n + 1; n++)
            if (n != der.n)
                assert_null(hf_sigscheme_of_algorithm(hf_bytes_of(longer, n), &name));
    }
    assert_int_equal(read, 14);
    assert_int_equal(hf_sigscheme_algorithm(&(hf_sigscheme){.id = 1}).n, 0);
}

static void written_algorithm_identifiers_are_those_of_the_rfcs(void **unused)
{
    (void)unused;
    static const struct {
        uint16_t id;
        const char *hex;
    } right[] = {
        {0x0403, "300a06082a8648ce3d040302"},
        {0x0603, "300a06082a8648ce3d040304"},
        {0x0401, "300d06092a864886f70d01010b0500"},
        {0x0601, "300d06092a864886f70d01010d0500"},
        {0x0807, "300506032b6570"},
        {0x0808, "300506032b6571"},
        {0x0804, "3041" PSS256(SHA256_ID, SHA256_ID, "a203020120")},
    };
    vectors v = {0};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        const hf_bytes der =
            hf_sigscheme_algorithm(hf_sigscheme_find(hf_provider_default(), right[i].id));
        assert_true(hf_bytes_equal(der, vectors_decode(&v, right[i].hex)));
    }
    vectors_forget(&v);
}

static void hash_parameters_of_pss_may_be_absent(void **unused)
{
    (void)unused;
    vectors v = {0};
    const char *name;
    const hf_sigscheme *s =
        of(&v,
           "303d06092a864886f70d01010a3030a00d300b0609608648016503040201a11a301806092a864886f70d"
           "010108300b0609608648016503040201a203020120",
           &name);
    assert_non_null(s);
    assert_int_equal(s->id, 0x0804);
    vectors_forget(&v);
}

/* Each is named, and refused. */
static void wrong_parameters_and_old_algorithms_are_refused_by_name(void **unused)
{
    (void)unused;
    static const struct {
        const char *hex, *name;
    } bad[] = {
        {"300c06082a8648ce3d0403020500", "ecdsa-with-SHA256"},           /* NULL where absent */
        {"300b06092a864886f70d01010b", "sha256WithRSAEncryption"},       /* absent where NULL */
        {"300e06092a864886f70d01010b050100", "sha256WithRSAEncryption"}, /* NULL with content */
        {"300f06092a864886f70d01010b05000500", "sha256WithRSAEncryption"},
        {"300706032b65700500", "Ed25519"},
        {"300706032b65710500", "Ed448"},
        {"300d06092a864886f70d0101050500", "sha1WithRSAEncryption"},
        {"300d06092a864886f70d0101040500", "md5WithRSAEncryption"},
        {"300d06092a864886f70d0101020500", "md2WithRSAEncryption"},
        {"300906072a8648ce3d0401", "ecdsa-with-SHA1"},
        {"300906072a8648ce380403", "dsa-with-SHA1"},
        {"300b0609608648016503040311", "ML-DSA-44"},
        {"300506032a0304", "unknown"},
        {"", "unknown"},
        {"3000", "unknown"},
        {"0500", "unknown"},
        {"300b06092a864886f70d01010a", "RSASSA-PSS"},     /* SHA-1 by default */
        {"300d06092a864886f70d01010a3000", "RSASSA-PSS"}, /* the same, spelled out */
        {"3041" PSS256(SHA256_ID, SHA256_ID, "a203020114"), "RSASSA-PSS"}, /* salt of 20 */
        {"3041" PSS256(SHA256_ID, SHA256_ID, "a2030201a0"), "RSASSA-PSS"}, /* negative salt */
        {"3041" PSS256(SHA256_ID, "300d06096086480165030402020500", "a203020120"), "RSASSA-PSS"},
        {"303006092a864886f70d01010a3023a00f" SHA256_ID "a10b300906052b0e03021a0500a203020120",
         "RSASSA-PSS"},
        {"304606092a864886f70d01010a3039a00f" SHA256_ID "a11c301a06092a864886f70d010108" SHA256_ID
         "a203020120a303020101",
         "RSASSA-PSS"}, /* the trailer's default, which DER leaves out */
    };
    vectors v = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *name = NULL;
        if (of(&v, bad[i].hex, &name) != NULL)
            fail_msg("%s was taken", bad[i].hex);
        assert_string_equal(name, bad[i].name);
    }
    vectors_forget(&v);
}

static void every_key_type_has_a_name(void **unused)
{
    (void)unused;
    for (hf_key_type t = HF_KEY_RSA; t <= HF_KEY_ED448; t++)
        assert_string_not_equal(hf_key_type_name(t), "none");
    assert_string_equal(hf_key_type_name(HF_KEY_NONE), "none");
    assert_string_equal(hf_key_type_name(HF_KEY_P256), "ECDSA P-256");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_hold_what_tls_needs),
        cmocka_unit_test(random_and_clock_work),
        cmocka_unit_test(every_scheme_is_the_one_of_the_rfc),
        cmocka_unit_test(a_small_rsa_key_does_not_fit_a_large_hash),
        cmocka_unit_test(algorithm_identifiers_are_read_back),
        cmocka_unit_test(written_algorithm_identifiers_are_those_of_the_rfcs),
        cmocka_unit_test(hash_parameters_of_pss_may_be_absent),
        cmocka_unit_test(wrong_parameters_and_old_algorithms_are_refused_by_name),
        cmocka_unit_test(every_key_type_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
