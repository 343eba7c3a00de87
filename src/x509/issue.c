/* issue.c: certificates made here: RFC 5280 section 4, in DER that the strictest reader accepts. */
#include "x509/issue.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/der_write.h"
#include "base/error.h"
#include "crypto/hkdf.h"
#include "crypto/key.h"
#include "crypto/lookup.h"
#include "x509/cert_parse.h"
#include "x509/constraints.h"
#include "x509/host.h"
#include "x509/judge.h"
#include "x509/name.h"
#include "x509/name_write.h"
#include "x509/oid.h"
#include "x509/text.h"

#define KEY_ID 20U /* bytes */
#define SERIAL 16U /* bytes, random */

void hf_der_free(hf_bytes der)
{
    hf_free((void *)(uintptr_t)der.p);
}

hf_status hf_issue_names(hf_writer *w, const char *const *names, hf_error *e)
{
    if (names == NULL || names[0] == NULL)
        return HF_OK;
    size_t mark = hf_der_open(w, HF_DER_SEQUENCE);
    for (; *names != NULL; names++) {
        hf_status s = hf_general_name_write(w, *names, e);
        if (s != HF_OK)
            return s;
    }
    hf_der_close(w, mark);
    return hf_writer_status(w);
}

void hf_issue_extension(hf_writer *w, uint32_t bit, bool critical, hf_bytes content)
{
    size_t mark = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write(w, HF_DER_OID, hf_oid_extension_of(bit)->oid);
    if (critical)
        hf_der_write_true(w);
    hf_der_write(w, HF_DER_OCTET_STRING, content);
    hf_der_close(w, mark);
}

hf_status hf_issue_sign(hf_bytes to_sign, const hf_key *key, hf_bytes *out, hf_error *e)
{
    uint8_t signature[HF_SIGNATURE_MAX];
    size_t n = sizeof(signature);
    const hf_sigscheme *scheme = hf_key_cert_scheme(key);
    if (scheme == NULL)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "issuer_key", "a key that can sign certificates",
                       "%s", hf_key_type_name(hf_key_type_of(key)));
    hf_status s = hf_key_sign(key, scheme, to_sign, signature, &n);
    if (s != HF_OK)
        return hf_fail(e, s, "signatureValue", NULL, NULL);
    hf_buf buf = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &buf);
    size_t mark = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_write_bytes(&w, to_sign);
    hf_write_bytes(&w, hf_sigscheme_algorithm(scheme));
    hf_der_write_bits(&w, hf_bytes_of(signature, n));
    hf_der_close(&w, mark);
    s = hf_writer_status(&w);
    if (s != HF_OK) {
        hf_buf_free(&buf);
        return hf_fail(e, s, NULL, NULL, NULL);
    }
    *out = hf_buf_bytes(&buf);
    return HF_OK;
}

/* ---- extensions ---- */

/* What a certificate is made of, its names as DER already. */
typedef struct making {
    const hf_cert_template *t;
    hf_bytes subject, names, spki;
    hf_key_type key_type;
    const hf_cert *issuer; /* NULL: self-signed */
    const hf_key *issuer_key;
} making;

/* RFC 7093 section 2, method 1: the first 160 bits of SHA-256 over the key's bits. */
static void key_id(hf_bytes spki, uint8_t id[KEY_ID])
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_reader r, s;
    hf_reader_init(&r, spki, NULL);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "subjectPublicKeyInfo");
    hf_der_value(&s, HF_DER_SEQUENCE, "algorithm");
    hf_bytes bits = hf_der_bits(&s, "subjectPublicKey");
    hf_hash_of(hf_hash_find(hf_provider_default(), 4), &bits, 1, digest);
    memcpy(id, digest, KEY_ID);
}

static void write_key_id(hf_writer *w, uint32_t bit, uint8_t tag, hf_bytes id)
{
    uint8_t content[2 + 2 + 255];
    hf_writer c;
    hf_writer_init(&c, content, sizeof(content));
    if (bit == HF_EXT_authorityKeyIdentifier) {
        size_t mark = hf_der_open(&c, HF_DER_SEQUENCE);
        hf_der_write(&c, tag, id);
        hf_der_close(&c, mark);
    } else {
        hf_der_write(&c, tag, id);
    }
    if (hf_writer_status(&c) == HF_OK)
        hf_issue_extension(w, bit, false, hf_writer_bytes(&c));
}

