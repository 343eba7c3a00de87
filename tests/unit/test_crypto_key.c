/* test_crypto_key.c: making, writing, signing, verifying; external keys; public keys good and bad.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "support/fail_alloc.h"
#include "support/vectors.h"

static const hf_key_type types[] = {HF_KEY_RSA,  HF_KEY_RSA_PSS, HF_KEY_P256, HF_KEY_P384,
                                    HF_KEY_P521, HF_KEY_ED25519, HF_KEY_ED448};
enum { TYPES = 7 };
static hf_key *keys[TYPES];

static int make_keys(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TYPES; i++) {
        hf_error e = {0};
        assert_int_equal(hf_key_generate(types[i], 0, &keys[i], &e), HF_OK);
    }
    return 0;
}

static int free_keys(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TYPES; i++)
        hf_key_free(keys[i]);
    return 0;
}

static const hf_sigscheme *scheme(uint16_t id)
{
    const hf_sigscheme *s = hf_sigscheme_find(hf_provider_default(), id);
    assert_non_null(s);
    return s;
}

static void generated_keys_have_their_type_and_size(void **unused)
{
    (void)unused;
    static const unsigned bits[] = {2048, 2048, 256, 384, 521, 256, 448};
    for (size_t i = 0; i < TYPES; i++) {
        unsigned spki_bits = 0;
        assert_int_equal(hf_key_type_of(keys[i]), types[i]);
        assert_int_equal(hf_key_bits(keys[i]), bits[i]);
        assert_int_equal(hf_spki_type(hf_key_public(keys[i]), &spki_bits), types[i]);
        assert_int_equal(spki_bits, bits[i]);
        /* libcrypto reads it as the same */
        const hf_bytes spki = hf_key_public(keys[i]);
        const uint8_t *p = spki.p;
        EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)spki.n);
        assert_non_null(pkey);
        uint8_t *der = NULL;
        int n = i2d_PUBKEY(pkey, &der);
        assert_true(hf_bytes_equal(spki, hf_bytes_of(der, (size_t)n)));
        OPENSSL_free(der);
        EVP_PKEY_free(pkey);
    }
}

static void sizes_and_types_that_cannot_be_made_are_refused(void **unused)
{
    (void)unused;
    hf_key *key = NULL;
    hf_error e = {0};
    assert_int_equal(hf_key_generate(HF_KEY_RSA, 1024, &key, &e), HF_E_BAD_ARGUMENT);
    assert_string_equal(e.field, "bits");
    assert_string_equal(e.got, "1024");
    assert_int_equal(hf_key_generate(HF_KEY_RSA, 8193, &key, &e), HF_E_BAD_ARGUMENT);
    assert_int_equal(hf_key_generate(HF_KEY_NONE, 0, &key, &e), HF_E_KEY_UNSUPPORTED);
    assert_int_equal(hf_key_generate((hf_key_type)99, 0, &key, NULL), HF_E_KEY_UNSUPPORTED);
    assert_null(key);
}

