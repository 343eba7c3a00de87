/* extensions.c: certificate extensions: their list, and the inside of each that is known. RFC 5280
 * section 4.2. */
#include "base/bytes.h"
#include "base/der.h"
#include "x509/cert_parse.h"
#include "x509/general_name.h"
#include "x509/oid.h"
#include "x509/text.h"

/* ---- the inside of each ---- */

/* cA FALSE should be left out in DER, but too many issuers write it to refuse it. */
static void read_basic_constraints(hf_reader *r, hf_cert *c)
{
    hf_reader s;
    hf_der_enter(r, &s, HF_DER_SEQUENCE, "basicConstraints");
    c->has_basic_constraints = true;
    if (hf_der_peek(&s) == HF_DER_BOOLEAN)
        c->is_ca = hf_der_boolean(&s, "cA");
    if (hf_reader_more(&s))
        c->path_len = (int)hf_der_small(&s, "pathLenConstraint");
    hf_reader_done(&s);
}

static void read_general_names(hf_reader *r, uint8_t tag, const char *name)
{
    hf_reader list;
    hf_general_name g;
    hf_der_enter(r, &list, tag, name);
    do {
        hf_general_name_read(&list, &g, false);
    } while (hf_reader_more(&list));
    hf_reader_done(&list);
}

/* GeneralSubtrees: minimum and maximum are judged when the constraint is used. */
static void read_subtrees(hf_reader *r, uint8_t tag, const char *name)
{
    hf_reader list, subtree;
    hf_general_name g;
    if (hf_der_peek(r) != tag)
        return;
    hf_der_enter(r, &list, tag, name);
    do {
        hf_der_enter(&list, &subtree, HF_DER_SEQUENCE, "GeneralSubtree");
        hf_general_name_read(&subtree, &g, true);
        if (hf_der_peek(&subtree) == HF_DER_CONTEXT(0))
            hf_der_value(&subtree, HF_DER_CONTEXT(0), "minimum");
        if (hf_der_peek(&subtree) == HF_DER_CONTEXT(1))
            hf_der_value(&subtree, HF_DER_CONTEXT(1), "maximum");
        hf_reader_done(&subtree);
    } while (hf_reader_more(&list));
    hf_reader_done(&list);
}

static void read_name_constraints(hf_reader *r, hf_cert_judgement *j)
{
    hf_reader s;
    hf_der_enter(r, &s, HF_DER_SEQUENCE, "nameConstraints");
    if (!s.failed && s.n == 0)
        hf_cert_judge(&s, 0, j, HF_E_CERT_MALFORMED, "nameConstraints",
                      "permittedSubtrees or excludedSubtrees", "an empty SEQUENCE");
    read_subtrees(&s, HF_DER_CONTEXT_CONSTRUCTED(0), "permittedSubtrees");
    read_subtrees(&s, HF_DER_CONTEXT_CONSTRUCTED(1), "excludedSubtrees");
    hf_reader_done(&s);
}

/* A SEQUENCE with at least one element, each of one tag; `inside` looks at each. */
static void read_list(hf_reader *r, const char *name, void (*inside)(hf_reader *list))
{
    hf_reader list;
    hf_der_enter(r, &list, HF_DER_SEQUENCE, name);
    do {
        inside(&list);
    } while (hf_reader_more(&list));
    hf_reader_done(&list);
}

static void key_purpose(hf_reader *list)
{
    hf_der_oid(list, "KeyPurposeId");
}

static void policy_information(hf_reader *list)
{
    hf_reader s;
    hf_der_enter(list, &s, HF_DER_SEQUENCE, "PolicyInformation");
    hf_der_oid(&s, "policyIdentifier");
    if (hf_reader_more(&s))
        hf_der_value(&s, HF_DER_SEQUENCE, "policyQualifiers");
    hf_reader_done(&s);
}

static void policy_mapping(hf_reader *list)
{
    hf_reader s;
    hf_der_enter(list, &s, HF_DER_SEQUENCE, "PolicyMapping");
    hf_der_oid(&s, "issuerDomainPolicy");
    hf_der_oid(&s, "subjectDomainPolicy");
    hf_reader_done(&s);
}

