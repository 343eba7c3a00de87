/* profile.c: what the stricter profiles add: the rules for those who make certificates. RFC 5280
 * sections 4.1 and 4.2, and the CA/Browser Forum's Baseline Requirements ("BR"). */
#include "base/bytes.h"
#include "base/der.h"
#include "x509/general_name.h"
#include "x509/host.h"
#include "x509/judge.h"
#include "x509/name.h"
#include "x509/oid.h"

static bool webpki(const hf_judged *j)
{
    return j->params->profile == HF_PROFILE_WEBPKI;
}

/* A trust anchor that its own key signed: the one kind that needs no authorityKeyIdentifier. */
static bool root(const hf_judged *j)
{
    return j->anchor && j->cert->self_issued;
}

/* Roots with serial number 0 are in every trust store; theirs identifies nothing. */
static hf_status judge_serial(const hf_judged *j, hf_check *k)
{
    hf_bytes s = j->cert->serial;
    bool zero = s.n == 1 && s.p[0] == 0, negative = s.p[0] >= 0x80;
    hf_judge_value(k, "%s, %zu bytes", zero ? "zero" : negative ? "negative" : "positive", s.n);
    hf_judge_limit(k, "positive, at most 20 bytes");
    return !root(j) && (zero || negative || s.n > 20) ? HF_E_CERT_PROFILE : HF_OK;
}

static hf_status judge_names(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool issuer = !hf_name_empty(c->issuer), subject = !hf_name_empty(c->subject);
    hf_judge_value(k, "issuer %s, subject %s", issuer ? "present" : "empty",
                   subject ? "present" : "empty");
    hf_judge_limit(k, "no empty issuer, and no empty subject but a leaf's with a critical "
                      "subjectAltName");
    bool good =
        issuer &&
        (subject || (j->depth == 0 && !c->is_ca && (c->critical & HF_EXT_subjectAltName) != 0));
    return good ? HF_OK : HF_E_CERT_PROFILE;
}

/* The tags of notBefore and notAfter. */
static void read_time_tags(const hf_cert *c, int tags[2])
{
    hf_reader r, tbs, validity;
    hf_reader_init(&r, c->tbs, NULL);
    hf_der_enter(&r, &tbs, HF_DER_SEQUENCE, "tbsCertificate");
    if (hf_der_peek(&tbs) == HF_DER_CONTEXT_CONSTRUCTED(0))
        hf_der_value(&tbs, HF_DER_CONTEXT_CONSTRUCTED(0), "version");
    hf_der_integer(&tbs, "serialNumber");
    hf_der_value(&tbs, HF_DER_SEQUENCE, "signature");
    hf_der_value(&tbs, HF_DER_SEQUENCE, "issuer");
    hf_der_enter(&tbs, &validity, HF_DER_SEQUENCE, "validity");
    tags[0] = hf_der_peek(&validity);
    hf_der_time(&validity, "notBefore");
    tags[1] = hf_der_peek(&validity);
}

/* Through the year 2049 a time is a UTCTime, which begins with 1950. */
static hf_status judge_time_forms(const hf_judged *j, hf_check *k)
{
    const int64_t first = hf_days_from_civil(1950, 1, 1) * 86400;
    const int64_t end = hf_days_from_civil(2050, 1, 1) * 86400;
    const int64_t times[2] = {j->cert->not_before_s, j->cert->not_after_s};
    int tags[2];
    bool good = true;
    read_time_tags(j->cert, tags);
    for (size_t i = 0; i < 2; i++)
        good &= tags[i] != HF_DER_GENERALIZED_TIME || times[i] < first || times[i] >= end;
    hf_judge_value(k, "%s, %s", tags[0] == HF_DER_UTC_TIME ? "UTCTime" : "GeneralizedTime",
                   tags[1] == HF_DER_UTC_TIME ? "UTCTime" : "GeneralizedTime");
    hf_judge_limit(k, "UTCTime for dates through the year 2049");
    return good ? HF_OK : HF_E_CERT_PROFILE;
}