/* Every scheme with every key: signs and verifies, or is a mismatch on both sides. */
static void schemes_sign_and_verify_with_their_keys_only(void **unused)
{
    (void)unused;
    unsigned signed_ones = 0;
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("a message"), other = hf_bytes_text("a massage");
    for (const hf_sigscheme *const *s = hf_provider_default()->sigschemes; *s != NULL; s++)
        for (size_t i = 0; i < TYPES; i++) {
            hf_pubkey pub;
            assert_int_equal(hf_pubkey_read(hf_key_public(keys[i]), &pub), HF_OK);
            hf_status status = hf_key_sign(keys[i], *s, message, signature, &n);
            if ((*s)->key != types[i]) {
                assert_int_equal(status, HF_E_SCHEME_KEY_MISMATCH);
                assert_int_equal(n, 0);
                assert_int_equal(hf_pubkey_verify(&pub, *s, message, hf_bytes_of(signature, 64)),
                                 HF_E_SCHEME_KEY_MISMATCH);
                hf_pubkey_clear(&pub);
                continue;
            }
            signed_ones++;
            assert_int_equal(status, HF_OK);
            assert_true(n > 0 && n <= HF_SIGNATURE_MAX);
            const hf_bytes sig = hf_bytes_of(signature, n);
            assert_int_equal(hf_pubkey_verify(&pub, *s, message, sig), HF_OK);
            assert_int_equal(hf_verify_signature(hf_key_public(keys[i]), *s, message, sig), HF_OK);
            assert_int_equal(hf_pubkey_verify(&pub, *s, other, sig), HF_E_BAD_SIGNATURE);
            assert_int_equal(hf_pubkey_verify(&pub, *s, message, hf_bytes_of(signature, n - 1)),
                             HF_E_BAD_SIGNATURE);
            assert_int_equal(hf_pubkey_verify(&pub, *s, message, hf_bytes_of(NULL, 0)),
                             HF_E_BAD_SIGNATURE);
            for (size_t at = 0; at < n; at += n / 7 + 1) {
                signature[at] ^= 0x10;
                assert_int_equal(hf_pubkey_verify(&pub, *s, message, sig), HF_E_BAD_SIGNATURE);
                signature[at] ^= 0x10;
            }
            uint8_t longer[HF_SIGNATURE_MAX + 1] = {0};
            memcpy(longer, signature, n);
            assert_int_equal(hf_pubkey_verify(&pub, *s, message, hf_bytes_of(longer, n + 1)),
                             HF_E_BAD_SIGNATURE);
            assert_int_equal(
                hf_pubkey_verify(&pub, *s, message, hf_bytes_of(longer, sizeof longer)),
                HF_E_BAD_SIGNATURE);
            hf_pubkey_clear(&pub);
        }
    assert_int_equal(signed_ones, 14);
}

/* One padding must not pass for the other, nor one hash for another. */
static void a_signature_of_one_scheme_is_none_of_another(void **unused)
{
    (void)unused;
    static const uint16_t rsa[] = {0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601};
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("a message");
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(hf_key_sign(keys[0], scheme(rsa[i]), message, signature, &n), HF_OK);
        for (size_t j = 0; j < 6; j++)
            assert_int_equal(hf_verify_signature(hf_key_public(keys[0]), scheme(rsa[j]), message,
                                                 hf_bytes_of(signature, n)),
                             i == j ? HF_OK : HF_E_BAD_SIGNATURE);
    }
}

/* ecdsa-with-SHA384 under a P-256 key, PSS under both kinds of RSA key: in certificates only. */
static void certificates_pair_hash_and_curve_freely(void **unused)
{
    (void)unused;
    hf_pubkey pub;
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n = sizeof signature;
    const hf_bytes message = hf_bytes_text("tbsCertificate");

    /* made by libcrypto, since hf_key_sign pairs strictly */
    char *pem = NULL;
    assert_int_equal(hf_key_write_pem(keys[2], NULL, &pem, NULL), HF_OK);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha384(), NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &n, message.p, message.n), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    BIO_free(bio);
    hf_text_free(pem);

    assert_int_equal(hf_pubkey_read(hf_key_public(keys[2]), &pub), HF_OK);
    const hf_bytes sig = hf_bytes_of(signature, n);
    assert_int_equal(hf_pubkey_verify(&pub, scheme(0x0503), message, sig),
                     HF_E_SCHEME_KEY_MISMATCH);
    assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0503), message, sig), HF_OK);
    assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0403), message, sig), HF_E_BAD_SIGNATURE);
    assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0401), message, sig),
                     HF_E_SCHEME_KEY_MISMATCH);
    assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0807), message, sig),
                     HF_E_SCHEME_KEY_MISMATCH);
    assert_int_equal(hf_pubkey_verify_cert(&pub, NULL, message, sig), HF_E_SCHEME_KEY_MISMATCH);
    hf_pubkey_clear(&pub);

    for (size_t i = 0; i < 2; i++) { /* RSA, RSA-PSS: the scheme of either's AlgorithmIdentifier */
        assert_int_equal(hf_pubkey_read(hf_key_public(keys[i]), &pub), HF_OK);
        const uint16_t own = i == 0 ? 0x0805 : 0x080a;
        assert_int_equal(hf_key_sign(keys[i], scheme(own), message, signature, &n), HF_OK);
        const hf_bytes pss = hf_bytes_of(signature, n);
        assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0805), message, pss), HF_OK);
        assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x080a), message, pss), HF_OK);
        hf_pubkey_clear(&pub);
    }
    /* an id-RSASSA-PSS key makes no PKCS#1 signatures */
    assert_int_equal(hf_pubkey_read(hf_key_public(keys[1]), &pub), HF_OK);
    assert_int_equal(hf_pubkey_verify_cert(&pub, scheme(0x0401), message, sig),
                     HF_E_SCHEME_KEY_MISMATCH);
    hf_pubkey_clear(&pub);
}

