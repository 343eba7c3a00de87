/* opening.c: encrypted records are opened with what the key log has. */
#include "observe/observer.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/prf.h"
#include "handshake/schedule13.h"

#define MAX_LOOKUPS 64U /* of the log: a hostile capture may have any number of hellos */

static bool is_13(const hf_observer *o)
{
    return o->version >= HF_VERSION_TLS_1_3;
}

void hf_seen_find_keys(hf_observer *o)
{
    memset(o->told, 0, sizeof(o->told));
    o->keys = (hf_keylog_found){0};
    if (o->lookups++ < MAX_LOOKUPS && hf_keylog_find(o->keylog, o->client_random, &o->keys))
        o->keys_known = true;
}

bool hf_seen_offer(const hf_observer *o, hf_client_hello *out)
{
    hf_reader r;
    hf_reader_init(&r, hf_buf_bytes(&o->offer), NULL);
    hf_read_u8(&r, "msg_type");
    hf_read_u24(&r, "length");
    return o->offer.n != 0 && hf_client_hello_parse(&r, out);
}

/* ---- secrets ---- */

static hf_bytes stage_secret(const hf_observer *o, const hf_side *side, hf_stage stage)
{
    static const hf_keylog_label labels[2][HF_STAGE_DATA + 1] = {
        {HF_LOG_COUNT, HF_LOG_COUNT, HF_LOG_SERVER_HANDSHAKE, HF_LOG_SERVER_TRAFFIC},
        {HF_LOG_COUNT, HF_LOG_CLIENT_EARLY, HF_LOG_CLIENT_HANDSHAKE, HF_LOG_CLIENT_TRAFFIC},
    };
    hf_keylog_label label = labels[side->client][stage];
    return label == HF_LOG_COUNT ? (hf_bytes){NULL, 0} : o->keys.secret[label];
}

static const char *stage_name(const hf_side *side, hf_stage stage)
{
    static const char *const names[2][HF_STAGE_DATA + 1] = {
        {NULL, NULL, "server handshake traffic", "server application traffic"},
        {NULL, "client early traffic", "client handshake traffic", "client application traffic"},
    };
    return names[side->client][stage];
}

/* Keys of a stage for `suite`; false when the log has no secret that fits its hash. */
static bool make_epoch(const hf_observer *o, const hf_side *side, hf_stage stage,
                       const hf_seen_suite *suite, hf_epoch *out)
{
    uint8_t key[HF_AEAD_MAX_KEY], iv[HF_AEAD_NONCE];
    hf_bytes secret = stage_secret(o, side, stage);
    *out = (hf_epoch){0};
    if (suite->aead == NULL || secret.n != suite->hash->digest_len)
        return false;
    hf_traffic_keys13(suite->hash, secret.p, suite->aead->key_len, key, iv);
    hf_status s = hf_epoch_set(out, suite->aead, key, iv, stage_name(side, stage));
    hf_wipe(key, sizeof(key));
    hf_wipe(iv, sizeof(iv));
    return s == HF_OK;
}

static void adopt(hf_observer *o, hf_side *side, hf_stage stage, const hf_epoch *epoch)
{
    hf_bytes secret = stage_secret(o, side, stage);
    hf_epoch_clear(&side->epoch);
    side->epoch = *epoch;
    side->stage = stage;
    side->lost_message = false; /* keys change between messages */
    hf_wipe(side->secret, sizeof(side->secret));
    hf_copy(side->secret, secret.p, secret.n);
}

void hf_seen_enter(hf_observer *o, hf_side *side, hf_stage stage)
{
    hf_epoch epoch;
    if (!make_epoch(o, side, stage, &o->suite, &epoch))
        hf_epoch_clear(&epoch);
    adopt(o, side, stage, &epoch);
}

void hf_seen_key_update(hf_observer *o, hf_side *side)
{
    uint8_t key[HF_AEAD_MAX_KEY], iv[HF_AEAD_NONCE];
    if (side->epoch.aead == NULL || side->stage != HF_STAGE_DATA || o->suite.aead == NULL)
        return;
    hf_traffic_update13(o->suite.hash, side->secret);
    hf_tell_secret(
        o, side->client ? "client traffic secret, updated" : "server traffic secret, updated",
        "the secret before it", "traffic upd", (hf_bytes){NULL, 0},
        hf_bytes_of(side->secret, o->suite.hash->digest_len));
    hf_traffic_keys13(o->suite.hash, side->secret, o->suite.aead->key_len, key, iv);
    (void)hf_epoch_set(&side->epoch, o->suite.aead, key, iv, stage_name(side, HF_STAGE_DATA));
    hf_wipe(key, sizeof(key));
    hf_wipe(iv, sizeof(iv));
}

