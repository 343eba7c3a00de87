/* resume12.c: sessions of TLS 1.2: by the server's id (RFC 5246 section 7.3) and by ticket (RFC
 * 5077). The master secret is used again, with fresh randoms; a session that was made with
 * extended_master_secret goes on only with it (RFC 7627 section 5.3).
 *
 * A client cannot tell from a ServerHello with tickets whether it was resumed, but by its session
 * id: it sends one along with the ticket, and a server that takes the ticket says it back. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "session/sessions.h"
#include "wire/messages12.h"

static bool is_12(const hf_session *s)
{
    return s != NULL && s->version == HF_VERSION_TLS_1_2;
}

/* ---- the client ---- */

/* Before the hello is built; 1.3's offer has looked for a session. */
hf_status hf_c12_offer_session(hf_handshake *hs)
{
    hf_extensions *x = &hs->hello.extensions;
    if (hs->cfg->min_version > HF_VERSION_TLS_1_2)
        return HF_OK;
    hf_hs_seek_session(hs);
    if (!is_12(hs->session) && !hf_config_wants_sessions(hs->cfg))
        return HF_OK;
    x->present |= HF_X_BIT(HF_X_SESSION_TICKET);
    x->session_ticket = (hf_bytes){NULL, 0};
    if (!is_12(hs->session))
        return HF_OK;
    const hf_session *s = hs->session;
    x->session_ticket = s->ticket;
    if (s->session_id.n != 0) {
        hs->session_id_len = (uint8_t)s->session_id.n;
        hf_copy(hs->session_id, s->session_id.p, s->session_id.n);
    } else if (hs->session_id_len == 0) {
        hs->session_id_len = HF_SESSION_ID_MAX;
        hf_status status = hf_hs_random(hs, hs->session_id, HF_SESSION_ID_MAX);
        if (status != HF_OK)
            return status;
    }
    hs->hello.legacy_session_id = hf_bytes_of(hs->session_id, hs->session_id_len);
    return HF_OK;
}

static hf_status judge_resumed(hf_handshake *hs, const hf_server_hello *m)
{
    const hf_session *s = hs->session;
    bool extended = hf_ext_has(&m->extensions, HF_X_EXTENDED_MASTER_SECRET);
    if (m->cipher_suite != s->suite)
        return hf_hs_fail(hs, HF_E_SUITE_CHANGED, "cipher_suite", hf_suite_name(s->suite),
                          "0x%04x, not the resumed session's", m->cipher_suite);
    if (extended != s->extended_master_secret)
        return hf_hs_fail(hs, HF_E_NO_EXTENDED_MASTER_SECRET, "extensions",
                          s->extended_master_secret
                              ? "extended_master_secret, as when the session began"
                              : "no extended_master_secret, as when the session began",
                          extended ? "it is there" : "none");
    hs->facts |= HF_F_RESUMED;
    hf_trace_choice_text(hs->conn, "resumption",
                         s->ticket.n != 0 ? "a session ticket" : "a session id", NULL,
                         "the session", "the server says the session id back");
    return hf_hs_take_session(hs);
}

hf_status hf_c12_judge_session(hf_handshake *hs, const hf_server_hello *m)
{
    hf_bytes echo = m->legacy_session_id_echo;
    bool echoed = echo.n != 0 && hf_bytes_equal(echo, hs->hello.legacy_session_id);
    if (hf_ext_has(&m->extensions, HF_X_SESSION_TICKET))
        hs->facts |= HF_F_TICKET;
    if (echoed && is_12(hs->session))
        return judge_resumed(hs, m);
    hf_hs_drop_session(hs);
    if (echoed)
        return hf_hs_fail(hs, HF_E_SESSION_ID_ECHO, "session_id", "a session of the server's own",
                          "the client's id, which names no session");
    hs->server_id = echo; /* of a session that may be resumed by it */
    return HF_OK;
}

hf_status hf_c12_judge_ticket(hf_handshake *hs, hf_reader *r)
{
    hf_new_session_ticket12 m;
    if (!hf_new_session_ticket12_parse(r, &m))
        return hf_reader_status(r, &hs->error);
    hs->new_ticket = m.ticket;
    hs->new_ticket_life_s = m.lifetime_hint_s;
    return HF_OK;
}

static void copy_secret(const hf_handshake *hs, hf_session *s)
{
    memcpy(s->secret, hs->conn->exporter_secret, HF_MASTER_SECRET);
    s->secret_len = HF_MASTER_SECRET;
    s->extended_master_secret = hs->extended_master_secret;
}