static hf_status judge_key_usage_form(const hf_judged *j, hf_check *k)
{
    hf_judge_value(k, "%s",
                   !j->cert->has_key_usage   ? "none"
                   : j->cert->key_usage == 0 ? "no bit set"
                                             : "present");
    hf_judge_limit(k, "at least one bit, where keyUsage is there");
    return j->cert->has_key_usage && j->cert->key_usage == 0 ? HF_E_CERT_PROFILE : HF_OK;
}

/* The identifier in an authorityKeyIdentifier and whether it has the two other fields. */
static hf_bytes authority_key_id(const hf_cert *c, bool *others)
{
    hf_reader r, s;
    hf_bytes id = {NULL, 0};
    hf_reader_init(&r, c->authority_key_id, NULL);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "authorityKeyIdentifier");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(0))
        id = hf_der_value(&s, HF_DER_CONTEXT(0), "keyIdentifier");
    *others = hf_reader_more(&s);
    return id;
}

static hf_bytes subject_key_id(const hf_cert *c)
{
    hf_reader r;
    hf_reader_init(&r, c->subject_key_id, NULL);
    return hf_der_value(&r, HF_DER_OCTET_STRING, "subjectKeyIdentifier");
}

static hf_status judge_authority_key_id(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool others = false, critical = (c->critical & HF_EXT_authorityKeyIdentifier) != 0;
    hf_bytes id = authority_key_id(c, &others);
    bool present = c->authority_key_id.p != NULL;
    bool own = hf_bytes_equal(id, subject_key_id(c));
    hf_judge_value(k, "%s%s%s",
                   !present       ? "none"
                   : id.p == NULL ? "without keyIdentifier"
                                  : "present",
                   critical ? ", critical" : "", others ? ", with issuer or serial number" : "");
    hf_judge_limit(k, "a keyIdentifier, not critical (a root may leave it out)");
    /* The exception of section 4.2.1.1 is for self-signed certificates. An anchor of another's name
     * is a cross certificate taken for a root; its issuer plays no part in the path. */
    bool excused = !present && (root(j) || (j->anchor && !j->params->pedantic));
    if (critical || (id.p == NULL && !excused))
        return HF_E_CERT_PROFILE;
    if (webpki(j) && root(j) && present && (others || !own)) {
        hf_judge_limit(k, "in a root its own keyIdentifier and nothing else");
        return HF_E_CERT_PROFILE;
    }
    return HF_OK;
}

static hf_status judge_subject_key_id(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool critical = (c->critical & HF_EXT_subjectKeyIdentifier) != 0;
    hf_judge_value(k, "%s%s", c->subject_key_id.p == NULL ? "none" : "present",
                   critical ? ", critical" : "");
    hf_judge_limit(k, "not critical, and present in every authority");
    return critical || (c->subject_key_id.p == NULL && j->depth != 0) ? HF_E_CERT_PROFILE : HF_OK;
}

static hf_status judge_basic_constraints(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool critical = (c->critical & HF_EXT_basicConstraints) != 0;
    bool signs = (c->key_usage & HF_KEY_USAGE_keyCertSign) != 0;
    hf_judge_value(k, "%s%s%s%s", c->is_ca ? "cA TRUE" : "cA FALSE", critical ? ", critical" : "",
                   c->path_len >= 0 ? ", pathLenConstraint" : "",
                   signs               ? ", keyCertSign"
                   : !c->has_key_usage ? ", no keyUsage"
                                       : "");
    if (c->is_ca && !critical && j->depth != 0) {
        hf_judge_limit(k, "critical in an authority");
        return HF_E_CERT_PROFILE;
    }
    if (!c->is_ca && (signs || c->name_constraints.p != NULL)) {
        hf_judge_limit(k, "keyCertSign and nameConstraints in authorities only");
        return HF_E_CERT_PROFILE;
    }
    if (c->path_len >= 0 && (!c->is_ca || (c->has_key_usage && !signs))) {
        hf_judge_limit(k, "pathLenConstraint in authorities only, beside keyCertSign");
        return HF_E_CERT_PROFILE;
    }
    if (c->is_ca && !c->has_key_usage && j->depth != 0 && !j->anchor) {
        hf_judge_limit(k, "keyUsage in an authority (RFC 5280 section 4.2.1.3)");
        return HF_E_CERT_PROFILE;
    }
    if (webpki(j) && j->depth == 0 && c->is_ca) {
        hf_judge_limit(k, "cA FALSE in a leaf");
        return HF_E_CERT_PROFILE;
    }
    hf_judge_limit(k, "critical in an authority");
    return HF_OK;
}

