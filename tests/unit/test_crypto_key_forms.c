/* test_crypto_key_forms.c: private keys in forms that libcrypto does not write: laid out by hand,
 * right and wrong. What it writes is in test_crypto_key_read.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "crypto/key.h"

/* ---- a small writer of DER: text of tags and hex, laid out from the inside ---- */

typedef struct der {
    uint8_t p[4096];
    size_t n;
} der;

static void add(der *d, const void *p, size_t n)
{
    assert_true(d->n + n <= sizeof d->p);
    if (n != 0)
        memcpy(d->p + d->n, p, n);
    d->n += n;
}

/* Appends an element around `content`. */
static void element(der *d, uint8_t tag, const void *content, size_t n)
{
    uint8_t head[4] = {tag, (uint8_t)n};
    size_t head_len = 2;
    if (n > 255) {
        head[1] = 0x82;
        head[head_len++] = (uint8_t)(n >> 8);
    } else if (n > 127) {
        head[1] = 0x81;
    }
    if (n > 127)
        head[head_len++] = (uint8_t)n;
    add(d, head, head_len);
    add(d, content, n);
}

static void within(der *d, uint8_t tag, const der *content)
{
    element(d, tag, content->p, content->n);
}

static void expect(const der *d, hf_status right, const char *field)
{
    hf_key *key = NULL;
    hf_error e = {0};
    /* memory of the exact size, for sanitizers */
    uint8_t *exact = malloc(d->n);
    assert_non_null(exact);
    memcpy(exact, d->p, d->n);
    hf_status status = hf_key_read(hf_bytes_of(exact, d->n), NULL, &key, &e);
    if (status != right || (field != NULL && (e.field == NULL || strcmp(e.field, field) != 0)))
        fail_msg("%s (%s), expected %s (%s)", hf_error_name(status), e.field != NULL ? e.field : "",
                 hf_error_name(right), field != NULL ? field : "");
    hf_key_free(key);
    free(exact);
}

/* ---- PKCS#8, version 2: with attributes and the public half (RFC 5958 section 2) ---- */

static const uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};
static const uint8_t oid_ec[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t oid_p256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t oid_p384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
static const uint8_t seed[32] = {1, 2, 3, 4, 5};

static void ed25519_public(uint8_t out[32])
{
    size_t n = 32;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, out, &n), 1);
    EVP_PKEY_free(key);
}

/* What may stand behind the private key. */
typedef struct tail {
    bool attributes;
    const uint8_t *bits; /* content of the BIT STRING; NULL: none */
    size_t n;
} tail;

static void ed25519_key(der *d, uint8_t version, size_t seed_len, tail t)
{
    der in = {.n = 0}, algorithm = {.n = 0}, octets = {.n = 0};
    *d = (der){.n = 0};
    element(&in, 0x02, &version, 1);
    element(&algorithm, 0x06, oid_ed25519, sizeof oid_ed25519);
    within(&in, 0x30, &algorithm);
    element(&octets, 0x04, seed, seed_len);
    within(&in, 0x04, &octets);
    if (t.attributes)
        element(&in, 0xa0, "\x30\x00", 2);
    if (t.bits != NULL)
        element(&in, 0x81, t.bits, t.n);
    within(d, 0x30, &in);
}

static void a_public_half_beside_the_key_is_compared(void **state)
{
    (void)state;
    der d;
    uint8_t bits[33] = {0};
    ed25519_public(bits + 1);
    ed25519_key(&d, 1, 32, (tail){false, bits, 33});
    expect(&d, HF_OK, NULL);
    ed25519_key(&d, 1, 32, (tail){true, bits, 33});
    expect(&d, HF_OK, NULL);
    ed25519_key(&d, 0, 32, (tail){true, NULL, 0});
    expect(&d, HF_OK, NULL);
    bits[32] ^= 1;
    ed25519_key(&d, 1, 32, (tail){false, bits, 33});
    expect(&d, HF_E_KEY_MALFORMED, "publicKey");
    bits[32] ^= 1;
    bits[0] = 3; /* unused bits */
    ed25519_key(&d, 1, 32, (tail){false, bits, 33});
    expect(&d, HF_E_KEY_MALFORMED, "publicKey");
    ed25519_key(&d, 1, 32, (tail){false, bits, 0});
    expect(&d, HF_E_KEY_MALFORMED, "publicKey");
    bits[0] = 0;
    ed25519_key(&d, 0, 32, (tail){false, bits, 33}); /* version 1 has no such member */
    expect(&d, HF_E_KEY_MALFORMED, NULL);
    ed25519_key(&d, 2, 32, (tail){false, bits, 33});
    expect(&d, HF_E_KEY_MALFORMED, NULL);
}

static void an_eddsa_key_has_the_length_of_its_kind(void **state)
{
    (void)state;
    for (size_t n = 0; n < 32; n++) {
        der d;
        ed25519_key(&d, 0, n, (tail){false, NULL, 0});
        expect(&d, HF_E_KEY_MALFORMED, "CurvePrivateKey");
    }
}

/* ---- EC in PKCS#8: the curve stands outside, and may stand inside as well ---- */

