/* test_x509_ocsp.c: stapled responses: read, believed when the issuer or its delegate signed them,
 * and what they make of a path. The responses are made here. */
#include "support/pair.h"

#include "base/bytes.h"
#include "base/der_write.h"
#include "crypto/hkdf.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "crypto/sha1.h"
#include "x509/issue.h"
#include "x509/ocsp.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR       3600
#define OID(text)  hf_bytes_of((text), sizeof(text) - 1)
#define OCSP_BASIC OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x01")

static pair_pki pki, other;
static hf_cert leaf;

static int make(void **state)
{
    (void)state;
    pair_pki_make(&pki, HF_KEY_P256);
    pair_pki_make(&other, HF_KEY_P256);
    leaf = *hf_identity_cert(pki.server, 0);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    pair_pki_free(&pki);
    pair_pki_free(&other);
    return 0;
}

/* ---- making a response ---- */

typedef struct recipe {
    unsigned response_status;
    int status;                           /* hf_ocsp_status */
    int64_t this_update_s, next_update_s; /* next 0: left out */
    bool by_key, sha256, other_serial, critical_extension;
    const hf_key *key;         /* that signs */
    const hf_cert *name;       /* of the responder */
    hf_bytes cert;             /* sent along; .p NULL: none */
    bool rsa;                  /* the key is of RSA; else of P-256 */
    const struct recipe *more; /* another SingleResponse behind it */
} recipe;

static recipe usual(void)
{
    return (recipe){.this_update_s = PAIR_NOW - HOUR,
                    .next_update_s = PAIR_NOW + HOUR,
                    .key = pki.ca_key,
                    .name = &pki.ca};
}

static hf_bytes key_bits(const hf_cert *c)
{
    for (size_t i = 0; i + 3 < c->spki.n; i++) /* 03 42 00 04: the point of a P-256 key */
        if (memcmp(c->spki.p + i, "\x03\x42\x00", 3) == 0)
            return (hf_bytes){c->spki.p + i + 3, 65};
    abort();
}

static void write_hash(hf_writer *w, bool sha256, hf_bytes bytes)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    if (sha256)
        hf_hash_of(hf_hash_find(hf_provider_default(), 4), &bytes, 1, digest);
    else
        hf_sha1(bytes, digest);
    hf_der_write(w, HF_DER_OCTET_STRING, (hf_bytes){digest, sha256 ? 32 : 20});
}

static void write_generalized(hf_writer *w, int64_t at_s)
{
    char text[32];
    int64_t year;
    unsigned month, day;
    hf_civil_from_days(at_s / 86400, &year, &month, &day);
    unsigned s = (unsigned)(at_s % 86400);
    snprintf(text, sizeof(text), "%04d%02u%02u%02u%02u%02uZ", (int)year, month, day, s / 3600,
             s / 60 % 60, s % 60);
    hf_der_write(w, HF_DER_GENERALIZED_TIME, hf_bytes_text(text));
}

static void write_cert_id(hf_writer *w, const recipe *r)
{
    size_t id = hf_der_open(w, HF_DER_SEQUENCE), algorithm = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID,
                 r->sha256 ? OID("\x60\x86\x48\x01\x65\x03\x04\x02\x01")
                           : OID("\x2b\x0e\x03\x02\x1a"));
    hf_der_write_null(w);
    hf_der_close(w, algorithm);
    write_hash(w, r->sha256, leaf.issuer);
    write_hash(w, r->sha256, key_bits(&pki.ca));
    hf_der_write(w, HF_DER_INTEGER, r->other_serial ? OID("\x05") : leaf.serial);
    hf_der_close(w, id);
}

static void write_single(hf_writer *w, const recipe *r)
{
    size_t one = hf_der_open(w, HF_DER_SEQUENCE);
    write_cert_id(w, r);
    if (r->status == HF_OCSP_REVOKED) {
        size_t revoked = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(1));
        write_generalized(w, PAIR_NOW - HOUR);
        hf_der_close(w, revoked);
    } else {
        hf_der_write(w, r->status == HF_OCSP_GOOD ? HF_DER_CONTEXT(0) : HF_DER_CONTEXT(2),
                     (hf_bytes){NULL, 0});
    }
    write_generalized(w, r->this_update_s);
    if (r->next_update_s != 0) {
        size_t next = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
        write_generalized(w, r->next_update_s);
        hf_der_close(w, next);
    }
    if (r->critical_extension) {
        size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(1));
        size_t list = hf_der_open(w, HF_DER_SEQUENCE), ext = hf_der_open(w, HF_DER_SEQUENCE);
        hf_der_write(w, HF_DER_OID, OID("\x2a\x03\x04"));
        hf_der_write_true(w);
        hf_der_write(w, HF_DER_OCTET_STRING, (hf_bytes){NULL, 0});
        hf_der_close(w, ext);
        hf_der_close(w, list);
        hf_der_close(w, explicit);
    }
    hf_der_close(w, one);
}

