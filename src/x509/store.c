/* store.c: trust anchors, copied and indexed by subject and by key identifier, so that a lookup is
 * not a scan. */
#include "x509/store.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "x509/cert_parse.h"
#include "x509/name.h"

#include <stdatomic.h>

/* An anchor and its DER are one block, so that pointers to it stay good as the store grows. */
typedef struct anchor {
    hf_cert cert;
    hf_bytes key_id;         /* subjectKeyIdentifier; .p NULL: none, and in no bucket of them */
    uint64_t hash, key_hash; /* of the subject, and of `key_id` */
    size_t next, next_key;   /* the next in its bucket: index + 1, or 0 */
    uint8_t der[];
} anchor;

struct hf_store {
    atomic_size_t references;
    anchor **anchors;
    size_t count, room;
    size_t *buckets;     /* index + 1 of the newest, or 0: by subject, then as many by key_id */
    size_t buckets_mask; /* the number of either (a power of two) - 1 */
};

hf_status hf_store_new(hf_store **out)
{
    hf_store *s = hf_alloc(sizeof(*s));
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&s->references, 1);
    *out = s;
    return HF_OK;
}

hf_store *hf_store_ref(hf_store *store)
{
    atomic_fetch_add_explicit(&store->references, 1, memory_order_relaxed);
    return store;
}

