/* policy.c: certificate policies along a path.
 *
 * RFC 5280 builds a tree, whose size a hostile chain makes exponential (RFC 9618 section 3). Since
 * any policy is acceptable to the user here, the verdict needs only to know whether the tree's
 * lowest level has a node; and for that the set of policies expected at that level suffices, with
 * anyPolicy as a flag beside it. */
#include "x509/policy.h"

#include "base/der.h"
#include "x509/oid.h"

#define MOST_POLICIES 128U /* valid at one level; a path that needs more counts as having none */

typedef struct policy_set {
    hf_bytes oid[MOST_POLICIES];
    size_t n;
    bool any;
} policy_set;

typedef struct policy_state {
    policy_set valid;
    uint32_t explicit_policy, policy_mapping, inhibit_any_policy; /* RFC 5280 section 6.1.2 */
} policy_state;

static bool contains(const policy_set *s, hf_bytes oid)
{
    for (size_t i = 0; i < s->n; i++)
        if (hf_bytes_equal(s->oid[i], oid))
            return true;
    return false;
}

static void add(policy_set *s, hf_bytes oid)
{
    if (s->n < MOST_POLICIES && !contains(s, oid))
        s->oid[s->n++] = oid;
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

/* An IMPLICIT SkipCerts; one that does not fit is as good as none, being longer than any path. */
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
        if (is_any(oid))
            has_any = any_counts;
        else if (st->valid.any || contains(&st->valid, oid))
            add(&next, oid);
    }
    if (has_any) {
        for (size_t i = 0; i < st->valid.n; i++)
            add(&next, st->valid.oid[i]);
        next.any = st->valid.any;
    }
    st->valid = next;
}

/* ---- section 6.1.4 ---- */

static bool mapped_from(const hf_cert *c, hf_bytes policy)
{
    hf_reader r, list;
    hf_bytes from, to;
    start_list(&r, &list, c->policy_mappings);
    while (next_entry(&list, &from, &to))
        if (hf_bytes_equal(from, policy))
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
        if (st->policy_mapping > 0 && (st->valid.any || contains(&st->valid, from)))
            add(&next, to);
    }
    for (size_t i = 0; i < st->valid.n; i++)
        if (!mapped_from(c, st->valid.oid[i]))
            add(&next, st->valid.oid[i]);
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

static bool satisfied(const policy_state *st)
{
    return st->explicit_policy > 0 || st->valid.n != 0 || st->valid.any;
}

static bool mentions_policies(const hf_cert *const *certs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (certs[i]->policy_constraints.p != NULL || certs[i]->policy_mappings.p != NULL)
            return true;
    return false;
}

hf_status hf_policies_check(const hf_cert *const *certs, size_t count)
{
    policy_state st;
    if (!mentions_policies(certs, count))
        return HF_OK; /* nothing demands a policy, nothing can be wrong with one */
    st.valid.n = 0;
    st.valid.any = true;
    st.explicit_policy = st.policy_mapping = st.inhibit_any_policy = UINT32_MAX;
    for (size_t i = count; i-- > 0;) {
        const hf_cert *c = certs[i];
        apply_policies(&st, c, st.inhibit_any_policy > 0 || (i > 0 && c->self_issued));
        if (!satisfied(&st) || (i > 0 && !prepare_for_next(&st, c)))
            return HF_E_CERT_POLICY;
    }
    count_down(&st.explicit_policy); /* section 6.1.5 */
    if (count != 0 && read_skips(certs[0]).require_explicit == 0)
        st.explicit_policy = 0;
    return satisfied(&st) ? HF_OK : HF_E_CERT_POLICY;
}