static void write_data(hf_writer *w, const recipe *r)
{
    size_t tbs = hf_der_open(w, HF_DER_SEQUENCE);
    size_t by = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(r->by_key ? 2 : 1));
    if (r->by_key)
        write_hash(w, false, key_bits(r->name));
    else
        hf_write_bytes(w, r->name->subject);
    hf_der_close(w, by);
    write_generalized(w, r->this_update_s);
    size_t list = hf_der_open(w, HF_DER_SEQUENCE);
    for (const recipe *one = r; one != NULL; one = one->more)
        write_single(w, one);
    hf_der_close(w, list);
    hf_der_close(w, tbs);
}

static void write_basic(hf_writer *w, const recipe *r)
{
    uint8_t tbs[1024], signature[HF_SIGNATURE_MAX];
    size_t n = sizeof(signature);
    hf_writer t;
    hf_writer_init(&t, tbs, sizeof(tbs));
    write_data(&t, r);
    assert_int_equal(hf_writer_status(&t), HF_OK);
    const hf_sigscheme *scheme = hf_sigscheme_find(hf_provider_default(), r->rsa ? 0x0401 : 0x0403);
    assert_int_equal(hf_key_sign(r->key, scheme, hf_writer_bytes(&t), signature, &n), HF_OK);
    size_t basic = hf_der_open(w, HF_DER_SEQUENCE);
    hf_write_bytes(w, hf_writer_bytes(&t));
    hf_write_bytes(w, hf_sigscheme_algorithm(scheme));
    hf_der_write_bits(w, (hf_bytes){signature, n});
    if (r->cert.p != NULL) {
        size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
        hf_der_write(w, HF_DER_SEQUENCE, r->cert); /* one certificate is the whole list's content */
        hf_der_close(w, explicit);
    }
    hf_der_close(w, basic);
}

static hf_buf response(const recipe *r)
{
    hf_buf der = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &der);
    size_t whole = hf_der_open(&w, HF_DER_SEQUENCE);
    uint8_t status = (uint8_t)r->response_status;
    hf_der_write(&w, 0x0a, (hf_bytes){&status, 1});
    if (status == 0) {
        size_t explicit = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(0));
        size_t bytes = hf_der_open(&w, HF_DER_SEQUENCE);
        hf_der_write(&w, HF_DER_OID, OCSP_BASIC);
        size_t octets = hf_der_open(&w, HF_DER_OCTET_STRING);
        write_basic(&w, r);
        hf_der_close(&w, octets);
        hf_der_close(&w, bytes);
        hf_der_close(&w, explicit);
    }
    hf_der_close(&w, whole);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    return der;
}

/* ---- judging ---- */

static hf_status judge(hf_bytes der, hf_revocation demand, hf_error *e)
{
    hf_verify_params p = {.store = pki.store,
                          .at_s = PAIR_NOW,
                          .purpose = HF_PURPOSE_SERVER,
                          .revocation = demand,
                          .ocsp = der};
    return hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, e);
}

static void expect(const recipe *r, hf_status soft, hf_status hard)
{
    hf_error e = {0};
    hf_buf der = response(r);
    hf_ocsp parsed;
    assert_int_equal(hf_ocsp_parse(hf_buf_bytes(&der), &parsed, &e), HF_OK);
    assert_int_equal(judge(hf_buf_bytes(&der), HF_REVOCATION_SOFT_FAIL, &e), soft);
    hf_status got = judge(hf_buf_bytes(&der), HF_REVOCATION_HARD_FAIL_LEAF, &e);
    if (got != hard)
        fail_msg("%s: %s", hf_error_name(got), e.got);
    assert_int_equal(judge(hf_buf_bytes(&der), HF_REVOCATION_OFF, NULL), HF_OK);
    hf_buf_free(&der);
}