/* RFC 5246 section 6.3: both sides' keys are cut from one block. */
static void set_keys12(hf_observer *o, hf_side *side)
{
    hf_bytes master = o->keys.secret[HF_LOG_MASTER];
    size_t key_len = o->suite.aead->key_len, iv_len = o->suite.implicit_nonce ? 12 : 4;
    uint8_t block[2 * (HF_AEAD_MAX_KEY + HF_AEAD_NONCE)], iv[HF_AEAD_NONCE] = {0};
    const char *name = side->client ? "client write" : "server write";
    hf_prf12(o->suite.hash, master, "key expansion", hf_bytes_of(o->server_random, HF_RANDOM_LEN),
             hf_bytes_of(o->client_random, HF_RANDOM_LEN), block, 2 * (key_len + iv_len));
    const uint8_t *key = block + (side->client ? 0 : key_len);
    memcpy(iv, block + 2 * key_len + (side->client ? 0 : iv_len), iv_len);
    if (hf_epoch_set(&side->epoch, o->suite.aead, key, iv, name) == HF_OK) {
        side->epoch.form = o->suite.implicit_nonce ? HF_FORM_12_IMPLICIT : HF_FORM_12_EXPLICIT;
        hf_tell_secret(o, name, "master secret", "key expansion", (hf_bytes){NULL, 0},
                       (hf_bytes){key, key_len});
    }
    hf_wipe(block, sizeof(block));
    hf_wipe(iv, sizeof(iv));
}

void hf_seen_change_cipher(hf_observer *o, hf_side *side)
{
    hf_epoch_clear(&side->epoch);
    side->sealed = true;
    side->stage = HF_STAGE_DATA;
    if (o->keys.secret[HF_LOG_MASTER].n != 0 && o->suite.aead != NULL &&
        o->version == HF_VERSION_TLS_1_2)
        set_keys12(o, side);
}

/* ---- records ---- */

static hf_status try_epoch(hf_observer *o, hf_epoch *epoch, hf_bytes wire, hf_record *out)
{
    memcpy(o->plain, wire.p, wire.n);
    return hf_record_open(epoch, o->plain, wire.n, HF_RECORD_PLAINTEXT, out);
}

/* Tries one stage's keys afresh, and takes them when they open the record. */
static hf_status try_stage(hf_observer *o, hf_side *side, hf_stage stage,
                           const hf_seen_suite *suite, hf_bytes wire, hf_record *out)
{
    hf_epoch epoch;
    if (!make_epoch(o, side, stage, suite, &epoch))
        return HF_E_BAD_RECORD_MAC;
    hf_status s = try_epoch(o, &epoch, wire, out);
    if (s == HF_OK)
        adopt(o, side, stage, &epoch);
    else
        hf_epoch_clear(&epoch);
    return s;
}

static void tell_early(hf_observer *o, const hf_hash *hash)
{
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_hash_state state;
    hash->init(&state);
    hash->update(&state, o->offer.p, o->offer.n);
    hash->final(&state, digest);
    hf_bytes context = {digest, hash->digest_len};
    hf_tell_logged(o, HF_LOG_CLIENT_EARLY, "Early Secret", "c e traffic", context);
    hf_tell_logged(o, HF_LOG_EARLY_EXPORTER, "Early Secret", "e exp master", context);
}

/* Early data comes before the server has said a word: any of the offered suites may be the one of
 * the pre-shared key. */
static hf_status try_early(hf_observer *o, hf_side *side, hf_bytes wire, hf_record *out)
{
    hf_client_hello hello;
    hf_seen_suite suite;
    hf_status s = HF_E_BAD_RECORD_MAC;
    if (!side->client || side->stage != HF_STAGE_CLEAR || !o->early_offered ||
        !hf_seen_offer(o, &hello))
        return s;
    for (size_t i = 0; i < hf_u16s_count(hello.cipher_suites) && s == HF_E_BAD_RECORD_MAC; i++) {
        uint16_t id = hf_u16s_at(hello.cipher_suites, i);
        if (id >> 8 == 0x13 && hf_seen_suite_find(o->provider, id, &suite))
            s = try_stage(o, side, HF_STAGE_EARLY, &suite, wire, out);
    }
    if (s == HF_OK)
        tell_early(o, suite.hash);
    return s;
}

