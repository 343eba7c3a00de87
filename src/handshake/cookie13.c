/* cookie13.c: HelloRetryRequest without keeping anything: RFC 9846 sections 4.2.4 and 4.3.2.
 *
 * The cookie holds what the second hello must be judged by: the hash of the first (the transcript
 * goes on from it), a hash of what may not change between the two, the suite and the group that
 * were chosen, and the time. It is sealed, so that nobody can make or change one; a cookie of
 * another hello fails by what may not change, the random among it. Then the HelloRetryRequest is
 * written once more, as it went out, for the transcript. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "session/ticket.h"

#define FORM      1U  /* of the encoding: another one is not taken for this */
#define FIXED_LEN 32U /* SHA-256 */

typedef struct memory {
    uint16_t suite, group;
    int64_t made_s;
    uint8_t fixed[FIXED_LEN];
    hf_bytes first; /* the hash of the first hello */
} memory;

static int64_t now_s(const hf_handshake *hs)
{
    return hs->cfg->provider.now_s(hs->cfg->provider.ctx);
}

/* ---- what may not change ---- */

static void add_bytes(const hf_hash *hash, hf_hash_state *state, hf_bytes bytes)
{
    const uint8_t n[] = {(uint8_t)(bytes.n >> 8), (uint8_t)bytes.n};
    hash->update(state, n, sizeof(n));
    hash->update(state, bytes.p, bytes.n);
}

static void add_number(const hf_hash *hash, hf_hash_state *state, uint16_t number)
{
    const uint8_t bytes[] = {(uint8_t)(number >> 8), (uint8_t)number};
    hash->update(state, bytes, sizeof(bytes));
}

static void hash_fixed(const hf_handshake *hs, uint8_t fixed[FIXED_LEN])
{
    const hf_hash *hash = hf_hash_find(&hs->cfg->provider, 4);
    const hf_client_hello *m = &hs->hello;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_hash_state state;
    hf_reader r, extensions;
    uint16_t type;
    hf_bytes data;
    hash->init(&state);
    add_number(hash, &state, m->legacy_version);
    add_bytes(hash, &state, m->random);
    add_bytes(hash, &state, m->legacy_session_id);
    add_bytes(hash, &state, m->cipher_suites);
    add_bytes(hash, &state, m->legacy_compression_methods);
    hf_13_at_extensions(&r, &extensions, hs->hello_message);
    while (hf_13_next_fixed(&extensions, &type, &data)) {
        add_number(hash, &state, type);
        add_bytes(hash, &state, data);
    }
    hash->final(&state, digest);
    memcpy(fixed, digest, FIXED_LEN);
}

/* ---- the cookie, made ---- */

static void write_memory(hf_writer *w, const memory *m)
{
    hf_write_u8(w, FORM);
    hf_write_u16(w, m->suite);
    hf_write_u16(w, m->group);
    hf_write_u32(w, (uint32_t)((uint64_t)m->made_s >> 32));
    hf_write_u32(w, (uint32_t)m->made_s);
    hf_write_bytes(w, (hf_bytes){m->fixed, FIXED_LEN});
    hf_write_vec8(w, m->first);
}

hf_status hf_s13_make_stateless_cookie(hf_handshake *hs)
{
    uint8_t digest[HF_HASH_MAX_DIGEST], bytes[128];
    const hf_suite_choice *suite = hs->conn->suite;
    memory m = {.suite = suite->suite->id,
                .group = hs->retry_group->id,
                .made_s = now_s(hs),
                .first = {digest, suite->hash->digest_len}};
    hf_writer w;
    hf_buf sealed = {0};
    hf_transcript_digest(&hs->transcript, digest);
    hash_fixed(hs, m.fixed);
    hf_writer_init(&w, bytes, sizeof(bytes));
    write_memory(&w, &m);
    hf_status s = hf_writer_status(&w);
    if (s == HF_OK)
        s = hf_seal_for(HF_SEAL_COOKIE, hs->cfg->ticket_keys, &hs->cfg->provider, m.made_s,
                        hf_writer_bytes(&w), &sealed);
    if (s == HF_OK) {
        hs->cookie = hf_buf_bytes(&sealed);
        s = hf_hs_keep(hs, &hs->cookie);
    } else {
        hf_hs_fail(hs, s, NULL, NULL, NULL);
    }
    hf_buf_free(&sealed);
    return s;
}

/* ---- the cookie, brought back ---- */

static bool read_memory(hf_bytes bytes, memory *m)
{
    hf_reader r;
    hf_reader_init(&r, bytes, NULL);
    bool ours = hf_read_u8(&r, "form") == FORM;
    m->suite = hf_read_u16(&r, "suite");
    m->group = hf_read_u16(&r, "group");
    uint64_t high = hf_read_u32(&r, "made");
    m->made_s = (int64_t)(high << 32 | hf_read_u32(&r, "made"));
    hf_bytes fixed = hf_read_bytes(&r, FIXED_LEN, "fixed");
    m->first = hf_read_vec8(&r, "first");
    if (!hf_reader_done(&r) || !ours)
        return false;
    memcpy(m->fixed, fixed.p, FIXED_LEN);
    return true;
}

