/* constraints.c: name constraints: what an authority may issue for. */
#include "x509/constraints.h"

#include "base/bytes.h"
#include "base/der.h"
#include "x509/general_name.h"
#include "x509/host.h"
#include "x509/name.h"
#include "x509/oid.h"
#include "x509/text.h"

#include <string.h>

static void describe(char *text, size_t size, const char *verb, const hf_general_name *g)
{
    hf_text t;
    hf_text_init(&t, text, size);
    hf_text_addf(&t, "%s%s ", verb, hf_general_name_type(g->type));
    if (g->type == 7 && (g->value.n == 8 || g->value.n == 32)) {
        size_t half = g->value.n / 2;
        hf_text_add_ip(&t, (hf_bytes){g->value.p, half});
        hf_text_add(&t, "/");
        hf_text_add_ip(&t, (hf_bytes){g->value.p + half, half});
    } else if (g->type == 7) {
        hf_text_add_ip(&t, g->value);
    } else if (g->type == 4) {
        char name[HF_ERROR_TEXT];
        hf_name_text(g->value, name, sizeof(name));
        hf_text_add(&t, name);
    } else if (g->type == 1 || g->type == 2 || g->type == 6) {
        hf_text_add_escaped(&t, g->value, "\\");
    }
    hf_text_mark_cut(&t);
}

/* ---- the forms of a constraint ---- */

static hf_bytes without_dot(hf_bytes v)
{
    return v.n != 0 && v.p[0] == '.' ? (hf_bytes){v.p + 1, v.n - 1} : v;
}

static bool mask_is_prefix(hf_bytes v)
{
    const uint8_t *mask = v.p + v.n / 2;
    bool ended = false;
    for (size_t i = 0; i < v.n / 2; i++)
        for (int bit = 7; bit >= 0; bit--) {
            bool one = (mask[i] >> bit & 1) != 0;
            if (one && ended)
                return false;
            ended |= !one;
        }
    return true;
}

/* A name from below, and what comparing it needs, worked out once: a name may be long, and is
 * compared with each of thousands of constraints. */
typedef struct judged_name {
    hf_general_name g;
    hf_bytes host;   /* of a mailbox or URI */
    bool comparable; /* else malformed: never permitted and always excluded, once its form is
                        constrained */
} judged_name;

/* The part after the only '@'; .p is NULL when there is none, or more than one. A quoted local
 * part with an '@' inside is legal and unheard of: refused. */
static hf_bytes mail_host(hf_bytes mailbox)
{
    const uint8_t *at = mailbox.n == 0 ? NULL : memchr(mailbox.p, '@', mailbox.n);
    if (at == NULL || at == mailbox.p)
        return (hf_bytes){NULL, 0};
    hf_bytes host = {at + 1, mailbox.n - (size_t)(at + 1 - mailbox.p)};
    if (host.n == 0 || memchr(host.p, '@', host.n) != NULL || !hf_dns_valid(host, false))
        return (hf_bytes){NULL, 0};
    return host;
}

static bool well_formed(const hf_general_name *g, bool strict)
{
    hf_bytes v = g->value;
    switch (g->type) {
    case 1:
        if (v.n != 0 && memchr(v.p, '@', v.n) != NULL)
            return mail_host(v).p != NULL;
        return v.n == 0 || hf_dns_valid(without_dot(v), false);
    case 2:
        if (strict && v.n != 0 && v.p[0] == '.')
            return false;
        return v.n == 0 || hf_dns_valid(without_dot(v), false);
    case 6:
        return v.n == 0 || hf_dns_valid(without_dot(v), false);
    case 7:
        return mask_is_prefix(v);
    default:
        return true; /* checked when parsed, or refused when met */
    }
}

/* ---- does a name lie within a constraint? ---- */

/* What a constraint is compared for: a permitted one must contain all that the name stands for, an
 * excluded one must contain none of it. They differ for wildcards. */
typedef enum side { PERMITTED, EXCLUDED } side;

/* With a leading dot: only what lies below (and, to be safe, the name itself when excluded). */
static bool dns_contains(hf_bytes name, hf_bytes base, side s)
{
    hf_bytes bare = without_dot(base);
    if (!hf_dns_within(name, bare))
        return false;
    return bare.n == base.n || s == EXCLUDED || name.n > bare.n;
}

