/* ocsp.c: an OCSP response's DER, read once, front to back, without a copy. RFC 6960 section 4.2.
 */
#include "x509/ocsp.h"

#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "crypto/hkdf.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "crypto/sha1.h"
#include "x509/cert_parse.h"
#include "x509/name.h"
#include "x509/oid.h"

#define ENUMERATED     0x0a
#define MOST_RESPONSES 4096U

#define OID_BASIC "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define OID_NONCE "\x2b\x06\x01\x05\x05\x07\x30\x01\x02"
#define OID_SCTS  "\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x05" /* RFC 6962 section 3.3 */

static unsigned read_enumerated(hf_reader *r, const char *name)
{
    hf_bytes v = hf_der_value(r, ENUMERATED, name);
    if (!r->failed && v.n != 1)
        hf_reader_fail(r, HF_E_DECODE, name);
    return v.n == 1 ? v.p[0] : 0;
}

/* Extensions under [1]: a nonce is known and not asked for, timestamps go to `*scts` (where there
 * is a place for them); what else is critical is not known. */
static bool read_extensions(hf_reader *r, const char *name, hf_bytes *scts)
{
    hf_reader explicit, list, ext;
    bool unknown_critical = false;
    if (hf_der_peek(r) != HF_DER_CONTEXT_CONSTRUCTED(1))
        return false;
    hf_der_enter(r, &explicit, HF_DER_CONTEXT_CONSTRUCTED(1), name);
    hf_der_enter(&explicit, &list, HF_DER_SEQUENCE, name);
    while (hf_reader_more(&list)) {
        hf_der_enter(&list, &ext, HF_DER_SEQUENCE, "Extension");
        hf_bytes oid = hf_der_oid(&ext, "extnID");
        bool critical = hf_der_peek(&ext) == HF_DER_BOOLEAN && hf_der_boolean(&ext, "critical");
        hf_bytes value = hf_der_value(&ext, HF_DER_OCTET_STRING, "extnValue");
        bool is_scts = scts != NULL && HF_OID_IS(oid, OID_SCTS);
        hf_reader_done(&ext);
        if (is_scts)
            *scts = value;
        unknown_critical |= critical && !is_scts && !HF_OID_IS(oid, OID_NONCE);
    }
    hf_reader_done(&list);
    hf_reader_done(&explicit);
    return unknown_critical;
}

/* ---- a single response ---- */

static void read_cert_id(hf_reader *r, hf_ocsp_single *s)
{
    hf_reader id, algorithm;
    hf_der_enter(r, &id, HF_DER_SEQUENCE, "certID");
    hf_der_enter(&id, &algorithm, HF_DER_SEQUENCE, "hashAlgorithm");
    s->hash_oid = hf_der_oid(&algorithm, "algorithm");
    if (hf_reader_more(&algorithm)) {
        uint8_t tag;
        hf_der_any(&algorithm, &tag, "parameters");
    }
    hf_reader_done(&algorithm);
    s->name_hash = hf_der_value(&id, HF_DER_OCTET_STRING, "issuerNameHash");
    s->key_hash = hf_der_value(&id, HF_DER_OCTET_STRING, "issuerKeyHash");
    s->serial = hf_der_integer(&id, "serialNumber");
    hf_reader_done(&id);
}

static void read_revoked(hf_reader *r, hf_ocsp_single *s)
{
    hf_reader info, reason;
    hf_der_enter(r, &info, HF_DER_CONTEXT_CONSTRUCTED(1), "revoked");
    s->status = HF_OCSP_REVOKED;
    s->revoked_s = hf_der_time(&info, "revocationTime");
    if (hf_reader_more(&info)) {
        hf_der_enter(&info, &reason, HF_DER_CONTEXT_CONSTRUCTED(0), "revocationReason");
        s->reason = (int)read_enumerated(&reason, "CRLReason");
        hf_reader_done(&reason);
    }
    hf_reader_done(&info);
}

static void read_null(hf_reader *r, uint8_t tag, const char *name)
{
    if (hf_der_value(r, tag, name).n != 0)
        hf_reader_fail(r, HF_E_DECODE, name);
}