/* The Baseline Requirements allow name constraints that are not critical. */
static hf_status judge_criticality(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool names = c->name_constraints.p != NULL && !(c->critical & HF_EXT_nameConstraints);
    bool policy = c->policy_constraints.p != NULL && !(c->critical & HF_EXT_policyConstraints);
    hf_judge_value(k, "%s",
                   names && !webpki(j) ? "nameConstraints is not critical"
                   : policy            ? "policyConstraints is not critical"
                                       : "as required");
    hf_judge_limit(k, "constraints that are critical");
    return (names && !webpki(j)) || policy ? HF_E_CERT_PROFILE : HF_OK;
}

/* Letters, digits and hyphens: what hf_dns_valid allows, without underscores. */
static bool preferred_syntax(hf_bytes name)
{
    return hf_dns_valid(name, true) && memchr(name.p, '_', name.n) == NULL;
}

static hf_status judge_alt_names(const hf_judged *j, hf_check *k)
{
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    hf_san_start(j->cert, &it);
    if (k != NULL && hf_cert_names_text(j->cert, k->value, sizeof(k->value)) == 0)
        hf_judge_value(k, "none");
    hf_judge_limit(k, "DNS names in the preferred name syntax");
    while (hf_san_next(&it, &type, &value))
        if (type == HF_SAN_DNS && !preferred_syntax(value))
            return HF_E_CERT_PROFILE;
    if (webpki(j) && j->depth == 0 && !hf_name_empty(j->cert->subject) &&
        (j->cert->critical & HF_EXT_subjectAltName) != 0) {
        hf_judge_limit(k, "not critical, since the subject is not empty");
        return HF_E_CERT_PROFILE;
    }
    return HF_OK;
}

/* BR 7.1.4.3: a common name is a copy of one of the subjectAltNames, an address as text. Taken for
 * a copy too is the domain of a wildcard ("example.com" beside "*.example.com"), and, where there
 * are addresses alone, a DNS name: certificates like that are in use, no host is ever matched with
 * a common name, and none of them says in another way what a subjectAltName says. */
typedef struct common_name {
    hf_bytes value;
    bool listed, any_dns;
} common_name;

static void compare_common_name(common_name *cn, hf_san_type type, hf_bytes value)
{
    char text[64];
    hf_text t;
    hf_text_init(&t, text, sizeof(text));
    if (type == HF_SAN_IP) {
        hf_text_add_ip(&t, value);
        cn->listed |= hf_bytes_equal(hf_bytes_of(text, t.n), cn->value);
    } else if (type == HF_SAN_DNS) {
        cn->any_dns = true;
        cn->listed |= hf_bytes_equal(value, cn->value);
        if (value.n > 2 && value.p[0] == '*')
            cn->listed |= hf_bytes_equal((hf_bytes){value.p + 2, value.n - 2}, cn->value);
    }
}

/* With a dot and a last label that is no number: no address, in no notation ("0xC0A80101"). */
static bool is_domain(hf_bytes name)
{
    return hf_dns_valid(name, false) && memchr(name.p, '.', name.n) != NULL;
}

static bool common_name_listed(const hf_cert *c, hf_bytes common)
{
    hf_san_iter it;
    hf_san_type type;
    hf_bytes value;
    common_name cn = {.value = common};
    hf_san_start(c, &it);
    while (hf_san_next(&it, &type, &value))
        compare_common_name(&cn, type, value);
    return cn.listed || (!cn.any_dns && is_domain(common));
}