static void the_issuers_word_counts(void **state)
{
    (void)state;
    for (unsigned form = 0; form < 4; form++) {
        recipe r = usual();
        r.by_key = (form & 1) != 0;
        r.sha256 = (form & 2) != 0;
        expect(&r, HF_OK, HF_OK);
        r.status = HF_OCSP_REVOKED;
        expect(&r, HF_E_CERT_REVOKED, HF_E_CERT_REVOKED);
        r.status = HF_OCSP_UNKNOWN;
        expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    }
}

static void what_is_not_of_now_does_not_count(void **state)
{
    (void)state;
    recipe r = usual();
    r.next_update_s = 0;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r = usual();
    r.next_update_s = PAIR_NOW - 301;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r.next_update_s = PAIR_NOW - 299; /* clocks differ */
    expect(&r, HF_OK, HF_OK);
    r = usual();
    r.this_update_s = PAIR_NOW + 301;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r.this_update_s = PAIR_NOW + 299;
    expect(&r, HF_OK, HF_OK);
}

static void what_is_about_others_does_not_count(void **state)
{
    (void)state;
    recipe r = usual();
    r.other_serial = true;
    r.status = HF_OCSP_REVOKED;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r = usual();
    r.critical_extension = true;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r = usual();
    r.response_status = 3; /* tryLater */
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
}

/* A response may speak of a certificate more than once: what counts is looked for among all. */
static void each_word_about_it_is_heard(void **state)
{
    (void)state;
    recipe good = usual(), revoked = usual(), old = usual(), unknown = usual(), others = usual();
    revoked.status = others.status = HF_OCSP_REVOKED;
    old.next_update_s = PAIR_NOW - 1000;
    unknown.status = HF_OCSP_UNKNOWN;
    others.other_serial = true;
    const struct {
        const recipe *first, *second;
        hf_status soft, hard;
    } cases[] = {
        {&good, &revoked, HF_E_CERT_REVOKED, HF_E_CERT_REVOKED},
        {&revoked, &good, HF_E_CERT_REVOKED, HF_E_CERT_REVOKED},
        {&old, &good, HF_OK, HF_OK},
        {&old, &revoked, HF_E_CERT_REVOKED, HF_E_CERT_REVOKED},
        {&good, &old, HF_OK, HF_OK},
        {&unknown, &good, HF_OK, HF_OK},
        {&unknown, &old, HF_OK, HF_E_REVOCATION_UNKNOWN},
        {&others, &good, HF_OK, HF_OK},
        {&old, &old, HF_OK, HF_E_REVOCATION_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        recipe first = *cases[i].first;
        first.more = cases[i].second;
        expect(&first, cases[i].soft, cases[i].hard);
    }
}

static void what_others_sign_does_not_count(void **state)
{
    (void)state;
    recipe r = usual();
    r.key = other.ca_key; /* in the issuer's name */
    r.status = HF_OCSP_REVOKED;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
    r = usual();
    r.key = other.ca_key; /* in its own name, and with its certificate along */
    r.name = &other.ca;
    r.cert = other.ca_der;
    expect(&r, HF_OK, HF_E_REVOCATION_UNKNOWN);
}

/* A delegate of the issuer, with and without the purpose for it. */
static hf_bytes delegate(const pair_pki *by, const hf_key *key, bool for_ocsp)
{
    hf_bytes der;
    hf_cert_template t = {.subject = "CN=responder",
                          .not_before_s = PAIR_NOW - HOUR,
                          .not_after_s = PAIR_NOW + HOUR,
                          .server = !for_ocsp,
                          .ocsp_signing = for_ocsp};
    hf_status s = hf_cert_issue(&t, hf_key_public(key), &by->ca, by->ca_key, &der, NULL);
    assert_int_equal(s, HF_OK);
    return der;
}

static void a_delegates_word_counts_if_the_issuer_says_so(void **state)
{
    (void)state;
    hf_key *key;
    hf_cert c;
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    static const struct {
        const pair_pki *by;
        bool for_ocsp;
        hf_status hard;
    } cases[] = {
        {&pki, true, HF_OK},
        {&pki, false, HF_E_REVOCATION_UNKNOWN},
        {&other, true, HF_E_REVOCATION_UNKNOWN},
    };
    for (size_t i = 0; i < 3; i++) {
        recipe r = usual();
        r.cert = delegate(cases[i].by, key, cases[i].for_ocsp);
        assert_int_equal(hf_cert_parse(r.cert, &c, NULL), HF_OK);
        r.key = key;
        r.name = &c;
        expect(&r, HF_OK, cases[i].hard);
        r.by_key = true;
        expect(&r, HF_OK, cases[i].hard);
        hf_der_free(r.cert);
    }
    hf_key_free(key);
}

/* ---- was the delegate revoked in turn? ---- */

/* The same certificate with id-pkix-ocsp-nocheck (or another extension) at its end, signed anew. */
static hf_bytes other_spki; /* where it has bytes, in place of the certificate's own */

static hf_bytes with_value(hf_bytes der, hf_bytes oid, bool critical, hf_bytes value)
{
    hf_cert c;
    hf_reader r, tbs, field, list;
    hf_buf buf = {0};
    hf_writer w;
    hf_bytes out;
    assert_int_equal(hf_cert_parse(der, &c, NULL), HF_OK);
    hf_reader_init(&r, c.tbs, NULL);
    hf_der_enter(&r, &tbs, HF_DER_SEQUENCE, "tbsCertificate");
    hf_writer_init_buf(&w, &buf);
    size_t sequence = hf_der_open(&w, HF_DER_SEQUENCE);
    while (hf_der_peek(&tbs) != HF_DER_CONTEXT_CONSTRUCTED(3)) {
        hf_bytes part = hf_der_any(&tbs, NULL, "tbsCertificate");
        bool spki = part.p == c.spki.p && other_spki.n != 0;
        hf_write_bytes(&w, spki ? other_spki : part);
    }
    hf_der_enter(&tbs, &field, HF_DER_CONTEXT_CONSTRUCTED(3), "extensions");
    hf_der_enter(&field, &list, HF_DER_SEQUENCE, "extensions");
    size_t outer = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(3));
    size_t inner = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_write_bytes(&w, (hf_bytes){list.p, list.n});
    size_t extension = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_der_write(&w, HF_DER_OID, oid);
    if (critical)
        hf_der_write_true(&w);
    hf_der_write(&w, HF_DER_OCTET_STRING, value);
    hf_der_close(&w, extension);
    hf_der_close(&w, inner);
    hf_der_close(&w, outer);
    hf_der_close(&w, sequence);
    assert_int_equal(hf_writer_status(&w), HF_OK);
    assert_int_equal(hf_issue_sign(hf_buf_bytes(&buf), pki.ca_key, &out, NULL), HF_OK);
    hf_buf_free(&buf);
    hf_der_free(der);
    return out;
}