static void a_pss_key_bound_to_a_hash_takes_no_other(void **unused)
{
    (void)unused;
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048);
    EVP_PKEY_CTX_set_rsa_pss_keygen_md(ctx, EVP_sha384());
    EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md(ctx, EVP_sha384());
    EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 48);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(bio, pkey), 1);
    char *der;
    long der_len = BIO_get_mem_data(bio, &der);

    hf_key *key = NULL, *again = NULL;
    hf_error e = {0};
    assert_int_equal(hf_key_read(hf_bytes_of(der, (size_t)der_len), NULL, &key, &e), HF_OK);
    assert_int_equal(hf_key_cert_scheme(key)->id, 0x080a);
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("m");
    assert_int_equal(hf_key_sign(key, scheme(0x0809), message, signature, &n),
                     HF_E_SCHEME_KEY_MISMATCH);
    assert_int_equal(hf_key_sign(key, scheme(0x080a), message, signature, &n), HF_OK);
    assert_int_equal(
        hf_verify_signature(hf_key_public(key), scheme(0x080a), message, hf_bytes_of(signature, n)),
        HF_OK);
    assert_int_equal(
        hf_verify_signature(hf_key_public(key), scheme(0x080b), message, hf_bytes_of(signature, n)),
        HF_E_SCHEME_KEY_MISMATCH);
    /* the binding is written and read back */
    char *pem = NULL;
    assert_int_equal(hf_key_write_pem(key, NULL, &pem, &e), HF_OK);
    assert_int_equal(hf_key_read(hf_bytes_text(pem), NULL, &again, &e), HF_OK);
    assert_true(hf_bytes_equal(hf_key_public(key), hf_key_public(again)));
    assert_int_equal(hf_key_cert_scheme(again)->id, 0x080a);
    hf_text_free(pem);
    hf_key_free(key);
    hf_key_free(again);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

/* ---- writing ---- */

static void written_keys_are_read_back_by_both(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TYPES; i++) {
        char *pem = NULL;
        hf_key *again = NULL;
        hf_error e = {0};
        assert_int_equal(hf_key_write_pem(keys[i], NULL, &pem, &e), HF_OK);
        assert_int_equal(strncmp(pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
        assert_int_equal(hf_key_read(hf_bytes_text(pem), NULL, &again, &e), HF_OK);
        assert_true(hf_bytes_equal(hf_key_public(keys[i]), hf_key_public(again)));
        BIO *bio = BIO_new_mem_buf(pem, -1);
        EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        assert_non_null(pkey);
        EVP_PKEY_free(pkey);
        BIO_free(bio);
        hf_key_free(again);
        hf_text_free(pem);
    }
}

static void encrypted_keys_are_read_back_by_both(void **unused)
{
    (void)unused;
    static const size_t some[] = {0, 2, 5};
    for (size_t i = 0; i < 3; i++) {
        char *pem = NULL;
        hf_key *again = NULL;
        hf_error e = {0};
        assert_int_equal(hf_key_write_pem(keys[some[i]], "secret words", &pem, &e), HF_OK);
        assert_int_equal(strncmp(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38), 0);
        assert_int_equal(hf_key_read(hf_bytes_text(pem), "secret words", &again, &e), HF_OK);
        assert_true(hf_bytes_equal(hf_key_public(keys[some[i]]), hf_key_public(again)));
        hf_key_free(again);
        assert_int_equal(hf_key_read(hf_bytes_text(pem), "secret word", &again, &e),
                         HF_E_KEY_PASSWORD);
        BIO *bio = BIO_new_mem_buf(pem, -1);
        char password[] = "secret words";
        EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, password);
        assert_non_null(pkey);
        EVP_PKEY_free(pkey);
        BIO_free(bio);
        hf_text_free(pem);
    }
    hf_text_free(NULL);
}

/* ---- external keys ---- */

typedef struct token {
    hf_key *key;
    unsigned signs, releases;
    hf_status answer;
    size_t len; /* 0: what it is */
} token;