void hf_store_free(hf_store *store)
{
    if (store == NULL ||
        atomic_fetch_sub_explicit(&store->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < store->count; i++)
        hf_free(store->anchors[i]);
    hf_free(store->anchors);
    hf_free(store->buckets);
    hf_free(store);
}

size_t hf_store_count(const hf_store *store)
{
    return store->count;
}

const hf_cert *hf_store_cert(const hf_store *store, size_t i)
{
    return i < store->count ? &store->anchors[i]->cert : NULL;
}

const hf_cert *hf_store_next(const hf_store *store, hf_bytes name, uint64_t hash, size_t *at)
{
    if (store->buckets == NULL)
        return NULL;
    size_t i =
        *at == 0 ? store->buckets[hash & store->buckets_mask] : store->anchors[*at - 1]->next;
    for (; i != 0; i = store->anchors[i - 1]->next) {
        const anchor *a = store->anchors[i - 1];
        if (a->hash == hash && hf_name_equal(a->cert.subject, name)) {
            *at = i;
            return &a->cert;
        }
    }
    return NULL;
}

const hf_cert *hf_store_by_subject(const hf_store *store, hf_bytes subject, size_t *at)
{
    return hf_store_next(store, subject, hf_name_hash(subject), at);
}

/* FNV-1a: what is in the store is its owner's choice, so nobody can crowd a bucket. */
static uint64_t hash_of(hf_bytes bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ bytes.p[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

/* Where the chain of those with this key identifier begins. */
static size_t *key_bucket(const hf_store *store, uint64_t key_hash)
{
    return &store->buckets[store->buckets_mask + 1 + (size_t)(key_hash & store->buckets_mask)];
}

const hf_cert *hf_store_by_key_id(const hf_store *store, hf_bytes key_id, size_t *at)
{
    if (store->buckets == NULL || key_id.p == NULL)
        return NULL;
    uint64_t hash = hash_of(key_id);
    size_t i = *at == 0 ? *key_bucket(store, hash) : store->anchors[*at - 1]->next_key;
    for (; i != 0; i = store->anchors[i - 1]->next_key) {
        const anchor *a = store->anchors[i - 1];
        if (a->key_hash == hash && hf_bytes_equal(a->key_id, key_id)) {
            *at = i;
            return &a->cert;
        }
    }
    return NULL;
}

static const hf_cert *find_hashed(const hf_store *store, hf_bytes der, hf_bytes subject,
                                  uint64_t hash)
{
    const hf_cert *c;
    for (size_t at = 0; (c = hf_store_next(store, subject, hash, &at)) != NULL;)
        if (hf_bytes_equal(c->der, der))
            return c;
    return NULL;
}

const hf_cert *hf_store_find(const hf_store *store, hf_bytes der, hf_bytes subject)
{
    return find_hashed(store, der, subject, hf_name_hash(subject));
}

/* ---- adding ---- */

static void link_anchor(hf_store *s, size_t i)
{
    anchor *a = s->anchors[i];
    size_t *bucket = &s->buckets[a->hash & s->buckets_mask];
    a->next = *bucket;
    *bucket = i + 1;
    if (a->key_id.p == NULL)
        return;
    bucket = key_bucket(s, a->key_hash);
    a->next_key = *bucket;
    *bucket = i + 1;
}

/* Room for one more anchor, with at most one anchor to a bucket on average. */
static hf_status grow(hf_store *s)
{
    if (s->count < s->room)
        return HF_OK;
    size_t room = s->room == 0 ? 16 : 2 * s->room;
    anchor **anchors = hf_alloc(room * sizeof(*anchors));
    size_t *buckets = hf_alloc(2 * room * sizeof(*buckets));
    if (anchors == NULL || buckets == NULL) {
        hf_free(anchors);
        hf_free(buckets);
        return HF_E_OUT_OF_MEMORY;
    }
    hf_copy(anchors, s->anchors, s->count * sizeof(*anchors));
    hf_free(s->anchors);
    hf_free(s->buckets);
    s->anchors = anchors;
    s->buckets = buckets;
    s->room = room;
    s->buckets_mask = room - 1;
    for (size_t i = 0; i < s->count; i++)
        link_anchor(s, i);
    return HF_OK;
}

/* Takes the newest anchors away again: the reverse order makes each the head of its bucket. */
static void shrink_to(hf_store *s, size_t count)
{
    while (s->count > count) {
        anchor *a = s->anchors[--s->count];
        s->buckets[a->hash & s->buckets_mask] = a->next;
        if (a->key_id.p != NULL)
            *key_bucket(s, a->key_hash) = a->next_key;
        hf_free(a);
    }
}

typedef struct adding {
    hf_store *store;
    hf_error *e;
    size_t found;
} adding;

/* A certificate that is there already counts as added. */
static hf_status keep(hf_store *s, anchor *a, bool *kept)
{
    *kept = false;
    a->hash = hf_name_hash(a->cert.subject);
    a->key_id = hf_cert_key_identifier(a->cert.subject_key_id, false);
    a->key_hash = hash_of(a->key_id);
    if (find_hashed(s, a->cert.der, a->cert.subject, a->hash) != NULL)
        return HF_OK;
    if (grow(s) != HF_OK)
        return HF_E_OUT_OF_MEMORY;
    s->anchors[s->count] = a;
    link_anchor(s, s->count++);
    *kept = true;
    return HF_OK;
}

static hf_status add_one(void *ctx, hf_bytes der)
{
    adding *add = ctx;
    bool kept = false;
    add->found++;
    anchor *a = hf_alloc(sizeof(*a) + der.n);
    if (a == NULL)
        return hf_fail(add->e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    memcpy(a->der, der.p, der.n);
    hf_status status = hf_cert_parse((hf_bytes){a->der, der.n}, &a->cert, add->e);
    if (status != HF_OK)
        hf_error_subject(add->e, "certificate %zu of the text", add->found);
    else if (keep(add->store, a, &kept) != HF_OK)
        status = hf_fail(add->e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    if (!kept)
        hf_free(a);
    return status;
}

hf_status hf_store_add(hf_store *store, hf_bytes pem_or_der, size_t *added, hf_error *e)
{
    adding add = {.store = store, .e = e};
    size_t before = store->count;
    if (added != NULL)
        *added = 0;
    hf_status s = hf_pem_each(pem_or_der, "CERTIFICATE", add_one, &add, e);
    if (s == HF_OK && add.found == 0)
        s = hf_fail(e, HF_E_PEM_NOTHING_FOUND, NULL, "a block -----BEGIN CERTIFICATE-----",
                    "%zu bytes without one", pem_or_der.n);
    if (s != HF_OK) {
        shrink_to(store, before);
        return s;
    }
    if (added != NULL)
        *added = store->count - before;
    return HF_OK;
}
