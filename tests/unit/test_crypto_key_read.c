/* test_crypto_key_read.c: private keys in every form that libcrypto writes; and in none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "support/fail_alloc.h"
#include "support/vectors.h"

/* ---- fixtures, made by libcrypto ---- */

typedef struct fixture {
    hf_key_type type;
    unsigned bits;
    EVP_PKEY *pkey;
} fixture;

enum { RSA_2048, RSA_PSS_2048, P256, P384, P521, ED25519, ED448, FIXTURES };
static fixture fixtures[FIXTURES];

static EVP_PKEY *make_rsa_pss(void)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static int make_fixtures(void **unused)
{
    (void)unused;
    fixtures[RSA_2048] = (fixture){HF_KEY_RSA, 2048, EVP_RSA_gen(2048)};
    fixtures[RSA_PSS_2048] = (fixture){HF_KEY_RSA_PSS, 2048, make_rsa_pss()};
    fixtures[P256] = (fixture){HF_KEY_P256, 256, EVP_EC_gen("P-256")};
    fixtures[P384] = (fixture){HF_KEY_P384, 384, EVP_EC_gen("P-384")};
    fixtures[P521] = (fixture){HF_KEY_P521, 521, EVP_EC_gen("P-521")};
    fixtures[ED25519] = (fixture){HF_KEY_ED25519, 256, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    fixtures[ED448] = (fixture){HF_KEY_ED448, 448, EVP_PKEY_Q_keygen(NULL, NULL, "ED448")};
    for (int i = 0; i < FIXTURES; i++)
        assert_non_null(fixtures[i].pkey);
    return 0;
}

static int free_fixtures(void **unused)
{
    (void)unused;
    for (int i = 0; i < FIXTURES; i++)
        EVP_PKEY_free(fixtures[i].pkey);
    return 0;
}

static hf_bytes bio_bytes(BIO *bio)
{
    char *p = NULL;
    long n = BIO_get_mem_data(bio, &p);
    return hf_bytes_of(p, (size_t)n);
}

/* ---- good ---- */

/* The key read is the fixture: type, bits, public half, and a signature that the fixture's public
 * key verifies. */
static void check_is(const fixture *f, hf_bytes input, const char *password)
{
    hf_key *key = NULL;
    hf_error e = {0};
    hf_status status = hf_key_read(input, password, &key, &e);
    if (status != HF_OK)
        fail_msg("%s: %s: %s; expected %s, got %s", hf_key_type_name(f->type),
                 hf_error_name(status), e.field ? e.field : "", e.expected, e.got);
    assert_int_equal(hf_key_type_of(key), f->type);
    assert_int_equal(hf_key_bits(key), f->bits);
    uint8_t *spki = NULL;
    int n = i2d_PUBKEY(f->pkey, &spki);
    assert_true(hf_bytes_equal(hf_key_public(key), hf_bytes_of(spki, (size_t)n)));

    uint8_t signature[HF_SIGNATURE_MAX];
    size_t signature_len = 0;
    const hf_sigscheme *scheme = hf_key_cert_scheme(key);
    const hf_bytes message = hf_bytes_text("message");
    assert_int_equal(hf_key_sign(key, scheme, message, signature, &signature_len), HF_OK);
    assert_int_equal(hf_verify_signature(hf_bytes_of(spki, (size_t)n), scheme, message,
                                         hf_bytes_of(signature, signature_len)),
                     HF_OK);
    OPENSSL_free(spki);
    hf_key_free(key);
}

static void pkcs8_is_read(void **unused)
{
    (void)unused;
    for (int i = 0; i < FIXTURES; i++) {
        BIO *pem = BIO_new(BIO_s_mem()), *der = BIO_new(BIO_s_mem());
        assert_int_equal(
            PEM_write_bio_PKCS8PrivateKey(pem, fixtures[i].pkey, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(der, fixtures[i].pkey), 1);
        check_is(&fixtures[i], bio_bytes(pem), NULL);
        check_is(&fixtures[i], bio_bytes(pem), "not needed");
        check_is(&fixtures[i], bio_bytes(der), NULL);
        BIO_free(pem);
        BIO_free(der);
    }
}

static void sec1_and_pkcs1_are_read(void **unused)
{
    (void)unused;
    static const int traditional[] = {RSA_2048, P256, P384, P521};
    for (size_t i = 0; i < 4; i++) {
        const fixture *f = &fixtures[traditional[i]];
        BIO *pem = BIO_new(BIO_s_mem());
        BIO_puts(pem, "a comment before the block\n");
        if (f->type != HF_KEY_RSA) /* as "openssl ecparam -genkey" writes it */
            BIO_puts(pem, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                          "-----END EC PARAMETERS-----\n");
        assert_int_equal(
            PEM_write_bio_PrivateKey_traditional(pem, f->pkey, NULL, NULL, 0, NULL, NULL), 1);
        check_is(f, bio_bytes(pem), NULL);
        uint8_t *der = NULL;
        int n = i2d_PrivateKey(f->pkey, &der);
        check_is(f, hf_bytes_of(der, (size_t)n), NULL);
        OPENSSL_free(der);
        BIO_free(pem);
    }
}

static void a_key_after_certificates_is_found(void **unused)
{
    (void)unused;
    BIO *pem = BIO_new(BIO_s_mem());
    BIO_puts(pem, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    PEM_write_bio_PKCS8PrivateKey(pem, fixtures[P256].pkey, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_PKCS8PrivateKey(pem, fixtures[P384].pkey, NULL, NULL, 0, NULL, NULL);
    check_is(&fixtures[P256], bio_bytes(pem), NULL);
    BIO_free(pem);
}

/* ---- encrypted ---- */

static void expect_error(hf_bytes input, const char *password, hf_status right, const char *got)
{
    hf_key *key = NULL;
    hf_error e = {0};
    hf_status status = hf_key_read(input, password, &key, &e);
    if (status != right || key != NULL || (got != NULL && strstr(e.got, got) == NULL))
        fail_msg("%s, field \"%s\", expected \"%s\", got \"%s\"; want %s, \"%s\"",
                 hf_error_name(status), e.field ? e.field : "", e.expected, e.got,
                 hf_error_name(right), got ? got : "");
    assert_int_equal(e.code, right);
    assert_int_equal(hf_key_read(input, password, &key, NULL), right); /* no error wanted */
}

static void check_encrypted(const fixture *f, X509_SIG *sig)
{
    BIO *pem = BIO_new(BIO_s_mem());
    assert_non_null(sig);
    assert_int_equal(PEM_write_bio_PKCS8(pem, sig), 1);
    uint8_t *der = NULL;
    int n = i2d_X509_SIG(sig, &der);
    check_is(f, bio_bytes(pem), "correct horse");
    check_is(f, hf_bytes_of(der, (size_t)n), "correct horse");
    expect_error(bio_bytes(pem), NULL, HF_E_KEY_PASSWORD, "none");
    expect_error(bio_bytes(pem), "", HF_E_KEY_PASSWORD, NULL);
    for (int i = 0; i < 300; i++) { /* one in 256 leaves padding that looks right */
        const char wrong[] = {(char)('a' + i % 26), (char)('a' + i / 26), '\0'};
        expect_error(hf_bytes_of(der, (size_t)n), wrong, HF_E_KEY_PASSWORD, NULL);
    }
    OPENSSL_free(der);
    BIO_free(pem);
    X509_SIG_free(sig);
}

static X509_SIG *encrypt(const fixture *f, const EVP_CIPHER *cipher, int prf_nid, int iterations)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(f->pkey);
    uint8_t salt[16] = {3};
    X509_ALGOR *algorithm = PKCS5_pbe2_set_iv(cipher, iterations, salt, sizeof salt, NULL, prf_nid);
    assert_non_null(algorithm);
    X509_SIG *sig = PKCS8_set0_pbe("correct horse", 13, info, algorithm);
    PKCS8_PRIV_KEY_INFO_free(info);
    return sig;
}

static void encrypted_pkcs8_needs_its_password(void **unused)
{
    (void)unused;
    check_encrypted(&fixtures[P256],
                    encrypt(&fixtures[P256], EVP_aes_256_cbc(), NID_hmacWithSHA256, 2));
    check_encrypted(&fixtures[ED25519],
                    encrypt(&fixtures[ED25519], EVP_aes_128_cbc(), NID_hmacWithSHA1, 2));
    check_encrypted(&fixtures[P384],
                    encrypt(&fixtures[P384], EVP_des_ede3_cbc(), NID_hmacWithSHA512, 2));
    check_encrypted(&fixtures[RSA_2048],
                    encrypt(&fixtures[RSA_2048], EVP_aes_192_cbc(), NID_hmacWithSHA384, 2));
}

static void scrypt_is_read(void **unused)
{
    (void)unused;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(fixtures[P256].pkey);
    uint8_t salt[16] = {3};
    X509_ALGOR *algorithm =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof salt, NULL, 2, 8, 1);
    X509_SIG *sig = PKCS8_set0_pbe("correct horse", 13, info, algorithm);
    PKCS8_PRIV_KEY_INFO_free(info);
    check_encrypted(&fixtures[P256], sig);
}

static void check_refused(X509_SIG *sig, hf_status right, const char *got)
{
    uint8_t *der = NULL;
    int n = i2d_X509_SIG(sig, &der);
    expect_error(hf_bytes_of(der, (size_t)n), "correct horse", right, got);
    OPENSSL_free(der);
    X509_SIG_free(sig);
}

static void absurd_costs_are_refused_before_they_are_paid(void **unused)
{
    (void)unused;
    vectors v = {0};
    /* EncryptedPrivateKeyInfo with iterationCount 10,000,001, then scrypt with N = 2^30 */
    expect_error(vectors_decode(&v, "306b305706092a864886f70d01050d304a302906092a864886f70d01050c"
                                    "301c0408001122334455667702040098968130"
                                    "0a06082a864886f70d0209"
                                    "301d060960864801650304012a041000112233445566778899aabbccddeeff"
                                    "041000000000000000000000000000000000"),
                 "x", HF_E_KEY_UNSUPPORTED, "10000001");
    expect_error(vectors_decode(&v, "3065305106092a864886f70d01050d3044302306092b06010401da47040b"
                                    "30160408001122334455667702044000000002010802"
                                    "0101"
                                    "301d060960864801650304012a041000112233445566778899aabbccddeeff"
                                    "041000000000000000000000000000000000"),
                 "x", HF_E_KEY_UNSUPPORTED, "1073741824");
    vectors_forget(&v);
}

static void older_ways_of_encryption_are_refused_by_name(void **unused)
{
    (void)unused;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(fixtures[P256].pkey);
    check_refused(PKCS8_encrypt(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NULL, "correct horse", 13,
                                NULL, 0, 2, info),
                  HF_E_KEY_UNSUPPORTED, "another way");
    PKCS8_PRIV_KEY_INFO_free(info);
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey_traditional(pem, fixtures[P256].pkey, EVP_aes_128_cbc(),
                                         (unsigned char *)(uintptr_t) "correct horse", 13, NULL,
                                         NULL);
    expect_error(bio_bytes(pem), "correct horse", HF_E_KEY_UNSUPPORTED, "DEK-Info");
    BIO_free(pem);
}

/* ---- what is no private key, named ---- */

static hf_bytes certificate_der(void)
{
    static uint8_t der[2048];
    uint8_t *p = der;
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"x", -1, -1, 0);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 1000);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, fixtures[P256].pkey);
    assert_true(X509_sign(x, fixtures[P256].pkey, EVP_sha256()) > 0);
    int n = i2d_X509(x, &p);
    X509_free(x);
    return hf_bytes_of(der, (size_t)n);
}

