/* config.c: a config is built, frozen, shared. */
#include "handshake/config.h"

#include "api/lists.h"
#include "api/psks.h"
#include "api/sessions.h"
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/error.h"
#include "base/writer.h"
#include "wire/codepoints.h"

#include <stdio.h>

static const hf_limits default_limits = {
    .handshake_message = 65536,
    .chain_length = 10,
    .signature_checks = 100,
    .records_without_progress = 32,
    .key_updates = 32,
    .output_pending = 65536,
};

/* ---- life ---- */

hf_status hf_config_new(hf_role role, hf_config **out)
{
    *out = NULL;
    hf_config *cfg = hf_alloc(sizeof(*cfg));
    if (cfg == NULL)
        return HF_E_OUT_OF_MEMORY;
    atomic_init(&cfg->refs, 1);
    cfg->role = role;
    cfg->min_version = HF_TLS_1_2;
    cfg->max_version = HF_TLS_1_3;
    cfg->key_shares = 2;
    cfg->grease = cfg->middlebox_compatibility = true;
    cfg->limits = default_limits;
    hf_certificates_default(cfg);
    hf_sessions_default(cfg);
    cfg->provider = *hf_provider_default();
    hf_lists_default(cfg);
    *out = cfg;
    return HF_OK;
}

hf_config *hf_config_ref(hf_config *cfg)
{
    atomic_fetch_add_explicit(&cfg->refs, 1, memory_order_relaxed);
    return cfg;
}

void hf_config_free(hf_config *cfg)
{
    if (cfg == NULL || atomic_fetch_sub_explicit(&cfg->refs, 1, memory_order_acq_rel) != 1)
        return;
    hf_certificates_free(cfg);
    for (size_t i = 0; i < cfg->identity_count; i++)
        hf_identity_free(cfg->identities[i]);
    hf_store_free(cfg->store);
    hf_crls_free(cfg->crls);
    hf_ct_logs_free(cfg->ct_logs);
    hf_keypairs_free(cfg->keypairs);
    hf_sessions_drop(cfg);
    hf_psk_set_free(&cfg->psks);
    hf_buf_free(&cfg->alpn);
    hf_buf_free(&cfg->raw_keys);
    hf_buf_free(&cfg->groups_wire);
    hf_buf_free(&cfg->sigschemes_wire);
    hf_free(cfg);
}

/* ---- setting ---- */

hf_status hf_config_fail(hf_config *cfg, const hf_error *e)
{
    if (hf_config_is_open(cfg) && cfg->error.code == HF_OK)
        cfg->error = *e;
    return e->code;
}

static hf_status fail(hf_config *cfg, hf_status code, const char *field, const char *expected,
                      const char *got)
{
    hf_error e;
    hf_fail(&e, code, field, expected, got != NULL ? "%s" : NULL, got);
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_add_identity(hf_config *cfg, hf_identity *identity)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->identity_count == HF_MAX_IDENTITIES)
        return fail(cfg, HF_E_BAD_ARGUMENT, "identity", "at most 64", "one more");
    cfg->identities[cfg->identity_count++] = hf_identity_ref(identity);
    return HF_OK;
}

hf_status hf_config_trust(hf_config *cfg, hf_store *store)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_store_free(cfg->store);
    cfg->store = hf_store_ref(store);
    return HF_OK;
}

hf_status hf_config_crls(hf_config *cfg, hf_crls *crls)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_crls *held = crls != NULL ? hf_crls_ref(crls) : NULL;
    hf_crls_free(cfg->crls);
    cfg->crls = held;
    return HF_OK;
}

hf_status hf_config_ct(hf_config *cfg, hf_ct_logs *logs, const hf_ct_policy *policy)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_ct_logs *held = logs != NULL ? hf_ct_logs_ref(logs) : NULL;
    hf_ct_logs_free(cfg->ct_logs);
    cfg->ct_logs = held;
    cfg->ct_policy = policy != NULL ? *policy : (hf_ct_policy){.logs = 0};
    if (held != NULL)
        cfg->request_scts = true;
    return HF_OK;
}

