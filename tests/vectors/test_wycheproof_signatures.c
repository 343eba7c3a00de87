/* test_wycheproof_signatures.c: ECDSA, EdDSA and RSA verification against Wycheproof.
 *
 * "acceptable" occurs for RSA PKCS#1 alone (a DigestInfo without its NULL) and must be refused: RFC
 * 8017 section 8.2.2 compares with the one right encoding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/key.h"
#include "crypto/lookup.h"
#include "support/vectors.h"

typedef struct verification {
    const hf_sigscheme *scheme;
    const json_t *group; /* that `key` belongs to */
    hf_pubkey key;
    bool salt_fits; /* PSS: the file's salts are as long as the digest */
    unsigned accepted;
} verification;

static void signature_case(vectors *v, const json_t *group, const json_t *test, void *ctx)
{
    verification *w = ctx;
    if (w->group != group) {
        hf_pubkey_clear(&w->key);
        hf_status read = hf_pubkey_read(vectors_hex(v, group, "publicKeyDer"), &w->key);
        if (read != HF_OK)
            fail_msg("the key of case %ld: %s", vectors_number(test, "tcId"), hf_error_name(read));
        w->group = group;
    }
    const bool right = vectors_result_of(test) == VECTORS_VALID && w->salt_fits;
    hf_status status = hf_pubkey_verify(&w->key, w->scheme, vectors_hex(v, test, "msg"),
                                        vectors_hex(v, test, "sig"));
    if (status != (right ? HF_OK : HF_E_BAD_SIGNATURE))
        fail_msg("case %ld (%s): %s", vectors_number(test, "tcId"), vectors_text(test, "comment"),
                 hf_error_name(status));
    w->accepted += right;
    v->run++;
}

static void agrees(const char *name, uint16_t scheme, unsigned cases, bool salt_fits)
{
    vectors v;
    verification w = {.scheme = hf_sigscheme_find(hf_provider_default(), scheme),
                      .salt_fits = salt_fits};
    assert_non_null(w.scheme);
    vectors_open(&v, name, cases);
    vectors_each(&v, signature_case, &w);
    hf_pubkey_clear(&w.key);
    assert_true(w.accepted > 0 || !salt_fits);
    vectors_close(&v, cases, cases);
}

static void ecdsa_agrees(void **unused)
{
    (void)unused;
    agrees("wycheproof/ecdsa_secp256r1_sha256_test.json", 0x0403, 484, true);
    agrees("wycheproof/ecdsa_secp384r1_sha384_test.json", 0x0503, 504, true);
    agrees("wycheproof/ecdsa_secp521r1_sha512_test.json", 0x0603, 542, true);
}

static void eddsa_agrees(void **unused)
{
    (void)unused;
    agrees("wycheproof/ed25519_test.json", 0x0807, 151, true);
    agrees("wycheproof/ed448_test.json", 0x0808, 87, true);
}

static void rsa_pss_agrees(void **unused)
{
    (void)unused;
    agrees("wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", 0x0804, 108, true);
    agrees("wycheproof/rsa_pss_2048_sha384_mgf1_48_test.json", 0x0805, 141, true);
    agrees("wycheproof/rsa_pss_3072_sha256_mgf1_32_test.json", 0x0804, 108, true);
    agrees("wycheproof/rsa_pss_4096_sha256_mgf1_32_test.json", 0x0804, 108, true);
    agrees("wycheproof/rsa_pss_4096_sha384_mgf1_48_test.json", 0x0805, 141, true);
    agrees("wycheproof/rsa_pss_4096_sha512_mgf1_64_test.json", 0x0806, 179, true);
}

/* TLS fixes the salt's length to the digest's; a signature with another is refused. */
static void rsa_pss_with_another_salt_length_is_refused(void **unused)
{
    (void)unused;
    agrees("wycheproof/rsa_pss_4096_sha512_mgf1_32_test.json", 0x0806, 177, false);
}

static void rsa_pkcs1_agrees(void **unused)
{
    (void)unused;
    static const struct {
        const char *bits;
        unsigned cases[3];
    } sizes[] = {{"2048", {259, 258, 259}}, {"3072", {259, 259, 260}}, {"4096", {258, 259, 259}}};
    static const char *const digests[] = {"256", "384", "512"};
    char name[80];
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            snprintf(name, sizeof name, "wycheproof/rsa_signature_%s_sha%s_test.json",
                     sizes[i].bits, digests[j]);
            agrees(name, (uint16_t)(0x0401 + 0x0100 * j), sizes[i].cases[j], true);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_agrees),
        cmocka_unit_test(eddsa_agrees),
        cmocka_unit_test(rsa_pss_agrees),
        cmocka_unit_test(rsa_pss_with_another_salt_length_is_refused),
        cmocka_unit_test(rsa_pkcs1_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
