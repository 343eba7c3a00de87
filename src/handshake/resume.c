/* resume.c: which session a connection resumes, what binds it, and where a new one goes. The same
 * for both versions. */
#include "handshake/handshake.h"
#include "handshake/trace.h"

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hkdf.h"
#include "session/sessions.h"
#include "x509/identity.h"

#define TRIES     4U     /* sessions of one name that are looked at */
#define CHAIN_MAX 16384U /* bytes of a peer's chain that a session carries along */

bool hf_config_wants_sessions(const hf_config *cfg)
{
    return cfg->role == HF_CLIENT && (cfg->sessions != NULL || cfg->new_session != NULL);
}

static int64_t now_ms(const hf_config *cfg)
{
    return cfg->provider.now_s(cfg->provider.ctx) * 1000;
}

static hf_bytes alpn_of(const hf_conn *c)
{
    return c->alpn != NULL ? hf_bytes_of(c->alpn + 1, c->alpn[0]) : (hf_bytes){NULL, 0};
}

static hf_bytes name_of(const hf_conn *c)
{
    return c->host != NULL ? hf_bytes_text(c->host) : (hf_bytes){NULL, 0};
}

/* ---- what binds a session ---- */

void hf_hs_identity_digest(const hf_handshake *hs, uint8_t digest[HF_SESSION_DIGEST])
{
    uint8_t whole[HF_HASH_MAX_DIGEST] = {0};
    if (hs->conn->psk != NULL) {
        memcpy(digest, hs->conn->psk->digest, HF_SESSION_DIGEST);
        return;
    }
    if (hs->identity != NULL) {
        hf_bytes der = hf_identity_cert(hs->identity, 0)->der;
        hf_hash_of(hf_hash_find(&hs->cfg->provider, 4), &der, 1, whole);
    }
    memcpy(digest, whole, HF_SESSION_DIGEST);
}

void hf_conn_describe_session(const hf_conn *c, hf_session *s)
{
    s->version = c->version;
    s->suite = c->suite->suite->id;
    s->began_ms = s->created_ms = now_ms(c->cfg);
    s->peer_authenticated = c->peer_authenticated;
    s->generation = c->cfg->session_generation;
    s->peer_raw_key = c->peer_key_pin != NULL;
    if (s->peer_raw_key)
        memcpy(s->peer_identity, c->peer_key_pin, HF_KEY_PIN);
    s->server_name = name_of(c);
    s->alpn = alpn_of(c);
}

static bool has_suite(const hf_config *cfg, const hf_session *s)
{
    for (size_t i = 0; i < cfg->suite_count; i++)
        if (cfg->suites[i].suite->id == s->suite && cfg->suites[i].suite->version == s->version)
            return true;
    return false;
}

/* A client's session is bound to an external pre-shared key, or to nothing of its own: such a one
 * goes with the key. */
static bool bound(const hf_session *s)
{
    static const uint8_t none[HF_SESSION_DIGEST];
    return memcmp(s->own_identity, none, sizeof(none)) != 0;
}

/* A client asks before its hello, a server when it has chosen what a full handshake would have. */
bool hf_hs_session_fits(const hf_handshake *hs, const hf_session *s)
{
    const hf_conn *c = hs->conn;
    const hf_config *cfg = hs->cfg;
    uint8_t identity[HF_SESSION_DIGEST];
    bool fits = s->version >= cfg->min_version && s->version <= cfg->max_version &&
                has_suite(cfg, s) && hf_session_alive(s, now_ms(cfg)) &&
                hf_bytes_equal(s->server_name, name_of(c)) &&
                s->generation == cfg->session_generation;
    if (s->version == HF_VERSION_TLS_1_2 && !s->extended_master_secret &&
        !cfg->insecure_no_extended_master_secret)
        return false;
    if (!hf_hs_session_peer_fits(cfg, s))
        return false;
    bool by_psk = hf_psk_set_bound(&cfg->psks, s->own_identity) != NULL;
    if (hf_conn_is_client(c))
        return fits && s->ticket.n <= HF_TICKET_OFFERED_MAX &&
               (by_psk || (s->peer_authenticated && !bound(s)) || cfg->insecure_no_verification);
    if (!fits || !hf_bytes_equal(s->alpn, alpn_of(c)))
        return false;
    /* Who asks for certificates takes a session only from whom showed one, and where the
     * application judges the certificate it is asked each time. */
    if (cfg->client_auth != HF_CLIENT_AUTH_NONE && cfg->check_peer != NULL)
        return false;
    if (cfg->client_auth == HF_CLIENT_AUTH_REQUIRED && !s->peer_authenticated &&
        !cfg->insecure_no_verification)
        return false;
    if (by_psk)
        return true;
    hf_hs_identity_digest(hs, identity);
    return memcmp(identity, s->own_identity, sizeof(identity)) == 0;
}

/* ---- a client's choice ---- */

void hf_hs_drop_session(hf_handshake *hs)
{
    if (hs->session == NULL)
        return;
    hf_session_clear(hs->session);
    hs->session = NULL;
}

