/* early13.c: early data, RFC 9846 sections 2.3 and 4.3.10: a client's first flight under the secret
 * of the session that it resumes, and whether a server takes it.
 *
 * The client's side: hf_write_early gathers it, and it goes out behind the ClientHello. Whether it
 * was taken is known with EncryptedExtensions; until then the client's keys stay the early ones,
 * and it changes to the handshake's behind EndOfEarlyData, or at once where it was not. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "session/replay.h"
#include "wire/messages12.h"

/* What early data is bound to: agreed on with the session, or given with the external key. */
typedef struct terms {
    uint16_t suite;
    hf_bytes alpn;
    uint32_t most; /* bytes */
} terms;

static terms terms_of(const hf_session *s, const hf_held_psk *held)
{
    if (s != NULL)
        return (terms){s->suite, s->alpn, s->max_early_data};
    return held != NULL ? (terms){held->early_suite, held->early_alpn, held->early_data}
                        : (terms){0};
}

/* A client's key for it is the first that it offers. */
static terms client_terms(const hf_handshake *hs)
{
    const hf_session *s = hs->session;
    if (s != NULL && s->version == HF_VERSION_TLS_1_3)
        return terms_of(s, NULL);
    return terms_of(NULL, hs->cfg->psks.count != 0 ? hs->cfg->psks.held[0] : NULL);
}

/* The terms of what was put first in the hello; a session may be gone by now. */
static terms offered_terms(const hf_handshake *hs)
{
    return terms_of(hs->offers[0].held == NULL ? hs->session : NULL, hs->offers[0].held);
}

static const hf_suite_choice *suite_of(const hf_handshake *hs, uint16_t id)
{
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (hs->cfg->suites[i].suite->id == id)
            return &hs->cfg->suites[i];
    return NULL;
}

/* Sets the early keys; conn->suite is the session's. `digest` is of the ClientHello. */
static hf_status set_early_keys(hf_handshake *hs, hf_epoch *epoch, const uint8_t *digest)
{
    hf_conn *c = hs->conn;
    const hf_hash *hash = c->suite->hash;
    hf_schedule13 ks;
    hf_schedule13_start(&ks, hash, hs->psk_secret);
    hf_schedule13_derive(&ks, "c e traffic", digest, hs->early_secret);
    hf_schedule13_wipe(&ks);
    hf_trace_secret(c, "CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_EARLY_TRAFFIC_SECRET", "Early Secret",
                    "c e traffic", hs->client_random, hf_bytes_of(digest, hash->digest_len),
                    hf_bytes_of(hs->early_secret, hash->digest_len));
    hf_status s = hf_conn_set_keys(c, epoch, hs->early_secret, "client early traffic");
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* ---- the client ---- */

static bool offers_alpn(const hf_handshake *hs, hf_bytes name)
{
    hf_bytes offered = hf_buf_bytes(&hs->cfg->alpn), offer;
    while (hf_item8_next(&offered, &offer))
        if (hf_bytes_equal(offer, name))
            return true;
    return name.n == 0;
}

size_t hf_c13_early_room(hf_handshake *hs)
{
    hf_hs_seek_session(hs);
    terms t = client_terms(hs);
    if (hs->cfg->early_data == 0 || t.most == 0 || suite_of(hs, t.suite) == NULL ||
        !offers_alpn(hs, t.alpn))
        return 0;
    return t.most - hs->early_out.n;
}

/* The second hello follows in the clear: the server has not taken what came behind the first. */
static void take_back(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    hs->hello.extensions.present &= ~HF_X_BIT(HF_X_EARLY_DATA);
    if (c->early == HF_EARLY_OFFERED) {
        c->early = HF_EARLY_REJECTED;
        hf_epoch_clear(&c->channel.write);
    }
}

void hf_c13_offer_early(hf_handshake *hs)
{
    if ((hs->facts & HF_F_RETRY) != 0) {
        take_back(hs);
    } else if (hs->early_out.n != 0 && hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY) &&
               hs->early_out.n <= offered_terms(hs).most) {
        hs->hello.extensions.present |= HF_X_BIT(HF_X_EARLY_DATA);
        hs->conn->early = HF_EARLY_OFFERED;
    }
}