static hf_status token_sign(void *ctx, const hf_sigscheme *s, hf_bytes message, uint8_t *signature,
                            size_t *signature_len)
{
    token *t = ctx;
    t->signs++;
    if (t->answer != HF_OK)
        return t->answer;
    hf_status status = hf_key_sign(t->key, s, message, signature, signature_len);
    if (t->len != 0)
        *signature_len = t->len;
    return status;
}

static void token_release(void *ctx)
{
    ((token *)ctx)->releases++;
}

static void an_external_key_signs_elsewhere(void **unused)
{
    (void)unused;
    token t = {.key = keys[2]};
    const hf_signer signer = {&t, token_sign, token_release};
    hf_key *key = NULL;
    hf_error e = {0};
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("m");
    assert_int_equal(hf_key_new_external(hf_key_public(keys[2]), &signer, &key, &e), HF_OK);
    assert_int_equal(hf_key_type_of(key), HF_KEY_P256);
    assert_true(hf_bytes_equal(hf_key_public(key), hf_key_public(keys[2])));
    assert_ptr_not_equal(hf_key_public(key).p, hf_key_public(keys[2]).p);
    assert_int_equal(hf_key_sign(key, scheme(0x0403), message, signature, &n), HF_OK);
    assert_int_equal(
        hf_verify_signature(hf_key_public(key), scheme(0x0403), message, hf_bytes_of(signature, n)),
        HF_OK);
    assert_int_equal(t.signs, 1);
    assert_int_equal(hf_key_sign(key, scheme(0x0503), message, signature, &n),
                     HF_E_SCHEME_KEY_MISMATCH);
    assert_int_equal(t.signs, 1);
    t.answer = HF_E_SIGNING;
    assert_int_equal(hf_key_sign(key, scheme(0x0403), message, signature, &n), HF_E_SIGNING);
    assert_int_equal(n, 0);
    t.answer = HF_OK;
    t.len = HF_SIGNATURE_MAX + 1;
    assert_int_equal(hf_key_sign(key, scheme(0x0403), message, signature, &n), HF_E_SIGNING);
    assert_int_equal(n, 0);

    char *pem = NULL;
    assert_int_equal(hf_key_write_pem(key, NULL, &pem, &e), HF_E_BAD_ARGUMENT);
    assert_null(pem);
    hf_key *second = hf_key_ref(key);
    hf_key_free(key);
    assert_int_equal(t.releases, 0);
    hf_key_free(second);
    assert_int_equal(t.releases, 1);
    hf_key_free(NULL);
}

static void an_external_key_needs_a_public_key_and_a_signer(void **unused)
{
    (void)unused;
    token t = {.key = keys[2]};
    hf_signer signer = {&t, token_sign, token_release};
    hf_key *key = NULL;
    hf_error e = {0};
    assert_int_equal(hf_key_new_external(hf_bytes_text("no key"), &signer, &key, &e),
                     HF_E_KEY_MALFORMED);
    assert_int_equal(hf_key_new_external(hf_key_public(keys[2]), NULL, &key, &e),
                     HF_E_BAD_ARGUMENT);
    signer.sign = NULL;
    assert_int_equal(hf_key_new_external(hf_key_public(keys[2]), &signer, &key, &e),
                     HF_E_BAD_ARGUMENT);
    assert_null(key);
    assert_int_equal(t.releases, 0); /* what was not taken is not released */
}

/* ---- public keys ---- */

static void expect_spki(const char *hex, hf_status right)
{
    vectors v = {0};
    hf_pubkey key;
    const hf_bytes der = vectors_decode(&v, hex);
    hf_status status = hf_pubkey_read(der, &key);
    if (status != right)
        fail_msg("%s: %s, want %s", hex, hf_error_name(status), hf_error_name(right));
    assert_int_equal(key.type, HF_KEY_NONE);
    hf_pubkey_clear(&key);
    vectors_forget(&v);
}

#define P256_HEAD "3059301306072a8648ce3d020106082a8648ce3d030107034200"
#define GENERATOR                                                                                  \
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"                           \
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f"

