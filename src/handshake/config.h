/* config.h: what connections share, as the engine sees it. Constant once frozen. */
#ifndef HF_HANDSHAKE_CONFIG_H
#define HF_HANDSHAKE_CONFIG_H

#include "base/buf.h"
#include "crypto/lookup.h"
#include <handfast/handfast.h>
#include <stdatomic.h>

#define HF_MAX_GROUPS     16U
#define HF_MAX_SUITES     8U
#define HF_MAX_SIGSCHEMES 32U
#define HF_MAX_IDENTITIES 64U
#define HF_MAX_SHARES     4U

/* A cipher suite with what it runs on. */
typedef struct hf_suite_choice {
    const hf_suite *suite;
    const hf_aead *aead;
    const hf_hash *hash;
} hf_suite_choice;

struct hf_config {
    atomic_uint refs;
    hf_role role;
    bool frozen;
    hf_error error; /* of the first setter that failed */

    hf_provider provider; /* a copy: randomness and clock may be replaced */
    hf_status (*own_random)(void *ctx, uint8_t *p,
                            size_t n); /* behind provider.random, if replaced */
    void *own_random_ctx;
    int64_t (*own_clock)(void *ctx);
    void *own_clock_ctx;
    uint16_t min_version, max_version;
    const hf_group *groups[HF_MAX_GROUPS];
    size_t group_count;
    unsigned key_shares;
    hf_suite_choice suites[HF_MAX_SUITES];
    size_t suite_count;
    const hf_sigscheme *sigschemes[HF_MAX_SIGSCHEMES];
    size_t sigscheme_count;
    hf_buf alpn; /* ProtocolNames with their length bytes */
    hf_identity *identities[HF_MAX_IDENTITIES];
    size_t identity_count;
    hf_store *store;

    hf_client_auth client_auth;
    bool insecure_no_verification;
    bool grease, middlebox_compatibility, keep_peer_chain, retry_cookie;
    uint16_t record_size_limit, padding;
    uint64_t key_limit;
    hf_limits limits;

    void (*keylog)(void *ctx, const char *line);
    void *keylog_ctx;
    hf_trace trace;
    hf_executor executor; /* submit NULL: inline */

    /* made by hf_config_freeze: lists as they go on the wire */
    hf_buf groups_wire, sigschemes_wire;
};

/* The trace, or NULL where nobody listens. */
static inline const hf_trace *hf_config_tracing(const hf_config *cfg)
{
    return cfg->trace.event != NULL ? &cfg->trace : NULL;
}

#endif