static hf_bytes csr_der(void)
{
    static uint8_t der[2048];
    uint8_t *p = der;
    X509_REQ *r = X509_REQ_new();
    X509_REQ_set_pubkey(r, fixtures[P256].pkey);
    assert_true(X509_REQ_sign(r, fixtures[P256].pkey, EVP_sha256()) > 0);
    int n = i2d_X509_REQ(r, &p);
    X509_REQ_free(r);
    return hf_bytes_of(der, (size_t)n);
}

static void expect_named(hf_bytes der, const char *label, const char *got)
{
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio(pem, label, "", der.p, (long)der.n);
    expect_error(bio_bytes(pem), NULL, HF_E_KEY_MALFORMED, got);
    expect_error(der, NULL, HF_E_KEY_MALFORMED, got);
    BIO_free(pem);
}

static void other_things_are_named(void **unused)
{
    (void)unused;
    expect_error(hf_bytes_of("", 0), NULL, HF_E_KEY_MALFORMED, "empty");
    expect_error(hf_bytes_text("hello\n"), NULL, HF_E_KEY_MALFORMED, "text without a PEM block");
    expect_error(hf_bytes_of("\x7f"
                             "ELF\0\0\0",
                             7),
                 NULL, HF_E_KEY_MALFORMED, "neither PEM nor DER");
    expect_error(hf_bytes_of("\x30\x03\x02\x01\x05", 5), NULL, HF_E_KEY_MALFORMED, "no kind known");
    expect_named(certificate_der(), "CERTIFICATE", "a certificate");
    expect_named(csr_der(), "CERTIFICATE REQUEST", "a certification request");

    uint8_t *der = NULL;
    int n = i2d_PUBKEY(fixtures[P256].pkey, &der);
    expect_named(hf_bytes_of(der, (size_t)n), "PUBLIC KEY", "a public key");
    OPENSSL_free(der);
    der = NULL;
    n = i2d_PublicKey(fixtures[RSA_2048].pkey, &der);
    expect_named(hf_bytes_of(der, (size_t)n), "RSA PUBLIC KEY", "an RSA public key");
    OPENSSL_free(der);

    PKCS12 *p12 = PKCS12_create("x", "x", fixtures[P256].pkey, NULL, NULL, 0, 0, 2, 2, 0);
    der = NULL;
    n = i2d_PKCS12(p12, &der);
    const hf_bytes p12_der = hf_bytes_of(der, (size_t)n);
    hf_key *key;
    expect_error(p12_der, NULL, HF_E_KEY_PASSWORD, "none");
    expect_error(p12_der, "y", HF_E_KEY_PASSWORD, "another one");
    expect_error(hf_bytes_of(der, (size_t)n - 5), "x", HF_E_KEY_MALFORMED, "DER of no kind");
    /* NSS and old versions of Java leave the outer lengths open: BER, not DER */
    uint8_t *ber = malloc((size_t)n + 4);
    assert_non_null(ber);
    size_t header = 2 + (size_t)(der[1] >= 0x80 ? der[1] & 0x7f : 0);
    size_t inside = (size_t)n - header;
    ber[0] = 0x30;
    ber[1] = 0x80;
    memcpy(ber + 2, der + header, inside);
    memset(ber + 2 + inside, 0, 2);
    assert_int_equal(hf_key_read(hf_bytes_of(ber, inside + 4), "x", &key, NULL), HF_OK);
    hf_key_free(key);
    expect_error(hf_bytes_of(ber, inside + 4), "y", HF_E_KEY_PASSWORD, "another one");
    expect_error(hf_bytes_of(ber, inside), "x", HF_E_KEY_MALFORMED, "");
    free(ber);
    assert_int_equal(hf_key_read(p12_der, "x", &key, NULL), HF_OK);
    assert_int_equal(hf_key_type_of(key), HF_KEY_P256);
    hf_key_free(key);
    OPENSSL_free(der);
    PKCS12_free(p12);

    expect_error(hf_bytes_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                               "-----END OPENSSH PRIVATE KEY-----\n"),
                 NULL, HF_E_KEY_MALFORMED, "OpenSSH");
    expect_error(hf_bytes_text("-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n"), NULL,
                 HF_E_KEY_MALFORMED, "SOMETHING");
    expect_error(hf_bytes_text("-----BEGIN \x1b[31m-----\n"), NULL, HF_E_KEY_MALFORMED, "()");
    expect_error(hf_bytes_text("-----BEGIN PRIVATE KEY-----\nMAA="), NULL, HF_E_PEM_MALFORMED,
                 NULL);
    expect_error(hf_bytes_text("-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n"),
                 NULL, HF_E_PEM_MALFORMED, NULL);
    expect_error(hf_bytes_text("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"),
                 NULL, HF_E_KEY_MALFORMED, NULL);
}