static hf_status try_all(hf_observer *o, hf_side *side, hf_bytes wire, hf_record *out)
{
    hf_status s = HF_E_BAD_RECORD_MAC;
    if (side->epoch.aead != NULL)
        s = try_epoch(o, &side->epoch, wire, out);
    if (s == HF_E_BAD_RECORD_MAC)
        s = try_early(o, side, wire, out);
    for (hf_stage stage = HF_STAGE_HANDSHAKE;
         s == HF_E_BAD_RECORD_MAC && is_13(o) && stage <= HF_STAGE_DATA; stage++)
        if (stage > side->stage)
            s = try_stage(o, side, stage, &o->suite, wire, out);
    return s;
}

static hf_observed_why reason(const hf_observer *o, const hf_side *side)
{
    if (!o->client_hello || (!o->server_hello && !(side->client && o->early_offered)))
        return HF_OBSERVED_NO_HELLO;
    if (o->server_hello && (o->suite.aead == NULL || o->version < HF_VERSION_TLS_1_2))
        return HF_OBSERVED_SUITE;
    if (o->keylog == NULL)
        return HF_OBSERVED_NO_KEYLOG;
    bool any = !is_13(o) && o->server_hello ? o->keys.secret[HF_LOG_MASTER].n != 0 : false;
    for (hf_stage stage = HF_STAGE_EARLY; stage <= HF_STAGE_DATA && (is_13(o) || !o->server_hello);
         stage++)
        any = any || stage_secret(o, side, stage).n != 0;
    return any ? HF_OBSERVED_WRONG_KEY : HF_OBSERVED_NOT_IN_LOG;
}

void hf_seen_skip(hf_observer *o, hf_side *side)
{
    if (side->epoch.aead != NULL)
        side->epoch.sequence++;
    if (side->stage == HF_STAGE_HANDSHAKE)
        side->lost_message = o->transcript_lost = true;
}

hf_status hf_seen_open(hf_observer *o, hf_side *side, hf_bytes wire, hf_record *out, bool *open)
{
    uint64_t sequence = side->epoch.sequence;
    hf_status s = try_all(o, side, wire, out);
    *open = s == HF_OK;
    if (s == HF_E_OUT_OF_MEMORY)
        return s;
    if (*open) {
        o->opened++;
        return HF_OK;
    }
    /* A record that cannot be opened was counted by its ends all the same, where there was one. */
    if (sequence == side->epoch.sequence && (sequence != 0 || side->stage == HF_STAGE_HANDSHAKE))
        hf_seen_skip(o, side);
    if (o->why == HF_OBSERVED_ALL)
        o->why = reason(o, side);
    o->closed++;
    return HF_OK;
}

/* ---- Finished ---- */

void hf_seen_check_finished(hf_observer *o, const hf_side *side, hf_bytes verify_data)
{
    uint8_t digest[HF_HASH_MAX_DIGEST], right[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = o->suite.hash;
    if (hash == NULL || o->transcript.hash != hash || o->transcript_lost)
        return;
    hf_bytes secret =
        is_13(o) ? stage_secret(o, side, HF_STAGE_HANDSHAKE) : o->keys.secret[HF_LOG_MASTER];
    size_t n = is_13(o) ? hash->digest_len : 12;
    if (secret.n == 0 || (is_13(o) && secret.n != hash->digest_len))
        return;
    hf_transcript_digest(&o->transcript, digest);
    if (is_13(o))
        hf_finished13(hash, secret.p, digest, right);
    else
        hf_prf12(hash, secret, side->client ? "client finished" : "server finished",
                 (hf_bytes){digest, hash->digest_len}, (hf_bytes){NULL, 0}, right, n);
    bool good = verify_data.n == n && hf_ct_equal(right, verify_data.p, n);
    o->finished_good[side->client] = good;
    o->finished_bad = o->finished_bad || !good;
    hf_wipe(right, sizeof(right));
}
