/* psk13.c: pre-shared keys in TLS 1.3's hellos: a client's offer with its binder, a server's
 * choice. RFC 9846 section 4.3.11.
 *
 * A binder proves that whoever sends the hello has the key, and ties it to all that the hello says:
 * it is a MAC over the message up to the binders themselves. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"

#define TICKETS_TRIED                                                                              \
    4U /* each costs a decryption, before the client has proved anything: for at most              \
          four the application is asked */
#define PSK_DHE_KE 1U

static void make_binder(const hf_hash *hash, const hf_session *s, const uint8_t *digest,
                        uint8_t *binder)
{
    hf_schedule13 ks;
    uint8_t empty[HF_HASH_MAX_DIGEST], key[HF_HASH_MAX_DIGEST];
    hf_hash_of(hash, NULL, 0, empty);
    hf_schedule13_start(&ks, hash, hf_bytes_of(s->secret, s->secret_len));
    hf_schedule13_derive(&ks, "res binder", empty, key);
    hf_finished13(hash, key, digest, binder);
    hf_wipe(key, sizeof(key));
    hf_schedule13_wipe(&ks);
}

static const hf_hash *hash_of(const hf_config *cfg, const hf_session *s)
{
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->id == s->suite)
            return cfg->suites[i].hash;
    return NULL;
}

/* ---- the client ---- */

static uint32_t obfuscated_age(const hf_handshake *hs)
{
    const hf_session *s = hs->session;
    int64_t now = hs->cfg->provider.now_s(hs->cfg->provider.ctx) * 1000;
    return (uint32_t)(now - s->created_ms) + s->age_add;
}

static hf_status write_identity(hf_handshake *hs)
{
    hf_extensions *x = &hs->hello.extensions;
    const hf_session *s = hs->session;
    size_t n = 2 + s->ticket.n + 4, binder = 1U + hash_of(hs->cfg, s)->digest_len;
    uint8_t *p = hf_hs_alloc(hs, n + binder);
    if (p == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_writer w;
    hf_writer_init(&w, p, n + binder);
    hf_write_vec16(&w, s->ticket);
    hf_write_u32(&w, obfuscated_age(hs));
    hf_write_u8(&w, (uint8_t)(binder - 1)); /* the MAC itself: hf_c13_bind_psk */
    x->psk_identities = (hf_bytes){p, n};
    x->psk_binders = (hf_bytes){p + n, binder};
    x->present |= HF_X_BIT(HF_X_PRE_SHARED_KEY);
    return HF_OK;
}

/* After HelloRetryRequest the suite is known: a key of another hash is of no use any more. */
hf_status hf_c13_offer_psk(hf_handshake *hs)
{
    static const uint8_t modes = PSK_DHE_KE;
    hf_extensions *x = &hs->hello.extensions;
    bool retried = (hs->facts & HF_F_RETRY) != 0;
    if (hs->cfg->max_version < HF_VERSION_TLS_1_3)
        return HF_OK;
    if (!retried)
        hf_hs_seek_session(hs);
    hf_session *s = hs->session;
    if (s == NULL && !hf_config_wants_sessions(hs->cfg))
        return HF_OK;
    x->present |= HF_X_BIT(HF_X_PSK_KEY_EXCHANGE_MODES);
    x->psk_modes = (hf_bytes){&modes, 1};
    x->present &= ~HF_X_BIT(HF_X_PRE_SHARED_KEY);
    if (s == NULL || s->version != HF_VERSION_TLS_1_3)
        return HF_OK;
    if (retried && hash_of(hs->cfg, s) != hs->conn->suite->hash)
        return HF_OK;
    return write_identity(hs);
}

void hf_c13_bind_psk(hf_handshake *hs, hf_writer *w, size_t body_at)
{
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY) || hf_writer_status(w) != HF_OK)
        return;
    const hf_hash *hash = hash_of(hs->cfg, hs->session);
    size_t body = w->n - body_at, binders = 2U + 1U + hash->digest_len;
    const uint8_t header[] = {HF_MSG_CLIENT_HELLO, (uint8_t)(body >> 16), (uint8_t)(body >> 8),
                              (uint8_t)body};
    uint8_t digest[HF_HASH_MAX_DIGEST];
    hf_hash_state state;
    if ((hs->facts & HF_F_RETRY) != 0)
        state = hs->transcript.state;
    else
        hash->init(&state);
    hash->update(&state, header, sizeof(header));
    hash->update(&state, w->p + body_at, body - binders);
    hash->final(&state, digest);
    make_binder(hash, hs->session, digest, w->p + w->n - hash->digest_len);
}

hf_status hf_c13_judge_psk(hf_handshake *hs, const hf_extensions *x)
{
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY)) {
        hf_hs_drop_session(hs);
        return HF_OK;
    }
    if (!hf_ext_has(&hs->hello.extensions, HF_X_PRE_SHARED_KEY))
        return hf_hs_fail(hs, HF_E_UNSOLICITED_EXTENSION, "extension_type",
                          "only extensions that were offered", "pre_shared_key (41)");
    if (x->selected_identity != 0)
        return hf_hs_fail(hs, HF_E_SELECTED_IDENTITY, "selected_identity", "0, the one offered",
                          "%u", x->selected_identity);
    if (hash_of(hs->cfg, hs->session) != hs->conn->suite->hash)
        return hf_hs_fail(hs, HF_E_SELECTED_IDENTITY, "cipher_suite",
                          "a suite with the hash of the pre-shared key", "%s",
                          hs->conn->suite->suite->name);
    hs->facts |= HF_F_PSK;
    hf_trace_choice_text(hs->conn, "resumption", "a session ticket", NULL,
                         "the session of the ticket",
                         "the server took up the ticket: no certificates are shown");
    return hf_hs_take_session(hs);
}

