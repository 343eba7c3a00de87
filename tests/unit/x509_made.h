/* x509_made.h: certificates made to order, right and wrong, for the tests of x509/. */
#ifndef HF_TEST_X509_MADE_H
#define HF_TEST_X509_MADE_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/der_write.h"
#include "crypto/key.h"
#include "x509/issue.h"
#include "x509/name_write.h"

#include <stdio.h>
#include <stdlib.h>

#define NOW  1767225600 /* 2026-01-01 00:00:00 UTC */
#define DAY  86400
#define MADE 1024U

/* A few keys, made once; certificates live until made_free. */
static hf_key *made_keys[32];
static hf_bytes made_der[MADE];
static size_t made_count;

static inline hf_key *made_key(unsigned i)
{
    if (made_keys[i] == NULL && hf_key_generate(HF_KEY_P256, 0, &made_keys[i], NULL) != HF_OK)
        abort();
    return made_keys[i];
}

static inline void made_free(void)
{
    for (size_t i = 0; i < made_count; i++)
        hf_der_free(made_der[i]);
    made_count = 0;
    for (size_t i = 0; i < sizeof(made_keys) / sizeof(made_keys[0]); i++) {
        hf_key_free(made_keys[i]);
        made_keys[i] = NULL;
    }
}

/* A test after which what was made is freed. */
static inline int made_teardown(void **state)
{
    (void)state;
    made_free();
    return 0;
}
#define MADE_TEST(name) cmocka_unit_test_teardown(name, made_teardown)

/* What a certificate is to say; zero values give a leaf by its own key, valid around NOW. */
typedef struct order {
    const char *subject, *issuer; /* RFC 4514; issuer NULL: the subject */
    unsigned key, signer;         /* of made_key */
    bool ca;
    int path_len; /* + 1: 0 is none */
    int usage;    /* HF_KEY_USAGE_; 0: fitting; -1: no extension */
    const char *const *names;
    int64_t from_s, to_s;
    const char *purposes; /* DER content of extKeyUsage, by length below */
    size_t purposes_n;
    hf_bytes extra; /* whole Extensions, as DER */
    bool no_basic, no_usage_bits;
    unsigned version;    /* 0: 3 */
    hf_bytes spki;       /* another public key than made_key(key)'s */
    hf_bytes serial;     /* content octets; none: counted on */
    hf_bytes validity;   /* Validity's content, as DER, in place of from_s and to_s */
    hf_bytes unique_ids; /* whole fields, as DER */
} order;

static inline void made_extension(hf_writer *w, uint32_t bit, bool critical, hf_writer *content)
{
    if (hf_writer_status(content) != HF_OK)
        abort();
    hf_issue_extension(w, bit, critical, hf_writer_bytes(content));
}

static inline void made_extensions(hf_writer *w, const order *o)
{
    uint8_t room[4096];
    hf_writer c;
    size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(3));
    size_t list = hf_der_open(w, HF_DER_SEQUENCE);
    if (!o->no_basic) {
        hf_writer_init(&c, room, sizeof(room));
        size_t mark = hf_der_open(&c, HF_DER_SEQUENCE);
        if (o->ca)
            hf_der_write_true(&c);
        if (o->path_len > 0)
            hf_der_write_small(&c, (uint32_t)o->path_len - 1);
        hf_der_close(&c, mark);
        made_extension(w, HF_EXT_basicConstraints, true, &c);
    }
    if (o->usage >= 0) {
        int usage = o->usage != 0 ? o->usage
                    : o->ca       ? HF_KEY_USAGE_keyCertSign
                                  : HF_KEY_USAGE_digitalSignature;
        hf_writer_init(&c, room, sizeof(room));
        hf_der_write_bit_list(&c, (uint16_t)(o->no_usage_bits ? 0 : usage));
        made_extension(w, HF_EXT_keyUsage, true, &c);
    }
    if (o->purposes != NULL) {
        hf_writer_init(&c, room, sizeof(room));
        hf_der_write(&c, HF_DER_SEQUENCE, hf_bytes_of(o->purposes, o->purposes_n));
        made_extension(w, HF_EXT_extKeyUsage, false, &c);
    }
    if (o->names != NULL) {
        hf_writer_init(&c, room, sizeof(room));
        if (hf_issue_names(&c, o->names, NULL) != HF_OK)
            abort();
        made_extension(w, HF_EXT_subjectAltName, false, &c);
    }
    hf_write_bytes(w, o->extra);
    hf_der_close(w, list);
    hf_der_close(w, explicit);
}

/* The DER, kept until made_free. */
static inline hf_bytes made(const order *o)
{
    static uint32_t serial;
    hf_buf buf = {0};
    hf_writer w;
    hf_bytes der;
    hf_key *key = made_key(o->key), *signer = made_key(o->signer);
    hf_writer_init_buf(&w, &buf);
    size_t tbs = hf_der_open(&w, HF_DER_SEQUENCE);
    if (o->version != 1) {
        size_t version = hf_der_open(&w, HF_DER_CONTEXT_CONSTRUCTED(0));
        hf_der_write_small(&w, o->version == 0 ? 2 : o->version - 1);
        hf_der_close(&w, version);
    }
    if (o->serial.n != 0)
        hf_der_write(&w, HF_DER_INTEGER, o->serial);
    else
        hf_der_write_small(&w, ++serial);
    hf_write_bytes(&w, hf_sigscheme_algorithm(hf_key_cert_scheme(signer)));
    if (hf_name_write(&w, o->issuer != NULL ? o->issuer : o->subject, NULL) != HF_OK)
        abort();
    size_t validity = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_write_bytes(&w, o->validity);
    if (o->validity.n == 0) {
        hf_der_write_time(&w, o->from_s != 0 ? o->from_s : NOW - DAY);
        hf_der_write_time(&w, o->to_s != 0 ? o->to_s : NOW + DAY);
    }
    hf_der_close(&w, validity);
    if (hf_name_write(&w, o->subject, NULL) != HF_OK)
        abort();
    hf_write_bytes(&w, o->spki.n != 0 ? o->spki : hf_key_public(key));
    hf_write_bytes(&w, o->unique_ids);
    if (o->version == 0)
        made_extensions(&w, o);
    hf_der_close(&w, tbs);
    if (made_count == MADE || hf_writer_status(&w) != HF_OK ||
        hf_issue_sign(hf_buf_bytes(&buf), signer, &der, NULL) != HF_OK)
        abort();
    hf_buf_free(&buf);
    made_der[made_count++] = der;
    return der;
}

static inline hf_cert made_cert(const order *o)
{
    hf_cert c;
    hf_error e;
    if (hf_cert_parse(made(o), &c, &e) != HF_OK) {
        char text[1024];
        hf_error_format(&e, text, sizeof(text));
        fprintf(stderr, "%s", text);
        abort();
    }
    return c;
}

#endif
