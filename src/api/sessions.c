/* sessions.c: what a config says about resumption, and a client's session given as bytes. */
#include "handshake/handshake.h"

#include "api/lists.h"
#include "api/sessions.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/hkdf.h"
#include "session/replay.h"
#include "session/sessions.h"
#include "session/ticket.h"

#define TICKETS_DEFAULT 2U
#define TICKETS_MOST    8U
#define LIFE_DEFAULT_S  7200U

void hf_sessions_default(hf_config *cfg)
{
    cfg->tickets = TICKETS_DEFAULT;
    cfg->session_life_s = LIFE_DEFAULT_S;
}

void hf_sessions_drop(hf_config *cfg)
{
    hf_sessions_free(cfg->sessions);
    hf_ticket_keys_free(cfg->ticket_keys);
    hf_replays_free(cfg->replays);
    hf_buf_free(&cfg->session_context);
}

static hf_status refuse(hf_config *cfg, const char *field, const char *expected, unsigned long got)
{
    hf_error e;
    hf_fail(&e, HF_E_BAD_ARGUMENT, field, expected, "%lu", got);
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_sessions(hf_config *cfg, hf_sessions *sessions)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_sessions *held = sessions != NULL ? hf_sessions_ref(sessions) : NULL;
    hf_sessions_free(cfg->sessions);
    cfg->sessions = held;
    return HF_OK;
}

hf_status hf_config_new_session(hf_config *cfg,
                                void (*session)(void *ctx, hf_conn *conn, hf_bytes session),
                                void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->new_session = session;
    cfg->new_session_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_tickets(hf_config *cfg, unsigned count)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (count > TICKETS_MOST)
        return refuse(cfg, "tickets", "0 to 8", count);
    cfg->tickets = count;
    return HF_OK;
}

hf_status hf_config_session_life(hf_config *cfg, uint32_t seconds)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (seconds == 0 || seconds > HF_SESSION_LIFE_MAX_S)
        return refuse(cfg, "session_life", "1 to 604800 seconds", seconds);
    cfg->session_life_s = seconds;
    return HF_OK;
}

hf_status hf_config_session_context(hf_config *cfg, hf_bytes context)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_buf_clear(&cfg->session_context);
    hf_status s = hf_buf_append(&cfg->session_context, context);
    if (s == HF_OK)
        return HF_OK;
    hf_error e;
    hf_fail(&e, s, NULL, NULL, NULL);
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_ticket_keys(hf_config *cfg, hf_ticket_keys *keys)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_ticket_keys *held = keys != NULL ? hf_ticket_keys_ref(keys) : NULL;
    hf_ticket_keys_free(cfg->ticket_keys);
    cfg->ticket_keys = held;
    return HF_OK;
}

hf_status hf_config_ticket_sealer(hf_config *cfg, const hf_ticket_sealer *sealer)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_error e;
    if (cfg->role != HF_SERVER) {
        hf_fail(&e, HF_E_WRONG_ROLE, "ticket_sealer", "a server's configuration", "a client's");
        return hf_config_fail(cfg, &e);
    }
    if (sealer->seal == NULL || sealer->open == NULL) {
        hf_fail(&e, HF_E_BAD_ARGUMENT, "ticket_sealer", "both seal and open", "one of them alone");
        return hf_config_fail(cfg, &e);
    }
    cfg->sealer = *sealer;
    return HF_OK;
}

hf_status hf_config_early_data_store(hf_config *cfg,
                                     void (*test)(void *ctx, hf_conn *conn, hf_bytes id,
                                                  uint32_t keep_s, hf_early_call *call),
                                     void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->early_test = test;
    cfg->early_test_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_early_data(hf_config *cfg, uint32_t bytes)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->early_data = bytes;
    return HF_OK;
}