/* ---- the server ---- */

/* What the binders cover, while the hello is still apart from what came before it. */
void hf_s13_note_binders(hf_handshake *hs, const hf_extensions *x, hf_bytes message)
{
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return;
    const hf_hash *hash = hs->conn->suite->hash;
    hf_hash_state state;
    if ((hs->facts & HF_F_RETRY) != 0)
        state = hs->transcript.state;
    else
        hash->init(&state);
    hash->update(&state, message.p, x->psk_binders_offset);
    hash->final(&state, hs->binder_digest);
}

static hf_bytes binder_at(const hf_extensions *x, size_t index)
{
    hf_bytes rest = x->psk_binders, binder = {NULL, 0};
    for (size_t i = 0; i <= index; i++)
        if (!hf_item8_next(&rest, &binder))
            return (hf_bytes){NULL, 0};
    return binder;
}

static size_t count_identities(const hf_extensions *x)
{
    hf_bytes rest = x->psk_identities, identity;
    uint32_t age;
    size_t n = 0;
    while (hf_psk_identity_next(&rest, &identity, &age))
        n++;
    return n;
}

static size_t count_binders(const hf_extensions *x)
{
    hf_bytes rest = x->psk_binders, binder;
    size_t n = 0;
    while (hf_item8_next(&rest, &binder))
        n++;
    return n;
}

hf_bytes hf_s13_binder(const hf_handshake *hs)
{
    return binder_at(&hs->hello.extensions, hs->psk_index);
}

static hf_status judge_binder(hf_handshake *hs, const hf_session *s)
{
    uint8_t binder[HF_HASH_MAX_DIGEST];
    const hf_hash *hash = hs->conn->suite->hash;
    hf_bytes theirs = hf_s13_binder(hs);
    make_binder(hash, s, hs->binder_digest, binder);
    bool right = theirs.n == hash->digest_len && hf_ct_equal(theirs.p, binder, theirs.n);
    hf_wipe(binder, sizeof(binder));
    if (right)
        return HF_OK;
    return hf_hs_fail(hs, HF_E_BAD_BINDER, "binder", "the MAC that this side computed",
                      "%zu other bytes", theirs.n);
}

static hf_status take_psk(hf_handshake *hs, hf_session *s)
{
    hs->session = s; /* freed with the scratch, whatever follows */
    hf_status status = judge_binder(hs, s);
    if (status != HF_OK)
        return status;
    hs->facts |= HF_F_PSK;
    hf_trace_choice_text(hs->conn, "resumption", "a session ticket", NULL,
                         "the session of the ticket",
                         "the first ticket that is this server's own, in time, and for the same");
    return hf_hs_take_session(hs);
}

/* Which identities are to be tried: none, where the hello offers none in a way that is of use. */
static hf_status seek_psk(hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    hs->psk_sought = true;
    if (!hf_ext_has(x, HF_X_PRE_SHARED_KEY))
        return HF_OK;
    size_t identities = count_identities(x), binders = count_binders(x);
    if (identities != binders)
        return hf_hs_fail(hs, HF_E_PSK_BINDERS, "binders", "one for each identity", "%zu for %zu",
                          binders, identities);
    if (hf_config_has_tickets(hs->cfg) &&
        memchr(x->psk_modes.p, PSK_DHE_KE, x->psk_modes.n) != NULL)
        hs->psk_rest = x->psk_identities;
    return HF_OK;
}

hf_status hf_s13_open_ticket(hf_handshake *hs)
{
    hf_bytes identity;
    hf_status status = hs->psk_sought ? HF_OK : seek_psk(hs);
    if (status != HF_OK) {
        hs->error.message = "ClientHello";
        return status;
    }
    hs->psk_asked = hs->psk_index < TICKETS_TRIED &&
                    hf_psk_identity_next(&hs->psk_rest, &identity, &hs->psk_age);
    return hs->psk_asked ? hf_hs_open(hs, identity) : HF_OK;
}

static bool fits(const hf_handshake *hs, const hf_session *s)
{
    return s->version == HF_VERSION_TLS_1_3 && hf_hs_session_fits(hs, s) &&
           hf_u16s_have(hs->hello.cipher_suites, s->suite) &&
           hash_of(hs->cfg, s) == hs->conn->suite->hash;
}

/* The session that the ticket held, if it is one of ours and fits; else on with the next. */
static hf_status judge_state(hf_handshake *hs)
{
    hf_session *s = hf_hs_alloc(hs, sizeof(*s));
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    hf_status status = hs->ticket.status;
    if (status == HF_OK)
        status = hf_session_decode(hf_buf_bytes(&hs->ticket.state), s);
    hf_buf_clear(&hs->ticket.state);
    if (status == HF_E_OUT_OF_MEMORY)
        return hf_hs_fail(hs, status, NULL, NULL, NULL);
    if (status == HF_OK && fits(hs, s))
        return take_psk(hs, s);
    if (status == HF_OK)
        hf_session_clear(s);
    hs->psk_index++;
    return HF_AGAIN;
}

hf_status hf_s13_judge_ticket(hf_handshake *hs)
{
    hf_status status = hs->psk_asked ? judge_state(hs) : HF_OK;
    if (status < 0)
        hs->error.message = "ClientHello";
    return status;
}
