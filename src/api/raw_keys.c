/* raw_keys.c: the part of a config that says whose raw public keys are trusted (RFC 7250), and
 * which types of certificate each side may show. */
#include "api/lists.h"

#include "base/bytes.h"
#include "base/error.h"

#include <stdlib.h>

/* ---- setting ---- */

hf_status hf_config_trust_raw_key_pin(hf_config *cfg, const uint8_t pin[HF_KEY_PIN])
{
    hf_error e;
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_status s = hf_buf_append(&cfg->raw_keys, (hf_bytes){pin, HF_KEY_PIN});
    if (s == HF_OK)
        return HF_OK;
    hf_fail(&e, s, NULL, NULL, NULL);
    return hf_config_fail(cfg, &e);
}

typedef struct adding {
    hf_config *cfg;
    size_t count;
    hf_error *e;
} adding;

static hf_status add_key(void *ctx, hf_bytes der)
{
    adding *a = ctx;
    hf_cert key;
    uint8_t pin[HF_KEY_PIN];
    hf_status s = hf_raw_key_parse(der, &key, a->e);
    if (s != HF_OK)
        return s;
    a->count++;
    hf_cert_fingerprint(&key, pin);
    return hf_config_trust_raw_key_pin(a->cfg, pin);
}

hf_status hf_config_trust_raw_key(hf_config *cfg, hf_bytes public_key)
{
    hf_error e = {0};
    adding a = {.cfg = cfg, .e = &e};
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_status s = hf_pem_each(public_key, "PUBLIC KEY", add_key, &a, &e);
    if (s == HF_OK && a.count == 0)
        s = hf_fail(&e, HF_E_PEM_NOTHING_FOUND, NULL, "a block -----BEGIN PUBLIC KEY-----",
                    "%zu bytes without one", public_key.n);
    if (s == HF_OK)
        return HF_OK;
    e.code = s;
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_insecure_any_raw_key(hf_config *cfg)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    cfg->insecure_any_raw_key = true;
    return HF_OK;
}

static hf_status set_types(hf_config *cfg, const char *field, const hf_cert_type *types,
                           size_t count, uint8_t into[HF_CERT_TYPES], uint8_t *into_count)
{
    hf_error e;
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    bool good = count >= 1 && count <= HF_CERT_TYPES;
    for (size_t i = 0; good && i < count; i++)
        good = (types[i] == HF_CERT_X509 || types[i] == HF_CERT_RAW_PUBLIC_KEY) &&
               (i == 0 || types[i] != types[0]);
    if (!good) {
        hf_fail(&e, HF_E_BAD_ARGUMENT, field, "X.509 and raw public keys, or one of them", NULL);
        return hf_config_fail(cfg, &e);
    }
    for (size_t i = 0; i < count; i++)
        into[i] = (uint8_t)types[i];
    *into_count = (uint8_t)count;
    return HF_OK;
}

hf_status hf_config_peer_cert_types(hf_config *cfg, const hf_cert_type *types, size_t count)
{
    if (cfg == NULL)
        return HF_E_OUT_OF_MEMORY;
    return set_types(cfg, "peer_cert_types", types, count, cfg->peer_types, &cfg->peer_type_count);
}

hf_status hf_config_own_cert_types(hf_config *cfg, const hf_cert_type *types, size_t count)
{
    if (cfg == NULL)
        return HF_E_OUT_OF_MEMORY;
    return set_types(cfg, "own_cert_types", types, count, cfg->own_types, &cfg->own_type_count);
}

/* ---- freezing ---- */

static void add_type(uint8_t types[HF_CERT_TYPES], uint8_t *count, hf_cert_type type)
{
    for (size_t i = 0; i < *count; i++)
        if (types[i] == type)
            return;
    types[(*count)++] = (uint8_t)type;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, HF_KEY_PIN);
}

/* Where nothing was said: what there is something to judge by. */
static void default_peer_types(hf_config *cfg)
{
    bool raw = cfg->raw_keys.n != 0 || cfg->insecure_any_raw_key;
    if (cfg->peer_type_count != 0)
        return;
    if (raw)
        add_type(cfg->peer_types, &cfg->peer_type_count, HF_CERT_RAW_PUBLIC_KEY);
    if (!raw || cfg->store != NULL)
        add_type(cfg->peer_types, &cfg->peer_type_count, HF_CERT_X509);
}

void hf_raw_keys_freeze(hf_config *cfg)
{
    if (cfg->raw_keys.n != 0)
        qsort(cfg->raw_keys.p, cfg->raw_keys.n / HF_KEY_PIN, HF_KEY_PIN, compare);
    default_peer_types(cfg);
    if (cfg->own_type_count != 0)
        return;
    for (size_t i = 0; i < cfg->identity_count; i++)
        add_type(cfg->own_types, &cfg->own_type_count, hf_identity_type(cfg->identities[i]));
    if (cfg->own_type_count == 0)
        add_type(cfg->own_types, &cfg->own_type_count, HF_CERT_X509);
}

bool hf_config_trusts_raw_key(const hf_config *cfg, const uint8_t *pin)
{
    return cfg->raw_keys.n != 0 &&
           bsearch(pin, cfg->raw_keys.p, cfg->raw_keys.n / HF_KEY_PIN, HF_KEY_PIN, compare) != NULL;
}