/* What servers with the same keys must have in common to take up each other's sessions. */
static void note_generation(hf_config *cfg)
{
    uint8_t digest[HF_HASH_MAX_DIGEST], auth = (uint8_t)cfg->client_auth;
    hf_bytes pieces[] = {{&auth, 1}, hf_buf_bytes(&cfg->session_context)};
    hf_hash_of(hf_hash_find(&cfg->provider, 4), pieces, 2, digest);
    for (size_t i = 0; i < 8; i++)
        cfg->session_generation = cfg->session_generation << 8 | digest[i];
}

hf_status hf_sessions_freeze(hf_config *cfg)
{
    if (cfg->role != HF_SERVER)
        return HF_OK;
    note_generation(cfg);
    if (cfg->early_data != 0 && cfg->early_test == NULL) {
        cfg->replays = hf_replays_new(cfg->provider.now_s(cfg->provider.ctx));
        if (cfg->replays == NULL)
            return HF_E_OUT_OF_MEMORY;
    }
    bool seals = cfg->tickets != 0 && cfg->sealer.seal == NULL;
    if (cfg->ticket_keys != NULL || (!seals && cfg->stateless_retry_s == 0))
        return HF_OK;
    uint32_t period = cfg->session_life_s > 43200 ? cfg->session_life_s : 0;
    return hf_ticket_keys_new(&cfg->provider, period, &cfg->ticket_keys);
}

/* ---- a client's session ---- */

static hf_status read_session(hf_bytes bytes, hf_session *s)
{
    hf_status status = hf_session_decode(bytes, s);
    return status == HF_OK || status == HF_E_OUT_OF_MEMORY ? status : HF_E_SESSION_MALFORMED;
}

hf_status hf_session_describe(hf_bytes session, hf_session_info *out)
{
    hf_session s;
    *out = (hf_session_info){0};
    hf_status status = read_session(session, &s);
    if (status != HF_OK)
        return status;
    out->version = s.version;
    out->suite = s.suite;
    out->peer_authenticated = s.peer_authenticated;
    out->max_early_data = s.max_early_data;
    out->began_s = s.began_ms / 1000;
    out->expires_s = out->began_s + s.lifetime_s;
    hf_copy((uint8_t *)out->host, s.server_name.p, s.server_name.n);
    hf_session_clear(&s);
    return HF_OK;
}

hf_status hf_sessions_add(hf_sessions *store, hf_bytes session)
{
    hf_session s;
    hf_status status = read_session(session, &s);
    if (status != HF_OK)
        return status;
    bool kept = hf_sessions_put(store, s.server_name, session);
    hf_session_clear(&s);
    return kept ? HF_OK : HF_E_OUT_OF_MEMORY;
}

static hf_status may_resume(const hf_conn *c)
{
    if (!hf_conn_is_client(c))
        return HF_E_WRONG_ROLE;
    bool early = c->failed == HF_OK && c->hs != NULL && c->hs->row == 0 && !c->hs->working;
    return early ? HF_OK : HF_E_WRONG_STATE;
}

hf_status hf_conn_resume(hf_conn *c, hf_bytes session)
{
    hf_status status = may_resume(c);
    if (status != HF_OK)
        return status;
    hf_session *s = hf_arena_alloc(&c->hs->arena, sizeof(*s));
    if (s == NULL)
        return HF_E_OUT_OF_MEMORY;
    status = read_session(session, s);
    if (status != HF_OK)
        return status;
    hf_hs_drop_session(c->hs);
    c->hs->session = s;
    c->hs->session_sought = false;
    return HF_OK;
}

hf_status hf_write_early(hf_conn *c, const void *p, size_t n, size_t *taken)
{
    *taken = 0;
    hf_status status = may_resume(c);
    if (status != HF_OK)
        return status;
    size_t room = hf_c13_early_room(c->hs), take = n < room ? n : room;
    status = hf_buf_append(&c->hs->early_out, hf_bytes_of(p, take));
    if (status == HF_OK)
        *taken = take;
    return status;
}