static hf_status judge_common_name(const hf_judged *j, hf_check *k)
{
    hf_name_iter it;
    hf_attribute a;
    if (k != NULL && hf_name_common(j->cert->subject, k->value, sizeof(k->value)) == 0)
        hf_judge_value(k, "none");
    hf_judge_limit(k, "a common name that is one of the subjectAltNames, or a wildcard's domain");
    if (!webpki(j))
        return HF_OK;
    hf_name_start(&it, j->cert->subject);
    for (bool seen = false; hf_name_next(&it, &a);) {
        if (!HF_OID_IS(a.oid, HF_OID_COMMON_NAME))
            continue;
        if (seen) { /* BR 7.1.2.7: no attribute twice, which also bounds what this costs */
            hf_judge_limit(k, "one common name");
            return HF_E_CERT_PROFILE;
        }
        seen = true;
        if (!common_name_listed(j->cert, a.value))
            return HF_E_CERT_PROFILE;
    }
    return HF_OK;
}

static hf_status judge_leaf_purposes(const hf_judged *j, hf_check *k)
{
    const hf_cert *c = j->cert;
    bool critical = (c->critical & HF_EXT_extKeyUsage) != 0;
    bool any = hf_judge_has_purpose(c, hf_bytes_of(HF_OID_ANY_EKU, sizeof(HF_OID_ANY_EKU) - 1));
    hf_judge_value(k, "%s%s%s", c->extended_key_usage.p == NULL ? "none" : "present",
                   critical ? ", critical" : "", any ? ", with anyExtendedKeyUsage" : "");
    hf_judge_limit(k, "purposes by name, not critical");
    bool good = c->extended_key_usage.p != NULL && !critical && !any;
    return good || !webpki(j) ? HF_OK : HF_E_CERT_PROFILE;
}

static hf_status judge_root_purposes(const hf_judged *j, hf_check *k)
{
    bool present = j->cert->extended_key_usage.p != NULL;
    hf_judge_value(k, present ? "present" : "none");
    hf_judge_limit(k, "none in a root");
    return webpki(j) && root(j) && present ? HF_E_CERT_PROFILE : HF_OK;
}

static hf_status judge_key_size(const hf_judged *j, hf_check *k)
{
    bool rsa = j->cert->key_type == HF_KEY_RSA || j->cert->key_type == HF_KEY_RSA_PSS;
    hf_judge_value(k, "%u bits", j->cert->key_bits);
    hf_judge_limit(k, "RSA keys of a multiple of 8 bits");
    return webpki(j) && rsa && j->cert->key_bits % 8 != 0 ? HF_E_CERT_PROFILE : HF_OK;
}

#define BOTH (HF_WHO_LEAF | HF_WHO_CA)

const hf_judge_row hf_profile_rows[] = {
    {"serialNumber", "RFC 5280 section 4.1.2.2", BOTH, judge_serial},
    {"names", "RFC 5280 section 4.1.2.6", BOTH, judge_names},
    {"timeForms", "RFC 5280 section 4.1.2.5", BOTH, judge_time_forms},
    {"keyUsageForm", "RFC 5280 section 4.2.1.3", BOTH, judge_key_usage_form},
    {"authorityKeyIdentifier", "RFC 5280 section 4.2.1.1", BOTH, judge_authority_key_id},
    {"subjectKeyIdentifier", "RFC 5280 section 4.2.1.2", BOTH, judge_subject_key_id},
    {"authority", "RFC 5280 section 4.2.1.9", BOTH, judge_basic_constraints},
    {"criticality", "RFC 5280 section 4.2.1.10", HF_WHO_CA, judge_criticality},
    {"alternativeNames", "RFC 5280 section 4.2.1.6", BOTH, judge_alt_names},
    {"commonName", "BR section 7.1.4.3", HF_WHO_LEAF, judge_common_name},
    {"purposes", "BR section 7.1.2.7.10", HF_WHO_LEAF, judge_leaf_purposes},
    {"purposes", "BR section 7.1.2.1.2", HF_WHO_CA, judge_root_purposes},
    {"keySize", "BR section 6.1.5", BOTH, judge_key_size},
};
const size_t hf_profile_row_count = sizeof(hf_profile_rows) / sizeof(hf_profile_rows[0]);
