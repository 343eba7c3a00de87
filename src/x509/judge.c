/* judge.c: is this certificate good at its place in the path? Everything but the signature and the
 * name constraints, which need the neighbours (verify.c). */
#include "x509/judge.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/oid.h"

#include <stdarg.h>
#include <stdio.h>

#define LEAST_RSA_BITS 2048U
#define MOST_RSA_BITS  8192U /* a hostile chain with larger ones would cost too much to check */

void hf_judge_value(hf_check *k, const char *format, ...)
{
    if (k == NULL)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(k->value, sizeof(k->value), format, args);
    va_end(args);
}

void hf_judge_limit(hf_check *k, const char *format, ...)
{
    if (k == NULL)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(k->limit, sizeof(k->limit), format, args);
    va_end(args);
}

/* ---- validity ---- */

static void add_distance(hf_text *t, int64_t s, const char *direction)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}, {1, "seconds"}};
    size_t i = 0;
    while (i < 3 && s < 2 * units[i].seconds)
        i++;
    bool one = s == 1;
    hf_text_addf(t, " (%lld %s%s)", (long long)(s / units[i].seconds),
                 one ? "second" : units[i].name, direction);
}

static void tell_validity(const hf_cert *c, int64_t at, hf_check *k)
{
    hf_text v, l;
    hf_text_init(&v, k->value, sizeof(k->value));
    hf_text_init(&l, k->limit, sizeof(k->limit));
    hf_text_add(&l, "valid at ");
    hf_text_add_time(&l, at);
    if (at > c->not_after_s) {
        hf_text_add(&v, "expired on ");
        hf_text_add_time(&v, c->not_after_s);
        add_distance(&v, at - c->not_after_s, " ago");
    } else if (at < c->not_before_s) {
        hf_text_add(&v, "valid only from ");
        hf_text_add_time(&v, c->not_before_s);
        add_distance(&v, c->not_before_s - at, " from now");
    } else {
        hf_text_add(&v, "valid from ");
        hf_text_add_time(&v, c->not_before_s);
        hf_text_add(&v, " to ");
        hf_text_add_time(&v, c->not_after_s);
    }
}

static hf_status judge_validity(const hf_judged *j, hf_check *k)
{
    if (k != NULL)
        tell_validity(j->cert, j->params->at_s, k);
    if (j->params->at_s > j->cert->not_after_s)
        return HF_E_CERT_EXPIRED;
    return j->params->at_s < j->cert->not_before_s ? HF_E_CERT_NOT_YET_VALID : HF_OK;
}

/* ---- form and key ---- */

static hf_status judge_version(const hf_judged *j, hf_check *k)
{
    hf_judge_value(k, "v%u", j->cert->version);
    hf_judge_limit(k, "v3, since only that can say that it is an authority");
    return j->cert->version == 3 ? HF_OK : HF_E_CERT_NOT_A_CA;
}

static hf_status judge_key(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool rsa = c->key_type == HF_KEY_RSA || c->key_type == HF_KEY_RSA_PSS;
    if (c->key_type == HF_KEY_NONE) {
        hf_judge_value(k, "a key of an unknown type or curve");
        hf_judge_limit(k, "RSA, ECDSA P-256, P-384 or P-521, Ed25519 or Ed448");
        return HF_E_CERT_ALGORITHM;
    }
    hf_judge_value(k, "%s of %u bits", hf_key_type_name(c->key_type), c->key_bits);
    hf_judge_limit(k, rsa ? "2048 to 8192 bits" : "a key type that is known here");
    if (rsa && c->key_bits > MOST_RSA_BITS)
        return HF_E_CERT_ALGORITHM;
    return rsa && c->key_bits < LEAST_RSA_BITS ? HF_E_CERT_WEAK_KEY : HF_OK;
}

bool hf_judge_key_is_safe(const hf_cert *c)
{
    const hf_judged j = {.cert = c};
    return judge_key(&j, NULL) == HF_OK;
}

