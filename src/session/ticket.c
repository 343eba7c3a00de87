/* ticket.c: tickets sealed and opened, and the keys for it, which change by themselves or come from
 * files.
 *
 * The lock is held while a key of 48 bytes is copied out, some ten nanoseconds: what takes time,
 * the cipher, works on the copy. */
#include "session/ticket.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "base/writer.h"
#include "crypto/hkdf.h"
#include "crypto/lookup.h"

#include <pthread.h>
#include <stdatomic.h>

#define KEY_LEN        32U
#define MOST_KEYS      16U
#define PERIOD_DEFAULT 43200U

typedef struct ticket_key {
    uint8_t name[HF_TICKET_KEY_NAME];
    uint8_t key[KEY_LEN];
    int64_t since_s; /* INT64_MIN: it does not age */
} ticket_key;

struct hf_ticket_keys {
    atomic_uint refs;
    pthread_mutex_t lock;
    hf_provider provider;
    bool fixed;        /* from files: they stay until they are replaced */
    uint32_t period_s; /* each seals for so long, and opens for as long again */
    size_t count;
    ticket_key keys[MOST_KEYS]; /* the first seals */
};

hf_status hf_ticket_keys_new(const hf_provider *provider, uint32_t period_s, hf_ticket_keys **out)
{
    *out = NULL;
    hf_ticket_keys *k = hf_alloc(sizeof(*k));
    if (k == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&k->refs, 1);
    if (pthread_mutex_init(&k->lock, NULL) != 0) {
        hf_free(k);
        return HF_E_OUT_OF_MEMORY;
    }
    k->provider = provider != NULL ? *provider : *hf_provider_default();
    k->period_s = period_s != 0 ? period_s : PERIOD_DEFAULT;
    *out = k;
    return HF_OK;
}

hf_ticket_keys *hf_ticket_keys_ref(hf_ticket_keys *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

void hf_ticket_keys_free(hf_ticket_keys *k)
{
    if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&k->lock);
    hf_free_wiped(k, sizeof(*k));
}

/* ---- keys that change by themselves ---- */

static bool is_past(const hf_ticket_keys *k, const ticket_key *key, int64_t age_s, int64_t now_s)
{
    (void)k;
    return now_s < key->since_s || now_s - key->since_s >= age_s;
}

/* Under the lock: the first key is one that may seal now. */
static hf_status renew(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s)
{
    if (k->fixed || (k->count != 0 && !is_past(k, &k->keys[0], k->period_s, now_s)))
        return HF_OK;
    ticket_key fresh = {.since_s = now_s};
    if (provider->random(provider->ctx, fresh.name, sizeof(fresh.name)) != HF_OK ||
        provider->random(provider->ctx, fresh.key, sizeof(fresh.key)) != HF_OK)
        return HF_E_RANDOM;
    hf_wipe(&k->keys[1], sizeof(k->keys[1]));
    k->keys[1] = k->keys[0]; /* opens for one more period: no session lives longer than that */
    k->keys[0] = fresh;
    k->count = k->count == 0 ? 1 : 2;
    hf_wipe(&fresh, sizeof(fresh));
    return HF_OK;
}

static hf_status sealing_key(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                             ticket_key *out)
{
    pthread_mutex_lock(&k->lock);
    hf_status s = renew(k, provider, now_s);
    if (s == HF_OK)
        *out = k->keys[0];
    pthread_mutex_unlock(&k->lock);
    return s;
}

static bool opening_key(hf_ticket_keys *k, const uint8_t *name, int64_t now_s, ticket_key *out)
{
    bool found = false;
    pthread_mutex_lock(&k->lock);
    for (size_t i = 0; i < k->count && !found; i++) {
        const ticket_key *key = &k->keys[i];
        found = memcmp(key->name, name, HF_TICKET_KEY_NAME) == 0 &&
                (k->fixed || !is_past(k, key, 2 * (int64_t)k->period_s, now_s));
        if (found)
            *out = *key;
    }
    pthread_mutex_unlock(&k->lock);
    return found;
}

/* ---- sealing and opening ---- */

/* The cipher with its key expanded; NULL when memory ran out or libcrypto failed. */
static void *expand(const hf_aead *aead, const uint8_t *key)
{
    void *state = aead != NULL ? hf_alloc_aligned(aead->state_len) : NULL;
    if (state != NULL && aead->setup(state, key) != HF_OK) {
        hf_free(state);
        state = NULL;
    }
    return state;
}

