/* provider.h: where primitives, randomness and the time of day come from. For whoever replaces one.
 *
 * The engine computes nothing of its own but what the protocol itself is. Hashes, ciphers, groups,
 * signatures, random bytes and the clock are tables of functions, each with the standard's name and
 * IANA number. The default provider takes them from libcrypto (and AES-GCM from libipsec-mb where
 * the processor has what that needs). A program of its own makes its own hf_provider, often by
 * copying the default and replacing an entry, and gives it to hf_config_provider.
 *
 * All tables are constant: they are read from every thread without a lock.
 *
 * SPDX-License-Identifier: Apache-2.0 OR MIT
 * Copyright The handfast authors
 */
#ifndef HANDFAST_PROVIDER_H
#define HANDFAST_PROVIDER_H

#include <handfast/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- hashes ---- */

#define HF_HASH_MAX_DIGEST 64 /* bytes */
#define HF_HASH_MAX_BLOCK  128
#define HF_HASH_STATE_SIZE 224

/* A running hash. Plain memory: copying the struct copies the state, which is how the transcript
 * hash is read while it goes on running. */
typedef struct hf_hash_state {
    union {
        uint8_t bytes[HF_HASH_STATE_SIZE];
        uint64_t alignment;
    };
} hf_hash_state;

typedef struct hf_hash {
    const char *name; /* "SHA-256" */
    uint8_t id; /* HashAlgorithm, RFC 5246 section 7.4.1.4.1: 4 SHA-256, 5 SHA-384, 6 SHA-512 */
    uint8_t digest_len, block_len; /* bytes */
    void (*init)(hf_hash_state *s);
    void (*update)(hf_hash_state *s, const uint8_t *p, size_t n);
    void (*final)(hf_hash_state *s, uint8_t *digest); /* leaves the state wiped */
} hf_hash;

/* ---- authenticated encryption ---- */

#define HF_AEAD_NONCE   12 /* bytes; every suite of TLS 1.3 and 1.2 here */
#define HF_AEAD_MAX_KEY 32
#define HF_AEAD_MAX_TAG 16

/* An AEAD. A state is `state_len` bytes aligned to 64 that the caller owns; `setup` expands the key
 * into it and `clear` releases and wipes it. One state serves one thread at a time. */
typedef struct hf_aead {
    const char *name; /* "AES-128-GCM" */
    const char *from; /* the backend, for bench and trace: "libcrypto", "libipsec-mb" */
    uint8_t key_len, tag_len;
    size_t state_len;
    uint64_t record_limit; /* records one key may protect, RFC 9846 section 5.5 */
    hf_status (*setup)(void *state, const uint8_t *key);
    void (*clear)(void *state);

    /* Encrypts the pieces, one after the other as one plaintext, into `out`, followed by the tag.
     * `out` has room for the pieces' sum plus tag_len. A piece may lie exactly where its ciphertext
     * will go (in place), or apart from it; it may not overlap otherwise. */
    hf_status (*seal)(void *state, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                      const hf_bytes *pieces, size_t count, uint8_t *out);

    /* Decrypts `n` bytes (ciphertext, then tag) into `out`, which is `in` itself or apart from it,
     * and has room for n - tag_len. HF_E_BAD_RECORD_MAC when the tag is wrong (then `out` holds
     * nothing of the plaintext). */
    hf_status (*open)(void *state, const uint8_t nonce[HF_AEAD_NONCE], hf_bytes aad,
                      const uint8_t *in, size_t n, uint8_t *out);
} hf_aead;

/* ---- key agreement ---- */

typedef struct hf_provider hf_provider;

#define HF_GROUP_MAX_SHARE   1696 /* bytes: SecP384r1MLKEM1024's client share is 1,665 */
#define HF_GROUP_MAX_SECRET  96
#define HF_GROUP_MAX_PRIVATE 3264 /* bytes a client keeps between its two steps */

/* A group in the shape of a KEM, which serves (EC)DH and ML-KEM alike: the client generates, the
 * server responds to the client's share, the client finishes with the server's. All memory is the
 * caller's and secrets are the caller's to wipe. A share that is not a valid public value gives
 * HF_E_BAD_KEY_SHARE. Random bytes come from `provider`. */
typedef struct hf_group {
    const char *name; /* "X25519MLKEM768" */
    uint16_t id;      /* NamedGroup, RFC 9846 section 4.3.7 */
    uint16_t client_share_len, server_share_len, private_len;
    uint8_t secret_len;
    hf_status (*generate)(const hf_provider *provider, uint8_t *private_key, uint8_t *client_share);
    hf_status (*respond)(const hf_provider *provider, const uint8_t *client_share,
                         uint8_t *server_share, uint8_t *secret);
    hf_status (*finish)(const uint8_t *private_key, const uint8_t *server_share, uint8_t *secret);
    /* Both sides do the same: `respond` is `generate`, then `finish` with the client's share. So a
     * key pair made ahead serves a server too (hf_keypairs). False for a KEM. */
    bool diffie_hellman;
} hf_group;

/* ---- signatures ---- */

typedef enum hf_key_type {
    HF_KEY_NONE,
    HF_KEY_RSA,     /* rsaEncryption */
    HF_KEY_RSA_PSS, /* id-RSASSA-PSS */
    HF_KEY_P256,
    HF_KEY_P384,
    HF_KEY_P521,
    HF_KEY_ED25519,
    HF_KEY_ED448,
} hf_key_type;