void hf_issue_authority_key_id(hf_writer *w, const hf_cert *issuer)
{
    uint8_t id[KEY_ID];
    hf_reader r;
    hf_reader_init(&r, issuer->subject_key_id, NULL);
    hf_bytes given = hf_der_value(&r, HF_DER_OCTET_STRING, "subjectKeyIdentifier");
    key_id(issuer->spki, id);
    if (given.p == NULL || given.n > 128)
        given = hf_bytes_of(id, KEY_ID);
    write_key_id(w, HF_EXT_authorityKeyIdentifier, HF_DER_CONTEXT(0), given);
}

/* A self-signed certificate has no use for the authority's. */
static void write_key_ids(hf_writer *w, const making *m)
{
    uint8_t id[KEY_ID];
    key_id(m->spki, id);
    write_key_id(w, HF_EXT_subjectKeyIdentifier, HF_DER_OCTET_STRING, hf_bytes_of(id, KEY_ID));
    if (m->issuer != NULL)
        hf_issue_authority_key_id(w, m->issuer);
}

static void write_basic_constraints(hf_writer *w, const hf_cert_template *t)
{
    uint8_t content[16];
    hf_writer c;
    hf_writer_init(&c, content, sizeof(content));
    size_t mark = hf_der_open(&c, HF_DER_SEQUENCE);
    if (t->ca)
        hf_der_write_true(&c);
    if (t->ca && t->path_len >= 0)
        hf_der_write_small(&c, (uint32_t)t->path_len);
    hf_der_close(&c, mark);
    hf_issue_extension(w, HF_EXT_basicConstraints, true, hf_writer_bytes(&c));
}

/* keyEncipherment in an RSA leaf is for RSA key transport in TLS 1.2. */
static void write_key_usage(hf_writer *w, const making *m)
{
    uint8_t content[8];
    hf_writer c;
    hf_writer_init(&c, content, sizeof(content));
    unsigned usage =
        m->t->ca ? HF_KEY_USAGE_keyCertSign | HF_KEY_USAGE_cRLSign : HF_KEY_USAGE_digitalSignature;
    if (!m->t->ca && m->key_type == HF_KEY_RSA)
        usage |= HF_KEY_USAGE_keyEncipherment;
    hf_der_write_bit_list(&c, (uint16_t)usage);
    hf_issue_extension(w, HF_EXT_keyUsage, true, hf_writer_bytes(&c));
}

static void write_purposes(hf_writer *w, const hf_cert_template *t)
{
    uint8_t content[48];
    hf_writer c;
    if (t->ca || (!t->server && !t->client && !t->ocsp_signing))
        return;
    hf_writer_init(&c, content, sizeof(content));
    size_t mark = hf_der_open(&c, HF_DER_SEQUENCE);
    if (t->server)
        hf_der_write(&c, HF_DER_OID, hf_bytes_text(HF_OID_SERVER_AUTH));
    if (t->client)
        hf_der_write(&c, HF_DER_OID, hf_bytes_text(HF_OID_CLIENT_AUTH));
    if (t->ocsp_signing)
        hf_der_write(&c, HF_DER_OID, hf_bytes_text("\x2b\x06\x01\x05\x05\x07\x03\x09"));
    hf_der_close(&c, mark);
    hf_issue_extension(w, HF_EXT_extKeyUsage, false, hf_writer_bytes(&c));
}

static void write_extensions(hf_writer *w, const making *m)
{
    size_t explicit = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(3));
    size_t list = hf_der_open(w, HF_DER_SEQUENCE);
    write_basic_constraints(w, m->t);
    write_key_usage(w, m);
    write_purposes(w, m->t);
    write_key_ids(w, m);
    if (m->names.n != 0)
        hf_issue_extension(w, HF_EXT_subjectAltName, hf_name_empty(m->subject), m->names);
    hf_der_close(w, list);
    hf_der_close(w, explicit);
}

/* ---- the certificate ---- */

static hf_status write_serial(hf_writer *w, const hf_cert_template *t, hf_error *e)
{
    static const uint8_t none[sizeof(t->serial)];
    uint8_t serial[SERIAL];
    if (memcmp(t->serial, none, sizeof(none)) != 0) {
        if (t->serial[0] >= 0x80)
            return hf_fail(e, HF_E_BAD_ARGUMENT, "serial", "at most 20 bytes as a positive INTEGER",
                           "a first bit of 1, which needs another byte before it");
        hf_der_write_integer(w, hf_bytes_of(t->serial, sizeof(t->serial)));
        return HF_OK;
    }
    const hf_provider *provider = hf_provider_default();
    hf_status s = provider->random(provider->ctx, serial, sizeof(serial));
    if (s != HF_OK)
        return hf_fail(e, s, "serialNumber", NULL, NULL);
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and always of one length */
    hf_der_write_integer(w, hf_bytes_of(serial, sizeof(serial)));
    return HF_OK;
}