static void drop(const hf_aead *aead, void *state)
{
    if (aead->clear != NULL)
        aead->clear(state);
    hf_free_wiped(state, aead->state_len);
}

/* Tickets have the key itself, as they always had. */
static void turn_to(hf_seal_use use, const hf_provider *provider, ticket_key *key)
{
    hf_hmac_key k;
    if (use == HF_SEAL_TICKET)
        return;
    hf_hmac_key_init(&k, hf_hash_find(provider, 4), hf_bytes_of(key->key, KEY_LEN));
    hf_hkdf_expand(&k, hf_bytes_text("handfast HelloRetryRequest cookie"), key->key, KEY_LEN);
    hf_wipe(&k, sizeof(k));
}

hf_status hf_seal_for(hf_seal_use use, hf_ticket_keys *k, const hf_provider *provider,
                      int64_t now_s, hf_bytes state, hf_buf *out)
{
    const hf_aead *aead = hf_aead_find(provider, "AES-256-GCM");
    ticket_key key;
    hf_status s = sealing_key(k, provider, now_s, &key);
    if (s == HF_OK)
        turn_to(use, provider, &key);
    if (s == HF_OK)
        s = hf_buf_reserve(out, state.n + HF_TICKET_OVERHEAD);
    void *cipher = s == HF_OK ? expand(aead, key.key) : NULL;
    if (s == HF_OK && cipher == NULL)
        s = HF_E_OUT_OF_MEMORY;
    if (s == HF_OK) {
        uint8_t *p = out->p + out->n, *nonce = p + HF_TICKET_KEY_NAME;
        hf_copy(p, key.name, HF_TICKET_KEY_NAME);
        s = provider->random(provider->ctx, nonce, HF_AEAD_NONCE) == HF_OK ? HF_OK : HF_E_RANDOM;
        if (s == HF_OK)
            s = aead->seal(cipher, nonce, hf_bytes_of(p, HF_TICKET_KEY_NAME), &state, 1,
                           nonce + HF_AEAD_NONCE);
        if (s == HF_OK)
            out->n += state.n + HF_TICKET_OVERHEAD;
    }
    if (cipher != NULL)
        drop(aead, cipher);
    hf_wipe(&key, sizeof(key));
    return s;
}

hf_status hf_ticket_seal(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes state, hf_buf *out)
{
    return hf_seal_for(HF_SEAL_TICKET, k, provider, now_s, state, out);
}

hf_status hf_open_for(hf_seal_use use, hf_ticket_keys *k, const hf_provider *provider,
                      int64_t now_s, hf_bytes ticket, hf_buf *out)
{
    const hf_aead *aead = hf_aead_find(provider, "AES-256-GCM");
    ticket_key key;
    if (ticket.n <= HF_TICKET_OVERHEAD || !opening_key(k, ticket.p, now_s, &key))
        return HF_E_BAD_RECORD_MAC;
    turn_to(use, provider, &key);
    const uint8_t *nonce = ticket.p + HF_TICKET_KEY_NAME, *sealed = nonce + HF_AEAD_NONCE;
    size_t n = ticket.n - HF_TICKET_KEY_NAME - HF_AEAD_NONCE;
    hf_status s = hf_buf_reserve(out, n);
    void *cipher = s == HF_OK ? expand(aead, key.key) : NULL;
    if (cipher == NULL)
        s = HF_E_OUT_OF_MEMORY;
    if (s == HF_OK) {
        s = aead->open(cipher, nonce, hf_bytes_of(ticket.p, HF_TICKET_KEY_NAME), sealed, n,
                       out->p + out->n);
        if (s == HF_OK)
            out->n += n - aead->tag_len;
        drop(aead, cipher);
    }
    hf_wipe(&key, sizeof(key));
    return s;
}

hf_status hf_ticket_open(hf_ticket_keys *k, const hf_provider *provider, int64_t now_s,
                         hf_bytes ticket, hf_buf *out)
{
    return hf_open_for(HF_SEAL_TICKET, k, provider, now_s, ticket, out);
}

/* ---- keys from files ---- */

/* Name and key of a file's 48 or 80 bytes: the first 16 are the name there too, and all of them
 * make the key, so that both formats give what they have. */