static void unsupported_kinds_are_named(void **unused)
{
    (void)unused;
    EVP_PKEY *others[] = {EVP_EC_gen("secp256k1"), EVP_EC_gen("P-224"),
                          EVP_PKEY_Q_keygen(NULL, NULL, "X25519")};
    for (size_t i = 0; i < 3; i++) {
        BIO *der = BIO_new(BIO_s_mem());
        assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(der, others[i]), 1);
        expect_error(bio_bytes(der), NULL, HF_E_KEY_UNSUPPORTED, "another algorithm or curve");
        BIO_free(der);
    }
    uint8_t *sec1 = NULL;
    int n = i2d_PrivateKey(others[0], &sec1);
    expect_error(hf_bytes_of(sec1, (size_t)n), NULL, HF_E_KEY_UNSUPPORTED, "another curve");
    OPENSSL_free(sec1);
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(others[i]);

    EVP_PKEY *small = EVP_RSA_gen(1024);
    uint8_t *der = NULL;
    n = i2d_PrivateKey(small, &der);
    expect_error(hf_bytes_of(der, (size_t)n), NULL, HF_E_KEY_UNSUPPORTED, "RSA of 1024 bits");
    OPENSSL_free(der);
    EVP_PKEY_free(small);
}

/* ---- damaged ---- */

