/* config.h: what connections share, as the engine sees it. Constant once frozen. */
#ifndef HF_HANDSHAKE_CONFIG_H
#define HF_HANDSHAKE_CONFIG_H

#include "base/buf.h"
#include "crypto/compress.h"
#include "crypto/lookup.h"
#include "session/psk.h"
#include <handfast/handfast.h>
#include <stdatomic.h>

#define HF_MAX_GROUPS     16U
#define HF_MAX_SUITES     24U
#define HF_MAX_SIGSCHEMES 32U
#define HF_MAX_IDENTITIES 64U
#define HF_MAX_SHARES     4U
#define HF_CERT_TYPES     2U /* types of certificate that there are: hf_cert_type */
#define HF_KEY_PIN        32U

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
    hf_signature_cache *signatures; /* NULL after freezing: no cache */
    bool signatures_set;
    hf_revocation revocation;
    hf_profile profile;
    hf_crls *crls;       /* NULL: none */
    hf_ct_logs *ct_logs; /* NULL: nothing is asked about timestamps */
    hf_ct_policy ct_policy;

    hf_client_auth client_auth;
    bool insecure_no_verification, insecure_no_extended_master_secret;
    bool insecure_rsa_key_transport;
    bool grease, middlebox_compatibility, keep_peer_chain, retry_cookie;
    uint32_t stateless_retry_s; /* 0: the state is kept */
    uint16_t record_size_limit, padding;
    uint64_t key_limit;
    hf_limits limits;

    /* sessions: session.h */
    unsigned tickets;
    uint32_t session_life_s, early_data;
    hf_sessions *sessions;
    hf_ticket_keys *ticket_keys;
    hf_ticket_sealer sealer;    /* in place of the keys; .seal NULL: none */
    struct hf_replays *replays; /* a server's, with early data */
    void (*early_test)(void *ctx, hf_conn *conn, hf_bytes id, uint32_t keep_s, hf_early_call *call);
    void *early_test_ctx; /* in place of replays; early_test NULL: none */
    hf_buf session_context;
    uint64_t session_generation; /* of what sessions must agree with */
    void (*new_session)(void *ctx, hf_conn *conn, hf_bytes session);
    void *new_session_ctx;

    /* pre-shared keys from outside TLS: psk.h */
    hf_psk_set psks;
    void (*psk_find)(void *ctx, hf_conn *conn, const hf_psk_question *question, hf_psk_call *call);
    void *psk_find_ctx;
    bool insecure_psk_ke;

    /* raw public keys: raw_keys.c */
    hf_buf raw_keys; /* pins of 32 bytes; sorted when frozen */
    bool insecure_any_raw_key;
    uint8_t peer_types[HF_CERT_TYPES], own_types[HF_CERT_TYPES]; /* hf_cert_type, best first */
    uint8_t peer_type_count, own_type_count;                     /* never 0 once frozen */

    /* about certificates */
    bool request_ocsp, request_scts, send_authorities, known_names_only;
    const hf_compression *compressions[HF_COMPRESS_MAX]; /* in order of preference */
    size_t compression_count;
    size_t compression_gain;                             /* bytes that it must save at least */
    const hf_sigscheme *cert_schemes[HF_MAX_SIGSCHEMES]; /* none: as sigschemes, not sent apart */
    size_t cert_scheme_count;

    void (*hello)(void *ctx, hf_conn *conn, const hf_hello_view *view, hf_hello *hello);
    void *hello_ctx;

    hf_alert (*check_peer)(void *ctx, const hf_conn *conn, const hf_cert *const *path,
                           size_t count);
    void *check_peer_ctx;
    void (*keylog)(void *ctx, const char *line);
    void *keylog_ctx;
    hf_trace trace;
    hf_executor executor;  /* submit NULL: inline */
    hf_keypairs *keypairs; /* NULL: none are made ahead */

    /* made by hf_config_freeze: lists as they go on the wire */
    hf_buf groups_wire, sigschemes_wire;
    hf_buf cert_schemes_wire, compressions_wire, authorities_wire;

    /* Certificate messages that were compressed once, at their first use: for identity i, variant v
     * (what is stapled) and algorithm a at [(i * HF_STAPLE_VARIANTS + v) * HF_COMPRESS_MAX + a].
     * The one part of a frozen config that changes, and only from NULL to a block that stays. */
    _Atomic(struct hf_compressed *) *compressed;
};

enum { HF_STAPLE_OCSP = 1, HF_STAPLE_SCTS = 2, HF_STAPLE_VARIANTS = 4 };

/* A compressed message body; n is 0 when compressing gains nothing. */
typedef struct hf_compressed {
    uint32_t uncompressed_length;
    size_t n;
    uint8_t p[];
} hf_compressed;

/* Is this pin (HF_KEY_PIN bytes) among those that are trusted? */
bool hf_config_trusts_raw_key(const hf_config *cfg, const uint8_t *pin);

/* The types as they go on the wire, or to look one up in. */
static inline hf_bytes hf_config_peer_types(const hf_config *cfg)
{
    return (hf_bytes){cfg->peer_types, cfg->peer_type_count};
}
static inline hf_bytes hf_config_own_types(const hf_config *cfg)
{
    return (hf_bytes){cfg->own_types, cfg->own_type_count};
}

/* The trace, or NULL where nobody listens. */
static inline const hf_trace *hf_config_tracing(const hf_config *cfg)
{
    return cfg->trace.event != NULL ? &cfg->trace : NULL;
}

#endif