static bool match_dns(hf_bytes name, hf_bytes base, side s)
{
    if (name.n < 2 || name.p[0] != '*')
        return dns_contains(name, base, s);
    hf_bytes parent = {name.p + 2, name.n - 2}; /* of "*.parent" */
    if (dns_contains(parent, base, s))
        return true;
    if (s == PERMITTED)
        return base.n != 0 && base.p[0] == '.' && hf_ascii_equal(without_dot(base), parent);
    hf_bytes bare = without_dot(base);
    const uint8_t *dot = bare.n == 0 ? NULL : memchr(bare.p, '.', bare.n);
    if (dot == NULL)
        return false;
    /* "*.parent" also stands for "label.parent", which is what is excluded. */
    return hf_ascii_equal((hf_bytes){dot + 1, bare.n - (size_t)(dot + 1 - bare.p)}, parent);
}

static bool match_ip(hf_bytes address, hf_bytes constraint)
{
    if (constraint.n != 2 * address.n)
        return false;
    for (size_t i = 0; i < address.n; i++)
        if ((address.p[i] ^ constraint.p[i]) & constraint.p[address.n + i])
            return false;
    return true;
}

/* A host name against "host" (exactly) or ".domain" (below it). */
static bool match_host(hf_bytes host, hf_bytes base)
{
    if (base.n == 0)
        return true;
    if (base.p[0] == '.')
        return host.n >= base.n && hf_dns_within(host, without_dot(base));
    return hf_ascii_equal(host, base);
}

/* A mailbox's local part is compared exactly (RFC 5321 section 2.4), its host without case. */
static bool match_mail(const judged_name *name, hf_bytes base)
{
    hf_bytes mailbox = name->g.value, host = name->host, base_host = mail_host(base);
    if (base_host.p == NULL)
        return match_host(host, base);
    hf_bytes local = {mailbox.p, mailbox.n - host.n}, base_local = {base.p, base.n - base_host.n};
    return hf_bytes_equal(local, base_local) && hf_ascii_equal(host, base_host);
}

/* The host of "scheme://user@host:port/path"; .p is NULL when it has none that is a DNS name. */
static hf_bytes uri_host(hf_bytes uri)
{
    size_t i = 0;
    while (i < uri.n && uri.p[i] != ':')
        i++;
    if (uri.n - i < 4 || uri.p[i + 1] != '/' || uri.p[i + 2] != '/')
        return (hf_bytes){NULL, 0};
    size_t start = i + 3, end = start;
    while (end < uri.n && uri.p[end] != '/' && uri.p[end] != '?' && uri.p[end] != '#')
        end++;
    for (size_t k = start; k < end; k++)
        if (uri.p[k] == '@')
            start = k + 1;
    size_t stop = start;
    while (stop < end && uri.p[stop] != ':')
        stop++;
    hf_bytes host = {uri.p + start, stop - start};
    return hf_dns_valid(host, false) ? host : (hf_bytes){NULL, 0};
}

static bool match(const judged_name *name, const hf_general_name *base, side s)
{
    switch (name->g.type) {
    case 1:
        return match_mail(name, base->value);
    case 2:
        return match_dns(name->g.value, base->value, s);
    case 4:
        return hf_name_within(base->value, name->g.value);
    case 6:
        return match_host(name->host, base->value);
    case 7:
        return match_ip(name->g.value, base->value);
    default:
        return s == EXCLUDED; /* a form without a rule: never permitted, always excluded */
    }
}

static judged_name look_at(const hf_general_name *g)
{
    judged_name name = {*g, {NULL, 0}, true};
    if (g->type == 1)
        name.host = mail_host(g->value);
    else if (g->type == 6)
        name.host = uri_host(g->value);
    if (g->type == 2)
        name.comparable = hf_dns_valid(g->value, true);
    else if (g->type == 1 || g->type == 6)
        name.comparable = name.host.p != NULL;
    return name;
}

/* ---- walking the subtrees ---- */

typedef struct subtrees {
    hf_bytes permitted, excluded;
} subtrees;

static subtrees find_subtrees(const hf_cert *ca)
{
    subtrees t = {{NULL, 0}, {NULL, 0}};
    hf_reader r, s;
    hf_reader_init(&r, ca->name_constraints, NULL);
    hf_der_enter(&r, &s, HF_DER_SEQUENCE, "nameConstraints");
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(0))
        t.permitted = hf_der_value(&s, HF_DER_CONTEXT_CONSTRUCTED(0), "permittedSubtrees");
    if (hf_der_peek(&s) == HF_DER_CONTEXT_CONSTRUCTED(1))
        t.excluded = hf_der_value(&s, HF_DER_CONTEXT_CONSTRUCTED(1), "excludedSubtrees");
    return t;
}

/* The next subtree's base; `*bounded` when it has minimum or maximum, which RFC 5280 has no use
 * for. Its form was checked when the certificate was read. */