static hf_status write_tbs(hf_writer *w, const making *m, hf_error *e)
{
    size_t tbs = hf_der_open(w, HF_DER_SEQUENCE);
    size_t version = hf_der_open(w, HF_DER_CONTEXT_CONSTRUCTED(0));
    hf_der_write_small(w, 2);
    hf_der_close(w, version);
    hf_status s = write_serial(w, m->t, e);
    if (s != HF_OK)
        return s;
    const hf_sigscheme *scheme = hf_key_cert_scheme(m->issuer_key);
    if (scheme == NULL)
        return hf_fail(e, HF_E_KEY_UNSUPPORTED, "issuer_key", "a key that can sign certificates",
                       "%s", hf_key_type_name(hf_key_type_of(m->issuer_key)));
    hf_write_bytes(w, hf_sigscheme_algorithm(scheme));
    hf_write_bytes(w, m->issuer != NULL ? m->issuer->subject : m->subject);
    size_t validity = hf_der_open(w, HF_DER_SEQUENCE);
    hf_der_write_time(w, m->t->not_before_s);
    hf_der_write_time(w, m->t->not_after_s);
    hf_der_close(w, validity);
    hf_write_bytes(w, m->subject);
    hf_write_bytes(w, m->spki);
    write_extensions(w, m);
    hf_der_close(w, tbs);
    s = hf_writer_status(w);
    return s == HF_OK ? HF_OK : hf_fail(e, s, NULL, NULL, NULL);
}

static hf_status check_template(const making *m, hf_error *e)
{
    const hf_cert_template *t = m->t;
    if (!hf_der_time_fits(t->not_before_s) || !hf_der_time_fits(t->not_after_s))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "validity", "times from the year 1950 to 9999", NULL);
    if (t->not_before_s > t->not_after_s)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "not_after_s", "a time not before not_before_s", NULL);
    if (t->ca && t->path_len < -1)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "path_len", "-1 for none, or 0 and up", "%d",
                       t->path_len);
    if (hf_name_empty(m->subject) && (t->ca || m->issuer == NULL || m->names.n == 0))
        return hf_fail(e, HF_E_BAD_ARGUMENT, "subject",
                       "a name for an authority, for a self-signed certificate, and where there "
                       "are no alternative names",
                       "none");
    return HF_OK;
}

/* No certificate is made for a key that nobody would accept. */
static hf_status check_key(making *m, hf_error *e)
{
    hf_pubkey key;
    hf_status s = hf_pubkey_read(m->spki, &key);
    if (s == HF_E_OUT_OF_MEMORY)
        return hf_fail(e, s, NULL, NULL, NULL);
    if (s != HF_OK)
        return hf_fail(e, s, "subject_public_key",
                       "RSA of 2048 to 8192 bits, ECDSA P-256, P-384 or P-521, Ed25519 or Ed448",
                       s == HF_E_KEY_MALFORMED ? "numbers that are no key" : "another key");
    unsigned bits = key.bits;
    m->key_type = key.type;
    hf_pubkey_clear(&key);
    bool rsa = m->key_type == HF_KEY_RSA || m->key_type == HF_KEY_RSA_PSS;
    return rsa && bits < 2048 ? hf_fail(e, HF_E_CERT_WEAK_KEY, "subject_public_key",
                                        "RSA of 2048 to 8192 bits", "RSA of %u bits", bits)
                              : HF_OK;
}

/* The key must be the issuer's, and the issuer an authority: what came out would else not verify.
 */
static hf_status check_issuer(const making *m, hf_error *e)
{
    hf_bytes expected = m->issuer != NULL ? m->issuer->spki : m->spki;
    if (!hf_bytes_equal(expected, hf_key_public(m->issuer_key)))
        return hf_fail(e, HF_E_KEY_MISMATCH, "issuer_key",
                       m->issuer != NULL ? "the private key of the issuer's certificate"
                                         : "the private key of the certified public key",
                       "another key");
    if (m->issuer == NULL)
        return HF_OK;
    if (!m->issuer->is_ca ||
        (m->issuer->has_key_usage && !(m->issuer->key_usage & HF_KEY_USAGE_keyCertSign)))
        return hf_fail(e, HF_E_CERT_NOT_A_CA, "issuer", "a certificate authority's certificate",
                       "one that may not sign certificates");
    if (m->t->ca && m->issuer->path_len == 0)
        return hf_fail(e, HF_E_CERT_PATH_LENGTH, "issuer",
                       "an issuer that may have authorities below it", "pathLenConstraint 0");
    return HF_OK;
}

static bool issues_for(const hf_cert *issuer, hf_bytes purpose)
{
    return issuer->extended_key_usage.p == NULL || hf_judge_has_purpose(issuer, purpose) ||
           hf_judge_has_purpose(issuer, hf_bytes_text(HF_OID_ANY_EKU));
}