hf_status hf_config_revocation(hf_config *cfg, hf_revocation demand)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (demand > HF_REVOCATION_OFF)
        return fail(cfg, HF_E_BAD_ARGUMENT, "revocation", "one of hf_revocation", NULL);
    cfg->revocation = demand;
    return HF_OK;
}

hf_status hf_config_profile(hf_config *cfg, hf_profile profile)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (profile > HF_PROFILE_WEBPKI)
        return fail(cfg, HF_E_BAD_ARGUMENT, "profile", "one of hf_profile", NULL);
    cfg->profile = profile;
    return HF_OK;
}

hf_status hf_config_client_auth(hf_config *cfg, hf_client_auth mode)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return fail(cfg, HF_E_WRONG_ROLE, "client_auth", "a server's configuration", "a client's");
    cfg->client_auth = mode;
    return HF_OK;
}

hf_status hf_config_stateless_retry(hf_config *cfg, uint32_t life_s)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return fail(cfg, HF_E_WRONG_ROLE, "stateless_retry", "a server's configuration",
                    "a client's");
    if (life_s > 600)
        return fail(cfg, HF_E_BAD_ARGUMENT, "stateless_retry", "1 to 600 seconds, or 0", NULL);
    cfg->stateless_retry_s = life_s;
    return HF_OK;
}

hf_status hf_config_key_shares(hf_config *cfg, unsigned count)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (count < 1 || count > HF_MAX_SHARES)
        return fail(cfg, HF_E_BAD_ARGUMENT, "key_shares", "1 to 4", NULL);
    cfg->key_shares = count;
    return HF_OK;
}

hf_status hf_config_versions(hf_config *cfg, uint16_t min, uint16_t max)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (min > max || min < HF_TLS_1_2 || max > HF_TLS_1_3)
        return fail(cfg, HF_E_BAD_ARGUMENT, "versions", "TLS 1.2 to TLS 1.3, the lower one first",
                    NULL);
    cfg->min_version = min;
    cfg->max_version = max;
    return HF_OK;
}

hf_status hf_config_insecure_no_extended_master_secret(hf_config *cfg)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->insecure_no_extended_master_secret = true;
    return HF_OK;
}

hf_status hf_config_insecure_rsa_key_transport(hf_config *cfg)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->insecure_rsa_key_transport = true;
    return HF_OK;
}

static void take_limit(uint32_t *limit, uint32_t value)
{
    if (value != 0)
        *limit = value;
}

hf_status hf_config_limits(hf_config *cfg, const hf_limits *l)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    take_limit(&cfg->limits.handshake_message, l->handshake_message);
    take_limit(&cfg->limits.chain_length, l->chain_length);
    take_limit(&cfg->limits.signature_checks, l->signature_checks);
    take_limit(&cfg->limits.records_without_progress, l->records_without_progress);
    take_limit(&cfg->limits.key_updates, l->key_updates);
    take_limit(&cfg->limits.output_pending, l->output_pending);
    return HF_OK;
}

hf_status hf_config_record_size_limit(hf_config *cfg, uint16_t limit)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (limit != 0 && (limit < 64 || limit > 16385))
        return fail(cfg, HF_E_BAD_ARGUMENT, "record_size_limit", "64 to 16385, or 0", NULL);
    cfg->record_size_limit = limit;
    return HF_OK;
}

/* A setter of one plain member. */
#define SETTER(function, type, parameter, member)                                                  \
    hf_status function(hf_config *cfg, type parameter)                                             \
    {                                                                                              \
        if (!hf_config_is_open(cfg))                                                               \
            return hf_config_closed(cfg);                                                          \
        cfg->member = parameter;                                                                   \
        return HF_OK;                                                                              \
    }