/* Whatever single byte is changed or missing: an error or (in attributes that nothing depends on)
 * the same key, never another and never a crash. */
static void check_damage(const fixture *f, hf_bytes der, size_t step)
{
    uint8_t *copy = malloc(der.n);
    uint8_t *spki = NULL;
    int n = i2d_PUBKEY(f->pkey, &spki);
    assert_non_null(copy);
    unsigned refused = 0;
    for (size_t at = 0; at < der.n; at += step) {
        hf_key *key = NULL;
        memcpy(copy, der.p, der.n);
        copy[at] ^= (uint8_t)(1U << at % 8);
        if (hf_key_read(hf_bytes_of(copy, der.n), NULL, &key, NULL) == HF_OK) {
            assert_true(hf_bytes_equal(hf_key_public(key), hf_bytes_of(spki, (size_t)n)));
            hf_key_free(key);
        } else {
            assert_null(key);
            refused++;
        }
        uint8_t *cut = malloc(at != 0 ? at : 1);
        memcpy(cut, der.p, at);
        assert_int_not_equal(hf_key_read(hf_bytes_of(cut, at), NULL, &key, NULL), HF_OK);
        free(cut);
    }
    assert_true(refused > 0);
    free(copy);
    OPENSSL_free(spki);
}

static void damaged_keys_are_refused(void **unused)
{
    (void)unused;
    for (int i = 0; i < FIXTURES; i++) {
        if (fixtures[i].type == HF_KEY_ED25519 || fixtures[i].type == HF_KEY_ED448)
            continue; /* any 32 or 57 bytes are a key */
        BIO *der = BIO_new(BIO_s_mem());
        assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(der, fixtures[i].pkey), 1);
        check_damage(&fixtures[i], bio_bytes(der), fixtures[i].bits >= 2048 ? 5 : 1);
        BIO_free(der);
    }
}