/* Extensions whose meaning is applied here, or that have none for a path. Distribution points and
 * status promises are not, so a certificate that insists on them is refused; timestamps are where
 * logs to judge them by are given. */
#define PROCESSED                                                                                  \
    (HF_EXT_basicConstraints | HF_EXT_keyUsage | HF_EXT_subjectAltName | HF_EXT_extKeyUsage |      \
     HF_EXT_subjectKeyIdentifier | HF_EXT_authorityKeyIdentifier | HF_EXT_certificatePolicies |    \
     HF_EXT_nameConstraints | HF_EXT_policyConstraints | HF_EXT_policyMappings |                   \
     HF_EXT_inhibitAnyPolicy | HF_EXT_issuerAltName)

bool hf_judge_all_processed(const hf_cert *c)
{
    return (c->critical & ~(uint32_t)PROCESSED) == 0;
}

static hf_status judge_critical(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    uint32_t left = c->critical & ~(uint32_t)PROCESSED;
    if (j->params->ct_logs != NULL && j->depth == 0)
        left &= ~(uint32_t)HF_EXT_sctList;
    hf_judge_limit(k, "no critical extension but those that handfast processes");
    if (left != 0) {
        hf_judge_value(k, "critical %s", hf_oid_extension_of(left)->name);
        return HF_E_CERT_CRITICAL_EXTENSION;
    }
    if (c->unknown_critical.p == NULL) {
        hf_judge_value(k, "none");
        return HF_OK;
    }
    if (k != NULL) {
        hf_text t;
        hf_text_init(&t, k->value, sizeof(k->value));
        hf_text_add(&t, "critical extension ");
        hf_text_add_oid(&t, c->unknown_critical);
        if (HF_OID_IS(c->unknown_critical, HF_OID_CT_POISON))
            hf_text_add(&t, ": it is a precertificate, made for logs alone");
    }
    return HF_E_CERT_CRITICAL_EXTENSION;
}

/* ---- what it may be used for ---- */

/* The purposes, and the key usages that go with each: any one of them will do (section 4.2.1.12).
 * TLS needs a signature in all its handshakes but RSA key transport, which asks by key_usage. */
static const struct purpose {
    hf_bytes oid;
    const char *name, *usages_name;
    uint16_t usages;
} purposes[] = {
#define OID(text)                                                                                  \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
    [HF_PURPOSE_ANY] = {{NULL, 0}, "any purpose", "any", 0xffff},
    [HF_PURPOSE_SERVER] = {OID(HF_OID_SERVER_AUTH), "serverAuth", "digitalSignature",
                           HF_KEY_USAGE_digitalSignature},
    [HF_PURPOSE_CLIENT] = {OID(HF_OID_CLIENT_AUTH), "clientAuth", "digitalSignature",
                           HF_KEY_USAGE_digitalSignature},
    [HF_PURPOSE_EMAIL] = {OID(HF_OID_EMAIL_PROTECTION), "emailProtection",
                          "digitalSignature, nonRepudiation, keyEncipherment or keyAgreement",
                          HF_KEY_USAGE_digitalSignature | HF_KEY_USAGE_nonRepudiation |
                              HF_KEY_USAGE_keyEncipherment | HF_KEY_USAGE_keyAgreement},
    [HF_PURPOSE_CODE_SIGNING] = {OID(HF_OID_CODE_SIGNING), "codeSigning", "digitalSignature",
                                 HF_KEY_USAGE_digitalSignature},
    [HF_PURPOSE_TIME_STAMPING] = {OID(HF_OID_TIME_STAMPING), "timeStamping",
                                  "digitalSignature or nonRepudiation",
                                  HF_KEY_USAGE_digitalSignature | HF_KEY_USAGE_nonRepudiation},
    [HF_PURPOSE_OCSP_SIGNING] = {OID(HF_OID_OCSP_SIGNING), "OCSPSigning",
                                 "digitalSignature or nonRepudiation",
                                 HF_KEY_USAGE_digitalSignature | HF_KEY_USAGE_nonRepudiation},
#undef OID
};

