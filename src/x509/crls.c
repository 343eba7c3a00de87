/* crls.c: a set of revocation lists, copied, each indexed by serial number. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/der.h"
#include "base/error.h"
#include "x509/crl.h"
#include "x509/name.h"

#include <stdatomic.h>

/* A list, its index and its DER are one block, so that pointers into it stay good. The index holds
 * where each entry begins in `crl.entries`, ordered by serial number: a hash table could be made
 * slow by whoever chooses the serial numbers, an ordered one cannot. */
typedef struct list {
    hf_crl crl;
    uint64_t hash; /* of the issuer's name */
    uint32_t *order;
    uint8_t *der;
} list;

struct hf_crls {
    atomic_size_t references;
    list **lists;
    size_t count, room;
};

hf_status hf_crls_new(hf_crls **out)
{
    hf_crls *c = hf_alloc(sizeof(*c));
    if (c == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&c->references, 1);
    *out = c;
    return HF_OK;
}

hf_crls *hf_crls_ref(hf_crls *crls)
{
    atomic_fetch_add_explicit(&crls->references, 1, memory_order_relaxed);
    return crls;
}

static void shrink_to(hf_crls *c, size_t count)
{
    while (c->count > count)
        hf_free(c->lists[--c->count]);
}

void hf_crls_free(hf_crls *crls)
{
    if (crls == NULL || atomic_fetch_sub_explicit(&crls->references, 1, memory_order_acq_rel) != 1)
        return;
    shrink_to(crls, 0);
    hf_free(crls->lists);
    hf_free(crls);
}

size_t hf_crls_count(const hf_crls *crls)
{
    return crls->count;
}

const hf_crl *hf_crls_at(const hf_crls *crls, size_t i)
{
    return i < crls->count ? &crls->lists[i]->crl : NULL;
}

const hf_crl *hf_crls_next(const hf_crls *crls, hf_bytes issuer, uint64_t hash, size_t *at,
                           size_t *which)
{
    while (*at < crls->count) {
        const list *l = crls->lists[(*at)++];
        if (l->hash == hash && hf_name_equal(l->crl.issuer, issuer)) {
            *which = *at - 1;
            return &l->crl;
        }
    }
    return NULL;
}

/* ---- the index ---- */

static hf_crl_entry entry_at(const list *l, uint32_t offset)
{
    hf_crl_entry entry = {.reason = 0};
    size_t at = offset;
    hf_crl_next(&l->crl, &at, &entry);
    return entry;
}

static hf_bytes serial_at(const list *l, uint32_t offset)
{
    hf_reader r, one;
    hf_reader_init(&r, l->crl.entries, NULL);
    r.at = offset;
    hf_der_enter(&r, &one, HF_DER_SEQUENCE, "revokedCertificate");
    return hf_der_value(&one, HF_DER_INTEGER, "userCertificate");
}

/* By length, then by octets: an order is all that is needed. */
static int compare(hf_bytes a, hf_bytes b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

static void sift_down(const list *l, size_t root, size_t n)
{
    for (size_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n &&
            compare(serial_at(l, l->order[child]), serial_at(l, l->order[child + 1])) < 0)
            child++;
        if (compare(serial_at(l, l->order[root]), serial_at(l, l->order[child])) >= 0)
            return;
        uint32_t swap = l->order[root];
        l->order[root] = l->order[child];
        l->order[child] = swap;
    }
}

/* Heapsort: no memory, and no input makes it slow. Most lists come in order, and are left so. */
static void sort(const list *l)
{
    size_t n = l->crl.entry_count, i = 1;
    while (i < n && compare(serial_at(l, l->order[i - 1]), serial_at(l, l->order[i])) <= 0)
        i++;
    if (i >= n)
        return;
    for (size_t root = n / 2; root-- > 0;)
        sift_down(l, root, n);
    for (size_t end = n; end-- > 1;) {
        uint32_t swap = l->order[0];
        l->order[0] = l->order[end];
        l->order[end] = swap;
        sift_down(l, 0, end);
    }
}

