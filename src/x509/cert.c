/* cert.c: a certificate's DER, read once, front to back, without a copy. RFC 5280 section 4.1. */
#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "crypto/sha1.h"
#include "x509/cert_parse.h"
#include "x509/name.h"

#include <stdarg.h>
#include <stdio.h>

void hf_cert_judge(hf_reader *r, size_t start, hf_cert_judgement *j, hf_status why,
                   const char *field, const char *expected, const char *got, ...)
{
    if (r->failed)
        return;
    va_list args;
    va_start(args, got);
    vsnprintf(j->got, sizeof(j->got), got, args);
    va_end(args);
    j->expected = expected;
    r->at = start;
    hf_reader_fail(r, why, field);
}

hf_status hf_cert_parse_status(const hf_reader *r, const hf_cert_judgement *j, hf_status code,
                               const char *message, hf_error *e)
{
    hf_status s = hf_der_status(r, code, e);
    if (s == HF_OK || e == NULL)
        return s;
    e->message = message;
    if (j->expected != NULL) {
        hf_error_expected(e, "%s", j->expected);
        memcpy(e->got, j->got, sizeof(e->got));
    }
    return s;
}

hf_bytes hf_cert_read_algorithm(hf_reader *r, const char *field)
{
    hf_reader algorithm;
    size_t start = r->at;
    hf_der_enter(r, &algorithm, HF_DER_SEQUENCE, field);
    hf_der_oid(&algorithm, "algorithm");
    if (hf_reader_more(&algorithm))
        hf_der_any(&algorithm, NULL, "parameters");
    hf_reader_done(&algorithm);
    return hf_der_since(r, start);
}

hf_bytes hf_cert_read_spki(hf_reader *r)
{
    hf_reader spki;
    size_t start = r->at;
    hf_der_enter(r, &spki, HF_DER_SEQUENCE, "subjectPublicKeyInfo");
    hf_cert_read_algorithm(&spki, "algorithm");
    hf_der_bits(&spki, "subjectPublicKey");
    hf_reader_done(&spki);
    return hf_der_since(r, start);
}

static void read_version(hf_reader *tbs, hf_cert *c, hf_cert_judgement *j)
{
    c->version = 1;
    if (hf_der_peek(tbs) != HF_DER_CONTEXT_CONSTRUCTED(0))
        return;
    hf_reader explicit;
    size_t start = tbs->at;
    hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "version");
    uint32_t v = hf_der_small(&explicit, "version");
    hf_reader_done(&explicit);
    if (v < 1 || v > 2) /* v1 is the default and DER leaves defaults out */
        hf_cert_judge(tbs, start, j, HF_E_CERT_MALFORMED, "version",
                      "v2 (1) or v3 (2), or none for v1", "%u", (unsigned)v);
    c->version = (uint8_t)(v + 1);
}

static void read_validity(hf_reader *tbs, hf_cert *c)
{
    hf_reader validity;
    hf_der_enter(tbs, &validity, HF_DER_SEQUENCE, "validity");
    c->not_before_s = hf_der_time(&validity, "notBefore");
    c->not_after_s = hf_der_time(&validity, "notAfter");
    hf_reader_done(&validity);
}

/* issuerUniqueID, subjectUniqueID: obsolete, but part of the form. */
static void read_unique_ids(hf_reader *tbs, const hf_cert *c, hf_cert_judgement *j)
{
    size_t start = tbs->at;
    for (unsigned n = 1; n <= 2; n++)
        if (hf_der_peek(tbs) == HF_DER_CONTEXT(n))
            hf_der_bit_string_tagged(tbs, HF_DER_CONTEXT(n),
                                     n == 1 ? "issuerUniqueID" : "subjectUniqueID");
    if (tbs->at != start && c->version < 2)
        hf_cert_judge(tbs, start, j, HF_E_CERT_MALFORMED, "issuerUniqueID",
                      "unique identifiers in v2 and v3 only", "a v1 certificate with one");
}

static void read_extensions(hf_reader *tbs, hf_cert *c, hf_cert_judgement *j)
{
    if (hf_der_peek(tbs) != HF_DER_CONTEXT_CONSTRUCTED(3))
        return;
    hf_reader explicit;
    size_t start = tbs->at;
    hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(3), "extensions");
    hf_cert_read_extensions(&explicit, c, j);
    hf_reader_done(&explicit);
    if (c->version < 3)
        hf_cert_judge(tbs, start, j, HF_E_CERT_MALFORMED, "extensions",
                      "extensions in v3 certificates only", "a v%u certificate with extensions",
                      c->version);
}

static void read_tbs(hf_reader *cert, hf_cert *c, hf_bytes *inner, hf_cert_judgement *j)
{
    hf_reader tbs;
    size_t start = cert->at;
    hf_der_enter(cert, &tbs, HF_DER_SEQUENCE, "tbsCertificate");
    read_version(&tbs, c, j);
    c->serial = hf_der_integer(&tbs, "serialNumber");
    *inner = hf_cert_read_algorithm(&tbs, "signature");
    c->issuer = hf_name_read(&tbs, "issuer");
    read_validity(&tbs, c);
    c->subject = hf_name_read(&tbs, "subject");
    c->spki = hf_cert_read_spki(&tbs);
    read_unique_ids(&tbs, c, j);
    read_extensions(&tbs, c, j);
    hf_reader_done(&tbs);
    c->tbs = hf_der_since(cert, start);
}

/* What other layers derive from single parts. */
static void classify(hf_cert *c)
{
    c->key_type = hf_spki_type(c->spki, &c->key_bits);
    c->signed_with = hf_sigscheme_of_algorithm(c->signature_algorithm, &c->signed_with_name);
    c->self_issued = hf_name_equal(c->issuer, c->subject);
}

hf_status hf_cert_parse(hf_bytes der, hf_cert *out, hf_error *e)
{
    hf_cert c = {.der = der, .path_len = -1};
    hf_cert_judgement j = {0};
    hf_reader r, cert;
    hf_bytes inner;
    hf_reader_init(&r, der, NULL);
    r.name = "Certificate";
    hf_der_enter(&r, &cert, HF_DER_SEQUENCE, "Certificate");
    read_tbs(&cert, &c, &inner, &j);
    size_t start = cert.at;
    c.signature_algorithm = hf_cert_read_algorithm(&cert, "signatureAlgorithm");
    if (!hf_bytes_equal(inner, c.signature_algorithm))
        hf_cert_judge(&cert, start, &j, HF_E_CERT_MALFORMED, "signatureAlgorithm",
                      "the same as signature inside tbsCertificate (RFC 5280 section 4.1.1.2)",
                      "another algorithm or parameters");
    c.signature = hf_der_bits(&cert, "signatureValue");
    hf_reader_done(&cert);
    if (!hf_reader_done(&r))
        return hf_cert_parse_status(&r, &j, HF_E_CERT_MALFORMED, "Certificate", e);
    classify(&c);
    *out = c;
    return HF_OK;
}

void hf_cert_fingerprint_sha1(const hf_cert *cert, uint8_t digest[20])
{
    hf_sha1(cert->der, digest);
}

void hf_cert_fingerprint(const hf_cert *cert, uint8_t digest[32])
{
    hf_hash_state s;
    const hf_hash *sha256 = hf_hash_find(hf_provider_default(), 4);
    memset(digest, 0, 32);
    if (sha256 == NULL)
        return;
    sha256->init(&s);
    sha256->update(&s, cert->der.p, cert->der.n);
    sha256->final(&s, digest);
}
