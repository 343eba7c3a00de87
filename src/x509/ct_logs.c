/* ct_logs.c: a set of Certificate Transparency logs, copied, found by id. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hkdf.h"
#include "crypto/key.h"
#include "crypto/lookup.h"

#include <handfast/ct.h>

#include <stdatomic.h>

enum { MOST = 4096, TEXT_MOST = 200, LEAST_RSA_BITS = 2048, MOST_RSA_BITS = 8192 };

/* A log and what it points to are one block. */
typedef struct entry {
    hf_ct_log log;
    uint8_t id[HF_CT_LOG_ID];
    char name[TEXT_MOST + 1], operator_name[TEXT_MOST + 1];
    hf_ct_operator earlier[HF_CT_EARLIER_MOST];
    uint8_t rest[]; /* the public key, and the names of `earlier` */
} entry;

struct hf_ct_logs {
    atomic_size_t references;
    entry **entries;
    size_t count, room;
};

hf_status hf_ct_logs_new(hf_ct_logs **out)
{
    *out = hf_alloc(sizeof(**out));
    if (*out == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&(*out)->references, 1);
    return HF_OK;
}

hf_ct_logs *hf_ct_logs_ref(hf_ct_logs *logs)
{
    atomic_fetch_add_explicit(&logs->references, 1, memory_order_relaxed);
    return logs;
}

void hf_ct_logs_free(hf_ct_logs *logs)
{
    if (logs == NULL || atomic_fetch_sub_explicit(&logs->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < logs->count; i++)
        hf_free(logs->entries[i]);
    hf_free(logs->entries);
    hf_free(logs);
}

size_t hf_ct_logs_count(const hf_ct_logs *logs)
{
    return logs->count;
}

const hf_ct_log *hf_ct_logs_at(const hf_ct_logs *logs, size_t i)
{
    return i < logs->count ? &logs->entries[i]->log : NULL;
}

static size_t place_of(const hf_ct_logs *logs, hf_bytes id)
{
    size_t i = 0;
    while (i < logs->count && !hf_bytes_equal(logs->entries[i]->log.id, id))
        i++;
    return i;
}

const hf_ct_log *hf_ct_logs_find(const hf_ct_logs *logs, hf_bytes id)
{
    return hf_ct_logs_at(logs, place_of(logs, id));
}

/* ---- adding ---- */

/* RFC 6962 section 2.1.4: ECDSA with P-256, or RSA of 2048 bits or more. A larger key than any log
 * has would only cost. */
static hf_status check_key(hf_bytes public_key, hf_error *e)
{
    static const char *const wanted = "ECDSA P-256, or RSA of 2048 to 8192 bits";
    unsigned bits;
    hf_pubkey key;
    hf_key_type type = hf_spki_type(public_key, &bits);
    if (type == HF_KEY_NONE)
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "public_key", wanted,
                       "%zu bytes that are no such SubjectPublicKeyInfo", public_key.n);
    if (type != HF_KEY_P256 &&
        !(type == HF_KEY_RSA && bits >= LEAST_RSA_BITS && bits <= MOST_RSA_BITS))
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "public_key", wanted, "%s of %u bits",
                       hf_key_type_name(type), bits);
    hf_status s = hf_pubkey_read(public_key, &key);
    if (s == HF_OK)
        hf_pubkey_clear(&key);
    else if (s == HF_E_OUT_OF_MEMORY)
        return hf_fail(e, s, NULL, NULL, NULL);
    else
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "public_key", wanted,
                       "a key that cannot be read (a point that is not on the curve, perhaps)");
    return HF_OK;
}

static hf_status check_earlier(const hf_ct_log *log, hf_error *e)
{
    if (log->earlier_count > HF_CT_EARLIER_MOST)
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "earlier", "at most 8 operators", "%zu",
                       log->earlier_count);
    for (size_t i = 0; i < log->earlier_count; i++)
        if (log->earlier[i].name == NULL || log->earlier[i].name[0] == '\0' ||
            (i != 0 && log->earlier[i].until_s <= log->earlier[i - 1].until_s))
            return hf_fail(e, HF_E_CT_LOG_MALFORMED, "earlier",
                           "operators with names, the oldest first", "another at place %zu", i);
    return HF_OK;
}

