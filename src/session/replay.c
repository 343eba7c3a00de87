/* replay.c: the early data of the last moments, as 64 bits of each binder, in two tables: one that
 * fills and one that is still asked. Each serves for one span of time and is then cleared, so
 * memory and work are bounded whatever comes. */
#include "session/replay.h"

#include "base/alloc.h"

#include <pthread.h>
#include <string.h>

#define SPAN_S (2 * HF_EARLY_FRESH_S)
#define SLOTS  16384U /* 128 KiB a table */
#define MOST   (SLOTS / 2)
#define PROBES 64U

typedef struct table {
    uint64_t slots[SLOTS]; /* 0: empty */
    size_t count;
} table;

struct hf_replays {
    pthread_mutex_t lock;
    int64_t started_s, since_s; /* of the table that fills */
    unsigned filling;
    table tables[2];
};

hf_replays *hf_replays_new(int64_t now_s)
{
    hf_replays *r = hf_alloc(sizeof(*r));
    if (r == NULL)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    r->started_s = r->since_s = now_s;
    return r;
}

void hf_replays_free(hf_replays *r)
{
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    hf_free(r);
}

/* The slot that holds `key`, or the empty one where it would go; NULL when neither is near. */
static uint64_t *find(table *t, uint64_t key)
{
    for (unsigned i = 0; i < PROBES; i++) {
        uint64_t *slot = &t->slots[(key + i) % SLOTS];
        if (*slot == key || *slot == 0)
            return slot;
    }
    return NULL;
}

static void turn(hf_replays *r, int64_t now_s)
{
    if (now_s >= r->since_s && now_s - r->since_s < SPAN_S)
        return;
    bool both = now_s < r->since_s || now_s - r->since_s >= 2 * SPAN_S;
    r->filling ^= 1;
    memset(&r->tables[r->filling], 0, sizeof(table));
    if (both)
        memset(&r->tables[r->filling ^ 1], 0, sizeof(table));
    r->since_s = now_s;
}

static bool first(hf_replays *r, uint64_t key, int64_t now_s)
{
    turn(r, now_s);
    table *t = &r->tables[r->filling], *older = &r->tables[r->filling ^ 1];
    uint64_t *seen = find(older, key), *slot = find(t, key);
    if ((seen != NULL && *seen == key) || slot == NULL || *slot == key || t->count == MOST)
        return false;
    *slot = key;
    t->count++;
    return true;
}

bool hf_replays_first(hf_replays *r, hf_bytes mac, int64_t made_s, int64_t now_s)
{
    uint64_t key;
    if (made_s < r->started_s && now_s - r->started_s < SPAN_S)
        return false;
    memcpy(&key, mac.p, sizeof(key));
    key += key == 0;
    pthread_mutex_lock(&r->lock);
    bool is_first = first(r, key, now_s);
    pthread_mutex_unlock(&r->lock);
    return is_first;
}