static void access_description(hf_reader *list)
{
    hf_reader s;
    hf_general_name g;
    hf_der_enter(list, &s, HF_DER_SEQUENCE, "AccessDescription");
    hf_der_oid(&s, "accessMethod");
    hf_general_name_read(&s, &g, false);
    hf_reader_done(&s);
}

static void distribution_point(hf_reader *list)
{
    hf_der_value(list, HF_DER_SEQUENCE, "DistributionPoint");
}

static void feature(hf_reader *list)
{
    hf_der_small(list, "Feature");
}

static void read_policy_constraints(hf_reader *r, hf_cert_judgement *j)
{
    hf_reader s;
    hf_der_enter(r, &s, HF_DER_SEQUENCE, "policyConstraints");
    if (!s.failed && s.n == 0)
        hf_cert_judge(&s, 0, j, HF_E_CERT_MALFORMED, "policyConstraints",
                      "requireExplicitPolicy or inhibitPolicyMapping", "an empty SEQUENCE");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(0))
        hf_der_natural_tagged(&s, HF_DER_CONTEXT(0), "requireExplicitPolicy");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(1))
        hf_der_natural_tagged(&s, HF_DER_CONTEXT(1), "inhibitPolicyMapping");
    hf_reader_done(&s);
}

/* keyIdentifier [0], authorityCertIssuer [1], authorityCertSerialNumber [2]: all may be absent. */
static void read_authority_key_id(hf_reader *r)
{
    hf_reader s;
    hf_der_enter(r, &s, HF_DER_SEQUENCE, "authorityKeyIdentifier");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(0))
        hf_der_value(&s, HF_DER_CONTEXT(0), "keyIdentifier");
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(1))
        read_general_names(&s, HF_DER_CONTEXT_CONSTRUCTED(1), "authorityCertIssuer");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(2))
        hf_der_integer_tagged(&s, HF_DER_CONTEXT(2), "authorityCertSerialNumber");
    hf_reader_done(&s);
}

/* Reads the value of a known extension and returns where its bytes are kept, if anywhere. */
static hf_bytes *read_known(hf_reader *r, uint32_t bit, hf_cert *c, hf_cert_judgement *j)
{
    switch (bit) {
    case HF_EXT_basicConstraints:
        read_basic_constraints(r, c);
        return NULL;
    case HF_EXT_keyUsage:
        c->has_key_usage = true;
        c->key_usage = hf_der_bit_list(r, "keyUsage");
        return NULL;
    case HF_EXT_subjectAltName:
        read_general_names(r, HF_DER_SEQUENCE, "subjectAltName");
        return &c->subject_alt_name;
    case HF_EXT_issuerAltName:
        read_general_names(r, HF_DER_SEQUENCE, "issuerAltName");
        return &c->issuer_alt_name;
    case HF_EXT_nameConstraints:
        read_name_constraints(r, j);
        return &c->name_constraints;
    case HF_EXT_extKeyUsage:
        read_list(r, "extKeyUsage", key_purpose);
        return &c->extended_key_usage;
    case HF_EXT_subjectKeyIdentifier:
        hf_der_value(r, HF_DER_OCTET_STRING, "subjectKeyIdentifier");
        return &c->subject_key_id;
    case HF_EXT_authorityKeyIdentifier:
        read_authority_key_id(r);
        return &c->authority_key_id;
    case HF_EXT_certificatePolicies:
        read_list(r, "certificatePolicies", policy_information);
        return &c->policies;
    case HF_EXT_policyMappings:
        read_list(r, "policyMappings", policy_mapping);
        return &c->policy_mappings;
    case HF_EXT_policyConstraints:
        read_policy_constraints(r, j);
        return &c->policy_constraints;
    case HF_EXT_inhibitAnyPolicy:
        hf_der_small(r, "inhibitAnyPolicy");
        return &c->inhibit_any_policy;
    case HF_EXT_cRLDistributionPoints:
        read_list(r, "cRLDistributionPoints", distribution_point);
        return &c->crl_distribution_points;
    case HF_EXT_authorityInfoAccess:
        read_list(r, "authorityInfoAccess", access_description);
        return &c->authority_info_access;
    case HF_EXT_sctList:
        hf_der_value(r, HF_DER_OCTET_STRING, "SignedCertificateTimestampList");
        return &c->sct_list;
    default:
        read_list(r, "tlsFeature", feature);
        return &c->tls_feature;
    }
}

