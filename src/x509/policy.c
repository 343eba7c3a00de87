/* policy.c: certificate policies along a path.
 *
 * RFC 5280 builds a tree, whose size a hostile chain makes exponential (RFC 9618 section 3); RFC
 * 9618 makes a graph of it. Of that graph the verdict needs its lowest level alone: which policies
 * the next certificate may have, with anyPolicy as a flag beside them, and of each whether a way up
 * to where anyPolicy was left leads to a policy that the user takes (the
 * user-constrained-policy-set of section 5.4 is not empty exactly when one of the last level's has
 * such a way). What has no child drops out by itself, since only the lowest level is kept. */
#include "x509/policy.h"

#include "base/der.h"
#include "x509/oid.h"
#include "x509/text.h"

#include <string.h>

#define MOST_POLICIES                                                                              \
    128U /* expected at one level; a path that needs more counts as having none                    \
          */

typedef struct policy {
    hf_bytes oid;
    bool wanted; /* by the user, where it or what was mapped to it began */
} policy;

typedef struct policy_set {
    policy policy[MOST_POLICIES];
    size_t n;
    bool any;
} policy_set;

typedef struct policy_state {
    const hf_policy_inputs *inputs;
    policy_set valid;
    uint32_t explicit_policy, policy_mapping, inhibit_any_policy; /* RFC 5280 section 6.1.2 */
} policy_state;

static const policy *find(const policy_set *s, hf_bytes oid)
{
    for (size_t i = 0; i < s->n; i++)
        if (hf_bytes_equal(s->policy[i].oid, oid))
            return &s->policy[i];
    return NULL;
}

/* Two ways to one policy are one node with two parents. */
static void add(policy_set *s, hf_bytes oid, bool wanted)
{
    for (size_t i = 0; i < s->n; i++)
        if (hf_bytes_equal(s->policy[i].oid, oid)) {
            s->policy[i].wanted |= wanted;
            return;
        }
    if (s->n < MOST_POLICIES)
        s->policy[s->n++] = (policy){oid, wanted};
}

/* The user-initial-policy-set, which is any policy where none is named. */
static bool user_wants(const hf_policy_inputs *in, hf_bytes oid)
{
    char text[128];
    hf_text t;
    if (in->initial == NULL)
        return true;
    hf_text_init(&t, text, sizeof(text));
    hf_text_add_oid(&t, oid);
    for (size_t i = 0; in->initial[i] != NULL; i++)
        if (strcmp(in->initial[i], text) == 0 || strcmp(in->initial[i], "2.5.29.32.0") == 0)
            return true;
    return false;
}

/* ---- reading ---- */

static void start_list(hf_reader *r, hf_reader *list, hf_bytes extension)
{
    hf_reader_init(r, extension, NULL);
    hf_der_enter(r, list, HF_DER_SEQUENCE, "policies");
}

/* The next element's first OID, and, of a mapping, the second. */
static bool next_entry(hf_reader *list, hf_bytes *first, hf_bytes *second)
{
    hf_reader entry;
    if (!hf_reader_more(list))
        return false;
    hf_der_enter(list, &entry, HF_DER_SEQUENCE, "entry");
    *first = hf_der_oid(&entry, "policy");
    if (second != NULL)
        *second = hf_der_oid(&entry, "policy");
    return !entry.failed;
}

/* An IMPLICIT SkipCerts, which is no negative number; one that does not fit is as good as none,
 * being longer than any path. */
static uint32_t skip_certs(hf_bytes v)
{
    if (v.n == 0 || v.n > 4 || v.p[0] >= 0x80)
        return UINT32_MAX;
    uint32_t n = 0;
    for (size_t i = 0; i < v.n; i++)
        n = n << 8 | v.p[i];
    return n;
}

typedef struct skips {
    uint32_t require_explicit, inhibit_mapping, inhibit_any;
} skips;

static skips read_skips(const hf_cert *c)
{
    skips k = {UINT32_MAX, UINT32_MAX, UINT32_MAX};
    hf_reader r, s;
    start_list(&r, &s, c->policy_constraints);
    if (hf_der_peek(&s) == HF_DER_CONTEXT(0))
        k.require_explicit = skip_certs(hf_der_value(&s, HF_DER_CONTEXT(0), "skip"));
    if (hf_der_peek(&s) == HF_DER_CONTEXT(1))
        k.inhibit_mapping = skip_certs(hf_der_value(&s, HF_DER_CONTEXT(1), "skip"));
    if (c->inhibit_any_policy.p != NULL) {
        hf_reader_init(&r, c->inhibit_any_policy, NULL);
        k.inhibit_any = hf_der_small(&r, "inhibitAnyPolicy");
    }
    return k;
}

/* ---- section 6.1.3 (d) to (f) ---- */

static bool is_any(hf_bytes oid)
{
    return HF_OID_IS(oid, HF_OID_ANY_POLICY);
}

static void apply_policies(policy_state *st, const hf_cert *c, bool any_counts)
{
    policy_set next;
    next.n = 0;
    next.any = false;
    hf_reader r, list;
    hf_bytes oid;
    bool has_any = false;
    start_list(&r, &list, c->policies);
    while (next_entry(&list, &oid, NULL)) {
        const policy *parent = find(&st->valid, oid);
        if (is_any(oid))
            has_any = any_counts;
        else if (parent != NULL)
            add(&next, oid, parent->wanted);
        else if (st->valid.any)
            add(&next, oid, user_wants(st->inputs, oid));
    }
    if (has_any) {
        for (size_t i = 0; i < st->valid.n; i++)
            if (find(&next, st->valid.policy[i].oid) == NULL)
                add(&next, st->valid.policy[i].oid, st->valid.policy[i].wanted);
        next.any = st->valid.any;
    }
    st->valid = next;
}