static hf_bytes with_extension(hf_bytes der, hf_bytes oid, bool critical)
{
    return with_value(der, oid, critical, OID("\x05\x00"));
}

static hf_crls *list_of(const hf_cert *revoked, const pair_pki *by, int64_t next_update_s)
{
    hf_bytes der;
    hf_crls *crls;
    hf_crl_entry entry = {revoked->serial, PAIR_NOW - HOUR, 1};
    hf_crl_template t = {.this_update_s = PAIR_NOW - HOUR,
                         .next_update_s = next_update_s,
                         .entries = &entry,
                         .count = 1};
    assert_int_equal(hf_crl_make(&t, &by->ca, by->ca_key, &der, NULL), HF_OK);
    assert_int_equal(hf_crls_new(&crls), HF_OK);
    assert_int_equal(hf_crls_add(crls, der, NULL, NULL), HF_OK);
    hf_der_free(der);
    return crls;
}

#define NOCHECK OID("\x2b\x06\x01\x05\x05\x07\x30\x01\x05")

static void a_revoked_delegates_word_does_not_count(void **state)
{
    (void)state;
    static const struct {
        bool revoked, expired_list, other_authority;
        int extension; /* 1: nocheck; 2: nocheck, critical; 3: an unknown one, critical */
        bool good;
    } cases[] = {
        {false, false, false, 0, true}, {true, false, false, 0, false},
        {true, true, false, 0, false}, /* an old list is believed when it says revoked */
        {true, false, true, 0, true},   {true, false, false, 1, true},
        {true, false, false, 2, true},  {false, false, false, 3, false},
    };
    hf_key *key;
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        recipe r = usual();
        hf_cert c;
        hf_error e = {0};
        r.cert = delegate(&pki, key, true);
        if (cases[i].extension != 0)
            r.cert = with_extension(r.cert, cases[i].extension == 3 ? OID("\x2a\x03\x04") : NOCHECK,
                                    cases[i].extension != 1);
        assert_int_equal(hf_cert_parse(r.cert, &c, NULL), HF_OK);
        r.key = key;
        r.name = &c;
        hf_buf der = response(&r);
        hf_crls *crls =
            list_of(cases[i].revoked ? &c : &pki.ca, cases[i].other_authority ? &other : &pki,
                    PAIR_NOW + (cases[i].expired_list ? -1 : HOUR));
        hf_verify_params p = {.store = pki.store,
                              .at_s = PAIR_NOW,
                              .purpose = HF_PURPOSE_SERVER,
                              .revocation = HF_REVOCATION_HARD_FAIL_LEAF,
                              .ocsp = hf_buf_bytes(&der)};
        /* without lists nothing is known of the delegate */
        bool alone = cases[i].extension != 3;
        assert_int_equal(hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, &e) == HF_OK, alone);
        p.crls = crls;
        r.status =
            HF_OCSP_REVOKED; /* so that the list's own silence about the leaf does not count */
        hf_buf_free(&der);
        der = response(&r);
        p.ocsp = hf_buf_bytes(&der);
        hf_status s = hf_verify_chain(&leaf, 1, &p, NULL, NULL, NULL, &e);
        if ((s == HF_E_CERT_REVOKED) != cases[i].good)
            fail_msg("case %zu: %s, %s", i, hf_error_name(s), e.got);
        hf_buf_free(&der);
        hf_crls_free(crls);
        hf_der_free(r.cert);
    }
    hf_key_free(key);
}