/* The hint may be 0, which leaves the choice to the client (RFC 5077 section 3.3). */
static uint32_t life_of(uint32_t hint_s)
{
    const uint32_t usual = 7200;
    if (hint_s == 0)
        return usual;
    return hint_s < HF_SESSION_LIFE_MAX_S ? hint_s : HF_SESSION_LIFE_MAX_S;
}

/* A session resumed without a new ticket may be resumed again: TLS 1.2 has no rule of single use.
 */
static void put_back(const hf_handshake *hs)
{
    hf_buf bytes = {0};
    if (hs->cfg->sessions != NULL && hs->conn->host != NULL &&
        hf_session_encode(hs->session, &bytes) == HF_OK)
        hf_sessions_put(hs->cfg->sessions, hf_bytes_text(hs->conn->host), hf_buf_bytes(&bytes));
    hf_buf_free(&bytes);
}

static hf_status keep_client_session(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    hf_session s = {.lifetime_s = life_of(hs->new_ticket_life_s)};
    if (!hf_config_wants_sessions(hs->cfg))
        return HF_OK;
    if (c->resumed && hs->new_ticket.n == 0) {
        put_back(hs);
        return HF_OK;
    }
    if (hs->new_ticket.n == 0 && hs->server_id.n == 0)
        return HF_OK;
    hf_conn_describe_session(c, &s);
    if (c->resumed)
        s.began_ms = hs->session->began_ms;
    copy_secret(hs, &s);
    s.ticket = hs->new_ticket;
    if (s.ticket.n == 0)
        s.session_id = hs->server_id;
    hf_status status = hf_conn_new_session(c, &s);
    hf_wipe(&s, sizeof(s));
    return status == HF_OK ? HF_OK : hf_hs_fail(hs, status, NULL, NULL, NULL);
}

/* ---- the server ---- */

/* By ticket, or by id where the hello has none; the state comes to hs->ticket.state. */
hf_status hf_s12_find_session(hf_handshake *hs)
{
    const hf_config *cfg = hs->cfg;
    hf_bytes ticket = hs->hello.extensions.session_ticket, id = hs->hello.legacy_session_id;
    bool by_ticket = hf_ext_has(&hs->hello.extensions, HF_X_SESSION_TICKET) && ticket.n != 0;
    if (by_ticket && hf_config_has_tickets(cfg))
        return hf_hs_open(hs, ticket);
    if (!by_ticket && id.n != 0 && cfg->sessions != NULL)
        hf_sessions_take(cfg->sessions, id, false, &hs->ticket.state);
    return HF_OK;
}

static const hf_suite_choice *suite_of(const hf_handshake *hs, const hf_session *s)
{
    for (size_t i = 0; i < hs->cfg->suite_count; i++)
        if (hs->cfg->suites[i].suite->id == s->suite &&
            hf_u16s_have(hs->hello.cipher_suites, s->suite))
            return &hs->cfg->suites[i];
    return NULL;
}

static hf_status take_up(hf_handshake *hs, hf_session *s, const hf_suite_choice *suite)
{
    hs->session = s;
    if (s->extended_master_secret && !hs->extended_master_secret)
        return hf_hs_fail(hs, HF_E_NO_EXTENDED_MASTER_SECRET, "extensions",
                          "extended_master_secret, as when the session began", "none");
    hs->facts |= HF_F_RESUMED;
    hs->conn->suite = suite;
    hs->group = NULL;
    hs->conn->group = NULL;
    hf_trace_choice_text(hs->conn, "resumption",
                         hs->hello.extensions.session_ticket.n != 0 ? "a session ticket"
                                                                    : "a session id",
                         NULL, "the session", "it is this server's own, in time, and for the same");
    return hf_hs_take_session(hs);
}

/* What was found goes on if it is the same as everything else that was chosen, as a full handshake
 * would have it. */
static hf_status judge_state(hf_handshake *hs)
{
    hf_session *s = hf_hs_alloc(hs, sizeof(*s));
    hf_status status = s == NULL ? HF_E_OUT_OF_MEMORY : hs->ticket.status;
    if (status == HF_OK)
        status = hf_session_decode(hf_buf_bytes(&hs->ticket.state), s);
    hf_buf_clear(&hs->ticket.state);
    if (status == HF_E_OUT_OF_MEMORY)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    if (status != HF_OK)
        return HF_OK;
    const hf_suite_choice *suite = suite_of(hs, s);
    bool same_secret = s->extended_master_secret || !hs->extended_master_secret;
    if (is_12(s) && suite != NULL && same_secret && hf_hs_session_fits(hs, s))
        return take_up(hs, s, suite);
    hf_session_clear(s);
    return HF_OK;
}

