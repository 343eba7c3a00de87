/* signature_cache.c: signatures that were found good. How it stays sound is told in the header. */
#include "x509/signature_cache.h"

#include "base/alloc.h"
#include "base/error.h"
#include "crypto/lookup.h"

#include <stdatomic.h>
#include <string.h>

enum { WAYS = 4, LEAST = WAYS, MOST = 1 << 20, OTHERWISE = 512 };

typedef struct slot {
    atomic_uint_least64_t sequence; /* odd while someone writes; 0: never written */
    atomic_uint_least64_t word[4];
} slot;

struct hf_signature_cache {
    atomic_size_t references;
    atomic_uint turn; /* which way of a full set goes next */
    size_t sets_mask; /* their number (a power of two) - 1 */
    slot slots[];
};

hf_status hf_signature_cache_new(size_t entries, hf_signature_cache **out, hf_error *e)
{
    size_t room = LEAST;
    *out = NULL;
    if (entries > MOST)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "entries", "at most 1048576", "%zu", entries);
    while (room < (entries == 0 ? OTHERWISE : entries))
        room *= 2;
    hf_signature_cache *c = hf_alloc(sizeof(*c) + room * sizeof(c->slots[0]));
    if (c == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    atomic_init(&c->references, 1);
    atomic_init(&c->turn, 0);
    c->sets_mask = room / WAYS - 1;
    for (size_t i = 0; i < room; i++) {
        atomic_init(&c->slots[i].sequence, 0);
        for (size_t k = 0; k < 4; k++)
            atomic_init(&c->slots[i].word[k], 0);
    }
    *out = c;
    return HF_OK;
}

hf_signature_cache *hf_signature_cache_ref(hf_signature_cache *cache)
{
    atomic_fetch_add_explicit(&cache->references, 1, memory_order_relaxed);
    return cache;
}

void hf_signature_cache_free(hf_signature_cache *cache)
{
    if (cache != NULL &&
        atomic_fetch_sub_explicit(&cache->references, 1, memory_order_acq_rel) == 1)
        hf_free(cache);
}

size_t hf_signature_cache_count(const hf_signature_cache *cache)
{
    size_t n = 0;
    for (size_t i = 0; i < (cache->sets_mask + 1) * WAYS; i++)
        n += atomic_load_explicit(&cache->slots[i].sequence, memory_order_relaxed) != 0;
    return n;
}

/* ---- the digest ---- */

/* The length goes first, so that bytes cannot move from one part to the next. */
static void add_part(const hf_hash *hash, hf_hash_state *s, hf_bytes part)
{
    uint8_t length[8];
    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)part.n >> 8 * i);
    hash->update(s, length, sizeof(length));
    if (part.n != 0)
        hash->update(s, part.p, part.n);
}

bool hf_signature_digest_of(hf_bytes tbs, const hf_sigscheme *scheme, hf_bytes signature,
                            hf_bytes spki, hf_signature_digest *out)
{
    const hf_hash *sha256 = hf_hash_find(hf_provider_default(), 4);
    hf_hash_state s;
    uint8_t digest[32], id[2] = {(uint8_t)(scheme->id >> 8), (uint8_t)scheme->id};
    if (sha256 == NULL)
        return false;
    sha256->init(&s);
    add_part(sha256, &s, (hf_bytes){id, sizeof(id)});
    add_part(sha256, &s, spki);
    add_part(sha256, &s, signature);
    add_part(sha256, &s, tbs);
    sha256->final(&s, digest);
    memcpy(out->word, digest, sizeof(digest));
    return true;
}

/* ---- slots ---- */

static const slot *set_of(const hf_signature_cache *c, const hf_signature_digest *d)
{
    return &c->slots[((size_t)d->word[0] & c->sets_mask) * WAYS];
}

/* The fence orders the words' loads before the second look at the sequence number, as in the
 * kernel's seqlocks. */
static bool slot_holds(const slot *s, const hf_signature_digest *d)
{
    uint64_t different = 0;
    const uint64_t before = atomic_load_explicit(&s->sequence, memory_order_acquire);
    if (before == 0 || (before & 1) != 0)
        return false;
    for (size_t k = 0; k < 4; k++)
        different |= atomic_load_explicit(&s->word[k], memory_order_relaxed) ^ d->word[k];
    atomic_thread_fence(memory_order_acquire);
    return different == 0 && atomic_load_explicit(&s->sequence, memory_order_relaxed) == before;
}

bool hf_signature_cache_has(const hf_signature_cache *cache, const hf_signature_digest *d)
{
    const slot *set = set_of(cache, d);
    for (size_t i = 0; i < WAYS; i++)
        if (slot_holds(&set[i], d))
            return true;
    return false;
}

static void slot_write(slot *s, const hf_signature_digest *d)
{
    uint64_t before = atomic_load_explicit(&s->sequence, memory_order_relaxed);
    if ((before & 1) != 0 ||
        !atomic_compare_exchange_strong_explicit(&s->sequence, &before, before + 1,
                                                 memory_order_acquire, memory_order_relaxed))
        return;
    atomic_thread_fence(memory_order_release);
    for (size_t k = 0; k < 4; k++)
        atomic_store_explicit(&s->word[k], d->word[k], memory_order_relaxed);
    atomic_store_explicit(&s->sequence, before + 2, memory_order_release);
}

void hf_signature_cache_put(hf_signature_cache *cache, const hf_signature_digest *d)
{
    if (hf_signature_cache_has(cache, d))
        return;
    slot *set = (slot *)(uintptr_t)set_of(cache, d);
    for (size_t i = 0; i < WAYS; i++)
        if (atomic_load_explicit(&set[i].sequence, memory_order_relaxed) == 0) {
            slot_write(&set[i], d);
            return;
        }
    unsigned turn = atomic_fetch_add_explicit(&cache->turn, 1, memory_order_relaxed);
    slot_write(&set[turn % WAYS], d);
}