/* After a critical nocheck another critical one that is not known; and a known one that is not
 * processed. */
static void a_delegate_is_judged_like_any_certificate(void **state)
{
    (void)state;
    hf_key *key;
    assert_int_equal(hf_key_generate(HF_KEY_P256, 0, &key, NULL), HF_OK);
    for (unsigned i = 0; i < 3; i++) {
        recipe r = usual();
        hf_cert c;
        r.cert = with_extension(delegate(&pki, key, true), NOCHECK, true);
        if (i == 1)
            r.cert = with_extension(r.cert, OID("\x2a\x03\x04"), true);
        if (i == 2) /* tlsFeature, of one feature */
            r.cert = with_value(r.cert, OID("\x2b\x06\x01\x05\x05\x07\x01\x18"), true,
                                OID("\x30\x03\x02\x01\x05"));
        assert_int_equal(hf_cert_parse(r.cert, &c, NULL), HF_OK);
        r.key = key;
        r.name = &c;
        expect(&r, HF_OK, i == 0 ? HF_OK : HF_E_REVOCATION_UNKNOWN);
        hf_der_free(r.cert);
    }
    hf_key_free(key);
}

/* A key of RSA-1024, which only libcrypto still makes. */
static hf_status sign_small(void *ctx, const hf_sigscheme *scheme, hf_bytes message,
                            uint8_t *signature, size_t *signature_len)
{
    (void)scheme;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    *signature_len = HF_SIGNATURE_MAX;
    bool ok = md != NULL && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, ctx) == 1 &&
              EVP_DigestSign(md, signature, signature_len, message.p, message.n) == 1;
    EVP_MD_CTX_free(md);
    return ok ? HF_OK : HF_E_SIGNING;
}

static hf_key *small_rsa(unsigned bits, EVP_PKEY **theirs)
{
    hf_key *key;
    unsigned char *spki = NULL;
    *theirs = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    assert_non_null(*theirs);
    int n = i2d_PUBKEY(*theirs, &spki);
    const hf_signer signer = {.ctx = *theirs, .sign = sign_small};
    assert_int_equal(hf_key_new_external(hf_bytes_of(spki, (size_t)n), &signer, &key, NULL), HF_OK);
    OPENSSL_free(spki);
    return key;
}

