/* tickets13.c: NewSessionTicket, given by a server and taken by a client. RFC 9846 section 4.7.1.
 */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"

/* The ticket's own key, from the resumption secret and what tells this ticket from the others. */
static void derive_psk(const hf_hash *hash, const uint8_t *secret, hf_bytes nonce, hf_session *s)
{
    hf_hmac_key k;
    hf_hmac_key_init(&k, hash, hf_bytes_of(secret, hash->digest_len));
    hf_hkdf_expand_label(&k, "resumption", nonce, s->secret, hash->digest_len);
    s->secret_len = hash->digest_len;
    hf_wipe(&k, sizeof(k));
}

/* ---- the server ---- */

static void write_message(hf_writer *w, const hf_new_session_ticket *m)
{
    hf_write_u8(w, HF_MSG_NEW_SESSION_TICKET);
    size_t length = hf_write_open(w, 3);
    hf_new_session_ticket_build(w, m);
    hf_write_close(w, length, 3);
}

void hf_session_go_on_from(const hf_session *before, hf_session *s)
{
    memcpy(s->own_identity, before->own_identity, sizeof(s->own_identity));
    s->began_ms = before->began_ms;
    s->lifetime_s = before->lifetime_s;
}

uint32_t hf_session_left_s(const hf_session *s)
{
    int64_t spent_s = (s->created_ms - s->began_ms) / 1000;
    return spent_s < (int64_t)s->lifetime_s ? s->lifetime_s - (uint32_t)spent_s : 0;
}

/* A client that names no mode of psk_key_exchange_modes that this server has could not use one; one
 * that resumed needs only what it used up. */
static unsigned tickets_due(const hf_handshake *hs)
{
    const hf_extensions *x = &hs->hello.extensions;
    if (hs->conn->psk != NULL && hf_psk_set_bound(&hs->cfg->psks, hs->conn->psk->digest) == NULL)
        return 0; /* the application said whose it is, and is to be asked each time */
    if (!hf_config_has_tickets(hs->cfg) || !hf_ext_has(x, HF_X_PSK_KEY_EXCHANGE_MODES) ||
        !hf_s13_psk_mode_fits(hs))
        return 0;
    return hs->conn->resumed && hs->cfg->tickets > 1 ? 1 : hs->cfg->tickets;
}

/* What the next ticket is to hold, to hs->ticket.state; what the message says of it besides. */
static hf_status describe(hf_handshake *hs, const uint8_t *age_add)
{
    hf_conn *c = hs->conn;
    hf_session s = {.lifetime_s = hs->cfg->session_life_s, .max_early_data = hs->cfg->early_data};
    uint8_t number = (uint8_t)hs->tickets_given;
    s.age_add = (uint32_t)age_add[0] << 24 | (uint32_t)age_add[1] << 16 |
                (uint32_t)age_add[2] << 8 | age_add[3];
    hf_conn_describe_session(c, &s);
    hf_hs_identity_digest(hs, s.own_identity);
    if (c->resumed)
        hf_session_go_on_from(hs->session, &s);
    derive_psk(c->suite->hash, hs->resumption_secret, (hf_bytes){&number, 1}, &s);
    hf_buf_clear(&hs->ticket.state);
    hf_status status = hf_conn_encode_session(c, &s, &hs->ticket.state);
    hs->given_age_add = s.age_add;
    hs->given_life_s = hf_session_left_s(&s);
    hf_wipe(&s, sizeof(s));
    return status == HF_OK ? HF_OK : hf_hs_fail(hs, status, NULL, NULL, NULL);
}

hf_status hf_s13_seal_ticket(hf_handshake *hs)
{
    uint8_t digest[HF_HASH_MAX_DIGEST], age_add[4];
    if (hs->tickets_given == tickets_due(hs))
        return HF_OK;
    if (hs->tickets_given == 0) {
        hf_transcript_digest(&hs->transcript, digest);
        hf_hs_derive_resumption(hs, digest, hs->resumption_secret);
    }
    hf_status s = hf_hs_random(hs, age_add, sizeof(age_add));
    if (s == HF_OK)
        s = describe(hs, age_add);
    return s == HF_OK ? hf_hs_seal(hs) : s;
}

static hf_status add_ticket(hf_handshake *hs)
{
    uint8_t number = (uint8_t)hs->tickets_given;
    hf_new_session_ticket m = {.ticket_lifetime_s = hs->given_life_s,
                               .ticket_age_add = hs->given_age_add,
                               .ticket_nonce = {&number, 1},
                               .ticket = hf_buf_bytes(&hs->ticket.bytes)};
    if (hs->cfg->early_data != 0) {
        m.extensions.present = HF_X_BIT(HF_X_EARLY_DATA);
        m.extensions.max_early_data_size = hs->cfg->early_data;
    }
    hf_writer w;
    hf_channel *ch = &hs->conn->channel;
    const size_t at = hf_channel_built(ch).n;
    hf_status s = hf_channel_build(ch, &w);
    if (s == HF_OK) {
        write_message(&w, &m);
        s = hf_writer_status(&w);
    }
    if (s != HF_OK)
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    hf_trace_message_sent(hs->conn, HF_MSG_NEW_SESSION_TICKET,
                          hf_bytes_after(hf_channel_built(ch), at));
    return HF_OK;
}

/* An application that has no ticket to give now (empty bytes) is not asked for a second one. */
hf_status hf_s13_ticket_sealed(hf_handshake *hs)
{
    if (hs->tickets_given == tickets_due(hs))
        return hf_hs_flush(hs);
    hf_status s = hs->ticket.status;
    if (s != HF_OK)
        return hf_hs_fail(hs, s, NULL, NULL, NULL);
    if (hs->ticket.bytes.n == 0)
        return hf_hs_flush(hs);
    s = add_ticket(hs);
    hs->tickets_given++;
    return s == HF_OK ? HF_AGAIN : s;
}

/* ---- the client ---- */

hf_status hf_post13_ticket(hf_conn *c, hf_reader *r, hf_error *e)
{
    hf_new_session_ticket m;
    if (!hf_new_session_ticket_parse(r, &m))
        return hf_reader_status(r, e);
    if (m.extensions.has_forbidden)
        return hf_fail(e, HF_E_FORBIDDEN_EXTENSION, "extension_type",
                       "only extensions that this message may have", "%s (%u)",
                       hf_extension_name(m.extensions.forbidden), m.extensions.forbidden);
    if (m.ticket_lifetime_s > HF_SESSION_LIFE_MAX_S)
        return hf_fail(e, HF_E_TICKET_LIFETIME, "ticket_lifetime", "at most 604800 seconds", "%u",
                       m.ticket_lifetime_s);
    if (c->resumption_secret == NULL || m.ticket_lifetime_s == 0)
        return HF_OK;
    hf_session s = {.lifetime_s = m.ticket_lifetime_s, .age_add = m.ticket_age_add};
    hf_conn_describe_session(c, &s);
    s.ticket = m.ticket;
    if (c->psk != NULL)
        memcpy(s.own_identity, c->psk->digest, sizeof(s.own_identity));
    if (hf_ext_has(&m.extensions, HF_X_EARLY_DATA))
        s.max_early_data = m.extensions.max_early_data_size;
    derive_psk(c->suite->hash, c->resumption_secret, m.ticket_nonce, &s);
    hf_status status = hf_conn_new_session(c, &s);
    hf_wipe(&s, sizeof(s));
    return status == HF_OK ? HF_OK : hf_fail(e, status, NULL, NULL, NULL);
}