SETTER(hf_config_padding, uint16_t, bytes, padding)
SETTER(hf_config_key_limit, uint64_t, records, key_limit)
SETTER(hf_config_grease, bool, on, grease)
SETTER(hf_config_middlebox_compatibility, bool, on, middlebox_compatibility)
SETTER(hf_config_retry_cookie, bool, on, retry_cookie)
SETTER(hf_config_keep_peer_chain, bool, on, keep_peer_chain)
#undef SETTER

hf_status hf_config_insecure_no_verification(hf_config *cfg)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->insecure_no_verification = true;
    return HF_OK;
}

hf_status hf_config_check_peer(hf_config *cfg,
                               hf_alert (*check)(void *ctx, const hf_conn *conn,
                                                 const hf_cert *const *path, size_t count),
                               void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->check_peer = check;
    cfg->check_peer_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_keylog(hf_config *cfg, void (*line)(void *ctx, const char *line), void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->keylog = line;
    cfg->keylog_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_trace(hf_config *cfg, const hf_trace *trace)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->trace = *trace;
    return HF_OK;
}

hf_status hf_config_executor(hf_config *cfg, const hf_executor *executor)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->executor = *executor;
    return HF_OK;
}

hf_status hf_config_keypairs(hf_config *cfg, hf_keypairs *pool)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_keypairs_free(cfg->keypairs);
    cfg->keypairs = pool != NULL ? hf_keypairs_ref(pool) : NULL;
    return HF_OK;
}

hf_status hf_config_provider(hf_config *cfg, const hf_provider *provider)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->provider = *provider;
    hf_lists_default(cfg);
    return HF_OK;
}

/* Randomness and clock have contexts of their own, so each is called through a small thunk that
 * finds them in the config; the provider's own context serves whatever was not replaced. */
static hf_status random_thunk(void *ctx, uint8_t *p, size_t n)
{
    const hf_config *cfg = ctx;
    return cfg->own_random(cfg->own_random_ctx, p, n);
}

static int64_t clock_thunk(void *ctx)
{
    const hf_config *cfg = ctx;
    return cfg->own_clock(cfg->own_clock_ctx);
}

/* The provider has one context for both calls: once either is replaced, the other goes through the
 * config too. */
static void take_over(hf_config *cfg)
{
    if (cfg->provider.ctx == cfg)
        return;
    cfg->own_random = cfg->provider.random;
    cfg->own_random_ctx = cfg->provider.ctx;
    cfg->own_clock = cfg->provider.now_s;
    cfg->own_clock_ctx = cfg->provider.ctx;
    cfg->provider.random = random_thunk;
    cfg->provider.now_s = clock_thunk;
    cfg->provider.ctx = cfg;
}

