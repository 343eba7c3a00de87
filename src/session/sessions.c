/* sessions.c: a bounded store of encoded sessions.
 *
 * Shards divide the lock, not the work: a shard is a ring of entries in order of their coming,
 * walked from the newest. Rings are small (most / SHARDS), and a lookup compares one word an entry.
 */
#include "session/sessions.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHARDS  16U
#define DIVIDED 1024U /* a smaller store is one shard, so that one name may fill it */
#define MOST    1000000U

typedef struct entry {
    uint64_t hash; /* of the key: a short cut, the key itself decides */
    uint8_t *p;    /* key, then session; NULL: empty */
    uint32_t key_len, session_len;
    uint32_t next; /* in its bucket; index + 1, 0: none */
} entry;

typedef struct shard {
    pthread_mutex_t lock;
    entry *entries;
    uint32_t *buckets; /* index + 1 of the newest entry, 0: none; as many as entries */
    uint32_t at;       /* where the next one goes */
    size_t count;
} shard;

struct hf_sessions {
    atomic_uint refs;
    uint32_t room;     /* entries of a shard */
    uint32_t shards_n; /* 1 or SHARDS */
    shard shards[SHARDS];
};

/* FNV-1a. An attacker who makes keys collide gains long walks, at most a shard's ring; a client's
 * keys are its own, and a server's ids are its own random bytes. */
static uint64_t hash_of(hf_bytes key)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < key.n; i++)
        h = (h ^ key.p[i]) * UINT64_C(1099511628211);
    return h;
}

hf_status hf_sessions_new(size_t most, hf_sessions **out)
{
    *out = NULL;
    if (most < 1 || most > MOST)
        return HF_E_BAD_ARGUMENT;
    hf_sessions *s = hf_alloc(sizeof(*s));
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&s->refs, 1);
    s->shards_n = most < DIVIDED ? 1 : SHARDS;
    s->room = (uint32_t)((most + s->shards_n - 1) / s->shards_n);
    for (size_t i = 0; i < s->shards_n; i++)
        pthread_mutex_init(&s->shards[i].lock, NULL);
    *out = s;
    return HF_OK;
}

hf_sessions *hf_sessions_ref(hf_sessions *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

static void unlink_entry(shard *sh, uint32_t room, uint32_t index)
{
    entry *e = &sh->entries[index];
    uint32_t *link = &sh->buckets[e->hash / SHARDS % room];
    while (*link != index + 1)
        link = &sh->entries[*link - 1].next;
    *link = e->next;
    hf_free_wiped(e->p, (size_t)e->key_len + e->session_len);
    *e = (entry){0};
    sh->count--;
}

void hf_sessions_free(hf_sessions *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < s->shards_n; i++) {
        shard *sh = &s->shards[i];
        for (uint32_t j = 0; sh->entries != NULL && j < s->room; j++)
            if (sh->entries[j].p != NULL)
                unlink_entry(sh, s->room, j);
        hf_free(sh->entries);
        hf_free(sh->buckets);
        pthread_mutex_destroy(&sh->lock);
    }
    hf_free(s);
}

size_t hf_sessions_count(hf_sessions *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->shards_n; i++) {
        pthread_mutex_lock(&s->shards[i].lock);
        n += s->shards[i].count;
        pthread_mutex_unlock(&s->shards[i].lock);
    }
    return n;
}

/* A shard's rings exist from its first entry on. */
static bool has_rings(hf_sessions *s, shard *sh)
{
    if (sh->entries == NULL) {
        sh->entries = hf_alloc(s->room * sizeof(entry));
        sh->buckets = hf_alloc(s->room * sizeof(uint32_t));
        if (sh->entries == NULL || sh->buckets == NULL) {
            hf_free(sh->entries);
            hf_free(sh->buckets);
            sh->entries = NULL;
            sh->buckets = NULL;
        }
    }
    return sh->entries != NULL;
}

static bool put(hf_sessions *s, shard *sh, uint64_t hash, hf_bytes key, hf_bytes session)
{
    uint8_t *p = has_rings(s, sh) ? hf_alloc_raw(key.n + session.n) : NULL;
    if (p == NULL)
        return false;
    hf_copy(p, key.p, key.n);
    hf_copy(p + key.n, session.p, session.n);
    entry *e = &sh->entries[sh->at];
    if (e->p != NULL)
        unlink_entry(sh, s->room, sh->at);
    uint32_t *bucket = &sh->buckets[hash / SHARDS % s->room];
    *e = (entry){hash, p, (uint32_t)key.n, (uint32_t)session.n, *bucket};
    *bucket = sh->at + 1;
    sh->at = (sh->at + 1) % s->room;
    sh->count++;
    return true;
}

bool hf_sessions_put(hf_sessions *s, hf_bytes key, hf_bytes session)
{
    uint64_t hash = hash_of(key);
    shard *sh = &s->shards[hash % s->shards_n];
    pthread_mutex_lock(&sh->lock);
    bool kept = put(s, sh, hash, key, session);
    pthread_mutex_unlock(&sh->lock);
    return kept;
}

/* The newest entry of the key: index + 1, or 0. Under the lock. */
static uint32_t find(const hf_sessions *s, const shard *sh, uint64_t hash, hf_bytes key)
{
    uint32_t at = sh->entries != NULL ? sh->buckets[hash / SHARDS % s->room] : 0;
    while (at != 0) {
        const entry *e = &sh->entries[at - 1];
        if (e->hash == hash && hf_bytes_equal(hf_bytes_of(e->p, e->key_len), key))
            break;
        at = e->next;
    }
    return at;
}

bool hf_sessions_take(hf_sessions *s, hf_bytes key, bool once, hf_buf *out)
{
    uint64_t hash = hash_of(key);
    shard *sh = &s->shards[hash % s->shards_n];
    pthread_mutex_lock(&sh->lock);
    uint32_t at = find(s, sh, hash, key);
    bool found = at != 0;
    if (found) {
        const entry *e = &sh->entries[at - 1];
        found = hf_buf_append(out, hf_bytes_of(e->p + e->key_len, e->session_len)) == HF_OK;
    }
    if (found && once)
        unlink_entry(sh, s->room, at - 1);
    pthread_mutex_unlock(&sh->lock);
    return found;
}

void hf_sessions_forget(hf_sessions *s, hf_bytes key)
{
    uint64_t hash = hash_of(key);
    shard *sh = &s->shards[hash % s->shards_n];
    pthread_mutex_lock(&sh->lock);
    for (uint32_t at; (at = find(s, sh, hash, key)) != 0;)
        unlink_entry(sh, s->room, at - 1);
    pthread_mutex_unlock(&sh->lock);
}