/* The issuer's own bounds, its name constraints and its purposes, over what was made. */
static hf_status check_bounds(const making *m, hf_bytes der, hf_error *e)
{
    hf_cert made;
    hf_constraint_finding f;
    unsigned budget = 250000;
    if (m->issuer == NULL)
        return HF_OK;
    hf_status s = hf_cert_parse(der, &made, e);
    if (s == HF_OK && m->issuer->name_constraints.p != NULL)
        s = hf_constraints_check(m->issuer, &made, &budget, &f);
    if (s == HF_E_CERT_NAME_CONSTRAINTS)
        return hf_fail(e, s, "names", f.constraint, "%s", f.name);
    if (s != HF_OK)
        return hf_fail(e, s, "names", NULL, NULL);
    bool fits =
        m->t->ca || ((!m->t->server || issues_for(m->issuer, hf_bytes_text(HF_OID_SERVER_AUTH))) &&
                     (!m->t->client || issues_for(m->issuer, hf_bytes_text(HF_OID_CLIENT_AUTH))));
    return fits ? HF_OK
                : hf_fail(e, HF_E_CERT_PURPOSE, "issuer",
                          "an authority that may issue for this purpose",
                          "one whose extKeyUsage has other purposes");
}

static hf_status make(making *m, hf_bytes *out, hf_error *e)
{
    hf_reader r;
    hf_reader_init(&r, m->spki, NULL);
    hf_cert_read_spki(&r);
    if (!hf_reader_done(&r))
        return hf_der_status(&r, HF_E_BAD_ARGUMENT, e);
    hf_status s = check_key(m, e);
    if (s == HF_OK)
        s = check_template(m, e);
    if (s == HF_OK)
        s = check_issuer(m, e);
    if (s != HF_OK)
        return s;
    hf_buf tbs = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &tbs);
    s = write_tbs(&w, m, e);
    if (s == HF_OK)
        s = hf_issue_sign(hf_buf_bytes(&tbs), m->issuer_key, out, e);
    hf_buf_free(&tbs);
    if (s != HF_OK)
        return s;
    s = check_bounds(m, *out, e);
    if (s != HF_OK) {
        hf_der_free(*out);
        *out = (hf_bytes){NULL, 0};
    }
    return s;
}

hf_status hf_cert_issue(const hf_cert_template *t, hf_bytes subject_public_key,
                        const hf_cert *issuer, const hf_key *issuer_key, hf_bytes *out, hf_error *e)
{
    hf_buf subject = {0}, names = {0};
    hf_writer w;
    hf_writer_init_buf(&w, &subject);
    hf_status s = hf_name_write(&w, t->subject != NULL ? t->subject : "", e);
    if (s == HF_OK) {
        hf_writer_init_buf(&w, &names);
        s = hf_issue_names(&w, t->names, e);
    }
    if (s == HF_E_OUT_OF_MEMORY)
        hf_fail(e, s, NULL, NULL, NULL);
    making m = {t,
                hf_buf_bytes(&subject),
                hf_buf_bytes(&names),
                subject_public_key,
                HF_KEY_NONE,
                issuer,
                issuer_key};
    if (s == HF_OK)
        s = make(&m, out, e);
    hf_buf_free(&subject);
    hf_buf_free(&names);
    return s;
}

/* Those of a request come from a stranger; what an authority signs, others believe. */
static hf_status check_dns_names(hf_bytes subject_alt_name, hf_error *e)
{
    const hf_cert names = {.subject_alt_name = subject_alt_name};
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    hf_san_start(&names, &it);
    while (hf_san_next(&it, &type, &value)) {
        char text[HF_ERROR_TEXT];
        hf_text t;
        if (type != HF_SAN_DNS || hf_dns_valid(value, true))
            continue;
        hf_text_init(&t, text, sizeof(text));
        hf_text_add_escaped(&t, value, "");
        hf_text_mark_cut(&t);
        return hf_fail(e, HF_E_BAD_ARGUMENT, "names", "a DNS name (\"*\" as the first label alone)",
                       "\"%s\"", text);
    }
    return HF_OK;
}

hf_status hf_cert_issue_csr(const hf_cert_template *t, const hf_csr *csr, const hf_cert *issuer,
                            const hf_key *issuer_key, hf_bytes *out, hf_error *e)
{
    making m = {t, csr->subject, csr->subject_alt_name, csr->spki, HF_KEY_NONE, issuer, issuer_key};
    hf_status s = check_dns_names(csr->subject_alt_name, e);
    return s == HF_OK ? make(&m, out, e) : s;
}