static void public_keys_that_are_none_are_refused(void **unused)
{
    (void)unused;
    vectors v = {0};
    hf_pubkey key;
    assert_int_equal(hf_pubkey_read(vectors_decode(&v, P256_HEAD GENERATOR "5"), &key), HF_OK);
    assert_int_equal(key.type, HF_KEY_P256);
    assert_int_equal(key.bits, 256);
    hf_pubkey_clear(&key);
    vectors_forget(&v);

    expect_spki("", HF_E_KEY_MALFORMED);
    expect_spki("3000", HF_E_KEY_MALFORMED);
    expect_spki(P256_HEAD GENERATOR "6", HF_E_KEY_MALFORMED);   /* off the curve */
    expect_spki(P256_HEAD GENERATOR "500", HF_E_KEY_MALFORMED); /* a byte too many */
    /* compressed; infinity; an unused bit */
    expect_spki("3039301306072a8648ce3d020106082a8648ce3d030107032200"
                "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
                HF_E_KEY_UNSUPPORTED);
    expect_spki("3019301306072a8648ce3d020106082a8648ce3d03010703020000", HF_E_KEY_MALFORMED);
    expect_spki("3059301306072a8648ce3d020106082a8648ce3d030107034201" GENERATOR "4",
                HF_E_KEY_MALFORMED);
    /* secp256k1; Ed25519 of 31 bytes; Ed25519 with NULL; X25519; DSA */
    expect_spki("3018301006072a8648ce3d020106052b8104000a0304000400", HF_E_KEY_MALFORMED);
    expect_spki("3016301006072a8648ce3d020106052b8104000a03020004", HF_E_KEY_UNSUPPORTED);
    expect_spki("3029300506032b6570032000"
                "00000000000000000000000000000000000000000000000000000000000000",
                HF_E_KEY_MALFORMED);
    expect_spki("302c300706032b65700500032100"
                "0000000000000000000000000000000000000000000000000000000000000000",
                HF_E_KEY_MALFORMED);
    expect_spki("302a300506032b656e032100"
                "0000000000000000000000000000000000000000000000000000000000000000",
                HF_E_KEY_UNSUPPORTED);
}

/* SubjectPublicKeyInfo of an RSA key from its numbers, by libcrypto. */
static hf_bytes rsa_spki(uint8_t *room, unsigned bits, unsigned long long e, bool even)
{
    BIGNUM *n = BN_new();
    BN_one(n);
    BN_lshift(n, n, (int)bits - 1);
    if (!even)
        BN_add_word(n, 1);
    BIGNUM *exponent = BN_new();
    BN_set_word(exponent, e);
    ASN1_INTEGER *ni = BN_to_ASN1_INTEGER(n, NULL), *ei = BN_to_ASN1_INTEGER(exponent, NULL);
    uint8_t body[3000], sequence[3000], *p = body;
    i2d_ASN1_INTEGER(ni, &p);
    i2d_ASN1_INTEGER(ei, &p);
    size_t len = (size_t)(p - body);
    p = sequence;
    ASN1_put_object(&p, 1, (int)len, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(p, body, len);
    len += (size_t)(p - sequence);
    X509_PUBKEY *pub = X509_PUBKEY_new();
    uint8_t *owned = OPENSSL_memdup(sequence, len);
    assert_int_equal(X509_PUBKEY_set0_param(pub, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL,
                                            owned, (int)len),
                     1);
    p = room;
    int total = i2d_X509_PUBKEY(pub, &p);
    X509_PUBKEY_free(pub);
    ASN1_INTEGER_free(ni);
    ASN1_INTEGER_free(ei);
    BN_free(n);
    BN_free(exponent);
    return hf_bytes_of(room, (size_t)total);
}

static void rsa_sizes_are_bounded(void **unused)
{
    (void)unused;
    static const struct {
        unsigned bits;
        unsigned long long e;
        bool even;
        hf_status right;
    } cases[] = {
        {2048, 65537, false, HF_OK},
        {1024, 65537, false, HF_OK}, /* read, so that the certificate's judge can name the size */
        {8192, 65537, false, HF_OK},
        {8193, 65537, false, HF_E_KEY_UNSUPPORTED},
        {16384, 65537, false, HF_E_KEY_UNSUPPORTED},
        {511, 65537, false, HF_E_KEY_UNSUPPORTED},
        {2048, 3, false, HF_OK},
        {2048, 1, false, HF_E_KEY_MALFORMED},
        {2048, 0, false, HF_E_KEY_MALFORMED},
        {2048, 65536, false, HF_E_KEY_MALFORMED},
        {2048, 0x1ffffffffULL, false, HF_OK},
        {2048, 0x200000001ULL, false, HF_E_KEY_UNSUPPORTED},
        {2048, 65537, true, HF_E_KEY_MALFORMED},
    };
    uint8_t room[4000];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hf_pubkey key;
        unsigned bits = 0;
        const hf_bytes der = rsa_spki(room, cases[i].bits, cases[i].e, cases[i].even);
        hf_status status = hf_pubkey_read(der, &key);
        if (status != cases[i].right)
            fail_msg("RSA %u, e %llu: %s", cases[i].bits, cases[i].e, hf_error_name(status));
        hf_pubkey_clear(&key);
        assert_int_equal(hf_spki_type(der, &bits), HF_KEY_RSA);
        assert_int_equal(bits, cases[i].bits);
    }
}

