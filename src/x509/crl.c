/* crl.c: a certificate revocation list's DER, read once, front to back, without a copy. RFC 5280
 * section 5. What is read here is judged in revocation.c. */
#include "x509/crl.h"

#include "base/bytes.h"
#include "base/der.h"
#include "crypto/key.h"
#include "x509/cert_parse.h"
#include "x509/general_name.h"
#include "x509/name.h"
#include "x509/oid.h"

#define MOST_EXTENSIONS 64U
#define ENUMERATED      0x0a

typedef struct extension {
    hf_bytes oid, content;
    bool critical;
} extension;

/* Extension; its content is left to whoever knows the OID. */
static void read_extension(hf_reader *list, extension *x)
{
    hf_reader ext;
    *x = (extension){.critical = false};
    hf_der_enter(list, &ext, HF_DER_SEQUENCE, "Extension");
    x->oid = hf_der_oid(&ext, "extnID");
    if (hf_der_peek(&ext) == HF_DER_BOOLEAN)
        x->critical = hf_der_boolean(&ext, "critical");
    x->content = hf_der_value(&ext, HF_DER_OCTET_STRING, "extnValue");
    hf_reader_done(&ext);
}

/* A reader over an extension's content that fails `list` when it fails. */
static void enter_content(hf_reader *list, hf_reader *inside, const extension *x)
{
    hf_reader_init(inside, x->content, NULL);
    if (list->failed)
        return;
    inside->parent = list;
    inside->base = list->base + (size_t)(x->content.p - list->p);
}

static void note_unknown(hf_crl *c, const extension *x)
{
    if (x->critical && c->unknown_critical.p == NULL)
        c->unknown_critical = x->oid;
}

/* ---- the extensions of an entry: section 5.3 ---- */

#define OID_REASON_CODE        HF_OID_CE("\x15")
#define OID_INVALIDITY_DATE    HF_OID_CE("\x18")
#define OID_CERTIFICATE_ISSUER HF_OID_CE("\x1d")

static int read_reason(hf_reader *r)
{
    hf_bytes v = hf_der_value(r, ENUMERATED, "CRLReason");
    if (!r->failed && v.n != 1)
        hf_reader_fail(r, HF_E_DECODE, "CRLReason");
    return v.n == 1 ? v.p[0] : 0;
}

/* `c` is NULL when a list that was read before is walked again. */
static void read_entry_extension(hf_reader *list, hf_crl *c, int *reason)
{
    extension x;
    hf_reader inside;
    read_extension(list, &x);
    enter_content(list, &inside, &x);
    if (HF_OID_IS(x.oid, OID_REASON_CODE)) {
        *reason = read_reason(&inside);
        hf_reader_done(&inside);
    } else if (HF_OID_IS(x.oid, OID_CERTIFICATE_ISSUER)) {
        if (c != NULL)
            c->is_indirect = true; /* of another issuer's certificate */
    } else if (!HF_OID_IS(x.oid, OID_INVALIDITY_DATE) && c != NULL) {
        note_unknown(c, &x);
    }
}

static void read_entry(hf_reader *list, hf_crl *c, hf_crl_entry *entry)
{
    hf_reader one, exts;
    *entry = (hf_crl_entry){.reason = 0};
    hf_der_enter(list, &one, HF_DER_SEQUENCE, "revokedCertificate");
    entry->serial = hf_der_integer(&one, "userCertificate");
    entry->revoked_s = hf_der_time(&one, "revocationDate");
    if (hf_reader_more(&one)) {
        hf_der_enter(&one, &exts, HF_DER_SEQUENCE, "crlEntryExtensions");
        do {
            read_entry_extension(&exts, c, &entry->reason);
        } while (hf_reader_more(&exts));
        hf_reader_done(&exts);
    }
    hf_reader_done(&one);
}

static void read_entries(hf_reader *tbs, hf_crl *c, hf_cert_judgement *j)
{
    hf_reader list;
    hf_crl_entry entry;
    if (hf_der_peek(tbs) != HF_DER_SEQUENCE)
        return;
    hf_der_enter(tbs, &list, HF_DER_SEQUENCE, "revokedCertificates");
    c->entries = (hf_bytes){list.p, list.n};
    while (hf_reader_more(&list)) {
        size_t start = list.at;
        if (c->entry_count++ == HF_CRL_MOST_ENTRIES)
            hf_cert_judge(&list, start, j, HF_E_CRL_MALFORMED, "revokedCertificates",
                          "at most 16777216 entries", "more");
        read_entry(&list, c, &entry);
    }
    hf_reader_done(&list);
}

bool hf_crl_next(const hf_crl *crl, size_t *at, hf_crl_entry *entry)
{
    hf_reader list;
    if (*at >= crl->entries.n)
        return false;
    hf_reader_init(&list, crl->entries, NULL);
    list.at = *at;
    read_entry(&list, NULL, entry);
    *at = list.failed ? crl->entries.n : list.at;
    return !list.failed;
}