static void add_key_usages(hf_text *t, unsigned usages)
{
    static const char *const names[9] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                         "dataEncipherment", "keyAgreement",   "keyCertSign",
                                         "cRLSign",          "encipherOnly",   "decipherOnly"};
    for (unsigned i = 0; i < 9; i++)
        if (usages >> i & 1)
            hf_text_addf(t, "%s%s", t->n == 0 ? "" : ", ", names[i]);
}

static void tell_key_usage(const hf_cert *c, hf_check *k)
{
    hf_text t;
    if (k == NULL)
        return;
    hf_text_init(&t, k->value, sizeof(k->value));
    if (!c->has_key_usage)
        hf_text_add(&t, "none, so that any use is allowed");
    add_key_usages(&t, c->key_usage);
    if (t.n == 0)
        hf_text_add(&t, "no bit at all");
}

static hf_status judge_leaf_key_usage(const hf_judged *j, hf_check *k)
{
    const struct purpose *p = &purposes[j->params->purpose];
    uint16_t demanded = j->params->key_usage, has = j->cert->key_usage;
    tell_key_usage(j->cert, k);
    if (demanded == HF_KEY_USAGE_ANY) {
        hf_judge_limit(k, "any");
    } else if (k != NULL && demanded != 0) {
        hf_text t;
        hf_text_init(&t, k->limit, sizeof(k->limit));
        add_key_usages(&t, demanded);
    } else {
        hf_judge_limit(k, "%s", p->usages_name);
    }
    if (!j->cert->has_key_usage || demanded == HF_KEY_USAGE_ANY)
        return HF_OK;
    bool good = demanded != 0 ? (has & demanded) == demanded : (has & p->usages) != 0;
    return good || (demanded == 0 && j->params->purpose == HF_PURPOSE_ANY) ? HF_OK
                                                                           : HF_E_CERT_KEY_USAGE;
}

static hf_status judge_ca_key_usage(const hf_judged *j, hf_check *k)
{
    tell_key_usage(j->cert, k);
    hf_judge_limit(k, "keyCertSign");
    if (!j->cert->has_key_usage)
        return HF_OK;
    return j->cert->key_usage & HF_KEY_USAGE_keyCertSign ? HF_OK : HF_E_CERT_KEY_USAGE;
}

static hf_status judge_ca(const hf_judged *j, hf_check *k)
{
    hf_judge_value(k, "%s",
                   !j->cert->has_basic_constraints ? "none: not an authority"
                   : j->cert->is_ca                ? "cA TRUE"
                                                   : "cA FALSE: not an authority");
    hf_judge_limit(k, "cA TRUE");
    return j->cert->is_ca ? HF_OK : HF_E_CERT_NOT_A_CA;
}

static hf_status judge_path_len(const hf_judged *j, hf_check *k)
{
    hf_judge_value(k, "%u %s below it in this path", j->cas_below,
                   j->cas_below == 1 ? "authority" : "authorities");
    if (j->cert->path_len < 0)
        hf_judge_limit(k, "any number: it has no pathLenConstraint");
    else
        hf_judge_limit(k, "at most %d, by its pathLenConstraint", j->cert->path_len);
    return j->cert->path_len < 0 || j->cas_below <= (unsigned)j->cert->path_len
               ? HF_OK
               : HF_E_CERT_PATH_LENGTH;
}

bool hf_judge_has_purpose(const hf_cert *c, hf_bytes oid)
{
    hf_reader r, list;
    hf_reader_init(&r, c->extended_key_usage, NULL);
    hf_der_enter(&r, &list, HF_DER_SEQUENCE, "extKeyUsage");
    while (hf_reader_more(&list))
        if (hf_bytes_equal(hf_der_oid(&list, "KeyPurposeId"), oid))
            return true;
    return false;
}