static void derive_key(const hf_provider *provider, hf_bytes bytes, ticket_key *out)
{
    uint8_t prk[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = hf_hash_find(provider, 4);
    hf_hmac_key k;
    hf_copy(out->name, bytes.p, HF_TICKET_KEY_NAME);
    hf_hkdf_extract(hash, hf_bytes_text("handfast ticket key"), bytes, prk);
    hf_hmac_key_init(&k, hash, hf_bytes_of(prk, hash->digest_len));
    hf_hkdf_expand(&k, hf_bytes_text("AES-256-GCM"), out->key, KEY_LEN);
    hf_wipe(prk, sizeof(prk));
    hf_wipe(&k, sizeof(k));
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One line of base64 into at most `room` bytes; SIZE_MAX when it is none. */
static size_t decode_line(hf_bytes line, uint8_t *out, size_t room)
{
    uint32_t bits = 0;
    size_t n = 0, held = 0, end = line.n;
    while (end > 0 && line.p[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++) {
        int v = base64_value(line.p[i]);
        if (v < 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)v;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        if (n == room)
            return SIZE_MAX;
        out[n++] = (uint8_t)(bits >> held);
    }
    /* a digit that gives no byte, or bits that belong to none: some of the line is lost */
    bool spare = held == 6 || (bits & ((UINT32_C(1) << held) - 1)) != 0;
    return spare ? SIZE_MAX : n;
}

typedef struct key_list {
    const hf_provider *provider;
    ticket_key keys[MOST_KEYS];
    size_t count;
} key_list;

static hf_status add_key(key_list *list, hf_bytes bytes, hf_error *e)
{
    if (bytes.n != 48 && bytes.n != 80)
        return hf_fail(e, HF_E_TICKET_KEYS, "key", "48 or 80 bytes", "%zu", bytes.n);
    if (list->count == MOST_KEYS)
        return hf_fail(e, HF_E_TICKET_KEYS, "keys", "at most 16", "more");
    ticket_key *key = &list->keys[list->count++];
    key->since_s = INT64_MIN;
    derive_key(list->provider, bytes, key);
    return HF_OK;
}

static hf_bytes take_line(hf_bytes *rest)
{
    const uint8_t *end = memchr(rest->p, '\n', rest->n);
    size_t n = end != NULL ? (size_t)(end - rest->p) : rest->n, skip = end != NULL ? n + 1 : n;
    hf_bytes line = {rest->p, n};
    *rest = (hf_bytes){rest->p + skip, rest->n - skip};
    while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
        line.n--;
    return line;
}

/* Lines of base64; the last but one seals, as haproxy has it, and so comes first here. */
static hf_status add_lines(key_list *list, hf_bytes file, hf_error *e)
{
    uint8_t bytes[80];
    size_t first = list->count, number = 0;
    hf_status s = HF_OK;
    while (s == HF_OK && file.n > 0) {
        hf_bytes line = take_line(&file);
        number++;
        if (line.n == 0)
            continue;
        size_t n = decode_line(line, bytes, sizeof(bytes));
        s = n != SIZE_MAX
                ? add_key(list, (hf_bytes){bytes, n}, e)
                : hf_fail(e, HF_E_TICKET_KEYS, "key", "48 or 80 bytes, as such or as base64",
                          "something else in line %zu", number);
    }
    hf_wipe(bytes, sizeof(bytes));
    size_t count = list->count - first;
    if (s == HF_OK && count >= 2) {
        ticket_key *keys = list->keys + first, sealing = keys[count - 2];
        memmove(keys + 1, keys, (count - 2) * sizeof(*keys));
        keys[0] = sealing;
        hf_wipe(&sealing, sizeof(sealing));
    }
    return s;
}

hf_status hf_ticket_keys_read(hf_ticket_keys *k, const hf_bytes *files, size_t count, hf_error *e)
{
    key_list list = {.provider = &k->provider};
    hf_status s = HF_OK;
    for (size_t i = 0; i < count && s == HF_OK; i++)
        s = files[i].n == 48 || files[i].n == 80 ? add_key(&list, files[i], e)
                                                 : add_lines(&list, files[i], e);
    if (s == HF_OK && list.count == 0)
        s = hf_fail(e, HF_E_TICKET_KEYS, "keys", "at least one", "none");
    if (s == HF_OK) {
        pthread_mutex_lock(&k->lock);
        memcpy(k->keys, list.keys, sizeof(k->keys));
        k->count = list.count;
        k->fixed = true;
        pthread_mutex_unlock(&k->lock);
    }
    hf_wipe(&list, sizeof(list));
    return s;
}