static void trailing_bytes_are_refused(void **unused)
{
    (void)unused;
    BIO *der = BIO_new(BIO_s_mem());
    assert_int_equal(i2d_PKCS8PrivateKeyInfo_bio(der, fixtures[P256].pkey), 1);
    BIO_write(der, "\0", 1);
    expect_error(bio_bytes(der), NULL, HF_E_KEY_MALFORMED, NULL);
    BIO_free(der);
}

/* Adds the prime (less one, for an exponent), which leaves a number that is equivalent. */
static void enlarge(BIGNUM *number, const char *prime_name, bool less_one)
{
    BIGNUM *prime = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(fixtures[RSA_2048].pkey, prime_name, &prime), 1);
    if (less_one)
        BN_sub_word(prime, 1);
    assert_int_equal(BN_add(number, number, prime), 1);
    BN_clear_free(prime);
}

/* The parts of an RSA key in the order of RFC 8017; one is changed and the rest must notice. */
static void rsa_parts_must_belong_together(void **unused)
{
    (void)unused;
    static const char *const parts[] = {
        OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
        OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
        OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
        OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    };
    for (size_t wrong = 0; wrong <= 11; wrong++) {
        uint8_t body[4096], der[4200], *p = body;
        memcpy(p, "\x02\x01\x00", 3);
        p += 3;
        for (size_t i = 0; i < 8; i++) {
            BIGNUM *number = NULL;
            assert_int_equal(EVP_PKEY_get_bn_param(fixtures[RSA_2048].pkey, parts[i], &number), 1);
            if (i == wrong)
                BN_add_word(number, 2);
            if (i >= 5 && i + 4 == wrong) /* 9, 10, 11: right, but not reduced */
                enlarge(number, parts[i == 6 ? 4 : 3], i != 7);
            ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
            i2d_ASN1_INTEGER(integer, &p);
            ASN1_INTEGER_free(integer);
            BN_clear_free(number);
        }
        size_t n = (size_t)(p - body);
        const uint8_t head[4] = {0x30, 0x82, (uint8_t)(n >> 8), (uint8_t)n};
        memcpy(der, head, 4);
        memcpy(der + 4, body, n);
        if (wrong == 8)
            check_is(&fixtures[RSA_2048], hf_bytes_of(der, n + 4), NULL);
        else
            expect_error(hf_bytes_of(der, n + 4), NULL, HF_E_KEY_MALFORMED, NULL);
    }
}