static void fill_index(list *l)
{
    hf_crl_entry entry;
    size_t at = 0, i = 0;
    for (size_t start = 0; hf_crl_next(&l->crl, &at, &entry) && i < l->crl.entry_count; start = at)
        l->order[i++] = (uint32_t)start;
    sort(l);
}

bool hf_crls_find(const hf_crls *crls, size_t which, hf_bytes serial, hf_crl_entry *entry)
{
    const list *l = crls->lists[which];
    size_t low = 0, high = l->crl.entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(serial_at(l, l->order[middle]), serial);
        if (order == 0) {
            *entry = entry_at(l, l->order[middle]);
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- adding ---- */

typedef struct adding {
    hf_crls *crls;
    hf_error *e;
    size_t found;
} adding;

static hf_status grow(hf_crls *c)
{
    if (c->count < c->room)
        return HF_OK;
    size_t room = c->room == 0 ? 8 : 2 * c->room;
    list **lists = hf_alloc(room * sizeof(*lists));
    if (lists == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(lists, c->lists, c->count * sizeof(*lists));
    hf_free(c->lists);
    c->lists = lists;
    c->room = room;
    return HF_OK;
}

/* What is not used is refused by name, so that nobody believes it was. */
static hf_status refuse_kind(const hf_crl *crl, const hf_crls *c, hf_error *e)
{
    if (crl->is_delta)
        return hf_fail(e, HF_E_CRL_DELTA, "deltaCRLIndicator", "a complete list",
                       "what changed since another list");
    if (crl->is_indirect)
        return hf_fail(e, HF_E_CRL_INDIRECT, "indirectCRL",
                       "a list about its own issuer's certificates only",
                       "one that is also about others'");
    if (crl->der.n > UINT32_MAX || c->count == HF_CRLS_MOST)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "crls", "at most 4096 lists of at most 4 GiB", "more");
    return HF_OK;
}

static hf_status add_one(void *ctx, hf_bytes der)
{
    adding *add = ctx;
    hf_crls *c = add->crls;
    hf_crl parsed;
    add->found++;
    hf_status s = hf_crl_parse(der, &parsed, add->e);
    if (s == HF_OK)
        s = refuse_kind(&parsed, c, add->e);
    if (s != HF_OK) {
        hf_error_subject(add->e, "revocation list %zu of the text", add->found);
        return s;
    }
    size_t index = parsed.entry_count * sizeof(uint32_t);
    list *l = hf_alloc(sizeof(*l) + index + der.n);
    if (l == NULL || grow(c) != HF_OK) {
        hf_free(l);
        return hf_fail(add->e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    }
    l->order = (uint32_t *)(void *)(l + 1);
    l->der = (uint8_t *)(l + 1) + index;
    memcpy(l->der, der.p, der.n);
    hf_crl_parse((hf_bytes){l->der, der.n}, &l->crl, NULL);
    l->hash = hf_name_hash(l->crl.issuer);
    fill_index(l);
    c->lists[c->count++] = l;
    return HF_OK;
}

hf_status hf_crls_add(hf_crls *crls, hf_bytes pem_or_der, size_t *added, hf_error *e)
{
    adding add = {.crls = crls, .e = e};
    size_t before = crls->count;
    if (added != NULL)
        *added = 0;
    hf_status s = hf_pem_each(pem_or_der, "X509 CRL", add_one, &add, e);
    if (s == HF_OK && add.found == 0)
        s = hf_fail(e, HF_E_PEM_NOTHING_FOUND, NULL, "a block -----BEGIN X509 CRL-----",
                    "%zu bytes without one", pem_or_der.n);
    if (s != HF_OK) {
        shrink_to(crls, before);
        return s;
    }
    if (added != NULL)
        *added = crls->count - before;
    return HF_OK;
}