/* ---- section 6.1.4 ---- */

static bool mapped_from(const hf_cert *c, hf_bytes oid)
{
    hf_reader r, list;
    hf_bytes from, to;
    start_list(&r, &list, c->policy_mappings);
    while (next_entry(&list, &from, &to))
        if (hf_bytes_equal(from, oid))
            return true;
    return false;
}

/* A mapped policy gives way to what it is mapped to, or, where mapping is inhibited, to nothing.
 * False when a mapping names anyPolicy. */
static bool apply_mappings(policy_state *st, const hf_cert *c)
{
    policy_set next;
    next.n = 0;
    next.any = st->valid.any;
    hf_reader r, list;
    hf_bytes from, to;
    start_list(&r, &list, c->policy_mappings);
    while (next_entry(&list, &from, &to)) {
        if (is_any(from) || is_any(to))
            return false;
        const policy *node = find(&st->valid, from);
        if (st->policy_mapping > 0 && node != NULL)
            add(&next, to, node->wanted);
        else if (st->policy_mapping > 0 && st->valid.any)
            add(&next, to, user_wants(st->inputs, from));
    }
    for (size_t i = 0; i < st->valid.n; i++)
        if (!mapped_from(c, st->valid.policy[i].oid))
            add(&next, st->valid.policy[i].oid, st->valid.policy[i].wanted);
    st->valid = next;
    return true;
}

static void count_down(uint32_t *n)
{
    if (*n != 0 && *n != UINT32_MAX)
        --*n;
}

static void lower(uint32_t *n, uint32_t limit)
{
    if (limit < *n)
        *n = limit;
}

static bool prepare_for_next(policy_state *st, const hf_cert *c)
{
    if (c->policy_mappings.p != NULL && !apply_mappings(st, c))
        return false;
    if (!c->self_issued) {
        count_down(&st->explicit_policy);
        count_down(&st->policy_mapping);
        count_down(&st->inhibit_any_policy);
    }
    skips k = read_skips(c);
    lower(&st->explicit_policy, k.require_explicit);
    lower(&st->policy_mapping, k.inhibit_mapping);
    lower(&st->inhibit_any_policy, k.inhibit_any);
    return true;
}

/* Section 6.1.3 (f): the graph is not empty, whatever the user wants of it. */
static bool satisfied(const policy_state *st)
{
    return st->explicit_policy > 0 || st->valid.n != 0 || st->valid.any;
}

/* Section 6.1.5 (g), as RFC 9618 section 5.4 has it. */
static bool user_satisfied(const policy_state *st)
{
    bool wanted = st->valid.any;
    for (size_t i = 0; i < st->valid.n; i++)
        wanted |= st->valid.policy[i].wanted;
    return st->explicit_policy > 0 || wanted;
}

static bool mentions_policies(const hf_cert *const *certs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (certs[i]->policy_constraints.p != NULL || certs[i]->policy_mappings.p != NULL)
            return true;
    return false;
}

static bool walk(policy_state *st, const hf_cert *const *certs, size_t count)
{
    const hf_policy_inputs *in = st->inputs;
    st->valid.n = 0;
    st->valid.any = true;
    st->explicit_policy = in->require_explicit ? 0 : UINT32_MAX;
    st->policy_mapping = in->inhibit_mapping ? 0 : UINT32_MAX;
    st->inhibit_any_policy = in->inhibit_any ? 0 : UINT32_MAX;
    for (size_t i = count; i-- > 0;) {
        const hf_cert *c = certs[i];
        apply_policies(st, c, st->inhibit_any_policy > 0 || (i > 0 && c->self_issued));
        if (!satisfied(st) || (i > 0 && !prepare_for_next(st, c)))
            return false;
    }
    count_down(&st->explicit_policy); /* section 6.1.5 */
    if (count != 0 && read_skips(certs[0]).require_explicit == 0)
        st->explicit_policy = 0;
    return user_satisfied(st);
}

static void tell(const policy_state *st, bool good, hf_check *k)
{
    hf_text v;
    hf_text_init(&v, k->value, sizeof(k->value));
    for (size_t i = 0; i < st->valid.n; i++) {
        hf_text_add(&v, v.n == 0 ? "" : ", ");
        hf_text_add_oid(&v, st->valid.policy[i].oid);
        if (!st->valid.policy[i].wanted)
            hf_text_add(&v, " (not asked for)");
    }
    if (st->valid.any)
        hf_text_add(&v, v.n == 0 ? "any policy" : ", any policy");
    if (v.n == 0)
        hf_text_add(&v, good ? "none, and none is demanded"
                             : "none of the policies that they name holds on the whole path");
    hf_text_mark_cut(&v);
    hf_text_init(&v, k->limit, sizeof(k->limit));
    hf_text_add(&v, "a policy that every authority on the path allows");
    if (st->inputs->initial != NULL)
        hf_text_add(&v, " and that was asked for");
    hf_text_add(&v, st->inputs->require_explicit ? "" : ", where one of them demands it");
    hf_text_mark_cut(&v);
}

hf_status hf_policies_check(const hf_cert *const *certs, size_t count, const hf_policy_inputs *in,
                            hf_check *k)
{
    policy_state st;
    st.inputs = in;
    if (k == NULL && !in->require_explicit && !mentions_policies(certs, count))
        return HF_OK; /* nothing demands a policy, nothing can be wrong with one */
    bool good = walk(&st, certs, count);
    if (k != NULL)
        tell(&st, good, k);
    return good ? HF_OK : HF_E_CERT_POLICY;
}