static void ec_key(der *d, uint8_t version, const uint8_t *inner_oid, size_t inner_n,
                   const uint8_t *point, size_t point_n)
{
    der in = {.n = 0}, algorithm = {.n = 0}, sec1 = {.n = 0}, sequence = {.n = 0}, sub = {.n = 0};
    uint8_t zero = 0, scalar[32] = {[31] = 5};
    *d = (der){.n = 0};
    element(&sec1, 0x02, &version, 1);
    element(&sec1, 0x04, scalar, sizeof scalar);
    if (inner_oid != NULL) {
        element(&sub, 0x06, inner_oid, inner_n);
        within(&sec1, 0xa0, &sub);
    }
    if (point != NULL) {
        sub.n = 0;
        element(&sub, 0x03, point, point_n);
        within(&sec1, 0xa1, &sub);
    }
    within(&sequence, 0x30, &sec1);
    element(&in, 0x02, &zero, 1);
    element(&algorithm, 0x06, oid_ec, sizeof oid_ec);
    element(&algorithm, 0x06, oid_p256, sizeof oid_p256);
    within(&in, 0x30, &algorithm);
    within(&in, 0x04, &sequence);
    within(d, 0x30, &in);
}

static void the_curve_inside_must_be_the_one_outside(void **state)
{
    (void)state;
    der d;
    static const uint8_t unknown[] = {0x2b, 0x81, 0x04, 0x00, 0x0a};
    uint8_t point[66] = {0, 4, 1};
    ec_key(&d, 1, NULL, 0, NULL, 0);
    expect(&d, HF_OK, NULL);
    ec_key(&d, 1, oid_p256, sizeof oid_p256, NULL, 0);
    expect(&d, HF_OK, NULL);
    ec_key(&d, 1, oid_p384, sizeof oid_p384, NULL, 0);
    expect(&d, HF_E_KEY_MALFORMED, "parameters");
    ec_key(&d, 1, unknown, sizeof unknown, NULL, 0);
    expect(&d, HF_E_KEY_UNSUPPORTED, "parameters");
    ec_key(&d, 0, NULL, 0, NULL, 0);
    expect(&d, HF_E_KEY_MALFORMED, "version");
    ec_key(&d, 1, NULL, 0, point, sizeof point);
    expect(&d, HF_E_KEY_MALFORMED, "publicKey");
}

/* ---- RSA: numbers that no key has ---- */

typedef struct rsa_case {
    const char *what, *field;
    uint8_t version;
    int64_t e;           /* the public exponent */
    size_t n_len, p_len; /* bytes of the modulus, and of the primes */
    bool negative;
    hf_status code;
} rsa_case;

/* Every number odd; none of them fits another, so what is judged must be judged before that. */
static void rsa_key(der *d, const rsa_case *c)
{
    der in = {.n = 0};
    uint8_t number[1200];
    *d = (der){.n = 0};
    element(&in, 0x02, &c->version, 1);
    for (int i = 0; i < 8; i++) {
        size_t n = i == 0 ? c->n_len : i == 3 || i == 4 ? c->p_len : 128;
        memset(number, 0x55, sizeof number);
        if (i == 0 && c->negative)
            number[0] = 0xff;
        if (i == 0 && !c->negative) { /* the top bit set, behind a zero that keeps it positive */
            number[0] = 0;
            number[1] = 0xff;
            n++;
        }
        if (i == 1) {
            n = 6;
            for (size_t k = 0; k < 6; k++)
                number[k] = (uint8_t)(c->e >> (8 * (5 - k)));
            size_t skip = 0;
            while (skip < 5 && number[skip] == 0 && number[skip + 1] < 0x80)
                skip++;
            memmove(number, number + skip, 6 - skip);
            n -= skip;
        }
        element(&in, 0x02, number, n);
    }
    within(d, 0x30, &in);
}

static void rsa_numbers_that_no_key_has_are_refused(void **state)
{
    (void)state;
    static const rsa_case cases[] = {
        {"more than two primes", "version", 1, 65537, 256, 128, false, HF_E_KEY_UNSUPPORTED},
        {"an even exponent", "publicExponent", 0, 65536, 256, 128, false, HF_E_KEY_MALFORMED},
        {"an exponent of 1", "publicExponent", 0, 1, 256, 128, false, HF_E_KEY_MALFORMED},
        {"an exponent of 40 bits", "publicExponent", 0, INT64_C(0xff00000001), 256, 128, false,
         HF_E_KEY_UNSUPPORTED},
        {"a prime of 64 bytes", "prime1", 0, 65537, 512, 64, false, HF_E_KEY_MALFORMED},
        {"a modulus of 1024 bits", "modulus", 0, 65537, 128, 64, false, HF_E_KEY_UNSUPPORTED},
        {"a modulus of 8800 bits", "modulus", 0, 65537, 1100, 550, false, HF_E_KEY_UNSUPPORTED},
        {"a prime of 8800 bits", "prime1", 0, 65537, 256, 1100, false, HF_E_KEY_MALFORMED},
        {"a negative modulus", "modulus", 0, 65537, 256, 128, true, HF_E_KEY_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        der d;
        print_message("%s\n", cases[i].what);
        rsa_key(&d, &cases[i]);
        expect(&d, cases[i].code, cases[i].field);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_half_beside_the_key_is_compared),
        cmocka_unit_test(an_eddsa_key_has_the_length_of_its_kind),
        cmocka_unit_test(the_curve_inside_must_be_the_one_outside),
        cmocka_unit_test(rsa_numbers_that_no_key_has_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