/* ---- the extensions of the list: section 5.2 ---- */

static const struct {
    hf_bytes oid;
    uint32_t bit;
} known[] = {
#define OID(text)                                                                                  \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
    {OID(HF_OID_CE("\x23")), HF_CRL_authorityKeyIdentifier},
    {OID(HF_OID_CE("\x12")), HF_CRL_issuerAltName},
    {OID(HF_OID_CE("\x14")), HF_CRL_cRLNumber},
    {OID(HF_OID_CE("\x1b")), HF_CRL_deltaCRLIndicator},
    {OID(HF_OID_CE("\x1c")), HF_CRL_issuingDistributionPoint},
    {OID(HF_OID_CE("\x2e")), HF_CRL_freshestCRL},
    {OID("\x2b\x06\x01\x05\x05\x07\x01\x01"), HF_CRL_authorityInfoAccess},
#undef OID
};

static uint32_t known_bit(hf_bytes oid)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (hf_bytes_equal(known[i].oid, oid))
            return known[i].bit;
    return 0;
}

/* An IMPLICIT BOOLEAN, whose default is FALSE. */
static bool read_flag(hf_reader *r, unsigned n, const char *name)
{
    if (hf_der_peek(r) != HF_DER_CONTEXT(n))
        return false;
    hf_bytes v = hf_der_value(r, HF_DER_CONTEXT(n), name);
    if (!r->failed && (v.n != 1 || v.p[0] != 0xff))
        hf_reader_fail(r, HF_E_DECODE, name);
    return v.n == 1 && v.p[0] == 0xff;
}

uint16_t hf_crl_reason_flags(hf_reader *r, uint8_t tag, const char *name)
{
    hf_bytes v = hf_der_value(r, tag, name);
    uint16_t flags = 0;
    if (!r->failed && (v.n < 2 || v.n > 3 || v.p[0] > 7))
        hf_reader_fail(r, HF_E_DECODE, name);
    for (unsigned i = 0; v.n >= 2 && v.n <= 3 && i < 8 * (v.n - 1); i++)
        if (v.p[1 + i / 8] >> (7 - i % 8) & 1)
            flags |= (uint16_t)(1U << i);
    return flags;
}

/* DistributionPointName: fullName [0] GeneralNames, or nameRelativeToCRLIssuer [1]. */
hf_bytes hf_crl_point_name(hf_reader *r)
{
    hf_reader explicit, names;
    hf_general_name g;
    hf_der_enter(r, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "distributionPoint");
    size_t inner = explicit.at;
    if (hf_der_peek(&explicit) == HF_DER_CONTEXT_CONSTRUCTED(0)) {
        hf_der_enter(&explicit, &names, HF_DER_CONTEXT_CONSTRUCTED(0), "fullName");
        do {
            hf_general_name_read(&names, &g, false);
        } while (hf_reader_more(&names));
        hf_reader_done(&names);
    } else {
        hf_der_value(&explicit, HF_DER_CONTEXT_CONSTRUCTED(1), "nameRelativeToCRLIssuer");
    }
    hf_bytes inside = hf_der_since(&explicit, inner);
    hf_reader_done(&explicit);
    return r->failed ? (hf_bytes){NULL, 0} : inside;
}

static void read_distribution_point(hf_reader *r, hf_crl *c)
{
    hf_reader s;
    c->has_distribution_point = true;
    hf_der_enter(r, &s, HF_DER_SEQUENCE, "issuingDistributionPoint");
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(0))
        c->distribution_point = hf_crl_point_name(&s);
    c->only_user_certs = read_flag(&s, 1, "onlyContainsUserCerts");
    c->only_ca_certs = read_flag(&s, 2, "onlyContainsCACerts");
    if (hf_der_peek(&s) == HF_DER_CONTEXT(3))
        c->only_some_reasons = hf_crl_reason_flags(&s, HF_DER_CONTEXT(3), "onlySomeReasons");
    c->is_indirect |= read_flag(&s, 4, "indirectCRL");
    c->only_attribute_certs = read_flag(&s, 5, "onlyContainsAttributeCerts");
    hf_reader_done(&s);
}

static void read_known(hf_reader *r, uint32_t bit, const extension *x, hf_crl *c)
{
    switch (bit) {
    case HF_CRL_cRLNumber:
        c->number = hf_der_integer(r, "cRLNumber");
        break;
    case HF_CRL_deltaCRLIndicator:
        hf_der_integer(r, "deltaCRLIndicator");
        c->is_delta = true;
        break;
    case HF_CRL_issuingDistributionPoint:
        read_distribution_point(r, c);
        break;
    case HF_CRL_authorityKeyIdentifier:
        hf_der_value(r, HF_DER_SEQUENCE, "authorityKeyIdentifier");
        c->authority_key_id = x->content;
        break;
    default:
        hf_der_value(r, HF_DER_SEQUENCE, "extnValue");
        break;
    }
    hf_reader_done(r);
}