static hf_status check(const hf_ct_log *log, const uint8_t id[HF_CT_LOG_ID], hf_error *e)
{
    hf_status s = check_key(log->public_key, e);
    if (s != HF_OK)
        return s;
    if (log->id.n != 0 && !hf_bytes_equal(log->id, (hf_bytes){id, HF_CT_LOG_ID}))
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "id", "the SHA-256 of the log's public key",
                       "%zu other bytes", log->id.n);
    if (log->state > HF_CT_REJECTED)
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "state", "one of hf_ct_state", "%d",
                       (int)log->state);
    if (log->state == HF_CT_RETIRED && log->state_s <= 0)
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "state_s", "since when the log is retired",
                       "nothing");
    bool any = log->interval_start_s == 0 && log->interval_end_s == 0;
    if (!any && log->interval_start_s >= log->interval_end_s)
        return hf_fail(e, HF_E_CT_LOG_MALFORMED, "interval_end_s", "an end after the start",
                       "an interval without a second in it");
    return check_earlier(log, e);
}

static void copy_text(char to[TEXT_MOST + 1], const char *text)
{
    size_t n = 0;
    while (text != NULL && n < TEXT_MOST && text[n] != '\0')
        n++;
    hf_copy(to, text, n);
    to[n] = '\0';
}

/* The earlier operators, with their names from `at` on. */
static void copy_earlier(entry *x, const hf_ct_log *log, char *at)
{
    for (size_t i = 0; i < log->earlier_count; i++, at += TEXT_MOST + 1) {
        copy_text(at, log->earlier[i].name);
        x->earlier[i] = (hf_ct_operator){at, log->earlier[i].until_s};
    }
    x->log.earlier = log->earlier_count != 0 ? x->earlier : NULL;
}

static entry *copy(const hf_ct_log *log, const uint8_t id[HF_CT_LOG_ID])
{
    entry *x =
        hf_alloc(sizeof(*x) + log->public_key.n + log->earlier_count * (size_t)(TEXT_MOST + 1));
    if (x == NULL)
        return NULL;
    x->log = *log;
    memcpy(x->id, id, HF_CT_LOG_ID);
    memcpy(x->rest, log->public_key.p, log->public_key.n);
    copy_text(x->name, log->name);
    copy_text(x->operator_name, log->operator_name);
    copy_earlier(x, log, (char *)x->rest + log->public_key.n);
    x->log.id = (hf_bytes){x->id, HF_CT_LOG_ID};
    x->log.public_key = (hf_bytes){x->rest, log->public_key.n};
    x->log.name = x->name[0] != '\0' ? x->name : NULL;
    x->log.operator_name = x->operator_name[0] != '\0' ? x->operator_name : NULL;
    return x;
}

static hf_status grow(hf_ct_logs *logs)
{
    if (logs->count < logs->room)
        return HF_OK;
    size_t room = logs->room == 0 ? 64 : 2 * logs->room;
    entry **wider = hf_alloc(room * sizeof(entry *));
    if (wider == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_copy(wider, logs->entries, logs->count * sizeof(entry *));
    hf_free(logs->entries);
    logs->entries = wider;
    logs->room = room;
    return HF_OK;
}

hf_status hf_ct_logs_add(hf_ct_logs *logs, const hf_ct_log *log, hf_error *e)
{
    uint8_t id[HF_HASH_MAX_DIGEST];
    const hf_hash *sha256 = hf_hash_find(hf_provider_default(), 4);
    if (sha256 == NULL)
        return hf_fail(e, HF_E_CRYPTO, "id", "SHA-256", "none");
    hf_hash_of(sha256, &log->public_key, 1, id);
    hf_status s = check(log, id, e);
    if (s != HF_OK)
        return s;
    size_t at = place_of(logs, (hf_bytes){id, HF_CT_LOG_ID});
    if (at == MOST)
        return hf_fail(e, HF_E_BAD_ARGUMENT, "logs", "at most 4096", "one more");
    entry *x = copy(log, id);
    if (x == NULL || grow(logs) != HF_OK) {
        hf_free(x);
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    }
    if (at == logs->count)
        logs->entries[logs->count++] = NULL;
    hf_free(logs->entries[at]);
    logs->entries[at] = x;
    return HF_OK;
}