/* Whatever is wrong with a cookie, the peer hears the same. */
static hf_status refuse(hf_handshake *hs, const char *what)
{
    return hf_hs_fail(
        hs, HF_E_COOKIE_INVALID, "cookie",
        "the cookie of a HelloRetryRequest of this server, or one with its keys, and in time", "%s",
        what);
}

/* The clocks of a fleet may differ: a cookie from the near future is one, too. */
static bool in_time(const hf_handshake *hs, const memory *m)
{
    int64_t age_s = now_s(hs) - m->made_s, most = (int64_t)hs->cfg->stateless_retry_s;
    return age_s <= most && age_s >= -most;
}

/* The suite and the group that were chosen then, where this config has them, and the client
 * still offers them; false when not. */
static bool choose_as_then(hf_handshake *hs, const memory *m)
{
    const hf_config *cfg = hs->cfg;
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->id == m->suite &&
            cfg->suites[i].suite->version == HF_VERSION_TLS_1_3)
            hs->conn->suite = &cfg->suites[i];
    for (size_t i = 0; i < cfg->group_count; i++)
        if (cfg->groups[i]->id == m->group)
            hs->retry_group = cfg->groups[i];
    return hs->conn->suite != NULL && hs->retry_group != NULL &&
           m->first.n == hs->conn->suite->hash->digest_len;
}

/* The HelloRetryRequest once more, and the transcript up to it. */
static hf_status recall_transcript(hf_handshake *hs, const memory *m)
{
    hf_writer w;
    hf_buf retry = {0};
    hf_writer_init_buf(&w, &retry);
    hf_write_u8(&w, HF_MSG_SERVER_HELLO);
    size_t length = hf_write_open(&w, 3);
    hf_s13_write_retry(hs, &w);
    hf_write_close(&w, length, 3);
    hf_status s = hf_writer_status(&w);
    if (s == HF_OK)
        hf_transcript_recall(&hs->transcript, hs->conn->suite->hash, m->first.p,
                             hf_buf_bytes(&retry));
    else
        hf_hs_fail(hs, s, NULL, NULL, NULL);
    hf_buf_free(&retry);
    return s;
}

static hf_status take_up(hf_handshake *hs, const memory *m)
{
    uint8_t fixed[FIXED_LEN];
    if (!in_time(hs, m))
        return refuse(hs, "one that is past its time");
    hash_fixed(hs, fixed);
    if (!hf_ct_equal(fixed, m->fixed, FIXED_LEN))
        return hf_hs_fail(hs, HF_E_HELLO_CHANGED, "ClientHello",
                          "the same as in the first ClientHello, but for the key share",
                          "something else, or the cookie of another client");
    if (hf_ext_has(&hs->hello.extensions, HF_X_EARLY_DATA))
        return hf_hs_fail(hs, HF_E_HELLO_CHANGED, "early_data", "none behind a HelloRetryRequest",
                          "an offer of it");
    if (!choose_as_then(hs, m))
        return refuse(hs, "one that names a suite or a group which this server lacks");
    hf_status s = recall_transcript(hs, m);
    if (s != HF_OK)
        return s;
    hs->facts |= HF_F_RETRY | HF_F_COOKIE;
    hs->ccs_sent = true; /* behind the HelloRetryRequest */
    hs->conn->hello_retry = true;
    hs->conn->channel.skip_early = 0;
    hf_trace_choice_text(hs->conn, "HelloRetryRequest", "cookie", NULL, "the retry goes on",
                         "the cookie is this server's own, in time, and of this client");
    return HF_OK;
}

/* A first hello has no cookie (section 4.3.2), and a client that was asked for one brings it. */
hf_status hf_s13_recall(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    hf_buf bytes = {0};
    memory m;
    if (hs->cfg->stateless_retry_s == 0)
        return HF_OK;
    if (!hf_ext_has(x, HF_X_COOKIE))
        return hs->conn->hello_retry ? refuse(hs, "none") : HF_OK;
    hs->cookie = x->cookie;
    hf_status s = hf_open_for(HF_SEAL_COOKIE, hs->cfg->ticket_keys, &hs->cfg->provider, now_s(hs),
                              x->cookie, &bytes);
    if (s == HF_E_OUT_OF_MEMORY)
        hf_hs_fail(hs, s, NULL, NULL, NULL);
    else if (s != HF_OK || !read_memory(hf_buf_bytes(&bytes), &m))
        s = refuse(hs, "one that does not open");
    else
        s = take_up(hs, &m);
    hf_buf_free(&bytes);
    return s;
}
