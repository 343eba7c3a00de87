/* crl_scope.c: is this list about this certificate? Distribution points on both sides. RFC 5280
 * section 6.3.3 (b) and (d), sections 4.2.1.13 and 5.2.5. */
#include "base/bytes.h"
#include "base/der.h"
#include "base/der_write.h"
#include "x509/crl.h"
#include "x509/general_name.h"
#include "x509/name.h"

/* A DistributionPointName, with room for the whole name that a relative one stands for. */
typedef struct point_name {
    hf_bytes names;    /* content of GeneralNames; empty for a relative name */
    hf_bytes relative; /* the whole Name; empty for a full name or one that is too long */
    uint8_t room[1024];
} point_name;

/* The issuer's name with one more RDN: what nameRelativeToCRLIssuer means. */
static hf_bytes append_rdn(point_name *p, hf_bytes issuer, hf_bytes rdn)
{
    hf_writer w;
    hf_reader r;
    hf_writer_init(&w, p->room, sizeof(p->room));
    hf_reader_init(&r, issuer, NULL);
    size_t name = hf_der_open(&w, HF_DER_SEQUENCE);
    hf_write_bytes(&w, hf_der_value(&r, HF_DER_SEQUENCE, "issuer"));
    hf_der_write(&w, HF_DER_SET, rdn);
    hf_der_close(&w, name);
    hf_bytes whole = hf_writer_bytes(&w), read = {NULL, 0};
    if (hf_writer_status(&w) == HF_OK) {
        hf_reader_init(&r, whole, NULL);
        read = hf_name_read(&r, "nameRelativeToCRLIssuer");
    }
    return read;
}

static void read_point_name(point_name *p, hf_bytes name, hf_bytes issuer)
{
    hf_reader r;
    p->names = p->relative = (hf_bytes){NULL, 0};
    hf_reader_init(&r, name, NULL);
    if (hf_der_peek(&r) == HF_DER_CONTEXT_CONSTRUCTED(0))
        p->names = hf_der_value(&r, HF_DER_CONTEXT_CONSTRUCTED(0), "fullName");
    else
        p->relative = append_rdn(
            p, issuer, hf_der_value(&r, HF_DER_CONTEXT_CONSTRUCTED(1), "nameRelativeToCRLIssuer"));
}

/* The names one after the other; a relative one is a single directoryName. */
static bool next_name(const point_name *p, hf_reader *at, bool *first, hf_general_name *g)
{
    if (*first) {
        *first = false;
        hf_reader_init(at, p->names, NULL);
        if (p->relative.n != 0) {
            *g = (hf_general_name){.type = 4, .value = p->relative};
            return true;
        }
    }
    if (!hf_reader_more(at))
        return false;
    hf_general_name_read(at, g, false);
    return !at->failed;
}

static bool same_name(const hf_general_name *a, const hf_general_name *b)
{
    if (a->type != b->type)
        return false;
    return a->type == 4 ? hf_name_equal(a->value, b->value) : hf_bytes_equal(a->value, b->value);
}

#define MOST_COMPARISONS 4096U /* of the names of two points; more count as no match */

static bool share_a_name(const point_name *a, const point_name *b)
{
    hf_reader at_a, at_b;
    hf_general_name x, y;
    bool first_a = true;
    unsigned left = MOST_COMPARISONS;
    while (next_name(a, &at_a, &first_a, &x))
        for (bool first_b = true; next_name(b, &at_b, &first_b, &y);)
            if (left-- == 0 || same_name(&x, &y))
                return left != UINT32_MAX;
    return false;
}

/* DistributionPoint. */
typedef struct point {
    hf_bytes name; /* DistributionPointName with its header; empty when absent */
    uint16_t reasons;
    bool other_issuer; /* its lists are another authority's */
} point;

static bool next_point(hf_reader *list, const hf_cert *cert, point *p)
{
    hf_reader s, names;
    hf_general_name g;
    if (!hf_reader_more(list))
        return false;
    *p = (point){.reasons = HF_CRL_ALL_REASONS};
    hf_der_enter(list, &s, HF_DER_SEQUENCE, "DistributionPoint");
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(0))
        p->name = hf_crl_point_name(&s);
    if (hf_der_peek(&s) == HF_DER_CONTEXT(1))
        p->reasons = hf_crl_reason_flags(&s, HF_DER_CONTEXT(1), "reasons") & HF_CRL_ALL_REASONS;
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(2)) {
        hf_der_enter(&s, &names, HF_DER_CONTEXT_CONSTRUCTED(2), "cRLIssuer");
        p->other_issuer = true;
        while (hf_reader_more(&names)) {
            hf_general_name_read(&names, &g, false);
            if (!names.failed && g.type == 4 && hf_name_equal(g.value, cert->issuer))
                p->other_issuer = false;
        }
    }
    return !s.failed;
}

/* The list is for one distribution point: is it one of the certificate's? Without the extension, a
 * point by the issuer's own name stands for it (the end of section 6.3.3). */
static uint16_t reasons_by_point(const hf_crl *crl, const hf_cert *cert)
{
    hf_reader r, list;
    point p;
    point_name ours, theirs;
    uint16_t reasons = 0;
    read_point_name(&theirs, crl->distribution_point, crl->issuer);
    hf_reader_init(&r, cert->crl_distribution_points, NULL);
    hf_der_enter(&r, &list, HF_DER_SEQUENCE, "cRLDistributionPoints");
    while (next_point(&list, cert, &p)) {
        if (p.other_issuer || p.name.n == 0)
            continue;
        read_point_name(&ours, p.name, cert->issuer);
        if (share_a_name(&ours, &theirs))
            reasons |= p.reasons;
    }
    if (cert->crl_distribution_points.p == NULL) {
        ours.names = (hf_bytes){NULL, 0};
        ours.relative = cert->issuer;
        reasons = share_a_name(&ours, &theirs) ? HF_CRL_ALL_REASONS : 0;
    }
    return reasons;
}

uint16_t hf_crl_covers(const hf_crl *crl, const hf_cert *cert)
{
    uint16_t reasons = HF_CRL_ALL_REASONS;
    if (crl->only_attribute_certs || (crl->only_user_certs && cert->is_ca) ||
        (crl->only_ca_certs && !cert->is_ca))
        return 0;
    if (crl->only_some_reasons != 0)
        reasons &= crl->only_some_reasons;
    if (crl->distribution_point.p != NULL)
        reasons &= reasons_by_point(crl, cert);
    return reasons;
}