static void public_keys_cut_anywhere_are_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TYPES; i++) {
        const hf_bytes spki = hf_key_public(keys[i]);
        for (size_t n = 0; n < spki.n; n++) {
            hf_pubkey key;
            uint8_t *cut = malloc(n != 0 ? n : 1);
            memcpy(cut, spki.p, n);
            assert_int_not_equal(hf_pubkey_read(hf_bytes_of(cut, n), &key), HF_OK);
            free(cut);
        }
    }
}

/* ---- memory and the error queue ---- */

static hf_status read_and_verify(void *ctx)
{
    const hf_key *key = ctx;
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n;
    const hf_bytes message = hf_bytes_text("m");
    hf_status status = hf_key_sign(key, hf_key_cert_scheme(key), message, signature, &n);
    return status != HF_OK ? status
                           : hf_verify_signature(hf_key_public(key), hf_key_cert_scheme(key),
                                                 message, hf_bytes_of(signature, n));
}

static hf_status generate_and_write(void *ctx)
{
    hf_key *key = NULL;
    char *pem = NULL;
    hf_status status = hf_key_generate(*(hf_key_type *)ctx, 0, &key, NULL);
    if (status == HF_OK)
        status = hf_key_write_pem(key, NULL, &pem, NULL);
    hf_text_free(pem);
    hf_key_free(key);
    return status;
}

static void each_allocation_may_fail(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < TYPES; i++)
        hf_test_each_alloc_fails(read_and_verify, keys[i]); /* none of ours, as it happens */
    hf_key_type some[] = {HF_KEY_P256, HF_KEY_ED448};
    for (size_t i = 0; i < 2; i++)
        assert_true(hf_test_each_alloc_fails(generate_and_write, &some[i]) > 0);
}

static void the_error_queue_of_libcrypto_is_left_alone(void **unused)
{
    (void)unused;
    uint8_t signature[256] = {1};
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    for (size_t i = 0; i < TYPES; i++)
        assert_int_equal(hf_verify_signature(hf_key_public(keys[i]), hf_key_cert_scheme(keys[i]),
                                             hf_bytes_text("m"), hf_bytes_of(signature, 256)),
                         HF_E_BAD_SIGNATURE);
    expect_spki(P256_HEAD GENERATOR "6", HF_E_KEY_MALFORMED);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_keys_have_their_type_and_size),
        cmocka_unit_test(sizes_and_types_that_cannot_be_made_are_refused),
        cmocka_unit_test(schemes_sign_and_verify_with_their_keys_only),
        cmocka_unit_test(a_signature_of_one_scheme_is_none_of_another),
        cmocka_unit_test(certificates_pair_hash_and_curve_freely),
        cmocka_unit_test(a_pss_key_bound_to_a_hash_takes_no_other),
        cmocka_unit_test(written_keys_are_read_back_by_both),
        cmocka_unit_test(encrypted_keys_are_read_back_by_both),
        cmocka_unit_test(an_external_key_signs_elsewhere),
        cmocka_unit_test(an_external_key_needs_a_public_key_and_a_signer),
        cmocka_unit_test(public_keys_that_are_none_are_refused),
        cmocka_unit_test(rsa_sizes_are_bounded),
        cmocka_unit_test(public_keys_cut_anywhere_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_error_queue_of_libcrypto_is_left_alone),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