static void read_single(hf_reader *list, hf_ocsp_single *s)
{
    hf_reader one, next;
    *s = (hf_ocsp_single){.status = HF_OCSP_GOOD};
    hf_der_enter(list, &one, HF_DER_SEQUENCE, "SingleResponse");
    read_cert_id(&one, s);
    if (hf_der_peek(&one) == HF_DER_CONTEXT_CONSTRUCTED(1)) {
        read_revoked(&one, s);
    } else if (hf_der_peek(&one) == HF_DER_CONTEXT(2)) {
        s->status = HF_OCSP_UNKNOWN;
        read_null(&one, HF_DER_CONTEXT(2), "unknown");
    } else {
        read_null(&one, HF_DER_CONTEXT(0), "good");
    }
    s->this_update_s = hf_der_time(&one, "thisUpdate");
    if (hf_der_peek(&one) == HF_DER_CONTEXT_CONSTRUCTED(0)) {
        hf_der_enter(&one, &next, HF_DER_CONTEXT_CONSTRUCTED(0), "nextUpdate");
        s->next_update_s = hf_der_time(&next, "nextUpdate");
        s->has_next_update = true;
        hf_reader_done(&next);
    }
    s->unknown_critical = read_extensions(&one, "singleExtensions", &s->sct_list);
    hf_reader_done(&one);
}

bool hf_ocsp_next(hf_bytes *rest, hf_ocsp_single *out)
{
    hf_reader list;
    if (rest->n == 0)
        return false;
    hf_reader_init(&list, *rest, NULL);
    read_single(&list, out);
    *rest = (hf_bytes){rest->p + list.at, rest->n - list.at};
    return !list.failed;
}

/* ---- the response ---- */

static void read_responder(hf_reader *tbs, hf_ocsp *o)
{
    hf_reader explicit;
    if (hf_der_peek(tbs) == HF_DER_CONTEXT_CONSTRUCTED(1)) {
        hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(1), "byName");
        o->responder_name = hf_name_read(&explicit, "byName");
    } else {
        hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(2), "byKey");
        o->responder_key = hf_der_value(&explicit, HF_DER_OCTET_STRING, "byKey");
    }
    hf_reader_done(&explicit);
}

static void read_data(hf_reader *basic, hf_ocsp *o)
{
    hf_reader tbs, version, list;
    hf_ocsp_single single;
    size_t start = basic->at;
    hf_der_enter(basic, &tbs, HF_DER_SEQUENCE, "tbsResponseData");
    if (hf_der_peek(&tbs) == HF_DER_CONTEXT_CONSTRUCTED(0)) {
        hf_der_enter(&tbs, &version, HF_DER_CONTEXT_CONSTRUCTED(0), "version");
        if (hf_der_small(&version, "version") != 0)
            hf_reader_fail(&version, HF_E_DECODE, "version");
        hf_reader_done(&version);
    }
    read_responder(&tbs, o);
    o->produced_s = hf_der_time(&tbs, "producedAt");
    hf_der_enter(&tbs, &list, HF_DER_SEQUENCE, "responses");
    o->responses = (hf_bytes){list.p, list.n};
    while (hf_reader_more(&list)) {
        if (o->count++ == MOST_RESPONSES)
            hf_reader_fail(&list, HF_E_DECODE, "responses");
        read_single(&list, &single);
    }
    hf_reader_done(&list);
    o->unknown_critical = read_extensions(&tbs, "responseExtensions", NULL);
    hf_reader_done(&tbs);
    o->tbs = hf_der_since(basic, start);
}

static void read_certs(hf_reader *basic, hf_ocsp *o)
{
    hf_reader explicit, list;
    if (hf_der_peek(basic) != HF_DER_CONTEXT_CONSTRUCTED(0))
        return;
    hf_der_enter(basic, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "certs");
    hf_der_enter(&explicit, &list, HF_DER_SEQUENCE, "certs");
    o->certs = (hf_bytes){list.p, list.n};
    while (hf_reader_more(&list))
        hf_der_value(&list, HF_DER_SEQUENCE, "Certificate");
    hf_reader_done(&list);
    hf_reader_done(&explicit);
}

static void read_basic(hf_reader *bytes, hf_ocsp *o)
{
    hf_reader octets, basic;
    hf_bytes type = hf_der_oid(bytes, "responseType");
    if (!bytes->failed && !HF_OID_IS(type, OID_BASIC))
        hf_reader_fail(bytes, HF_E_DECODE, "responseType");
    hf_der_enter(bytes, &octets, HF_DER_OCTET_STRING, "response");
    hf_der_enter(&octets, &basic, HF_DER_SEQUENCE, "BasicOCSPResponse");
    read_data(&basic, o);
    o->signature_algorithm = hf_cert_read_algorithm(&basic, "signatureAlgorithm");
    o->signature = hf_der_bits(&basic, "signature");
    read_certs(&basic, o);
    hf_reader_done(&basic);
    hf_reader_done(&octets);
}