static bool next_base(hf_reader *list, hf_general_name *base, bool *bounded)
{
    hf_reader subtree;
    if (!hf_reader_more(list))
        return false;
    hf_der_enter(list, &subtree, HF_DER_SEQUENCE, "GeneralSubtree");
    hf_general_name_again(&subtree, base);
    *bounded = hf_reader_more(&subtree);
    return !subtree.failed;
}

static hf_status list_valid(hf_bytes list, bool strict, hf_constraint_finding *f)
{
    hf_reader r;
    hf_general_name base;
    bool bounded;
    hf_reader_init(&r, list, NULL);
    while (next_base(&r, &base, &bounded)) {
        if (!bounded && well_formed(&base, strict))
            continue;
        describe(f->name, sizeof(f->name), "a constraint on ", &base);
        hf_text t;
        hf_text_init(&t, f->constraint, sizeof(f->constraint));
        hf_text_add(&t, bounded ? "no minimum and no maximum"
                                : "a plain name, a mailbox, or an address with a prefix mask");
        return HF_E_CERT_NAME_CONSTRAINTS;
    }
    return HF_OK;
}

hf_status hf_constraints_valid(const hf_cert *ca, bool strict, hf_constraint_finding *f)
{
    subtrees t = find_subtrees(ca);
    hf_status s = list_valid(t.permitted, strict, f);
    return s != HF_OK ? s : list_valid(t.excluded, strict, f);
}

static hf_status check_excluded(hf_bytes list, const judged_name *name, unsigned *budget,
                                hf_constraint_finding *f)
{
    hf_reader r;
    hf_general_name base;
    bool bounded;
    hf_reader_init(&r, list, NULL);
    while (next_base(&r, &base, &bounded)) {
        if ((*budget)-- == 0) {
            *budget = 0;
            return HF_E_PATH_BUDGET;
        }
        if (base.type != name->g.type || (name->comparable && !match(name, &base, EXCLUDED)))
            continue;
        describe(f->name, sizeof(f->name), "", &name->g);
        describe(f->constraint, sizeof(f->constraint), "nothing within the excluded ", &base);
        return HF_E_CERT_NAME_CONSTRAINTS;
    }
    return HF_OK;
}

static hf_status check_permitted(hf_bytes list, const judged_name *name, unsigned *budget,
                                 hf_constraint_finding *f)
{
    hf_reader r;
    hf_general_name base, first = {0};
    bool bounded, constrained = false;
    hf_reader_init(&r, list, NULL);
    while (next_base(&r, &base, &bounded)) {
        if ((*budget)-- == 0) {
            *budget = 0;
            return HF_E_PATH_BUDGET;
        }
        if (base.type != name->g.type)
            continue;
        if (!constrained)
            first = base;
        constrained = true;
        if (name->comparable && match(name, &base, PERMITTED))
            return HF_OK;
    }
    if (!constrained)
        return HF_OK;
    describe(f->name, sizeof(f->name), "", &name->g);
    describe(f->constraint, sizeof(f->constraint), "within the permitted ", &first);
    return HF_E_CERT_NAME_CONSTRAINTS;
}

static hf_status check_name(const subtrees *t, const hf_general_name *g, unsigned *budget,
                            hf_constraint_finding *f)
{
    const judged_name name = look_at(g);
    hf_status s = check_excluded(t->excluded, &name, budget, f);
    return s != HF_OK ? s : check_permitted(t->permitted, &name, budget, f);
}

/* Legacy: mail addresses in the subject are under the rfc822Name constraints too. */
static hf_status check_subject(const subtrees *t, hf_bytes subject, unsigned *budget,
                               hf_constraint_finding *f)
{
    hf_general_name g = {.type = 4, .value = subject};
    hf_name_iter it;
    hf_attribute a;
    if (hf_name_empty(subject))
        return HF_OK;
    hf_status s = check_name(t, &g, budget, f);
    hf_name_start(&it, subject);
    while (s == HF_OK && hf_name_next(&it, &a)) {
        if (!HF_OID_IS(a.oid, HF_OID_EMAIL_ADDRESS))
            continue;
        g = (hf_general_name){.type = 1, .value = a.value};
        s = check_name(t, &g, budget, f);
    }
    return s;
}

hf_status hf_constraints_check(const hf_cert *ca, const hf_cert *below, unsigned *budget,
                               hf_constraint_finding *f)
{
    subtrees t = find_subtrees(ca);
    hf_san_iter it;
    hf_general_name g;
    hf_status s = check_subject(&t, below->subject, budget, f);
    hf_san_start(below, &it);
    while (s == HF_OK && hf_san_next_any(&it, &g))
        s = check_name(&t, &g, budget, f);
    return s;
}