/* The key type's name: "ECDSA P-256", "RSA", ... Static. */
HF_API const char *hf_key_type_name(hf_key_type type);

typedef struct hf_sigscheme {
    const char *name; /* "ecdsa_secp256r1_sha256" */
    uint16_t id;      /* SignatureScheme, RFC 9846 section 4.3.3 */
    hf_key_type key;
    const hf_hash *hash; /* NULL for EdDSA */
    bool in_handshake;   /* may sign CertificateVerify in TLS 1.3 (RSA PKCS#1 may not) */
} hf_sigscheme;

#define HF_SIGNATURE_MAX 1024 /* bytes: RSA of 8,192 bits */

/* ---- the whole ---- */

struct hf_provider {
    const char *name;
    void *ctx;

    /* Fills `p` with `n` random bytes fit for keys. */
    hf_status (*random)(void *ctx, uint8_t *p, size_t n);

    /* Seconds since 1970-01-01 UTC. */
    int64_t (*now_s)(void *ctx);

    /* NULL-terminated, in the default order of preference. */
    const hf_hash *const *hashes;
    const hf_aead *const *aeads;
    const hf_group *const *groups;
    const hf_sigscheme *const *sigschemes;
};

/* The default provider: libcrypto, and libipsec-mb where present and faster. Made once, constant
 * from then on; never fails (an algorithm that libcrypto lacks is left out of the tables). */
HF_API const hf_provider *hf_provider_default(void);

/* The same with libcrypto alone and no processor-specific choice of ours: the reference that the
 * accelerated paths are tested against. */
HF_API const hf_provider *hf_provider_portable(void);

/* ---- key pairs made ahead ---- */

/* A bounded pool of ephemeral key pairs of one group, made in idle moments and used by handshakes
 * that come later: each once, and wiped as it is taken. A client takes its share from it; a server
 * its own, where the group is Diffie-Hellman (a KEM's answer depends on the client's share): also
 * that of the curve inside a hybrid, so that a pool of X25519 serves X25519MLKEM768. When the pool
 * is empty pairs are made as without one. Any threads; nothing in it waits. A child
 * process (fork) finds it empty. */
typedef struct hf_keypairs hf_keypairs; /* reference-counted */

/* At most `most` (1 to 1,024) pairs of the provider's (NULL: the default's) group of that name. It
 * starts empty. HF_E_UNKNOWN_NAME_IN_LIST, HF_E_BAD_ARGUMENT, HF_E_OUT_OF_MEMORY. */
HF_API hf_status hf_keypairs_new(const hf_provider *provider, const char *group, unsigned most,
                                 hf_keypairs **out, hf_error *e);
HF_API hf_keypairs *hf_keypairs_ref(hf_keypairs *k);
HF_API void hf_keypairs_free(hf_keypairs *k); /* gives back one reference; NULL is fine */

/* Makes up to `count` pairs, now, on this thread. Returns how many: fewer when the pool is full (0:
 * there is nothing to do), or the random source failed. */
HF_API unsigned hf_keypairs_make(hf_keypairs *k, unsigned count);

/* ---- jobs ---- */

/* Slow work is a job: making key shares, key agreement, signing, verifying. A connection emits one
 * and waits; an executor runs it, at once or on another thread, alone or with others of its kind.
 * A job touches nothing but its own memory. */
typedef enum hf_job_kind {
    HF_JOB_KEY_GENERATE, /* hf_group.generate for each share that a client sends */
    HF_JOB_KEY_RESPOND,  /* hf_group.respond */
    HF_JOB_KEY_FINISH,   /* hf_group.finish */
    HF_JOB_SIGN,         /* CertificateVerify */
    HF_JOB_VERIFY,       /* the peer's CertificateVerify */
    HF_JOB_VERIFY_CHAIN, /* path building and the signatures in it */
    HF_JOB_ASK,          /* a question to the application; never given to an executor */
} hf_job_kind;

typedef struct hf_job hf_job;

/* What kind of work the job is. */
HF_API hf_job_kind hf_job_kind_of(const hf_job *job);

/* Runs the job here and now, on any thread. Follow it with hf_job_finish. */
HF_API void hf_job_run(hf_job *job);

/* Says that the job is done and hands it back to its connection; the caller must not touch it
 * afterwards. Any thread; exactly once per job. If the connection was freed in the meantime the
 * job's memory is freed here. */
HF_API void hf_job_finish(hf_job *job);

/* Runs jobs. `submit` must see to it that each job gets hf_job_run and hf_job_finish, in this call
 * or later on any thread. A config holds the executor; it must outlive every connection. */
typedef struct hf_executor {
    void (*submit)(void *ctx, hf_job *job);
    void *ctx;
} hf_executor;

/* A pool of `threads` threads (1 to 64) that runs jobs in order of arrival. HF_E_OUT_OF_MEMORY,
 * HF_E_SYSTEM when a thread cannot start. Free it after the last connection that uses it. */
typedef struct hf_pool hf_pool;
HF_API hf_status hf_pool_new(unsigned threads, hf_pool **out);
HF_API const hf_executor *hf_pool_executor(hf_pool *pool);
HF_API void hf_pool_free(hf_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