static bool next_of_store(hf_handshake *hs, hf_session *s)
{
    hf_buf bytes = {0};
    bool got = hf_sessions_take(hs->cfg->sessions, name_of(hs->conn), true, &bytes) &&
               hf_session_decode(hf_buf_bytes(&bytes), s) == HF_OK;
    hf_buf_free(&bytes);
    return got;
}

void hf_hs_seek_session(hf_handshake *hs)
{
    if (hs->session_sought)
        return;
    hs->session_sought = true;
    if (hs->session != NULL && !hf_hs_session_fits(hs, hs->session))
        hf_hs_drop_session(hs);
    if (hs->session != NULL || hs->cfg->sessions == NULL || hs->conn->host == NULL)
        return;
    hf_session *s = hf_arena_alloc(&hs->arena, sizeof(*s));
    for (unsigned i = 0; s != NULL && i < TRIES && hs->session == NULL; i++) {
        if (!next_of_store(hs, s))
            return;
        if (hf_hs_session_fits(hs, s))
            hs->session = s;
        else
            hf_session_clear(s);
    }
}

/* ---- going on with one ---- */

static hf_status parse_kept(const hf_session *s, hf_bytes der, hf_cert *cert)
{
    return s->peer_raw_key ? hf_raw_key_parse(der, cert, NULL) : hf_cert_parse(der, cert, NULL);
}

static hf_status restore_chain(hf_handshake *hs)
{
    hf_bytes rest = hs->session->peer_chain;
    const hf_cert *path[16];
    size_t count = 0;
    while (rest.n >= 3 && count < 16) {
        size_t n = (size_t)rest.p[0] << 16 | (size_t)rest.p[1] << 8 | rest.p[2];
        hf_cert *cert = hf_hs_alloc(hs, sizeof(*cert));
        if (cert == NULL)
            return HF_E_OUT_OF_MEMORY;
        if (n > rest.n - 3 || parse_kept(hs->session, (hf_bytes){rest.p + 3, n}, cert) != HF_OK)
            break;
        path[count++] = cert;
        rest = (hf_bytes){rest.p + 3 + n, rest.n - 3 - n};
    }
    hf_status s =
        hf_conn_keep_peer(hs->conn, path, count, (hf_bytes){NULL, 0}, (hf_bytes){NULL, 0});
    return s == HF_OK ? HF_OK : hf_hs_fail(hs, s, NULL, NULL, NULL);
}

hf_status hf_hs_take_session(hf_handshake *hs)
{
    hf_conn *c = hs->conn;
    c->resumed = true;
    c->peer_authenticated = hs->session->peer_authenticated;
    hf_held_psk *psk = hf_psk_set_bound(&hs->cfg->psks, hs->session->own_identity);
    hf_held_psk_free(c->psk);
    c->psk = psk != NULL ? hf_held_psk_ref(psk) : NULL;
    if (psk != NULL)
        c->own_identity = NULL;
    if (!hf_conn_is_client(c)) { /* nothing is shown or signed */
        hs->identity = NULL;
        c->own_scheme = NULL;
    }
    if (hs->session->peer_raw_key && hf_conn_keep_pin(c, hs->session->peer_identity) != HF_OK)
        return hf_hs_fail(hs, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    return restore_chain(hs);
}

/* ---- a client's new session ---- */

static hf_status add_chain(const hf_conn *c, hf_buf *chain)
{
    hf_writer w;
    hf_writer_init_buf(&w, chain);
    for (size_t i = 0; hf_peer_cert(c, i) != NULL; i++)
        if (chain->n + hf_peer_cert(c, i)->der.n < CHAIN_MAX)
            hf_write_vec24(&w, hf_peer_cert(c, i)->der);
    return hf_writer_status(&w);
}

hf_status hf_conn_encode_session(const hf_conn *c, const hf_session *s, hf_buf *out)
{
    hf_buf chain = {0};
    hf_session whole = *s;
    hf_status status = add_chain(c, &chain);
    whole.peer_chain = hf_buf_bytes(&chain);
    if (status == HF_OK)
        status = hf_session_encode(&whole, out);
    hf_wipe(&whole, sizeof(whole));
    hf_buf_free(&chain);
    return status;
}

hf_status hf_conn_new_session(hf_conn *c, const hf_session *s)
{
    hf_buf bytes = {0};
    if (s->ticket.n > HF_TICKET_OFFERED_MAX)
        return HF_OK; /* it could not be shown again */
    hf_status status = hf_conn_encode_session(c, s, &bytes);
    if (status == HF_OK && c->cfg->sessions != NULL && c->host != NULL)
        hf_sessions_put(c->cfg->sessions, hf_bytes_text(c->host), hf_buf_bytes(&bytes));
    if (status == HF_OK && c->cfg->new_session != NULL)
        c->cfg->new_session(c->cfg->new_session_ctx, c, hf_buf_bytes(&bytes));
    hf_buf_free(&bytes);
    return status;
}