static void a_delegates_key_must_be_safe(void **state)
{
    (void)state;
    for (unsigned bits = 1024; bits <= 2048; bits += 1024) {
        EVP_PKEY *theirs;
        hf_cert c;
        recipe r = usual();
        hf_key *key = small_rsa(bits, &theirs);
        other_spki = hf_key_public(key);
        r.cert = with_extension(delegate(&pki, pki.ca_key, true), NOCHECK, false);
        other_spki = (hf_bytes){NULL, 0};
        assert_int_equal(hf_cert_parse(r.cert, &c, NULL), HF_OK);
        assert_int_equal(c.key_bits, bits);
        r.key = key;
        r.name = &c;
        r.rsa = true;
        expect(&r, HF_OK, bits < 2048 ? HF_E_REVOCATION_UNKNOWN : HF_OK);
        hf_der_free(r.cert);
        hf_key_free(key);
        EVP_PKEY_free(theirs);
    }
}

static void every_truncation_and_change_is_noticed(void **state)
{
    (void)state;
    recipe r = usual();
    hf_buf der = response(&r);
    for (size_t n = 0; n < der.n; n++) {
        hf_ocsp o;
        uint8_t *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, der.p, n);
        assert_int_equal(hf_ocsp_parse((hf_bytes){cut, n}, &o, NULL), HF_E_OCSP_MALFORMED);
        free(cut);
    }
    for (size_t i = 0; i < der.n; i++) {
        der.p[i] ^= 1;
        assert_int_equal(judge(hf_buf_bytes(&der), HF_REVOCATION_HARD_FAIL, NULL),
                         HF_E_REVOCATION_UNKNOWN);
        der.p[i] ^= 1;
    }
    hf_buf_free(&der);
}

static void a_connection_sees_the_staple(void **state)
{
    (void)state;
    for (int status = HF_OCSP_GOOD; status <= HF_OCSP_REVOKED; status++) {
        pair p;
        hf_error e;
        recipe r = usual();
        r.status = status;
        hf_buf der = response(&r);
        pair_config(&p, &pki);
        assert_int_equal(hf_identity_set_ocsp(pki.server, hf_buf_bytes(&der), &e), HF_OK);
        hf_config_revocation(p.client_config, HF_REVOCATION_HARD_FAIL_LEAF);
        pair_start(&p);
        assert_int_equal(pair_run(&p), status == HF_OCSP_GOOD);
        hf_conn_error(p.client, &e);
        assert_int_equal(e.code, status == HF_OCSP_GOOD ? HF_OK : HF_E_CERT_REVOKED);
        pair_free(&p);
        hf_buf_free(&der);
    }
}

/* To see what a client makes of it. */
static void a_staple_that_is_none_is_sent_as_it_is_and_does_not_count(void **state)
{
    (void)state;
    hf_error e;
    const hf_bytes none = {(const uint8_t *)"no response", 11};
    pair p;
    pair_config(&p, &pki);
    assert_int_equal(hf_identity_set_ocsp(pki.server, none, &e), HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_ocsp_as_is(pki.server, (hf_bytes){NULL, 0}, &e),
                     HF_E_STAPLE_MALFORMED);
    assert_int_equal(hf_identity_set_ocsp_as_is(pki.server, none, &e), HF_OK);
    hf_config_revocation(p.client_config, HF_REVOCATION_HARD_FAIL_LEAF);
    pair_start(&p);
    assert_false(pair_run(&p));
    hf_conn_error(p.client, &e);
    assert_int_equal(e.code, HF_E_REVOCATION_UNKNOWN);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_issuers_word_counts),
        cmocka_unit_test(what_is_not_of_now_does_not_count),
        cmocka_unit_test(what_is_about_others_does_not_count),
        cmocka_unit_test(each_word_about_it_is_heard),
        cmocka_unit_test(what_others_sign_does_not_count),
        cmocka_unit_test(a_delegates_word_counts_if_the_issuer_says_so),
        cmocka_unit_test(a_revoked_delegates_word_does_not_count),
        cmocka_unit_test(a_delegate_is_judged_like_any_certificate),
        cmocka_unit_test(a_delegates_key_must_be_safe),
        cmocka_unit_test(every_truncation_and_change_is_noticed),
        cmocka_unit_test(a_connection_sees_the_staple),
        cmocka_unit_test(a_staple_that_is_none_is_sent_as_it_is_and_does_not_count),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
