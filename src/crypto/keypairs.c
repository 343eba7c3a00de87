/* keypairs.c: ephemeral key pairs made ahead: a bounded number, each used once and wiped.
 *
 * A place is empty, busy (one thread writes or reads it) or full. Threads change it by compare and
 * swap and never wait: who finds no full place makes a pair the usual way. */
#include "crypto/keypairs.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

enum { EMPTY, BUSY, FULL };

#define MOST_PAIRS 1024U

struct hf_keypairs {
    atomic_uint references;
    const hf_group *group;
    hf_provider provider;
    unsigned process; /* a child has copies of the pairs, which would be used a second time */
    unsigned count;
    size_t pair_len;
    atomic_uint next; /* where to look first */
    atomic_int *states;
    uint8_t *pairs; /* private keys and shares, side by side */
};

/* How many forks lie between the process that loaded the library and this one. */
static atomic_uint forks;
static pthread_once_t watched_once = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    atomic_fetch_add_explicit(&forks, 1, memory_order_relaxed);
}

static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

static unsigned this_process(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

hf_status hf_keypairs_new(const hf_provider *provider, const char *group, unsigned most,
                          hf_keypairs **out, hf_error *e)
{
    const hf_provider *p = provider != NULL ? provider : hf_provider_default();
    const hf_group *const *g = p->groups;
    *out = NULL;
    while (*g != NULL && strcmp((*g)->name, group) != 0)
        g++;
    if (*g == NULL)
        return hf_fail(e, HF_E_UNKNOWN_NAME_IN_LIST, "group", "a group that the provider has", "%s",
                       group);
    if (most < 1 || most > MOST_PAIRS)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "most", "1 to 1024", "%u", most);
    hf_keypairs *k = hf_alloc(sizeof(*k));
    if (k == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    atomic_init(&k->references, 1);
    k->group = *g;
    k->provider = *p;
    pthread_once(&watched_once, watch_forks);
    k->process = this_process();
    k->count = most;
    k->pair_len = (size_t)k->group->private_len + k->group->client_share_len;
    k->states = hf_alloc(most * sizeof(*k->states));
    k->pairs = hf_alloc(most * k->pair_len);
    if (k->states == NULL || k->pairs == NULL) {
        hf_keypairs_free(k);
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    }
    for (unsigned i = 0; i < most; i++)
        atomic_init(&k->states[i], EMPTY);
    *out = k;
    return HF_OK;
}

hf_keypairs *hf_keypairs_ref(hf_keypairs *k)
{
    atomic_fetch_add_explicit(&k->references, 1, memory_order_relaxed);
    return k;
}

void hf_keypairs_free(hf_keypairs *k)
{
    if (k == NULL || atomic_fetch_sub_explicit(&k->references, 1, memory_order_acq_rel) != 1)
        return;
    hf_free(k->states);
    hf_free_wiped(k->pairs, k->pairs != NULL ? k->count * k->pair_len : 0);
    hf_free_wiped(k, sizeof(*k));
}

static bool claim(hf_keypairs *k, unsigned i, int from)
{
    int expected = from;
    return atomic_load_explicit(&k->states[i], memory_order_relaxed) == from &&
           atomic_compare_exchange_strong_explicit(&k->states[i], &expected, BUSY,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void leave(hf_keypairs *k, unsigned i, int as)
{
    atomic_store_explicit(&k->states[i], as, memory_order_release);
}

unsigned hf_keypairs_make(hf_keypairs *k, unsigned count)
{
    unsigned made = 0;
    if (this_process() != k->process)
        return 0;
    for (unsigned i = 0; i < k->count && made < count; i++) {
        uint8_t *pair = k->pairs + i * k->pair_len;
        if (!claim(k, i, EMPTY))
            continue;
        hf_status s = k->group->generate(&k->provider, pair, pair + k->group->private_len);
        if (s != HF_OK)
            hf_wipe(pair, k->pair_len);
        leave(k, i, s == HF_OK ? FULL : EMPTY);
        if (s != HF_OK)
            break;
        made++;
    }
    return made;
}

bool hf_keypairs_take(hf_keypairs *k, const hf_group *group, uint8_t *private_key, uint8_t *share)
{
    if (k == NULL || k->group != group || this_process() != k->process)
        return false;
    unsigned first = atomic_load_explicit(&k->next, memory_order_relaxed);
    for (unsigned n = 0; n < k->count; n++) {
        unsigned i = (first + n) % k->count;
        uint8_t *pair = k->pairs + i * k->pair_len;
        if (!claim(k, i, FULL))
            continue;
        hf_copy(private_key, pair, group->private_len);
        hf_copy(share, pair + group->private_len, group->client_share_len);
        hf_wipe(pair, k->pair_len);
        leave(k, i, EMPTY);
        atomic_store_explicit(&k->next, i + 1, memory_order_relaxed);
        return true;
    }
    return false;
}

hf_status hf_keypairs_generate(hf_keypairs *k, const hf_group *group, const hf_provider *provider,
                               uint8_t *private_key, uint8_t *share)
{
    if (hf_keypairs_take(k, group, private_key, share))
        return HF_OK;
    return group->generate(provider, private_key, share);
}

hf_status hf_keypairs_respond(hf_keypairs *k, const hf_group *group, const hf_provider *provider,
                              const uint8_t *client_share, uint8_t *server_share, uint8_t *secret)
{
    uint8_t private_key[HF_GROUP_MAX_PRIVATE];
    if (k != NULL && !group->diffie_hellman)
        return hf_hybrid_respond(k, group, provider, client_share, server_share, secret);
    if (!group->diffie_hellman || !hf_keypairs_take(k, group, private_key, server_share))
        return group->respond(provider, client_share, server_share, secret);
    hf_status s = group->finish(private_key, client_share, secret);
    hf_wipe(private_key, group->private_len);
    return s;
}