hf_status hf_ocsp_parse(hf_bytes der, hf_ocsp *out, hf_error *e)
{
    hf_ocsp o = {0};
    hf_reader r, response, explicit, bytes;
    const char *name;
    hf_reader_init(&r, der, NULL);
    r.name = "OCSPResponse";
    hf_der_enter(&r, &response, HF_DER_SEQUENCE, "OCSPResponse");
    o.status = read_enumerated(&response, "responseStatus");
    if (o.status == 0) {
        hf_der_enter(&response, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "responseBytes");
        hf_der_enter(&explicit, &bytes, HF_DER_SEQUENCE, "responseBytes");
        read_basic(&bytes, &o);
        hf_reader_done(&bytes);
        hf_reader_done(&explicit);
    }
    hf_reader_done(&response);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_OCSP_MALFORMED, e);
    if (o.status == 0)
        o.signed_with = hf_sigscheme_of_algorithm(o.signature_algorithm, &name);
    *out = o;
    return HF_OK;
}

bool hf_ocsp_next_cert(hf_bytes *rest, hf_bytes *der)
{
    hf_reader list;
    if (rest->n == 0)
        return false;
    hf_reader_init(&list, *rest, NULL);
    *der = hf_der_whole(&list, HF_DER_SEQUENCE, "Certificate");
    *rest = (hf_bytes){rest->p + list.at, rest->n - list.at};
    return !list.failed;
}

/* ---- whom it is about, and by whom ---- */

/* The key itself: the BIT STRING inside SubjectPublicKeyInfo, without its count of unused bits. */
static hf_bytes key_bits(const hf_cert *c)
{
    hf_reader r, spki;
    hf_reader_init(&r, c->spki, NULL);
    hf_der_enter(&r, &spki, HF_DER_SEQUENCE, "subjectPublicKeyInfo");
    hf_der_value(&spki, HF_DER_SEQUENCE, "algorithm");
    return hf_der_bits(&spki, "subjectPublicKey");
}

/* 0 for a hash that is not known here. */
static size_t hash_by(hf_bytes oid, hf_bytes bytes, uint8_t digest[HF_HASH_MAX_DIGEST])
{
    if (HF_OID_IS(oid, "\x2b\x0e\x03\x02\x1a")) {
        hf_sha1(bytes, digest);
        return HF_SHA1_LEN;
    }
    const hf_hash *sha256 = hf_hash_find(hf_provider_default(), 4);
    if (!HF_OID_IS(oid, "\x60\x86\x48\x01\x65\x03\x04\x02\x01") || sha256 == NULL)
        return 0;
    hf_hash_of(sha256, &bytes, 1, digest);
    return sha256->digest_len;
}

static bool is_hash_of(hf_bytes oid, hf_bytes hash, hf_bytes bytes)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    size_t n = hash_by(oid, bytes, digest);
    return n != 0 && hf_bytes_equal(hash, (hf_bytes){digest, n});
}

bool hf_ocsp_is_about(const hf_ocsp_single *s, const hf_cert *cert, const hf_cert *issuer)
{
    return hf_bytes_equal(s->serial, cert->serial) &&
           is_hash_of(s->hash_oid, s->name_hash, cert->issuer) &&
           is_hash_of(s->hash_oid, s->key_hash, key_bits(issuer));
}

bool hf_ocsp_names(const hf_ocsp *o, const hf_cert *signer)
{
    uint8_t digest[HF_SHA1_LEN];
    if (o->responder_name.p != NULL)
        return hf_name_equal(o->responder_name, signer->subject);
    hf_sha1(key_bits(signer), digest);
    return hf_bytes_equal(o->responder_key, (hf_bytes){digest, sizeof(digest)});
}

bool hf_cert_must_staple(const hf_cert *cert)
{
    const unsigned status_request = 5;
    hf_reader r, list;
    bool found = false;
    if (cert->tls_feature.p == NULL)
        return false;
    hf_reader_init(&r, cert->tls_feature, NULL);
    hf_der_enter(&r, &list, HF_DER_SEQUENCE, "Features");
    while (hf_reader_more(&list))
        found |= hf_der_small(&list, "feature") == status_request;
    return hf_reader_done(&list) && hf_reader_done(&r) && found;
}
