/* lookup.h: finds a primitive by number or name in a provider's tables; the cipher suites. */
#ifndef HF_CRYPTO_LOOKUP_H
#define HF_CRYPTO_LOOKUP_H

#include <handfast/provider.h>

/* How the server proves itself: by a signature over its share, or by decrypting with its key what
 * takes the place of one (RSA key transport, without forward secrecy: only with a call that says
 * insecure). */
typedef enum hf_suite_auth {
    HF_AUTH_ANY,
    HF_AUTH_ECDSA,
    HF_AUTH_RSA,
    HF_AUTH_RSA_TRANSPORT
} hf_suite_auth;

/* A cipher suite as RFC 9846 section B.4 lists it: names of an AEAD and a hash. */
typedef struct hf_suite {
    const char *name; /* "TLS_AES_128_GCM_SHA256" */
    uint16_t id;
    uint16_t version;      /* 0x0304: of TLS 1.3; 0x0303: of TLS 1.2, with ECDHE */
    const char *aead_name; /* "AES-128-GCM", as in hf_aead.name */
    uint8_t hash_id;       /* hf_hash.id */
    uint8_t auth;          /* hf_suite_auth: TLS 1.2 names it in the suite */
    bool opt_in;           /* offered and accepted only where a list names it */
} hf_suite;

/* All suites in the default order of preference, and their number. */
extern const hf_suite hf_suites[];
extern const size_t hf_suite_count;

/* Each returns NULL when there is none. */
const hf_suite *hf_suite_find(uint16_t id);
const hf_hash *hf_hash_find(const hf_provider *p, uint8_t id);
const hf_aead *hf_aead_find(const hf_provider *p, const char *name);
const hf_group *hf_group_find(const hf_provider *p, uint16_t id);
const hf_sigscheme *hf_sigscheme_find(const hf_provider *p, uint16_t id);

/* True when the suite's hash and AEAD are both in the provider. */
bool hf_suite_usable(const hf_provider *p, const hf_suite *s);

#endif