/* The suite, and with it the transcript's hash, is settled only now. */
hf_status hf_s12_judge_session(hf_handshake *hs)
{
    bool found = hs->ticket.state.n != 0 || hs->ticket.status != HF_OK;
    hf_status s = found ? judge_state(hs) : HF_OK;
    if (s != HF_OK) {
        hs->error.message = "ClientHello";
        return s;
    }
    hs->transcript.keep = hs->cfg->client_auth != HF_CLIENT_AUTH_NONE;
    hf_transcript_start(&hs->transcript, hs->conn->suite->hash);
    return HF_OK;
}

/* What ServerHello says of sessions: a ticket that is to come; else, where a store is, a new id; or
 * the client's own, for the session that goes on. A session that is resumed gets no new ticket: it
 * would live no longer; unless the application wants the old one replaced. */
hf_status hf_s12_answer_session(hf_handshake *hs, hf_extensions *x)
{
    bool resumed = (hs->facts & HF_F_RESUMED) != 0;
    if (resumed && !hs->ticket.renew)
        return HF_OK;
    if (!resumed)
        hs->session_id_len = 0;
    if (hf_ext_has(&hs->hello.extensions, HF_X_SESSION_TICKET) && hs->cfg->tickets != 0 &&
        hf_config_has_tickets(hs->cfg)) {
        hs->facts |= HF_F_TICKET;
        x->present |= HF_X_BIT(HF_X_SESSION_TICKET);
        return HF_OK;
    }
    if (resumed)
        return HF_OK;
    if (hs->cfg->sessions == NULL)
        return HF_OK;
    hs->session_id_len = HF_SESSION_ID_MAX;
    return hf_hs_random(hs, hs->session_id, HF_SESSION_ID_MAX);
}

static hf_status encode_state(hf_handshake *hs, hf_buf *state)
{
    hf_session s = {.lifetime_s = hs->cfg->session_life_s};
    hf_conn_describe_session(hs->conn, &s);
    hf_hs_identity_digest(hs, s.own_identity);
    if (hs->conn->resumed)
        hf_session_go_on_from(hs->session, &s);
    copy_secret(hs, &s);
    hs->given_life_s = hf_session_left_s(&s);
    hf_status status = hf_conn_encode_session(hs->conn, &s, state);
    hf_wipe(&s, sizeof(s));
    return status == HF_OK ? HF_OK : hf_hs_fail(hs, status, NULL, NULL, NULL);
}

hf_status hf_s12_seal_ticket(hf_handshake *hs)
{
    hf_buf_clear(&hs->ticket.state);
    hf_status status = encode_state(hs, &hs->ticket.state);
    return status == HF_OK ? hf_hs_seal(hs) : status;
}

hf_status hf_s12_ticket_sealed(hf_handshake *hs)
{
    hf_status status = hs->ticket.status;
    return status == HF_OK ? HF_OK : hf_hs_fail(hs, status, NULL, NULL, NULL);
}

/* It was promised, so it comes, if need be without a ticket in it: RFC 5077 section 3.3. */
hf_status hf_s12_build_ticket(hf_handshake *hs, hf_writer *w)
{
    hf_new_session_ticket12_build(
        w, &(hf_new_session_ticket12){hs->given_life_s, hf_buf_bytes(&hs->ticket.bytes)});
    return HF_OK;
}

static hf_status keep_server_session(hf_handshake *hs)
{
    hf_buf state = {0};
    bool by_id = (hs->facts & (HF_F_RESUMED | HF_F_TICKET)) == 0 && hs->session_id_len != 0;
    if (!by_id || hs->cfg->sessions == NULL)
        return HF_OK;
    hf_status status = encode_state(hs, &state);
    if (status == HF_OK)
        hf_sessions_put(hs->cfg->sessions, hf_bytes_of(hs->session_id, hs->session_id_len),
                        hf_buf_bytes(&state));
    hf_buf_free(&state);
    return status;
}

hf_status hf_12_keep_session(hf_handshake *hs)
{
    return hf_conn_is_client(hs->conn) ? keep_client_session(hs) : keep_server_session(hs);
}