/* ---- the list ---- */

typedef struct seen {
    uint32_t known; /* HF_EXT_ bits */
    hf_bytes others[HF_CERT_MOST_EXTENSIONS];
    size_t others_n;
    size_t count;
} seen;

static bool seen_before(seen *s, const hf_oid_extension *known, hf_bytes oid)
{
    if (known != NULL) {
        bool twice = (s->known & known->bit) != 0;
        s->known |= known->bit;
        return twice;
    }
    for (size_t i = 0; i < s->others_n; i++)
        if (hf_bytes_equal(s->others[i], oid))
            return true;
    s->others[s->others_n++] = oid; /* bounded by the check of `count` */
    return false;
}

static void refuse_duplicate(hf_reader *ext, const hf_oid_extension *known, hf_bytes oid,
                             hf_cert_judgement *j)
{
    char text[64];
    hf_text t;
    hf_text_init(&t, text, sizeof(text));
    hf_text_add_oid(&t, oid);
    hf_cert_judge(ext, 0, j, HF_E_CERT_DUPLICATE_EXTENSION, "extnID", "each extension once",
                  "%s a second time", known != NULL ? known->name : text);
}

/* An absent value leaves the reader at a byte that is no BOOLEAN. FALSE is the default and may not
 * be written (X.690 section 11.5). */
static bool read_critical(hf_reader *ext, hf_cert_judgement *j)
{
    if (hf_der_peek(ext) != HF_DER_BOOLEAN)
        return false;
    size_t start = ext->at;
    bool critical = hf_der_boolean(ext, "critical");
    if (!critical)
        hf_cert_judge(ext, start, j, HF_E_CERT_MALFORMED, "critical",
                      "TRUE, or nothing, since FALSE is the default", "FALSE");
    return critical;
}

static void read_extension(hf_reader *list, hf_cert *c, seen *s, hf_cert_judgement *j)
{
    hf_reader ext, value;
    hf_der_enter(list, &ext, HF_DER_SEQUENCE, "Extension");
    hf_bytes oid = hf_der_oid(&ext, "extnID");
    if (ext.failed)
        return;
    const hf_oid_extension *known = hf_oid_extension_find(oid);
    if (++s->count > HF_CERT_MOST_EXTENSIONS)
        hf_cert_judge(&ext, 0, j, HF_E_CERT_MALFORMED, "extensions", "at most 64 extensions",
                      "more");
    else if (seen_before(s, known, oid))
        refuse_duplicate(&ext, known, oid, j);
    bool critical = read_critical(&ext, j);
    hf_der_enter(&ext, &value, HF_DER_OCTET_STRING, known != NULL ? known->name : "extnValue");
    hf_bytes content = {value.p, value.n};
    if (known != NULL) {
        hf_bytes *place = read_known(&value, known->bit, c, j);
        if (place != NULL)
            *place = content;
        if (critical)
            c->critical |= known->bit;
        hf_reader_done(&value);
    } else if (critical && c->unknown_critical.p == NULL) {
        c->unknown_critical = oid;
    }
    hf_reader_done(&ext);
}

void hf_cert_read_extensions(hf_reader *r, hf_cert *c, hf_cert_judgement *j)
{
    seen s;
    s.known = 0;
    s.others_n = s.count = 0;
    hf_reader list;
    hf_der_enter(r, &list, HF_DER_SEQUENCE, "extensions");
    c->extensions = (hf_bytes){list.p, list.n};
    do {
        read_extension(&list, c, &s, j);
    } while (hf_reader_more(&list));
    hf_reader_done(&list);
}

hf_bytes hf_cert_key_identifier(hf_bytes extension, bool authority)
{
    hf_reader r, s;
    hf_reader_init(&r, extension, NULL);
    if (!authority)
        return hf_der_value(&r, HF_DER_OCTET_STRING, "subjectKeyIdentifier");
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "authorityKeyIdentifier");
    return hf_der_value(&s, HF_DER_CONTEXT(0), "keyIdentifier");
}
