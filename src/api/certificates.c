/* certificates.c: the part of a config that says what about certificates is asked for and sent. */
#include "api/lists.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/writer.h"

/* More names than this are not sent: certificate_authorities would fill the peer's message limit
 * and help nobody to choose. */
#define AUTHORITIES_MAX 16384U

/* Expanding a certificate costs the peer some five microseconds, a twentieth of its handshake: what
 * 60 bytes take at 100 Mbit/s. A short chain saves 40 bytes, one with an intermediate 600. */
#define WORTH_EXPANDING 128U

void hf_certificates_default(hf_config *cfg)
{
    cfg->request_ocsp = cfg->role == HF_CLIENT;
    cfg->send_authorities = cfg->role == HF_SERVER;
    for (size_t i = 0; i < hf_compression_count; i++)
        cfg->compressions[i] = hf_compressions[i];
    cfg->compression_count = hf_compression_count;
    cfg->compression_gain = WORTH_EXPANDING;
}

/* ---- setting ---- */

/* A setter of one switch. */
#define SWITCH(function, member)                                                                   \
    hf_status function(hf_config *cfg, bool on)                                                    \
    {                                                                                              \
        if (!hf_config_is_open(cfg))                                                               \
            return hf_config_closed(cfg);                                                          \
        cfg->member = on;                                                                          \
        return HF_OK;                                                                              \
    }
SWITCH(hf_config_request_ocsp, request_ocsp)
SWITCH(hf_config_request_scts, request_scts)
SWITCH(hf_config_send_authorities, send_authorities)
#undef SWITCH

static hf_status wrong_role(hf_config *cfg, const char *field)
{
    hf_error e;
    hf_fail(&e, HF_E_WRONG_ROLE, field, "a server's configuration", "a client's");
    return hf_config_fail(cfg, &e);
}

hf_status hf_config_known_names_only(hf_config *cfg, bool on)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return wrong_role(cfg, "known_names_only");
    cfg->known_names_only = on;
    return HF_OK;
}

hf_status hf_config_client_hello(hf_config *cfg,
                                 void (*hello)(void *ctx, hf_conn *conn, const hf_hello_view *view,
                                               hf_hello *h),
                                 void *ctx)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    if (cfg->role != HF_SERVER)
        return wrong_role(cfg, "client_hello");
    cfg->hello = hello;
    cfg->hello_ctx = ctx;
    return HF_OK;
}

hf_status hf_config_signature_cache(hf_config *cfg, hf_signature_cache *cache)
{
    if (!hf_config_is_open(cfg))
        return hf_config_closed(cfg);
    hf_signature_cache_free(cfg->signatures);
    cfg->signatures = cache != NULL ? hf_signature_cache_ref(cache) : NULL;
    cfg->signatures_set = true;
    return HF_OK;
}

/* ---- freezing ---- */

/* Whoever verifies chains remembers their signatures, unless told otherwise. */
static hf_status make_signature_cache(hf_config *cfg)
{
    bool verifies = cfg->role == HF_CLIENT ? !cfg->insecure_no_verification
                                           : cfg->client_auth != HF_CLIENT_AUTH_NONE;
    if (cfg->signatures_set || !verifies)
        return HF_OK;
    return hf_signature_cache_new(0, &cfg->signatures, NULL);
}

static bool named_before(const hf_store *store, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (hf_bytes_equal(hf_store_cert(store, k)->subject, hf_store_cert(store, i)->subject))
            return true;
    return false;
}

/* Every subject once, as certificate_authorities has them. */
static hf_status write_authorities(hf_config *cfg)
{
    size_t total = 0, count = cfg->store != NULL ? hf_store_count(cfg->store) : 0;
    for (size_t i = 0; i < count && total <= AUTHORITIES_MAX; i++)
        total += 2 + hf_store_cert(cfg->store, i)->subject.n;
    if (!cfg->send_authorities || total > AUTHORITIES_MAX)
        return HF_OK;
    hf_writer w;
    hf_writer_init_buf(&w, &cfg->authorities_wire);
    for (size_t i = 0; i < count; i++)
        if (!named_before(cfg->store, i))
            hf_write_vec16(&w, hf_store_cert(cfg->store, i)->subject);
    return hf_writer_status(&w);
}

static hf_status write_lists(hf_config *cfg)
{
    hf_writer w;
    hf_writer_init_buf(&w, &cfg->cert_schemes_wire);
    for (size_t i = 0; i < cfg->cert_scheme_count; i++)
        hf_write_u16(&w, cfg->cert_schemes[i]->id);
    hf_status s = hf_writer_status(&w);
    if (s != HF_OK)
        return s;
    hf_writer_init_buf(&w, &cfg->compressions_wire);
    for (size_t i = 0; i < cfg->compression_count; i++)
        hf_write_u16(&w, cfg->compressions[i]->id);
    return hf_writer_status(&w);
}

static size_t compressed_slots(const hf_config *cfg)
{
    return cfg->identity_count * HF_STAPLE_VARIANTS * HF_COMPRESS_MAX;
}

hf_status hf_certificates_freeze(hf_config *cfg)
{
    const size_t slots = compressed_slots(cfg);
    hf_status s = write_lists(cfg);
    if (s == HF_OK)
        s = write_authorities(cfg);
    if (s == HF_OK)
        s = make_signature_cache(cfg);
    if (s != HF_OK || slots == 0 || cfg->compression_count == 0)
        return s;
    cfg->compressed = hf_alloc(slots * sizeof(cfg->compressed[0]));
    if (cfg->compressed == NULL)
        return HF_E_OUT_OF_MEMORY;
    for (size_t i = 0; i < slots; i++)
        atomic_init(&cfg->compressed[i], NULL);
    return HF_OK;
}

void hf_certificates_free(hf_config *cfg)
{
    for (size_t i = 0; cfg->compressed != NULL && i < compressed_slots(cfg); i++)
        hf_free(atomic_load(&cfg->compressed[i]));
    hf_free(cfg->compressed);
    hf_signature_cache_free(cfg->signatures);
    hf_buf_free(&cfg->cert_schemes_wire);
    hf_buf_free(&cfg->compressions_wire);
    hf_buf_free(&cfg->authorities_wire);
}