hf_status hf_config_random(hf_config *cfg, hf_status (*random)(void *ctx, uint8_t *p, size_t n),
                           void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    take_over(cfg);
    cfg->own_random = random;
    cfg->own_random_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_clock(hf_config *cfg, int64_t (*now_s)(void *ctx), void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    take_over(cfg);
    cfg->own_clock = now_s;
    cfg->own_clock_ctx = ctx;
    return HF_OK;
}

/* ---- freezing ---- */

static bool takes(const hf_config *cfg, hf_cert_type type)
{
    return memchr(cfg->peer_types, (int)type, cfg->peer_type_count) != NULL;
}

static hf_status judge_trust(hf_config *cfg)
{
    bool verifies = cfg->role == HF_CLIENT || cfg->client_auth != HF_CLIENT_AUTH_NONE;
    if (!verifies || cfg->insecure_no_verification)
        return HF_OK;
    if (takes(cfg, HF_CERT_RAW_PUBLIC_KEY) && cfg->raw_keys.n == 0 && !cfg->insecure_any_raw_key)
        return fail(cfg, HF_E_NO_TRUST, "raw_keys", "at least one raw public key to trust", "none");
    if (!takes(cfg, HF_CERT_X509))
        return HF_OK;
    bool shows_none = cfg->role == HF_CLIENT || cfg->identity_count == 0;
    if (cfg->store == NULL && shows_none && hf_psks_stand_for_certificates(cfg))
        return HF_OK;
    if (cfg->store == NULL)
        return fail(cfg, HF_E_NO_TRUST, NULL, "a trust store", "none");
    if (hf_store_count(cfg->store) == 0)
        return fail(cfg, HF_E_STORE_EMPTY, NULL, "at least one certificate", "none");
    return HF_OK;
}

static hf_status write_lists(hf_config *cfg)
{
    hf_writer w;
    hf_writer_init_buf(&w, &cfg->groups_wire);
    for (size_t i = 0; i < cfg->group_count; i++)
        hf_write_u16(&w, cfg->groups[i]->id);
    hf_status s = hf_writer_status(&w);
    if (s != HF_OK)
        return s;
    hf_writer_init_buf(&w, &cfg->sigschemes_wire);
    for (size_t i = 0; i < cfg->sigscheme_count; i++)
        hf_write_u16(&w, cfg->sigschemes[i]->id);
    s = hf_writer_status(&w);
    return s == HF_OK ? hf_certificates_freeze(cfg) : s;
}

static hf_status judge_key_transport(hf_config *cfg)
{
    for (size_t i = 0; i < cfg->suite_count; i++) {
        const hf_suite *s = cfg->suites[i].suite;
        if (s->auth == HF_AUTH_RSA_TRANSPORT && !cfg->insecure_rsa_key_transport)
            return fail(cfg, HF_E_BAD_ARGUMENT, "suites",
                        "what says insecure along with a suite without forward secrecy: "
                        "hf_config_insecure_rsa_key_transport, --insecure-rsa-key-transport",
                        s->name);
        if (s->auth == HF_AUTH_RSA_TRANSPORT)
            return HF_OK;
    }
    if (cfg->insecure_rsa_key_transport)
        hf_lists_add_key_transport(cfg);
    return HF_OK;
}

/* A client that has no suite of a version does not offer that version: a server that took it up
 * would find nothing to choose. */
static void keep_to_suites(hf_config *cfg)
{
    bool has_12 = false, has_13 = false;
    for (size_t i = 0; i < cfg->suite_count; i++) {
        has_12 |= cfg->suites[i].suite->version == HF_TLS_1_2;
        has_13 |= cfg->suites[i].suite->version == HF_TLS_1_3;
    }
    if (cfg->role != HF_CLIENT || cfg->min_version == cfg->max_version)
        return;
    if (!has_13)
        cfg->max_version = HF_TLS_1_2;
    else if (!has_12)
        cfg->min_version = HF_TLS_1_3;
}

static hf_status judge_all(hf_config *cfg)
{
    if (cfg->error.code != HF_OK)
        return cfg->error.code;
    if (cfg->role == HF_SERVER && cfg->identity_count == 0 && !hf_psks_stand_for_certificates(cfg))
        return fail(cfg, HF_E_NO_IDENTITY, NULL, "at least one identity", "none");
    hf_raw_keys_freeze(cfg);
    hf_status s = judge_trust(cfg);
    if (s != HF_OK)
        return s;
    s = judge_key_transport(cfg);
    if (s != HF_OK)
        return s;
    keep_to_suites(cfg);
    hf_psks_keep_to_13(cfg);
    s = write_lists(cfg);
    if (s == HF_OK)
        s = hf_sessions_freeze(cfg);
    return s == HF_OK ? HF_OK : fail(cfg, s, NULL, NULL, NULL);
}

hf_status hf_config_freeze(hf_config *cfg, hf_error *e)
{
    if (cfg == NULL)
        return hf_fail(e, HF_E_OUT_OF_MEMORY, NULL, NULL, NULL);
    if (cfg->frozen)
        return HF_OK;
    hf_status s = judge_all(cfg);
    if (s != HF_OK) {
        if (e != NULL)
            *e = cfg->error;
        return s;
    }
    cfg->frozen = true;
    return HF_OK;
}
