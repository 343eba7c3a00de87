/* psks.c: what a config says about pre-shared keys from outside TLS. */
#include "handshake/config.h"

#include "api/lists.h"
#include "api/psks.h"
#include "base/error.h"

#define CLIENT_MOST 8U
#define SERVER_MOST 100000U

static hf_status refuse(hf_config *cfg, hf_status code, const char *field, const char *expected,
                        const char *got)
{
    hf_error e;
    hf_fail(&e, code, field, expected, "%s", got);
    return hf_config_fail(cfg, &e);
}

static hf_status add(hf_config *cfg, const hf_psk *psk, bool own)
{
    hf_error e;
    hf_held_psk *held;
    size_t most = cfg->role == HF_CLIENT ? CLIENT_MOST : SERVER_MOST;
    if (cfg->psks.count == most)
        return refuse(cfg, HF_E_BAD_ARGUMENT, "psk", "at most 8 for a client, 100000 for a server",
                      "one more");
    hf_status s = hf_held_psk_new(psk, &cfg->provider, &held, &e);
    if (s != HF_OK)
        return hf_config_fail(cfg, &e);
    held->own = own;
    s = hf_psk_set_add(&cfg->psks, held);
    if (s == HF_E_BAD_ARGUMENT)
        return refuse(cfg, s, "psk.identity",
                      "an identity that was not added yet, in either role: a key has one role",
                      "one that was");
    return s == HF_OK ? HF_OK : refuse(cfg, s, "psk", "memory", "none");
}

hf_status hf_config_add_psk(hf_config *cfg, const hf_psk *psk)
{
    return hf_config_is_open(cfg) ? add(cfg, psk, false) : hf_config_closed(cfg);
}

hf_status hf_config_own_psk(hf_config *cfg, const hf_psk *psk)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return refuse(cfg, HF_E_WRONG_ROLE, "own_psk", "a server's configuration", "a client's");
    return add(cfg, psk, true);
}

hf_status hf_config_psk_lookup(hf_config *cfg,
                               void (*find)(void *ctx, hf_conn *conn,
                                            const hf_psk_question *question, hf_psk_call *call),
                               void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return refuse(cfg, HF_E_WRONG_ROLE, "psk_lookup", "a server's configuration", "a client's");
    cfg->psk_find = find;
    cfg->psk_find_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_insecure_psk_ke(hf_config *cfg)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->insecure_psk_ke = true;
    return HF_OK;
}

bool hf_psks_stand_for_certificates(const hf_config *cfg)
{
    bool keys = cfg->psk_find != NULL;
    for (size_t i = 0; i < cfg->psks.count; i++)
        keys |= !cfg->psks.held[i]->own;
    return keys && cfg->max_version >= HF_TLS_1_3;
}

void hf_psks_keep_to_13(hf_config *cfg)
{
    bool certificates = cfg->role == HF_SERVER
                            ? cfg->identity_count != 0
                            : cfg->store != NULL || cfg->raw_keys.n != 0 ||
                                  cfg->insecure_any_raw_key || cfg->insecure_no_verification;
    if (!certificates && hf_psks_stand_for_certificates(cfg))
        cfg->min_version = HF_TLS_1_3;
}