/* SEC1: zero, the order, too long, another's public half. */
static void ec_numbers_outside_the_curve_are_refused(void **unused)
{
    (void)unused;
    vectors v = {0};
#define SEC1(scalar)                                                                               \
    "3031020101"                                                                                   \
    "0420" scalar "a00a06082a8648ce3d030107"
    expect_error(vectors_decode(
                     &v, SEC1("0000000000000000000000000000000000000000000000000000000000000000")),
                 NULL, HF_E_KEY_MALFORMED, "outside");
    expect_error(vectors_decode(
                     &v, SEC1("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")),
                 NULL, HF_E_KEY_MALFORMED, "outside");
    hf_key *key = NULL;
    assert_int_equal(
        hf_key_read(
            vectors_decode(
                &v, SEC1("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550")),
            NULL, &key, NULL),
        HF_OK);
    hf_key_free(key);
    /* no leading zeros: 1 byte for the number 5 */
    assert_int_equal(hf_key_read(vectors_decode(&v, "3012020101040105a00a06082a8648ce3d030107"),
                                 NULL, &key, NULL),
                     HF_OK);
    hf_key_free(key);
    expect_error(vectors_decode(&v, "300602010104"
                                    "0105"),
                 NULL, HF_E_KEY_MALFORMED, "none");
    expect_error(vectors_decode(&v, "3011020101"
                                    "0400"
                                    "a00a06082a8648ce3d030107"),
                 NULL, HF_E_KEY_MALFORMED, "0 bytes");
    expect_error(vectors_decode(&v, "3012020102040105a00a06082a8648ce3d030107"), NULL,
                 HF_E_KEY_MALFORMED, "2");
    vectors_forget(&v);
}

/* ---- memory and the error queue ---- */

static hf_status read_p256(void *input)
{
    hf_key *key = NULL;
    hf_status status = hf_key_read(*(hf_bytes *)input, "correct horse", &key, NULL);
    hf_key_free(key);
    return status;
}

static void each_allocation_may_fail(void **unused)
{
    (void)unused;
    BIO *pem = BIO_new(BIO_s_mem());
    X509_SIG *sig = encrypt(&fixtures[P256], EVP_aes_256_cbc(), NID_hmacWithSHA256, 2);
    PEM_write_bio_PKCS8(pem, sig);
    hf_bytes input = bio_bytes(pem);
    long failed = hf_test_each_alloc_fails(read_p256, &input);
    print_message("%ld allocations failed in turn\n", failed);
    assert_true(failed >= 3);
    X509_SIG_free(sig);
    BIO_free(pem);
}

static void the_error_queue_of_libcrypto_is_left_alone(void **unused)
{
    (void)unused;
    BIO *pem = BIO_new(BIO_s_mem());
    X509_SIG *sig = encrypt(&fixtures[P256], EVP_aes_256_cbc(), NID_hmacWithSHA256, 2);
    PEM_write_bio_PKCS8(pem, sig);
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 77);
    expect_error(bio_bytes(pem), "wrong", HF_E_KEY_PASSWORD, NULL);
    check_is(&fixtures[P256], bio_bytes(pem), "correct horse");
    expect_error(certificate_der(), NULL, HF_E_KEY_MALFORMED, NULL);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 77);
    assert_int_equal(ERR_get_error(), 0);
    X509_SIG_free(sig);
    BIO_free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkcs8_is_read),
        cmocka_unit_test(sec1_and_pkcs1_are_read),
        cmocka_unit_test(a_key_after_certificates_is_found),
        cmocka_unit_test(encrypted_pkcs8_needs_its_password),
        cmocka_unit_test(scrypt_is_read),
        cmocka_unit_test(absurd_costs_are_refused_before_they_are_paid),
        cmocka_unit_test(older_ways_of_encryption_are_refused_by_name),
        cmocka_unit_test(other_things_are_named),
        cmocka_unit_test(unsupported_kinds_are_named),
        cmocka_unit_test(damaged_keys_are_refused),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(rsa_parts_must_belong_together),
        cmocka_unit_test(ec_numbers_outside_the_curve_are_refused),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_error_queue_of_libcrypto_is_left_alone),
    };
    return cmocka_run_group_tests(tests, make_fixtures, free_fixtures);
}