static void tell_purposes(const hf_cert *c, hf_check *k)
{
    hf_text t;
    hf_reader r, list;
    hf_text_init(&t, k->value, sizeof(k->value));
    if (c->extended_key_usage.p == NULL)
        hf_text_add(&t, "none, so that any purpose is allowed");
    hf_reader_init(&r, c->extended_key_usage, NULL);
    hf_der_enter(&r, &list, HF_DER_SEQUENCE, "extKeyUsage");
    for (bool first = true; hf_reader_more(&list); first = false) {
        hf_bytes oid = hf_der_oid(&list, "KeyPurposeId");
        const char *name = hf_oid_purpose_name(oid);
        hf_text_add(&t, first ? "" : ", ");
        if (name != NULL)
            hf_text_add(&t, name);
        else
            hf_text_add_oid(&t, oid);
    }
    hf_text_mark_cut(&t);
}

/* In a leaf the purposes it is for; in an authority, as all browsers read it, those it may issue
 * for. */
static hf_status judge_purpose(const hf_judged *j, hf_check *k)
{
    const struct purpose *p = &purposes[j->params->purpose];
    if (k != NULL)
        tell_purposes(j->cert, k);
    hf_judge_limit(k, "%s", p->name);
    if (j->params->purpose == HF_PURPOSE_ANY || j->cert->extended_key_usage.p == NULL)
        return HF_OK;
    if (hf_judge_has_purpose(j->cert, p->oid) ||
        hf_judge_has_purpose(j->cert, hf_bytes_of(HF_OID_ANY_EKU, sizeof(HF_OID_ANY_EKU) - 1)))
        return HF_OK;
    return HF_E_CERT_PURPOSE;
}

static void tell_names(const hf_judged *j, hf_check *k)
{
    const char *const wanted[] = {j->params->host, j->params->email};
    hf_text l;
    if (hf_cert_names_text(j->cert, k->value, sizeof(k->value)) == 0)
        hf_judge_value(k, "no names at all (a common name does not count)");
    hf_text_init(&l, k->limit, sizeof(k->limit));
    for (size_t i = 0; i < 2; i++) {
        if (wanted[i] == NULL)
            continue;
        hf_text_add(&l, l.n == 0 ? "" : ", ");
        hf_text_add_escaped(&l, hf_bytes_text(wanted[i]), "\\");
    }
    if (l.n == 0)
        hf_text_add(&l, "any name");
    hf_text_mark_cut(&l);
}

static hf_status judge_host(const hf_judged *j, hf_check *k)
{
    const char *host = j->params->host, *email = j->params->email;
    if (k != NULL)
        tell_names(j, k);
    return (host == NULL || hf_cert_matches_host(j->cert, host)) &&
                   (email == NULL || hf_cert_matches_email(j->cert, email))
               ? HF_OK
               : HF_E_CERT_WRONG_NAME;
}

const hf_judge_row hf_judge_rows[] = {
    {"validity", "RFC 5280 section 4.1.2.5", HF_WHO_LEAF | HF_WHO_CA, judge_validity},
    {"version", "RFC 5280 section 6.1.4", HF_WHO_CA, judge_version},
    {"key", "RFC 9846 section C.2", HF_WHO_LEAF | HF_WHO_CA, judge_key},
    {"criticalExtensions", "RFC 5280 section 4.2", HF_WHO_LEAF | HF_WHO_CA, judge_critical},
    {"basicConstraints", "RFC 5280 section 4.2.1.9", HF_WHO_CA, judge_ca},
    {"pathLenConstraint", "RFC 5280 section 4.2.1.9", HF_WHO_CA, judge_path_len},
    {"keyUsage", "RFC 5280 section 4.2.1.3", HF_WHO_LEAF, judge_leaf_key_usage},
    {"keyUsage", "RFC 5280 section 4.2.1.3", HF_WHO_CA, judge_ca_key_usage},
    {"extKeyUsage", "RFC 5280 section 4.2.1.12", HF_WHO_LEAF | HF_WHO_CA, judge_purpose},
    {"subjectAltName", "RFC 9525 section 6.3", HF_WHO_LEAF, judge_host},
};
const size_t hf_judge_row_count = sizeof(hf_judge_rows) / sizeof(hf_judge_rows[0]);