static void read_extensions(hf_reader *tbs, hf_crl *c, hf_cert_judgement *j)
{
    hf_reader explicit, list, inside;
    extension x;
    uint32_t seen = 0;
    unsigned count = 0;
    if (hf_der_peek(tbs) != HF_DER_CONTEXT_CONSTRUCTED(0))
        return;
    size_t begin = tbs->at;
    hf_der_enter(tbs, &explicit, HF_DER_CONTEXT_CONSTRUCTED(0), "crlExtensions");
    hf_der_enter(&explicit, &list, HF_DER_SEQUENCE, "crlExtensions");
    do {
        size_t start = list.at;
        read_extension(&list, &x);
        uint32_t bit = known_bit(x.oid);
        if ((seen & bit) != 0 || ++count > MOST_EXTENSIONS)
            hf_cert_judge(&list, start, j, HF_E_CRL_MALFORMED, "crlExtensions",
                          "each extension once, at most 64", "another");
        seen |= bit;
        enter_content(&list, &inside, &x);
        if (bit != 0)
            read_known(&inside, bit, &x, c);
        else
            note_unknown(c, &x);
        c->critical |= x.critical ? bit : 0;
    } while (hf_reader_more(&list));
    hf_reader_done(&list);
    hf_reader_done(&explicit);
    if (c->version < 2)
        hf_cert_judge(tbs, begin, j, HF_E_CRL_MALFORMED, "crlExtensions",
                      "extensions in v2 lists only", "a v1 list with extensions");
}

/* ---- the list ---- */

static void read_version(hf_reader *tbs, hf_crl *c, hf_cert_judgement *j)
{
    size_t start = tbs->at;
    c->version = 1;
    if (hf_der_peek(tbs) != HF_DER_INTEGER)
        return;
    uint32_t v = hf_der_small(tbs, "version");
    if (v != 1)
        hf_cert_judge(tbs, start, j, HF_E_CRL_MALFORMED, "version", "v2 (1), or none for v1", "%u",
                      (unsigned)v);
    c->version = 2;
}

static void read_times(hf_reader *tbs, hf_crl *c)
{
    c->this_update_s = hf_der_time(tbs, "thisUpdate");
    int tag = hf_der_peek(tbs);
    c->has_next_update = tag == HF_DER_UTC_TIME || tag == HF_DER_GENERALIZED_TIME;
    if (c->has_next_update)
        c->next_update_s = hf_der_time(tbs, "nextUpdate");
}

static void read_tbs(hf_reader *crl, hf_crl *c, hf_bytes *inner, hf_cert_judgement *j)
{
    hf_reader tbs;
    size_t start = crl->at;
    hf_der_enter(crl, &tbs, HF_DER_SEQUENCE, "tbsCertList");
    read_version(&tbs, c, j);
    *inner = hf_cert_read_algorithm(&tbs, "signature");
    c->issuer = hf_name_read(&tbs, "issuer");
    read_times(&tbs, c);
    read_entries(&tbs, c, j);
    read_extensions(&tbs, c, j);
    hf_reader_done(&tbs);
    c->tbs = hf_der_since(crl, start);
}

hf_status hf_crl_parse(hf_bytes der, hf_crl *out, hf_error *e)
{
    hf_crl c = {.der = der};
    hf_cert_judgement j = {0};
    hf_reader r, crl;
    hf_bytes inner;
    hf_reader_init(&r, der, NULL);
    r.name = "CertificateList";
    hf_der_enter(&r, &crl, HF_DER_SEQUENCE, "CertificateList");
    read_tbs(&crl, &c, &inner, &j);
    size_t start = crl.at;
    c.signature_algorithm = hf_cert_read_algorithm(&crl, "signatureAlgorithm");
    if (!hf_bytes_equal(inner, c.signature_algorithm))
        hf_cert_judge(&crl, start, &j, HF_E_CRL_MALFORMED, "signatureAlgorithm",
                      "the same as signature inside tbsCertList (RFC 5280 section 5.1.1.2)",
                      "another algorithm or parameters");
    c.signature = hf_der_bits(&crl, "signatureValue");
    hf_reader_done(&crl);
    if (!hf_reader_done(&r))
        return hf_cert_parse_status(&r, &j, HF_E_CRL_MALFORMED, "CertificateList", e);
    c.signed_with = hf_sigscheme_of_algorithm(c.signature_algorithm, &c.signed_with_name);
    *out = c;
    return HF_OK;
}

const char *hf_crl_reason_name(int reason)
{
    static const char *const names[] = {
        "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", "unknown reason",
        "removeFromCRL", "privilegeWithdrawn",   "aACompromise",
    };
    return reason >= 0 && reason <= 10 ? names[reason] : "unknown reason";
}