hf_status hf_c13_after_hello(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    if (!hf_conn_is_client(c) || c->early != HF_EARLY_OFFERED)
        return HF_OK;
    hf_status s = hf_hs_send_ccs(hs);
    if (s != HF_OK)
        return s;
    hf_bytes hello = hf_buf_bytes(&hs->transcript.pending);
    c->suite = suite_of(hs, offered_terms(hs).suite);
    hf_hash_of(c->suite->hash, &hello, 1, digest);
    s = set_early_keys(hs, &c->channel.write, digest);
    if (s == HF_OK)
        s = hf_channel_send(&c->channel, HF_CONTENT_APPLICATION_DATA, hf_buf_bytes(&hs->early_out));
    c->suite = NULL; /* not agreed yet */
    hf_buf_free(&hs->early_out);
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

/* In EncryptedExtensions. */
hf_status hf_c13_judge_early(hf_handshake *hs, const hf_extensions *x)
{
    hf_conn *c = hs->conn;
    if (c->early != HF_EARLY_OFFERED)
        return HF_OK;
    if (!hf_ext_has(x, HF_X_EARLY_DATA)) {
        c->early = HF_EARLY_REJECTED;
        return HF_OK;
    }
    bool first = (hs->facts & HF_F_PSK) != 0 && hs->psk_index == 0;
    terms t = first ? offered_terms(hs) : (terms){0};
    bool same = first && t.suite == c->suite->suite->id;
    hf_bytes alpn = c->alpn != NULL ? hf_bytes_of(c->alpn + 1, c->alpn[0]) : (hf_bytes){NULL, 0};
    if (!same || !hf_bytes_equal(t.alpn, alpn))
        return hf_hs_fail(hs, HF_E_EARLY_DATA_UNEXPECTED, "early_data",
                          "the session's suite and protocol", "early_data with others");
    c->early = HF_EARLY_ACCEPTED;
    hs->facts |= HF_F_EARLY;
    return HF_OK;
}

/* Not taken: on with the handshake's own key. */
hf_status hf_c13_after_extensions(hf_handshake *hs)
{
    if (!hf_conn_is_client(hs->conn) || hs->conn->early != HF_EARLY_REJECTED ||
        (hs->facts & HF_F_RETRY) != 0)
        return HF_OK;
    return hf_hs_set_client_handshake_keys(hs);
}

/* ---- the server ---- */

/* RFC 9846 section 8.3: how old the client says the ticket is, beside how old it is. */
static bool is_fresh(const hf_handshake *hs, const hf_session *s, uint32_t obfuscated_age)
{
    int64_t now_ms = hs->cfg->provider.now_s(hs->cfg->provider.ctx) * 1000;
    int64_t told_ms = (int64_t)(uint32_t)(obfuscated_age - s->age_add);
    int64_t apart = now_ms - s->created_ms - told_ms;
    return apart <= HF_EARLY_FRESH_S * 1000 && apart >= -HF_EARLY_FRESH_S * 1000;
}

/* May the early data behind the hello be taken, if it was not met before? The first identity was
 * taken up. */
static bool may_take(const hf_handshake *hs)
{
    const hf_conn *c = hs->conn;
    terms t = terms_of(hs->session, c->psk);
    hf_bytes alpn = c->alpn != NULL ? hf_bytes_of(c->alpn + 1, c->alpn[0]) : (hf_bytes){NULL, 0};
    return hf_ext_has(&hs->hello.extensions, HF_X_EARLY_DATA) && hs->cfg->early_data != 0 &&
           t.most != 0 && hs->psk_index == 0 && (hs->facts & HF_F_RETRY) == 0 &&
           t.suite == c->suite->suite->id && hf_bytes_equal(t.alpn, alpn) &&
           (hs->session == NULL || is_fresh(hs, hs->session, hs->psk_age));
}

hf_status hf_s13_ask_early(hf_handshake *hs)
{
    hs->early_call.binder = hf_s13_binder(hs);
    return may_take(hs) ? hf_hs_ask_first(hs) : HF_OK;
}

/* The transcript holds the ClientHello. */
hf_status hf_s13_take_early(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    uint8_t digest[HF_HASH_MAX_DIGEST];
    if (!hs->early_call.first)
        return HF_OK;
    c->early = HF_EARLY_ACCEPTED;
    c->channel.skip_early = 0;
    hs->facts |= HF_F_EARLY;
    hs->early_open = true;
    hs->early_left = terms_of(hs->session, c->psk).most;
    hf_trace_choice_text(c, "early data", "early_data", NULL, "accepted",
                         hs->session != NULL
                             ? "the ticket allows it, is fresh, and was not met before"
                             : "the pre-shared key allows it, and it was not met just now");
    hf_transcript_digest(&hs->transcript, digest);
    return set_early_keys(hs, &c->channel.read, digest);
}

/* ---- EndOfEarlyData: section 4.6 ---- */

hf_status hf_c13_build_end_of_early(hf_handshake *hs, hf_writer *w)
{
    (void)hs;
    (void)w;
    return HF_OK;
}

hf_status hf_s13_judge_end_of_early(hf_handshake *hs, hf_reader *r)
{
    hs->early_open = false;
    return hf_empty_message_parse(r) ? HF_OK : hf_reader_status(r, &hs->error);
}
